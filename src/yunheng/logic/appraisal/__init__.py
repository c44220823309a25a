"""Rules of a statement's way: its deadlines, who decides an appeal, what a correction changes. No Django, no clock."""

from yunheng.logic.appraisal.deadlines import Deadline, Standing, standing_of
from yunheng.logic.appraisal.decisions import Ballot, Change, Outcome, agreed, faults_of_change, sides_missing
from yunheng.logic.appraisal.differences import Difference, difference
from yunheng.logic.appraisal.sampling import draw, sample_size

__all__ = [
    "Ballot",
    "Change",
    "Deadline",
    "Difference",
    "Outcome",
    "Standing",
    "agreed",
    "difference",
    "draw",
    "faults_of_change",
    "sample_size",
    "sides_missing",
    "standing_of",
]
