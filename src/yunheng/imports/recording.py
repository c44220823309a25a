"""Entries of history in stored form, by the thousand: the same bytes as the journal's own form, made faster.

`foundation.stored_form.store_form` walks through any data; here every part is known to be canonical JSON already.
tests/imports/test_recording.py holds both to the same bytes.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Final

from yunheng.foundation.actor import Actor
from yunheng.foundation.stored_form import StoredEntry
from yunheng.logic.canonical import canonical, instant
from yunheng.logic.leaf import SALT_BYTES, leaf_header

from .history import ASSERTED, KIND_NAMES, PARTY_NAMES, Happening, SourceFact

SOURCE: Final = "import"
_CACHE_SIZE: Final = 200_000
_MEMBERS: Final = 20_000  #: of one column; a log has dozens
_MARKS: Final = ("0-SUBJECT-0", f"{1:064x}", f"{2:064x}")  #: stand for the values when the header is cut
_MARKED_AT: Final = datetime(1999, 9, 9, 9, 9, 9, 999999, tzinfo=UTC)


class Quoted(dict[str, str]):
    """Texts as JSON strings, each made once: values of a log repeat."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _CACHE_SIZE:
            self.clear()
        quoted = self[text] = encode_basestring(text)
        return quoted


class Members(dict[str, str]):
    """Texts of one column as members of a JSON object, each made once; `missing` stands for null."""

    def __init__(self, name: str, missing: str) -> None:
        super().__init__({missing: f"{encode_basestring(name)}:null"})
        self._label, self._missing = f"{encode_basestring(name)}:", missing

    def __missing__(self, text: str) -> str:
        if len(self) >= _MEMBERS:
            null = self[self._missing]
            self.clear()
            self[self._missing] = null
        member = self[text] = self._label + encode_basestring(text)
        return member


class _Instants(dict[int, str]):
    """Epoch seconds as the text of a leaf header."""

    def __missing__(self, at: int) -> str:
        if len(self) >= _CACHE_SIZE:
            self.clear()
        text = self[at] = f"{datetime.fromtimestamp(at, UTC).isoformat()[:19]}.000000Z"
        return text


def data_text(data: dict[str, object]) -> str:
    """Plain data as canonical JSON text. Raises CanonicalError."""
    return canonical(data).decode()


class Recorder:
    """Makes stored entries of one scope, actor and instant of recording."""

    def __init__(self, *, scope_key: str, actor: Actor, recorded_at: datetime) -> None:
        self._scope_key, self._actor, self._recorded_at = scope_key, actor, recorded_at
        self._quoted = Quoted()
        self._instants = _Instants()
        self._forms: dict[str, str] = {}
        self._actor_text = data_text({"id": actor.id, "name": actor.name})

    def store(self, subjects: Sequence[tuple[str, Sequence[Happening]]]) -> Iterator[StoredEntry]:
        """The stored form of all happenings of the subjects (number, happenings); their entries have ids."""
        size = SALT_BYTES * 2
        for number, happenings in subjects:
            salts = os.urandom(size * len(happenings))
            subject = self._quoted[number]
            for place, happening in enumerate(happenings):
                salt = salts[size * place : size * (place + 1)]
                yield self._store(subject, happening, salt[:SALT_BYTES], salt[SALT_BYTES:])

    def _store(self, subject: str, happening: Happening, salt: bytes, personal_salt: bytes) -> StoredEntry:
        shared = self.shared_text(happening).encode()
        personal = self.personal_text(happening).encode()
        digest = sha256(salt + shared).digest()
        personal_digest = sha256(personal_salt + personal).digest()
        form = self._forms.get(happening.type) or self._form(happening.type)
        leaf = sha256(
            (
                form
                % (
                    self._instants[happening.at],
                    personal_digest.hex(),
                    digest.hex(),
                    subject,
                )  # in this order
            ).encode()
        ).digest()
        return StoredEntry(
            (shared, None, personal), (salt, None, personal_salt), (digest, None, personal_digest), leaf
        )

    def _form(self, entry_type: str) -> str:
        """The bytes that a leaf of a type hashes, as a template for instant, personal, shared and subject."""
        subject, shared, personal = _MARKS
        header = leaf_header(
            log=self._scope_key,
            subject=subject,
            type=entry_type,
            occurred_at=_MARKED_AT,
            recorded_at=self._recorded_at,
            actor=self._actor.kind,
            source=SOURCE,
            shared=shared,
            internal=None,
            personal=personal,
        )
        form = "\0" + canonical(header).decode().replace("%", "%%")
        end = 0
        for mark in (instant(_MARKED_AT), personal, shared, encode_basestring(subject)):
            start = form.index(mark, end)  # ValueError if the header ever had another order
            form = f"{form[:start]}%s{form[start + len(mark) :]}"
            end = start + 2
        self._forms[entry_type] = form
        return form

    def shared_text(self, happening: Happening) -> str:
        """Body of the shared class: members in the order of their names."""
        facts = f'"facts":[{",".join(map(self._fact, happening.facts))}],' if happening.facts else ""
        supersedes = (
            f',"supersedes":[{",".join(map(str, happening.supersedes))}]' if happening.supersedes else ""
        )
        if happening.type == ASSERTED:
            return f'{{"claims":{happening.shared},{facts}"row":{happening.row}{supersedes}}}'
        return f'{{{facts}"fields":{happening.shared},"row":{happening.row}{supersedes}}}'

    def personal_text(self, happening: Happening) -> str:
        """Body of the personal class."""
        if not happening.personal:
            return f'{{"actor":{self._actor_text}}}'
        name = "claims" if happening.type == ASSERTED else "fields"
        return f'{{"actor":{self._actor_text},"{name}":{happening.personal}}}'

    def _fact(self, fact: SourceFact) -> str:
        """As foundation.facts.encode_facts has it."""
        party = f',"party":"{PARTY_NAMES[fact.party]}"' if fact.party else ""
        ref = fact.opener.entry_id if fact.opener is not None else fact.ref
        reference = f',"ref":{ref}' if ref else ""
        term = f',"term":{self._quoted[fact.term]}' if fact.term else ""
        return f'{{"at":{fact.at},"fact":"{KIND_NAMES[fact.kind]}"{party}{reference}{term}}}'
