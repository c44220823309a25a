"""Working time between many pairs of instants at once."""

import numpy as np
import numpy.typing as npt

from yunheng.logic.vector.opening import Opening
from yunheng.logic.worktime import OpenTime

Int64 = npt.NDArray[np.int64]


def open_seconds(calendar: OpenTime, begin: Int64, finish: Int64) -> Int64:
    """`OpenTime.elapsed` of each pair of instants (epoch seconds UTC); outside the calendar's span is closed."""
    opening = Opening([calendar], calendar.first_at, calendar.first_at)
    return np.asarray(opening.count_anywhere(finish, 0) - opening.count_anywhere(begin, 0), dtype=np.int64)
