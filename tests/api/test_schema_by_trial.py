"""The whole API tried by its own description: whatever is sent, no fault of ours, and answers as described.

Each call is undone, so that every example meets the same world; real keys, numbers and UUIDs are mixed into what is
made up, or nothing behind an address would ever be reached.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.test_openapi import DOCUMENT
from tests.pages.world import World, token

from yunheng.accounts.actions import grant_membership
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.sealing import seal
from yunheng.site.wsgi import application

EXAMPLES = 4
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
SCHEMA = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))
SCHEMA.app = application
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module", autouse=True)
def one_connection() -> Iterator[None]:
    """Requests leave the connection open that the world's transaction is on, as those of Django's own client do."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture(scope="module")
def tokens(world: World) -> dict[str, str]:
    """Somebody of the provider, of the client, and an administrator of everything; each may do all that a token may."""
    seal()
    grant_membership(
        viewer=SYSTEM_VIEWER, person=world.people["role-provider-admin"], role="provider_admin", scope=None
    )
    return {
        login: token(world, login, "read", "write", "admin")
        for login in ("alice", "bob", "role-provider-admin")
    }


@pytest.fixture(scope="module")
def known(world: World) -> dict[str, list[str]]:
    """What really is behind the names of parameters in paths."""
    from yunheng.accounts.models import Team
    from yunheng.foundation.models import Entry

    return {
        "number": [*world.tickets.values()],
        "key": [world.key, "provider"],
        "name": [
            bytes(leaf).hex()
            for leaf in Entry.objects.filter(type="ticket.moved").values_list("leaf", flat=True)
        ],
        "uuid": [
            *(str(world.people[login].uuid) for login in ("bob", "ken")),
            *map(str, Team.objects.values_list("uuid", flat=True)),
        ],
        "kind": ["resolve", "respond"],
        "indicator": ["mttr", "response_timeliness"],
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method.upper()} {one.path}")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_every_answer_is_as_described(
    operation: Any, mode: GenerationMode, tokens: dict[str, str], known: dict[str, list[str]]
) -> None:
    try:
        cases = operation.as_strategy(generation_mode=mode)
    except Exception as error:  # nothing about it can be wrong: no parameters, no body
        pytest.skip(str(error)) if mode is GenerationMode.NEGATIVE else pytest.fail(str(error))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, who=st.sampled_from(sorted(tokens)), pick=st.integers(0, 11))
    def attempt(case: Any, who: str, pick: int) -> None:
        for name in case.path_parameters or {}:
            if pick % 4 and name in known:
                case.path_parameters[name] = known[name][pick % len(known[name])]
        with transaction.atomic():
            response = case.call(headers={"Authorization": f"Bearer {tokens[who]}"})
            transaction.set_rollback(True)
        case.validate_response(response, checks=list(CHECKS))
        if response.status_code >= 400:
            problem = response.json()
            assert (
                problem["type"].startswith("urn:yunheng:problem:")
                and problem["title"]
                and problem["reference"]
            )

    attempt()
