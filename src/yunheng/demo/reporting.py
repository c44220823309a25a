"""Monthly reports of the invented year: when the desk before this one issued them, and two that are made here.

A report stands on a signed head of the log, and a head is signed when it is signed: none can be made for last spring.
So the past months come as what they are, issued elsewhere; the two months are made, issued and accepted now.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from django.db import connection, transaction

from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.appraisal.deliverables import known_since
from yunheng.contracts.models import Contract
from yunheng.foundation.access import Viewer
from yunheng.reports.actions import (
    IssuedElsewhere,
    accept_report,
    carry_out,
    issue_report,
    request_report,
    set_plan,
    take_over_issues,
    write_comments,
)
from yunheng.reports.models import Kind, Language, ReportRun
from yunheng.reports.period import Month, due_at, month_of

from .model import bad_month

MANAGER: Final = "manager"
CONTACTS: Final = {"qinglan": "contact", "beiling": "huangping", "yuanzhou": "liuyan"}
_LATE: Final = "qinglan"
_TOGETHER: Final = 2  #: rendering is another process, so two at a time
_COMMENTS: Final = (
    {
        "summary": "本月发生一起重大事件，经过与影响见“重大故障”一节；未达标的工单逐条列于附录。",
        "risks": "同类设备仍有集中失效的可能，请甲方确认备件前置与检修窗口。",
        "plan": "落实重大事件的整改措施，每周通报一次进展；复核高优先级事件的响应值守安排。",
    },
    {
        "summary": "本月继续落实上月重大事件的整改措施，指标的变化见“服务级别达成”一节。",
        "last_actions": "重大事件复盘已完成，值守安排已复核，备件前置方案已提交甲方。",
        "plan": "跟踪遗留的未结工单，配合甲方完成检修窗口的确认。",
    },
)  # fmt: skip

Tell = Callable[[int, int], None]


def give_reports(
    contracts: Mapping[str, Contract], *, first: date, now: datetime, seed: int, tell: Tell
) -> int:
    """Take over when reports were issued before, make two months' reports for each client, and plan the next ones.

    The last month's report is left to whoever looks. Returns how many were made.
    """
    made = 0
    with ThreadPoolExecutor(_TOGETHER) as pool:
        running = []
        for key, contract in contracts.items():
            _take_over(key, contract, first, now, seed)
            running.append(pool.submit(_make_all, key, contract, _made_months(contract, now)))
        for place, future in enumerate(as_completed(running), 1):
            made += future.result()
            tell(place, len(running))
    return made


def _made_months(contract: Contract, now: datetime) -> list[Month]:
    """The bad month and the one after it."""
    zone = contract.scope.zone
    bad = bad_month(month_of(now, zone).first)
    month = Month(f"{bad:%Y-%m}", zone)
    return [month, month.following]


def _take_over(key: str, contract: Contract, first: date, now: datetime, seed: int) -> None:
    """Each came some hours to days before its term; the hospital's report on the bad month a day after it."""
    month, bad = Month(f"{first:%Y-%m}", contract.scope.zone), _made_months(contract, now)[0]
    since = known_since(contract.pk)
    issues = []
    while since is not None and (due := due_at(contract, Kind.MONTHLY, month)) is not None and due <= since:
        dice = Random(f"{seed}:{key}:{month.key}:report")  # noqa: S311 - a model
        hours = -26.0 if (key, month) == (_LATE, bad) else dice.uniform(1, 60)
        at = max(due - timedelta(hours=hours), month.end_at).replace(second=0, microsecond=0)
        issues.append(IssuedElsewhere(month.key, at))
        month = month.following
    take_over_issues(_viewer(MANAGER), key, issues)


def _make_all(key: str, contract: Contract, months: list[Month]) -> int:
    """Draft, write, issue and accept; then the plan for what comes. Runs in a thread of its own."""
    try:
        manager, contact = _viewer(MANAGER), _viewer(CONTACTS[key])
        for month, words in zip(months, _COMMENTS, strict=True):
            with transaction.atomic():  # so that no worker begins with it, too
                run = request_report(manager, key, Kind.MONTHLY, month.key, [Language.CHINESE])
                carry_out(run.uuid, makes_files=False)
            report = ReportRun.objects.select_related("report").get(pk=run.pk).report
            if report is None:
                raise ValueError(f"no report of {key} on {month.key}: {run.problem}")
            report = write_comments(manager, report.number, report.row_version, Language.CHINESE, words)
            report = issue_report(manager, report.number, report.row_version)
            accept_report(contact, report.number, report.row_version, "已核对，同意。")
        recipient = Person.objects.get(login=CONTACTS[key])
        set_plan(manager, key, 0, {"is_active": True, "day": 3, "recipients": [recipient.uuid]})
        return len(months)
    finally:
        connection.close()


def _viewer(login: str) -> Viewer:
    return viewer_for_person(Person.objects.get(login=login))
