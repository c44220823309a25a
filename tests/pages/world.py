"""A small world for pages, API and permissions: one contract with a supplier, its personas, and a few tickets.

Alice works for the provider, Bob is the client's contact, Charlie belongs to another organisation and contract,
Dan asks for help, Sue repairs for the supplier. Everything is done through actions, as the product does it.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from yunheng.accounts.actions import (
    create_organisation,
    create_person,
    create_team,
    create_token,
    grant_membership,
)
from yunheng.accounts.models import Person
from yunheng.accounts.queries import organisation_by_key, viewer_for_person
from yunheng.accounts.roles import ROLES
from yunheng.contracts.actions import apply_contract
from yunheng.contracts.holidays_cn import china_days
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import contract_pack
from yunheng.desk.actions import answer_pause, assign_ticket, move_ticket, note, open_ticket, reply
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.sla.models import Pause

PASSWORD = "correct horse 42"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass
class World:
    """The contract, people by login, tickets by name."""

    contract: Contract
    other: Contract
    people: dict[str, Person] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.contract.scope.key

    def viewer(self, login: str) -> Viewer:
        return viewer_for_person(self.people[login])


def build_world(*, now: datetime | None = None) -> World:
    """Two contracts with personas, and the tickets of `add_tickets`."""
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    contract = apply_contract(viewer=SYSTEM_VIEWER, at=moment, data=in_force(moment)).contract
    other = apply_contract(viewer=SYSTEM_VIEWER, at=moment, data=contract_pack("datacentre-24x7")).contract
    world = World(contract, other)
    add_people(world)
    add_tickets(world, moment)
    return world


def in_force(now: datetime) -> bytes:
    """The shipped contract with a supplier, valid at a moment, a month before and one after, and since 2026."""
    first, last = min(2026, (now - timedelta(days=30)).year), (now + timedelta(days=33)).year
    valid = f"valid: {{from: {first}-01-01, to: {last + 1}-01-01}}"
    text, count = re.subn(r"^valid: .*$", valid, contract_pack("with-supplier").decode(), flags=re.MULTILINE)
    assert count == 1
    return text.encode()


def add_people(world: World) -> None:
    """The five personas, and one person per role named by it."""
    provider = organisation_by_key("provider")
    client = organisation_by_key("supplied-client")
    supplier = organisation_by_key("hardware-vendor")
    stranger = create_organisation(viewer=SYSTEM_VIEWER, key="stranger", name="别家公司", kind="client")
    homes = {"provider": provider, "client": client, "supplier": supplier}

    def person(login: str, name: str, organisation: object, role: str, where: Contract) -> None:
        made = create_person(
            viewer=SYSTEM_VIEWER, login=login, name=name, organisation=organisation, password=PASSWORD
        )
        grant_membership(viewer=SYSTEM_VIEWER, person=made, role=role, scope=where.scope)
        world.people[login] = made

    person("alice", "林晓安", provider, "service_manager", world.contract)
    person("ken", "周建国", provider, "engineer", world.contract)
    person("bob", "王海波", client, "contact", world.contract)
    person("charlie", "赵诚", stranger, "contact", world.other)
    person("dan", "邓丹", client, "requester", world.contract)
    person("sue", "苏岩", supplier, "supplier_engineer", world.contract)
    for key, role in ROLES.items():
        person(f"role-{key.replace('_', '-')}", key, homes[role.kind], key, world.contract)
    create_team(
        viewer=SYSTEM_VIEWER,
        organisation=provider,
        key="second-line",
        name="二线技术支持",
        line="second",
        people=[world.people["ken"], world.people["alice"]],
    )
    create_team(
        viewer=SYSTEM_VIEWER,
        organisation=supplier,
        key="vendor-field",
        name="厂商现场服务",
        line="supplier",
        people=[world.people["sue"]],
    )


def open_one(
    world: World, at: datetime, title: str, *, impact: str = "high", urgency: str = "high", **more: object
) -> str:
    """Open an incident as Alice, recorded when it happened."""
    values: dict[str, object] = {"kind": "incident", "service": "server", "channel": "phone", **more}
    opened = open_ticket(
        viewer=world.viewer("alice"),
        scope_id=world.contract.pk,
        title=title,
        impact=impact,
        urgency=urgency,
        at=at,
        recorded_at=at,
        requester=world.people["dan"],
        **values,
    )
    return opened.ticket.number


def open_assigned(world: World, at: datetime, title: str) -> str:
    """Opened by Alice for Dan, accepted, and assigned to Ken."""
    number = open_one(world, at, title)
    do(world, number, "alice", "accept", at + 2 * MINUTE)
    assign(world, number, at + 3 * MINUTE)
    return number


def assign(world: World, number: str, at: datetime) -> None:
    """To Ken of the second line, by Alice."""
    assign_ticket(world.viewer("alice"), number, team="second-line", assignee="ken", at=at, recorded_at=at)


def do(world: World, number: str, who: str, transition: str, at: datetime, **form: object) -> None:
    """One transition, recorded when it happened."""
    move_ticket(world.viewer(who), number, transition, form, at=at, recorded_at=at)


def resolve(world: World, number: str, at: datetime, text: str = "更换故障光模块,端口恢复。") -> None:
    do(world, number, "ken", "resolve", at, resolution=text, cause="hardware", line="second")


def add_tickets(world: World, now: datetime) -> None:
    """A closed one with pauses, one in work, one waiting, one just opened."""
    tickets = world.tickets
    day = (now - timedelta(days=9)).astimezone(UTC).replace(hour=1, minute=12, second=7)  # 09:12 in Shanghai
    while day.weekday() > 2 or day.date() in china_days(day.year).holidays:
        day -= timedelta(days=1)

    closed = tickets["closed"] = open_one(
        world,
        day,
        "核心交换机端口闪断,产线 MES 间歇性断连",
        description="A3 机柜核心交换机 1/0/24 口每隔数分钟闪断一次。",
        ci="SW-CORE-01",
    )
    do(world, closed, "alice", "accept", day + 6 * MINUTE)
    assign(world, closed, day + 9 * MINUTE)
    do(world, closed, "ken", "start", day + 12 * MINUTE)
    reply(
        world.viewer("ken"),
        closed,
        text="已定位到光模块收光异常,准备更换。",
        at=day + 30 * MINUTE,
        recorded_at=day + 30 * MINUTE,
    )
    note(
        world.viewer("ken"),
        closed,
        text="同批次模块已有两次类似故障,建议统一排查。",
        at=day + 35 * MINUTE,
        recorded_at=day + 35 * MINUTE,
    )
    do(world, closed, "ken", "wait_for_client", day + 45 * MINUTE, note="请客户确认可中断 5 分钟进行更换。")
    pause = Pause.objects.get(subject_id__in=_ids(closed))
    answer_pause(
        world.viewer("bob"),
        closed,
        pause.pk,
        "confirm",
        text="确认。",
        at=day + 3 * HOUR,
        recorded_at=day + 3 * HOUR,
    )
    do(world, closed, "ken", "resume", day + 3 * HOUR + MINUTE)
    do(world, closed, "ken", "wait_for_parts", day + 4 * HOUR, note="等待备件库送达光模块。")
    do(world, closed, "ken", "resume", day + 26 * HOUR)
    do(world, closed, "ken", "restore", day + 27 * HOUR, measure="更换光模块")
    resolve(world, closed, day + 28 * HOUR)
    do(world, closed, "bob", "confirm", day + 30 * HOUR, opinion="处理及时,已恢复正常。")
    do(world, closed, "alice", "close", day + 31 * HOUR)

    started = now - timedelta(minutes=50)
    working = tickets["working"] = open_one(world, started, "存储阵列一块硬盘告警", urgency="medium")
    do(world, working, "alice", "accept", started + 5 * MINUTE)
    assign(world, working, started + 8 * MINUTE)
    do(world, working, "ken", "start", started + 10 * MINUTE)

    asked = now - timedelta(hours=5)
    waiting = tickets["waiting"] = open_one(
        world, asked, "备份服务器无法登录", impact="low", urgency="medium"
    )
    do(world, waiting, "alice", "accept", asked + 20 * MINUTE)
    assign_ticket(
        world.viewer("alice"),
        waiting,
        team="vendor-field",
        at=asked + 25 * MINUTE,
        recorded_at=asked + 25 * MINUTE,
    )
    do(world, waiting, "alice", "wait_for_client", asked + 30 * MINUTE, note="请提供机房准入。")

    tickets["new"] = open_one(
        world,
        now - timedelta(minutes=4),
        "二号车间注塑产线控制系统上位机频繁蓝屏并伴随工业以太网交换机环路告警,重启后十分钟内再次出现,影响三条产线的排产与质量追溯数据采集,请尽快安排现场处理",
        service="line-control",
    )


def _ids(number: str) -> list[int]:
    from yunheng.desk.models import Ticket

    return list(Ticket.objects.filter(number=number).values_list("pk", flat=True))


def token(world: World, login: str, *scopes: str) -> str:
    """A bearer token of a person."""
    return create_token(
        viewer=world.viewer(login), person=world.people[login], name="test", scopes=scopes or ("read",)
    ).secret
