"""What the findings of the linter of schemes say, and what would be right; translated only when shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yunheng.logic.score import Code

from ..problems import gettext_noop

#: Code → (message, hint), templates filled from the finding's parameters.
FINDING_WORDS: Final[Mapping[Code, tuple[str, str]]] = {
    Code.NOTHING_SCORED: (
        gettext_noop("no item is scored"),
        gettext_noop("add a section with at least one item"),
    ),
    Code.ITEM_TWICE: (
        gettext_noop("“%(key)s” is the key of another item already"),
        gettext_noop("each item of the whole scheme has a key of its own"),
    ),
    Code.POINTS_DO_NOT_ADD_UP: (
        gettext_noop("start and sections make %(sum)s points, and “full” says %(full)s"),
        gettext_noop("correct points, weights or “full”"),
    ),
    Code.WEIGHT_OF_NOTHING: (
        gettext_noop("a weight for a section without points"),
        gettext_noop("give the section or its items points, or delete the weight"),
    ),
    Code.BOUNDS_ORDER: (
        gettext_noop("the limits are in the wrong order: %(low)s and %(high)s"),
        gettext_noop("the lower limit is not above the upper one"),
    ),
    Code.NEGATIVE: (
        gettext_noop("%(value)s is below 0"),
        gettext_noop("write what is deducted as a positive number"),
    ),
    Code.NOT_POSITIVE: (
        gettext_noop("%(value)s is not above 0"),
        gettext_noop("write a number above 0, or delete the line"),
    ),
    Code.EMPTY_INTERVAL: (
        gettext_noop("nothing lies between %(low)s and %(high)s"),
        gettext_noop("check the edges: from (≥), above (>), below (<), to (≤)"),
    ),
    Code.HOLE: (
        gettext_noop("a hole: nothing holds %(example)s (between %(low)s and %(high)s)"),
        gettext_noop("let one end where the next begins: below 90, then from 90"),
    ),
    Code.OVERLAP: (
        gettext_noop("%(example)s is held twice (between %(low)s and %(high)s)"),
        gettext_noop("let one end where the next begins: below 90, then from 90"),
    ),
    Code.ABOVE_POINTS: (
        gettext_noop("%(value)s is more than the item's %(points)s points"),
        gettext_noop("correct one of the two"),
    ),
    Code.NOT_MONOTONE: (
        gettext_noop("from %(at)s on a better value brings less"),
        gettext_noop("correct the points, or delete “better”"),
    ),
    Code.KNOT_ORDER: (
        gettext_noop("the knots of the line do not ascend"),
        gettext_noop("write at least two, with ascending values"),
    ),
    Code.TIER_ORDER: (
        gettext_noop("the tiers do not ascend from 1 or later"),
        gettext_noop("write them by ascending “from”"),
    ),
    Code.SCALE_ORDER: (
        gettext_noop("the scale ends (%(high)s) before it begins (%(low)s)"),
        gettext_noop("“from” is the worst mark, “to” the best"),
    ),
    Code.RATER_WEIGHTS: (
        gettext_noop("the raters' weights make %(sum)s %%, not 100 %%"),
        gettext_noop("correct the weights"),
    ),
    Code.RATER_TWICE: (
        gettext_noop("the role “%(role)s” rates twice"),
        gettext_noop("name it once"),
    ),
    Code.NO_VALUE_READ: (
        gettext_noop("the rule needs a value"),
        gettext_noop("write “indicator: …” or “manual: percent”"),
    ),
    Code.POINTS_OF_BONUS: (
        gettext_noop("a bonus has no full marks, and here are %(points)s"),
        gettext_noop("delete “points” beside the label; the rule has its own"),
    ),
    Code.UNKNOWN_ITEM: (
        gettext_noop("there is no item “%(key)s” that this could mean"),
        gettext_noop("write the key of an item (in once_across: of one with “occurrence”)"),
    ),
    Code.UNKNOWN_SECTION: (
        gettext_noop("there is no section “%(key)s”"),
        gettext_noop("write the key of a section"),
    ),
    Code.UNKNOWN_GRADE: (
        gettext_noop("there is no grade “%(key)s”"),
        gettext_noop("write the key of a grade"),
    ),
    Code.UNKNOWN_EVENT: (
        gettext_noop("“%(kind)s” does not stand under “events”"),
        gettext_noop("add it there with a label, or correct it"),
    ),
    Code.NO_SUCH_PERIOD: (
        gettext_noop("no %(period)s is scored"),
        gettext_noop("name the scheme's period or that of a roll-up"),
    ),
    Code.ROLLUP_ORDER: (
        gettext_noop("a %(period)s is not made of periods of a %(of)s"),
        gettext_noop("“of” is a shorter period"),
    ),
    Code.ROLLUP_WEIGHTS: (
        gettext_noop("%(count)s weights for %(expected)s periods"),
        gettext_noop("write one weight above 0 for each"),
    ),
    Code.GRADE_TWICE: (
        gettext_noop("“%(key)s” is a grade twice"),
        gettext_noop("each grade has a key of its own"),
    ),
    Code.FULL_MARKS_UNREACHABLE: (
        gettext_noop("at best %(best)s of %(points)s points"),
        gettext_noop("is that meant?"),
    ),
    Code.UNREACHABLE: (
        gettext_noop("no value can lie between %(low)s and %(high)s"),
        gettext_noop("delete it, or check the unit"),
    ),
    Code.CAP_IDLE: (
        gettext_noop("the limit of %(cap)s is never reached: %(other)s limits before"),
        gettext_noop("delete it, or write a smaller one"),
    ),
    Code.TIER_UNREACHABLE: (
        gettext_noop("the tier from %(start)s on is never reached: %(cap)s limits before"),
        gettext_noop("delete it, or raise the limit"),
    ),
    Code.EVENT_TWICE: (
        gettext_noop("one event “%(kind)s” costs points in several items: %(items)s"),
        gettext_noop("put these items into “once_across”, or accept the warning with a reason"),
    ),
    Code.ONCE_ACROSS_IDLE: (
        gettext_noop("no event could count in two of these items"),
        gettext_noop("delete the group"),
    ),
    Code.VETO_IDLE: (
        gettext_noop("the veto takes nothing from anybody"),
        gettext_noop("lower its limit"),
    ),
    Code.REASON_IDLE: (
        gettext_noop("no mark is below %(value)s"),
        gettext_noop("the scale begins at %(low)s"),
    ),
    Code.EVENT_UNUSED: (
        gettext_noop("nothing speaks of the event “%(kind)s”"),
        gettext_noop("delete it, or name it in an item or a veto"),
    ),
    Code.SETTLEMENT_IDLE: (
        gettext_noop("the score has no effect on the fee"),
        gettext_noop("add coefficients or per_point"),
    ),
}
