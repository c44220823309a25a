"""The vocabulary of facts: what clocks and indicators may know of a subject, as small stable integers.

A fact is the typed projection of a journal entry. The integers are stored (`clock_fact.kind`, `clock_fact.party`) and
exported, so a value is never changed or used again; new kinds get new numbers.
"""

from enum import IntEnum


class FactKind(IntEnum):
    """Kind of a fact. `term` and `ref` named here are the columns of the fact that carry its detail."""

    OPENED = 1  #: the subject came into being
    PROFILED = 2  #: term: "service|priority" in force from here on
    RESPONDED = 3  #: public, human, provider-side reply, call log or explicit acceptance (sla-semantics 9)
    UPDATED = 4  #: public progress update by the provider
    ASSIGNED = 5  #: term: key of the team that has it now
    DISPATCHED = 6  #: an on-site order or a supplier was called; term: supplier key or ""
    ARRIVED = 7  #: the engineer is on site
    RESTORED = 8  #: the service works again
    RESOLVED = 9  #: term: support line that resolved ("first", "second", …) or ""
    REOPENED = 10  #: work goes on after a resolution
    CONFIRMED = 11  #: the user confirmed the resolution
    CLOSED = 12  #: term: "" or "silence" when closed without the user's word
    CANCELLED = 13  #: withdrawn
    FAILED = 14  #: instant at which the failure began, where it is known to differ from OPENED

    WAIT_BEGAN = 20  #: term: reason code; party: whom we wait for; ref: pause id
    WAIT_ENDED = 21  #: ref: pause id
    PAUSE_CONFIRMED = 22  #: ref: pause id
    PAUSE_DISPUTED = 23  #: ref: pause id
    PAUSE_UPHELD = 24  #: dispute settled for the pause; ref: pause id
    PAUSE_REJECTED = 25  #: dispute settled against the pause; ref: pause id
    EXCLUSION_BEGAN = 26  #: agreed exclusion window; term: reason; ref: exclusion id
    EXCLUSION_ENDED = 27  #: ref: exclusion id

    LEFT_OUT = 30  #: leaves the population of indicators, approved; term: reason
    TAKEN_BACK = 31  #: belongs to the population again
    CLASSIFIED = 32  #: term: "ci|cause"

    ASSERTED_OPENED = 40  #: a source system's claim
    ASSERTED_RESOLVED = 41  #: a source system's claim
    ASSERTED_CLOSED = 42  #: a source system's claim
    SOURCE_MADE_SLA = 43  #: term: "true" or "false", the source's own flag
    SOURCE_REASSIGNED = 44  #: term: the source's counter
    SOURCE_REOPENED = 45  #: term: the source's counter


class Party(IntEnum):
    """Who a pause, exclusion or delay is attributed to (R45)."""

    NONE = 0
    PROVIDER = 1
    CLIENT = 2
    SUPPLIER = 3
    FORCE_MAJEURE = 4
