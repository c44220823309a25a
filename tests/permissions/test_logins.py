"""A login is what one sees of it: nothing invisible tells two of them apart."""

import pytest

from yunheng.accounts.actions.checks import login_fault


@pytest.mark.parametrize("login", ["alice", "张三", "a.b-c@example.com"])
def test_logins(login: str) -> None:
    assert not login_fault(login)


@pytest.mark.parametrize("login", ["ali\u200bce", "\u202ealice", "alice\u2060", "a\ufeffb", "a b", "a/b", ""])
def test_logins_that_hide_something_are_refused(login: str) -> None:
    assert login_fault(login)
