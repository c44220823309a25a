"""What is shown of the logs: where they stand, their heads, evidence about one subject, and weak protection."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _

from yunheng.logic.leaf import leaf_header
from yunheng.logic.merkle import tree_head_bytes

from .keys import is_signed, keys_folder
from .models import Entry, LogAudit, LogState, Scope, SigningKey, SubjectBase, TreeHead
from .proofs import NotSealedError, frontier_at, inclusion

__all__ = [
    "LogStatus",
    "contradictions",
    "evidence",
    "head_document",
    "log_status",
    "newest_heads",
    "scopes",
    "weaknesses",
]

_KEPT: Final = ("entry", "entry_body", "log_leaf", "log_node", "tree_head", "signing_key")


@dataclass(frozen=True, slots=True)
class LogStatus:
    """Where one log stands."""

    scope_key: str
    size: int
    waiting: int
    waiting_since: datetime | None
    head: TreeHead | None
    audit: LogAudit | None
    full_audit: LogAudit | None


def log_status(scope: Scope) -> LogStatus:
    """Where the log of a scope stands, and when it was last verified."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(recorded_at) FROM unsealed JOIN entry ON entry.id = entry_id"
            " WHERE unsealed.scope_id = %s",
            [scope.pk],
        )
        waiting, since = cursor.fetchone()
    state = LogState.objects.filter(scope=scope).first()
    audits = LogAudit.objects.filter(scope=scope).order_by("-pk")
    return LogStatus(
        scope_key=scope.key,
        size=state.size if state else 0,
        waiting=waiting,
        waiting_since=since,
        head=TreeHead.objects.filter(scope=scope).select_related("key").order_by("-size").first(),
        audit=audits.first(),
        full_audit=audits.filter(is_full=True).first(),
    )


def newest_heads(scope: Scope, limit: int) -> list[TreeHead]:
    """The newest signed heads of a log, newest first."""
    return list(TreeHead.objects.filter(scope=scope).select_related("key").order_by("-size")[:limit])


def scopes(key: str | None = None) -> list[Scope]:
    """All scopes in the order of their keys, or the one with this key, if there is one."""
    found = Scope.objects.order_by("key")
    return list(found if key is None else found.filter(key=key))


def head_document(scope_key: str, head: TreeHead) -> dict[str, Any]:
    """A signed head as others keep it; `logic.merkle.tree_head_bytes` says what is signed."""
    return {
        "v": 1,
        "kind": "tree_head",
        "log": scope_key,
        "size": head.size,
        "root": bytes(head.root).hex(),
        "at": head.signed_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "key": bytes(head.key.public_key).hex(),
        "signature": bytes(head.signature).hex(),
    }


