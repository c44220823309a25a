"""The page on which the other party learns to verify, with what it needs for it; the evidence pack of a statement."""

import json

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.accounts.quotas import spend_export
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.contracts.reading import reads_all, title_of
from yunheng.foundation.answers import download
from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in

from ..statements.queries import access_statement
from .packing import pack_chunks
from .source import source_of
from .verifying import head_file, program_named, verify_page


def _contract(request: PageRequest, key: str) -> Contract:
    contract = access_contract(request.viewer, key)
    request.viewer.require("log.view", contract.pk)
    return contract


@require_safe
@signed_in
def verify(request: PageRequest, key: str) -> HttpResponse:
    """How to verify, the signed heads, the keys, the programs, and the packs of the newest statements."""
    contract = _contract(request, key)
    show_contract(request, key=key, scope_id=contract.pk)
    before = read_number("before", request.GET.get("before", ""))
    may_see_packs = request.viewer.may("appraisal.view", contract.pk)
    context = {
        "key": key,
        "contract": contract,
        "contract_title": title_of(contract),
        "may_see_inner": reads_all(request.viewer, contract.pk),
        "may_see_log": True,
        "may_see_packs": may_see_packs,
        "page": verify_page(contract, before),
        "before": before,
    }
    return render(request, "appraisal/verify.html", context)


@require_safe
@signed_in
def head(request: PageRequest, key: str) -> HttpResponse:
    """A signed head as a file to keep: the newest, or `size`."""
    contract = _contract(request, key)
    found = head_file(contract, read_number("size", request.GET.get("size", "")))
    name = f"head-{key}-{found['heads'][0]['size']}.json"
    return download(name, json.dumps(found, indent=1).encode())


@require_safe
@signed_in
def program(request: PageRequest, key: str, name: str) -> HttpResponse:
    """One of the programs that verify."""
    _contract(request, key)
    found = program_named(name)
    return download(found.name, found.data)


@require_safe
@signed_in
def evidence(request: PageRequest, number: str) -> HttpResponse:
    """The evidence pack of a statement, streamed as it is written; `signed`: the one up to its lock."""
    statement = access_statement(request.viewer, number)
    request.viewer.require("log.view", statement.scope_id)
    source = source_of(statement, is_signed=request.GET.get("signed") == "1")
    spend_export(request.viewer)
    answer = StreamingHttpResponse(pack_chunks(source), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{source.file_name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[return-value]
