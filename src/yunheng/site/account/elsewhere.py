"""Names of what a session remembers of a sign-in at another party."""

from typing import Final

#: True in a session whose sign-in had a second factor at the other party already.
SECOND_FACTOR_ELSEWHERE: Final = "second_factor_elsewhere"
#: In the state of a way there and back: when somebody was asked to show once more who they are (epoch seconds).
ASKED_AGAIN: Final = "asked_again"
