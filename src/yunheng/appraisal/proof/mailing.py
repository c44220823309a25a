"""Heads leave the house: each day the newest signed head of every log goes to the client's contacts, to be kept."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_in_roles
from yunheng.accounts.models import Person
from yunheng.contracts.models import Contract
from yunheng.foundation import wording
from yunheng.foundation.log_status import head_document
from yunheng.foundation.models import LogLeaf, TreeHead
from yunheng.notify.actions import Message, tell

EVENT = "log_head"


def mail_heads(now: datetime) -> int:
    """Mail the newest head of every log to the contacts of its client; returns how many mails were booked.

    A head that somebody was told of is not sent again: a log that stands still sends nothing.
    """
    booked = 0
    for contract in Contract.objects.select_related("scope").order_by("pk"):
        head = TreeHead.objects.select_related("key").filter(scope_id=contract.pk).order_by("-size").first()
        if head is None or not head.size:
            continue
        last = LogLeaf.objects.filter(scope_id=contract.pk, index=head.size - 1).first()
        if last is None:
            continue
        people = people_in_roles(contract.pk, ["contact"])
        deliveries = tell(
            [_message(person, contract, head) for person in people],
            now=now,
            scope_id=contract.pk,
            subject_number=contract.scope.key.upper(),
            entry_id=last.entry_id,
        )
        booked += len(deliveries)
    return booked


def _message(person: Person, contract: Contract, head: TreeHead) -> Message:
    key = contract.scope.key
    with translation.override(person.language or "zh-hans"), timezone.override(ZoneInfo(person.zone)):
        subject = _("[%(contract)s] Signed head of the log: %(size)s leaves, %(when)s") % {
            "contract": key,
            "size": head.size,
            "when": wording.instant(head.signed_at),
        }
        lines = [
            _("This is the signed head of the sealed log of the contract “%(name)s”. Please keep this mail.")
            % {"name": contract.scope.name},
            _(
                "Whoever holds it can prove later that nothing recorded before it was changed or taken away. To verify "
                "an evidence pack with it, save this text, or the block below, as a file:"
            ),
            "python verify.py PACK.zip --head FILE",
            "",
            json.dumps({"heads": [head_document(key, head)]}, indent=1),
            "",
            _link(key),
            "",
            "-- ",
            _("You can choose what you are told of in Yunheng, under “Notifications”."),
        ]
    return Message(person, EVENT, subject[:200], "\n".join(lines) + "\n")


def _link(key: str) -> str:
    if not settings.ORIGINS:
        return _("How to verify stands in Yunheng, on the contract's page “Verify”.")
    return f"{settings.ORIGINS[0].rstrip('/')}/contracts/{key}/verify"
