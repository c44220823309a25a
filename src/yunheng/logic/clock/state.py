"""What a clock answers: its state at an instant, its cycles, and the segments that explain them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from yunheng.logic.facts import Party


class ClockStatus(StrEnum):
    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    NO_TARGET = "no_target"  #: the contract gives this profile no goal; never counted as met


class Standing(StrEnum):
    """Standing of a pause between the two parties (sla-semantics 13)."""

    PROPOSED = "proposed"  #: stops the clock, not answered yet
    CONFIRMED = "confirmed"
    LAPSED = "lapsed"  #: not answered in time, which counts as confirmed
    DISPUTED = "disputed"  #: counts as running until the dispute is settled
    UPHELD = "upheld"  #: the dispute was settled for the pause
    REJECTED = "rejected"  #: the dispute was settled against the pause: it counts as running

    @property
    def is_running(self) -> bool:
        """Whether a pause of this standing counts as running time, over the whole of the pause."""
        return self in (Standing.DISPUTED, Standing.REJECTED)


class Why(StrEnum):
    """Why a segment is counted or is not."""

    COUNTED = "counted"
    WAITING_COUNTED = "waiting_counted"  #: a wait whose reason does not stop this clock
    DISPUTE_COUNTED = "dispute_counted"  #: a pause that is disputed or was rejected
    REOPENED_COUNTED = "reopened_counted"  #: between resolution and reopening, where the contract counts it
    OFF_HOURS = "off_hours"
    PAUSE = "pause"
    EXCLUSION = "exclusion"
    AFTER_RESOLUTION = "after_resolution"  #: between stop and reopening
    BEFORE_GOAL_CHANGE = "before_goal_change"
    BEFORE_RESET = "before_reset"  #: an earlier cycle of a clock that is reset
    NO_TARGET = "no_target"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle of a clock that is reset (regular progress updates). The last one is open while the clock
    runs.

    `to_at` is None while open; `is_met` is None while open and not breached.
    """

    from_at: int
    to_at: int | None
    elapsed_seconds: int
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class ClockState:
    """Result of `fold`: instants are epoch seconds UTC, durations open seconds of the goal's calendar.

    For a clock that was reset, or whose goal changed with "from_change", elapsed, goal, due, reached shares
    and waits are those of the current cycle or goal; `breached_at`, `settled_at` and `is_met` speak of all of
    them.

    - `due_at`: earliest instant at which elapsed = goal; projected where it is not reached yet (for a stopped
      clock: from the stop); None without target, when cancelled, and while paused short of the goal.
    - `breached_at`: first instant at which elapsed > goal; None if that never happened.
    - `settled_at`: min(stopped_at, due_at) once stopped or due; None before.
    - `is_met`: False once breached, True when stopped without breach, None otherwise. Cancelling heals no breach:
      what was breached before stays so, and leaves figures only as left out with approval. A clock can be due and
      not breached yet (the service closes at the due instant): it is settled then, and met if it stops before
      time counts again.
    - `undisputed_*`: the result if every open dispute were settled for the pause.
    - `waited_seconds`: open seconds not counted because of pauses and exclusions, by party; of several at
      once, the one that began first has them. Parties without any are absent.
    - `next_check_at`: next instant at which a share is reached, the goal is breached or a proposed pause
      lapses.
    - `reached`: (share in per cent, instant) of each warning share that was reached, in the order of the
      shares.
    - `is_provisional`: rests on a calendar year whose holidays are not published.
    """

    status: ClockStatus
    profile: str
    started_at: int | None
    stopped_at: int | None
    elapsed_seconds: int
    goal_seconds: int | None
    due_at: int | None
    breached_at: int | None
    settled_at: int | None
    is_met: bool | None
    undisputed_elapsed_seconds: int
    undisputed_is_met: bool | None
    waited_seconds: Mapping[Party, int]
    next_check_at: int | None
    reached: tuple[tuple[int, int], ...]
    cycles: tuple[Cycle, ...]
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """A wait or exclusion in force: for whom, why, which entry began it, and its standing (None for an
    exclusion).
    """

    party: Party
    reason: str
    entry: int
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch [from_at, to_at) of a clock with one reason.

    `party`, `reason` and `standing` are those of the wait or exclusion in force that began first; `others`
    holds the rest of them. `entry` began the stretch: the wait, or what started, resumed, stopped or changed
    the clock; 0 for off hours in which nothing waits.
    """

    from_at: int
    to_at: int
    is_counted: bool
    why: Why
    party: Party = Party.NONE
    reason: str = ""
    entry: int = 0
    standing: Standing | None = None
    others: tuple[Cause, ...] = ()

    @property
    def seconds(self) -> int:
        return self.to_at - self.from_at


@dataclass(frozen=True, slots=True)
class Explanation:
    """A clock state and the segments behind it; the counted ones add up to `state.elapsed_seconds`."""

    state: ClockState
    segments: tuple[Segment, ...]

    @property
    def counted_seconds(self) -> int:
        return sum(segment.seconds for segment in self.segments if segment.is_counted)
