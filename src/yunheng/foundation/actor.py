"""Who did something: kind, identity and name at the time; no foreign key, so that entries outlive people."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["SYSTEM", "Actor", "ActorKind"]

ActorKind = Literal["person", "token", "system", "import"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who an entry says has acted.

    `kind` is part of the leaf; `id` (the UUID of the person or token as text, "" for the system) and `name`
    are personal data and stand in the entry's personal class.
    """

    kind: ActorKind
    id: str
    name: str


SYSTEM = Actor("system", "", "Yunheng")