def contradictions(scope: Scope, document: Mapping[str, Any]) -> list[str]:
    """How the log contradicts a head that somebody kept outside (`head_document`); empty when it grew from it.

    This is what an operator with database and key cannot get around. Raises ValueError for a document that is
    no head of this log.
    """
    try:
        size, root = int(document["size"]), bytes.fromhex(document["root"])
        public_key, signature = bytes.fromhex(document["key"]), bytes.fromhex(document["signature"])
        message = tree_head_bytes(document["log"], size, root, datetime.fromisoformat(document["at"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(_("this is no signed head: {error}").format(error=error)) from error
    if document["log"] != scope.key:
        raise ValueError(_("this is a head of the log {log}").format(log=document["log"]))
    if not is_signed(SigningKey(public_key=public_key), signature, message):
        raise ValueError(_("the signature of this head is not valid: it proves nothing"))
    found = []
    if not SigningKey.objects.filter(public_key=public_key).exists():
        found.append(_("the key that signed the head at {size} leaves is unknown here").format(size=size))
    try:
        if frontier_at(scope.pk, size).root() != root:
            text = _("the first {size} leaves are not those that the head signs: history was changed")
            found.append(text.format(size=size))
    except NotSealedError:
        found.append(_("the log has fewer than the {size} leaves that the head signs").format(size=size))
    return found


def evidence(number: str) -> dict[str, Any] | None:
    """What proves the history of a subject to the client, who may see the shared class.

    Every entry's header, shared data and salt, with its inclusion under the newest head. None when no subject
    has this number; raises NotSealedError while an entry waits for the sealer.
    """
    found = _subject(number)
    if found is None:
        return None
    subject_id, scope = found[0], Scope.objects.get(pk=found[1])
    head = TreeHead.objects.filter(scope=scope).select_related("key").order_by("-size").first()
    entries = []
    for entry in (
        Entry.objects.filter(scope=scope, subject_id=subject_id).select_related("body").order_by("pk")
    ):
        proof = inclusion(entry, head.size if head else 0)
        entries.append(
            {
                "header": leaf_header(
                    log=scope.key,
                    subject=entry.subject_number,
                    type=entry.type,
                    occurred_at=entry.occurred_at,
                    recorded_at=entry.recorded_at,
                    actor=entry.actor_kind,
                    source=entry.source,
                    shared=_hex(entry.shared_digest),
                    internal=_hex(entry.internal_digest),
                    personal=_hex(entry.personal_digest),
                ),
                "shared": entry.body.shared,
                "shared_salt": _hex(entry.body.shared_salt),
                "leaf": proof.leaf.hex(),
                "index": proof.index,
                "path": [part.hex() for part in proof.path],
            }
        )
    return {
        "v": 1,
        "kind": "evidence",
        "subject": number,
        "head": head_document(scope.key, head) if head else None,
        "entries": entries,
    }


def weaknesses() -> list[str]:
    """What of the journal's protection is missing in this installation; empty when all of it stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, is_superuser = cursor.fetchone()
        cursor.execute(_PROTECTION, [list(_KEPT)])
        tables = cursor.fetchall()
    unguarded = [
        name for name, triggers, _own, _may in tables if triggers < (3 if name == "entry_body" else 2)
    ]
    owned = [name for name, _triggers, is_owner, _may in tables if is_owner]
    open_tables = [name for name, _triggers, is_owner, may_change in tables if may_change and not is_owner]
    found = []
    if is_superuser:
        found.append(_("The role {role} is a superuser: nothing keeps it from changing the journal."))
    elif owned:
        found.append(
            _("The role {role} owns {owned} and can take the triggers away; use a role that owns nothing.")
        )
    elif open_tables:
        found.append(_("The role {role} has the right to change {open_tables}."))
    if unguarded:
        found.append(_("The triggers that keep {unguarded} append-only are off or gone."))
    folder = keys_folder()
    reachable = [
        str(path)
        for path in (folder, *sorted(folder.glob("*.pem")))
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if reachable:
        found.append(_("Others than the service can reach {reachable}."))
    return [
        text.format(
            role=role,
            owned=", ".join(owned),
            open_tables=", ".join(open_tables),
            unguarded=", ".join(unguarded),
            reachable=", ".join(reachable),
        )
        for text in found
    ]


_PROTECTION = """
    SELECT relname,
           (SELECT count(*) FROM pg_trigger
            WHERE tgrelid = pg_class.oid AND NOT tgisinternal AND tgenabled = 'A'),
           pg_has_role(current_user, relowner, 'MEMBER'),
           has_table_privilege(pg_class.oid, 'UPDATE') OR has_table_privilege(pg_class.oid, 'DELETE')
               OR has_table_privilege(pg_class.oid, 'TRUNCATE')
    FROM pg_class WHERE oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name) ORDER BY 1
"""


def _subject(number: str) -> tuple[int, int] | None:
    """Id and scope of the subject with this number, whatever it is: all share the base and one id sequence."""
    for model in apps.get_models():
        if issubclass(model, SubjectBase):
            found = model._default_manager.filter(number=number).values_list("pk", "scope_id").first()
            if found is not None:
                return found[0], found[1]
    return None


def _hex(value: bytes | memoryview | None) -> str | None:
    return None if value is None else bytes(value).hex()
