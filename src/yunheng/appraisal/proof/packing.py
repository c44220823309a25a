"""Writes evidence packs: a zip in one pass over the log, the same bytes each time, in memory that does not grow."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from django.db import connection
from ruamel.yaml import YAML

from yunheng.contracts.models import CalendarVersion, ContractVersion
from yunheng.contracts.withheld import client_terms
from yunheng.foundation.flow import PACKS
from yunheng.foundation.log_status import head_document
from yunheng.foundation.models import SigningKey, TreeHead
from yunheng.logic.canonical import canonical, instant

from .clock_lines import clock_members
from .log_lines import leaf_members
from .source import PackSource

#: All members carry this date: a pack says in its content when it is from, and its bytes do not change with the day.
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_README: Final = Path(__file__).with_name("README.txt")
_HEADS: Final = 2_000  # in one query

Member = tuple[str, Iterable[bytes]]


def write_pack(source: PackSource, out: BinaryIO | IO[bytes]) -> None:
    """Write the evidence pack of a frozen statement; `out` need not be seekable. Equal content gives equal bytes."""
    for chunk in pack_chunks(source):
        out.write(chunk)


def pack_chunks(source: PackSource) -> Iterator[bytes]:
    """The pack in pieces as they come, to be streamed. Reads the log once, some thousand leaves at a time."""
    sink = _Sink()
    digests: dict[str, str] = {}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as pack:
        for name, blocks in _members(source):
            digest = sha256()
            with pack.open(_info(name), "w", force_zip64=True) as file:
                for block in blocks:
                    digest.update(block)
                    file.write(block)
                    yield from sink.taken()
            digests[name] = digest.hexdigest()
        manifest = {
            "v": 1,
            "kind": "evidence_pack",
            "statement": source.document["statement"],
            "contract": source.document["contract"],
            "members": digests,
        }
        with pack.open(_info("manifest.json"), "w", force_zip64=True) as file:
            file.write(canonical(manifest))
    yield from sink.taken(is_end=True)


class _Sink(io.RawIOBase):
    """What the zip writes, until it is taken away. Cannot seek, so that a file and a stream get the same bytes."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        block = bytes(data)
        self._blocks.append(block)
        self._size += len(block)
        return len(block)

    def taken(self, *, is_end: bool = False) -> Iterator[bytes]:
        """What has come together since, once it is worth sending."""
        if self._blocks and (is_end or self._size >= 65_536):
            yield b"".join(self._blocks)
            self._blocks, self._size = [], 0


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


def _members(source: PackSource) -> Iterator[Member]:
    """Members but the manifest, by name."""
    document = source.document
    versions = _versions(source)
    yield "README.txt", [_README.read_bytes()]
    calendars = CalendarVersion.objects.filter(
        contract_version__in=[version.pk for version, _told in versions]
    )
    by_version = {(one.contract_version_id, one.key): one for one in calendars}
    yield from sorted(
        (
            f"calendars/version-{version.number}-{key}.json",
            [canonical({"rules": calendar.rules, "open_time": calendar.open_time})],
        )
        for version, told in versions
        for key in told["calendars"]
        if (calendar := by_version.get((version.pk, key))) is not None
    )
    yield from clock_members(source, [version for version, _told in versions])
    yield from sorted(
        (f"contract/version-{version.number}.json", [canonical(client_terms(version.terms))])
        for version, _told in versions
    )
    head = TreeHead.objects.select_related("key").get(scope_id=source.scope_id, size=source.size)
    yield "keys.json", [canonical({"keys": [_key(key) for key in _keys(head)]})]
    yield "log/heads.json", _heads(source)
    yield from leaf_members(source)
    for place, measurement in enumerate(document["measurements"]):
        yield f"measurements/{place:03d}.json", [canonical(measurement)]
    yield "previous.json", [canonical(_previous(source))]
    yield from _processes(document["rules"].get("processes", {}))
    signatures = {
        "statement": document["statement"],
        "digest": source.digest,
        "signatures": list(source.signatures),
    }
    yield "signatures.json", [canonical(signatures)]
    yield "statement.json", [source.frozen]


def _previous(source: PackSource) -> dict[str, Any]:
    named = source.document.get("previous") or {"statement": None, "digest": None}
    return {
        "statement": named["statement"],
        "digest": named["digest"],
        "signatures": list(source.previous_signatures),
    }


_VERSIONS: Final = """
    SELECT (body.shared->>'version')::int, body.shared
    FROM log_leaf AS log JOIN entry ON entry.id = log.entry_id JOIN entry_body AS body ON body.entry_id = entry.id
    WHERE log.scope_id = %s AND log.index < %s AND body.shared IS NOT NULL
      AND entry.scope_id = %s AND entry.type IN ('contract.applied', 'contract.calendar_refreshed')
    ORDER BY log.index
"""


def _versions(source: PackSource) -> list[tuple[ContractVersion, dict[str, Any]]]:
    """The versions that the log tells of up to the statement's head, each with what its entry says."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [source.scope_id, source.position, source.scope_id])
        told = dict(cursor.fetchall())
    found = ContractVersion.objects.filter(contract_id=source.scope_id, number__in=told).defer("document")
    return [(version, _plain(told[version.number])) for version in found.order_by("number")]


def _plain(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def _keys(head: TreeHead) -> list[SigningKey]:
    """The keys up to the one that signed the statement's head: what came after does not change the pack."""
    return list(SigningKey.objects.select_related("previous").filter(pk__lte=head.key_id).order_by("pk"))


def _key(key: SigningKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "public_key": bytes(key.public_key).hex(),
        "previous": key.previous.key_id if key.previous else None,
        "at": instant(key.created_at),
        "endorsement": None if key.endorsement is None else bytes(key.endorsement).hex(),
    }


def _heads(source: PackSource) -> Iterator[bytes]:
    """All signed heads up to the pack's end, as one document in canonical form."""
    last, separator = -1, b'{"heads":['
    while True:
        found = list(
            TreeHead.objects.select_related("key")
            .filter(scope_id=source.scope_id, size__gt=last, size__lte=source.size)
            .order_by("size")[:_HEADS]
        )
        for head in found:
            yield separator + canonical(head_document(source.document["contract"], head))
            separator = b","
        if len(found) < _HEADS:
            break
        last = found[-1].size
    yield b"]}" if separator == b"," else separator + b"]}"


def _processes(wanted: dict[str, Any]) -> Iterator[Member]:
    """The processes that tickets ran on, as canonical JSON of the documents that ship."""
    found = []
    for path in sorted(PACKS.glob("*.yaml")):
        process = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        versions = wanted.get(process["key"], ())
        if process["version"] in (versions if isinstance(versions, list) else [versions]):
            found.append(
                (f"processes/{process['key']}-{process['version']}.json", [canonical(_texts(process))])
            )
    yield from sorted(found)


def _texts(value: Any) -> Any:
    """YAML data with everything that JSON has no exact form for as text."""
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
