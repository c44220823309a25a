"""The month that both sides sign, for a browser: a contract that is scored, and a statement in each of its states."""

from datetime import UTC, datetime, timedelta

from tests.appraisal.statements_world import APPRAISAL, SCHEME, stored
from tests.pages.world import World

from yunheng.appraisal.models import Appeal, Statement
from yunheng.appraisal.statements.actions import (
    Claim,
    accept_statement,
    answer_appeal,
    appeal,
    draft_statement,
    enter_event,
    enter_mark,
    enter_value,
    issue_statement,
    order_rectification,
    report_rectification,
    reverse_statement,
    say_none_happened,
    settle_statement,
    sign_statement,
    vote,
)
from yunheng.contracts.checking import digest
from yunheng.contracts.models import ContractVersion

CLIENT, PROVIDER = "bob", "alice"
AGREED = {name: value for name, value in APPRAISAL.items() if value is not None}

#: The scheme's labels, which a Chinese contract writes in Chinese.
_LABELS = {
    "late": "解决逾期",
    "absent": "巡检缺席",
    "praise": "表扬",
    "speed": "时效",
    "lateness": "按时解决",
    "site": "现场服务",
    "tidy": "机房整洁",
    "attitude": "服务态度",
    "presence": "巡检到场",
    "extra": "加分项",
    "good": "优良",
    "fair": "合格",
    "poor": "不合格",
}


def _scheme() -> bytes:
    text = SCHEME.decode()
    for word, label in _LABELS.items():
        text = text.replace(f"zh-Hans: {word},", f"zh-Hans: {label},")
    return text.encode()


def agree_on_scoring(world: World) -> None:
    """The world's contract says how a month is scored, and how long an appeal may take."""
    old = ContractVersion.objects.filter(contract=world.contract).latest("number")
    terms = old.terms | {"scoring": stored(_scheme()), "appraisal": {**AGREED, "calendar": "extended"}}
    calendars = list(old.calendars.all())
    old.pk, old.number, old.terms, old.digest = None, old.number + 1, terms, digest(terms)
    old.save(force_insert=True)
    for calendar in calendars:
        calendar.pk, calendar.contract_version = None, old
        calendar.save(force_insert=True)


def add_statements(world: World) -> None:
    """One in each state: {draft_month} half entered, {issued}, {appealed} and argued over, {unsigned}, {settled}
    with an order to mend something, and its {correction}."""
    agree_on_scoring(world)
    names = ("draft_month", "issued", "appealed", "unsigned", "settled")
    for name, month in zip(names, _months_before(len(names)), strict=True):
        number = world.tickets[name] = draft_statement(world.viewer(CLIENT), world.key, month).number
        enter_value(world.viewer(CLIENT), number, "tidy", "90", "现场抽查 10 间机房")
        if name == "draft_month":
            at = _begin_of(number) + timedelta(days=9)
            enter_event(world.viewer(CLIENT), number, "praise", at, note="搬迁期间连夜保障，未影响业务。")
            continue
        _enter_the_rest(world, number)
        issue_statement(world.viewer(CLIENT), number, _row_version(number))
        if name == "appealed":
            _argue(world, number)
        elif name != "issued":
            accept_statement(world.viewer(PROVIDER), number, _row_version(number))
    settled = world.tickets["settled"]
    for login in (CLIENT, PROVIDER):
        _sign(world, login, settled)
    settle_statement(world.viewer(CLIENT), settled, _row_version(settled))
    order = order_rectification(
        world.viewer(CLIENT), settled, "机房整理不到位，限期整改。", datetime.now(UTC) + timedelta(days=10)
    )
    report_rectification(world.viewer(PROVIDER), order.number, order.row_version, "已全部整理，附照片。")
    world.tickets["correction"] = reverse_statement(world.viewer(CLIENT), settled, "抽查口径有误。").number


def _months_before(count: int) -> list[str]:
    """The newest months that are over, as "2026-04"."""
    last = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    found = []
    for _one in range(count):
        found.append(f"{last:%Y-%m}")
        last = last.replace(day=1) - timedelta(days=1)
    return found


def _begin_of(number: str) -> datetime:
    return Statement.objects.values_list("begins_at", flat=True).get(number=number)


def _row_version(number: str) -> int:
    return Statement.objects.values_list("row_version", flat=True).get(number=number)


def _enter_the_rest(world: World, number: str) -> None:
    client = world.viewer(CLIENT)
    enter_mark(client, number, "attitude", "contact", "4")
    enter_mark(client, number, "attitude", "users", "5", rater="用户代表 郑军")
    at = _begin_of(number) + timedelta(days=13)
    enter_event(client, number, "absent", at, "2", note="两次例行巡检未到场，门禁无记录。")
    say_none_happened(client, number, "praise")


def _argue(world: World, number: str) -> None:
    claims = [
        Claim(item="tidy", argument="抽查口径与合同不符。", claim="改为 95 %。"),
        Claim(item="attitude", argument="评分没有说明理由。", claim="重新评分。"),
    ]
    appeal(world.viewer(PROVIDER), number, _row_version(number), claims)
    first = Appeal.objects.filter(statement__number=number).earliest("pk")
    answer_appeal(world.viewer(CLIENT), number, first.uuid, "口径按合同附件二。")
    vote(world.viewer(CLIENT), number, first.uuid, "rejected", {}, "口径无误。")


def _sign(world: World, login: str, number: str) -> None:
    signed = bytes(Statement.objects.get(number=number).digest or b"")
    sign_statement(world.viewer(login), number, signed, method="confirmation", proof={"v": 1})
