"""Tickets that run now: opened and worked on through the product's actions, one after the other as they happened.

Their instants are those of the model's last day, told to the actions as the time by which they record: so no rule on
entering something later is stretched, and every clock comes of the entries alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.contracts.models import Contract
from yunheng.desk.actions import (
    answer_pause,
    assign_ticket,
    move_ticket,
    note,
    open_ticket,
    propose,
    reply,
)
from yunheng.foundation.access import Viewer
from yunheng.sla.models import Pause

Verb = Literal[
    "accept", "assign", "start", "reply", "note", "wait_for_client", "wait_for_supplier", "wait_for_parts",
    "resume", "restore", "resolve", "confirm", "close", "dispute", "exclude",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody did so many minutes ago."""

    ago: float
    who: str
    verb: Verb
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A ticket and what happened to it so far."""

    contract: str
    ago: float
    title: str
    service: str
    profile: tuple[str, str]
    category: str
    requester: str
    description: str = ""
    item: str = ""
    channel: str = "phone"
    kind: str = "incident"
    by: str = "agent"
    is_major: bool = False
    steps: tuple[Step, ...] = ()


def _step(ago: float, who: str, verb: Verb, /, **values: Any) -> Step:
    return Step(ago, who, verb, values)


def _taken(ago: float, team: str, who: str, response: float = 6) -> tuple[Step, ...]:
    """Accepted so many minutes after the opening, given to somebody, and begun."""
    return (
        _step(ago - response, "agent", "accept"),
        _step(ago - response - 2, "agent", "assign", team=team, assignee=who),
        _step(ago - response - 5, who, "start"),
    )


def _solved(ago: float, who: str, text: str, cause: str, line: str = "second") -> Step:
    return _step(ago, who, "resolve", resolution=text, cause=cause, line=line)


_HIGH, _HELP, _MID, _LOW = ("high", "high"), ("medium", "high"), ("medium", "medium"), ("low", "medium")

RUNNING: Final = (
    # 医院 / the hospital
    Running(
        *(
            "qinglan",
            74,
            "检验系统全院报告无法发布，急诊危急值改电话通报",
            "imaging",
            _HIGH,
            "检验与设备接口",
            "yexin",
        ),
        description="LIS 发布服务停止响应，检验科、急诊、ICU 均受影响，已启用电话通报。",
        item="LIS-01",
        by="manager",
        is_major=True,
        steps=(
            _step(70, "agent", "accept"),
            _step(69, "agent", "assign", team="app", assignee="xiejing"),
            _step(66, "xiejing", "start"),
            _step(
                58,
                "xiejing",
                "reply",
                text="发布服务数据库连接耗尽，正在清理异常会话；危急值请继续电话通报。",
            ),
            _step(
                31, "xiejing", "reply", text="已恢复急诊与 ICU 的报告发布，其余科室排队补发，预计 30 分钟。"
            ),
            _step(12, "manager", "note", text="与信息科主任通话：要求今晚提交故障报告初稿。"),
        ),
    ),
    Running(
        *("qinglan", 17, "3 病区护士站电子病历保存时卡死", "clinical", _HELP, "临床业务系统", "requester"),
        description="三台电脑都一样，正在交接班。",
        channel="portal",
        by="requester",
    ),
    Running(
        *("qinglan", 9, "门诊二楼 4 台自助机无法缴费", "terminal", _HELP, "医保与收费", "yexin"),
        description="屏幕提示“支付通道异常”，人工窗口已排队。",
        item="PAY-007",
    ),
    Running(
        *("qinglan", 205, "放射科 CT 图像传不到 PACS", "imaging", _HELP, "影像系统", "yexin"),
        description="急诊 CT 图像停在本机，已用光盘临时送诊。",
        item="PACS-03",
        steps=(
            *_taken(205, "app", "jiangbo"),
            _step(168, "jiangbo", "wait_for_supplier", note="已派单磐石，请现场检查 CT 网关的 DICOM 服务。"),
            _step(164, "agent", "assign", team="panshi-field"),
            _step(95, "jiangbo", "note", text="磐石预计 40 分钟到场，备件已随车。"),
        ),
    ),
    Running(
        *(
            "qinglan",
            430,
            "手术室麻醉工作站采集不到监护仪数据",
            "clinical",
            _MID,
            "临床业务系统",
            "requester",
        ),
        description="2 号手术间，监护仪更换后出现。",
        item="HIS-009",
        steps=(
            *_taken(430, "app", "haoyu", 11),
            _step(396, "haoyu", "wait_for_client", note="手术进行中，请科室告知可进入手术间的时间。"),
            _step(240, "haoyu", "resume"),
            _step(215, "contact", "dispute", text="当天 14 点前手术已结束并电话告知，等待时间过长。"),
        ),
    ),
    Running(
        *("qinglan", 1120, "住院处日结报表与银行流水不一致", "clinical", _LOW, "医保与收费", "requester"),
        description="差额 38 元，疑似跨零点退费。",
        channel="portal",
        by="requester",
        steps=(
            *_taken(1120, "app", "xiejing", 24),
            _step(980, "xiejing", "wait_for_client", note="请财务提供当日银行对账文件。"),
        ),
    ),
    Running(
        *("qinglan", 860, "核心存储固件升级期间 HIS 响应变慢", "infrastructure", _MID, "网络与主机", "yexin"),
        description="按约定窗口升级，窗口内有科室报慢。",
        item="INF-003",
        steps=(
            *_taken(860, "server", "engineer", 9),
            _step(600, "engineer", "restore", measure="升级完成，双控正常。"),
            _step(
                560,
                "manager",
                "exclude",
                from_=860,
                to=690,
                text="升级窗口经信息科书面同意（见变更单），窗口内时间申请除外。",
            ),
        ),
    ),
    Running(
        *("qinglan", 320, "体检中心叫号屏黑屏", "terminal", _LOW, "诊室终端", "yexin"),
        item="TM-0311",
        steps=(
            *_taken(320, "desktop", "xueting", 20),
            _solved(150, "xueting", "更换信号分配器，叫号正常。", "hardware"),
        ),
    ),
    Running(
        *("qinglan", 1300, "7 病区护士站打印机卡纸", "terminal", _LOW, "诊室终端", "requester"),
        channel="portal",
        by="requester",
        item="TM-0108",
        steps=(
            *_taken(1300, "desktop", "luoyong", 18),
            _solved(1180, "luoyong", "取出残纸，更换搓纸轮，连续打印 30 页正常。", "hardware"),
            _step(1020, "requester", "confirm", opinion="好了，谢谢。"),
            _step(1000, "agent", "close"),
        ),
    ),
    Running(
        *(
            "qinglan",
            640,
            "进修医生申请电子病历临时账号",
            "clinical",
            ("low", "low"),
            "账号与数据请求",
            "requester",
        ),
        channel="portal",
        kind="service_request",
        by="requester",
        steps=(_step(610, "agent", "accept"),),
    ),
    Running(
        *("qinglan", 48, "血透室内网时断时续", "infrastructure", _MID, "网络与主机", "yexin"),
        item="INF-021",
        steps=_taken(48, "network", "maochao", 8),
    ),
    # 数据中心 / the data centre
    Running(
        *("beiling", 216, "2 号机房 UPS 并机退出，负载转旁路", "facility", _HIGH, "供配电", "zhengjun"),
        description="动环告警，A 路 UPS 两台退出并机，当前旁路供电，已派双岗值守。",
        item="UPS-04",
        channel="alert",
        steps=(
            *_taken(216, "facility", "leiming", 4),
            _step(180, "leiming", "reply", text="厂家远程判断为并机板通信故障，备件在途。"),
            _step(96, "leiming", "reply", text="备件已到，正在更换并机板，更换后逐台并机。"),
        ),
    ),
    Running(
        *(
            "beiling",
            24,
            "政务云公网访问丢包约 6%",
            "platform",
            ("high", "medium"),
            "网络与安全",
            "huangping",
        ),
        channel="alert",
        item="NET-012",
    ),
    Running(
        *(
            "beiling",
            390,
            "PostgreSQL 主库归档目录使用率 92%",
            "database",
            _MID,
            "数据库与中间件",
            "zhengjun",
        ),
        item="DB-018",
        channel="alert",
        steps=(
            *_taken(390, "dba", "yanmin", 15),
            _step(330, "yanmin", "wait_for_client", note="请租户确认可清理的归档保留天数。"),
        ),
    ),
    Running(
        *(
            "beiling",
            720,
            "C15 服务器硬盘预故障告警",
            "platform",
            ("low", "medium"),
            "服务器硬件",
            "zhengjun",
        ),
        item="SRV-0214",
        channel="alert",
        steps=(
            *_taken(720, "server", "guhao", 22),
            _step(660, "guhao", "wait_for_parts", note="在保备件已申请，预计次日上午到。"),
        ),
    ),
    Running(
        *("beiling", 505, "3 号机房 A 区局部热点", "facility", ("low", "medium"), "制冷与环境", "zhengjun"),
        item="AC-17",
        channel="inspection",
        steps=(
            *_taken(505, "facility", "shaowei", 30),
            _step(420, "shaowei", "restore", measure="临时调整出风地板，温度回落至 25℃。"),
            _solved(300, "shaowei", "补齐盲板并调整群控策略，热点消除。", "environment"),
        ),
    ),
    Running(
        *("beiling", 150, "教育云申请开通 443 端口策略", "request", ("low", "low"), "日常请求", "zhengjun"),
        channel="portal",
        kind="service_request",
        by="zhengjun",
        steps=(_step(128, "agent", "accept"),),
    ),
    Running(
        *("beiling", 1010, "备份任务连续两晚失败", "platform", _MID, "存储与备份", "zhengjun"),
        item="STO-06",
        steps=(
            *_taken(1010, "server", "engineer", 14),
            _solved(790, "engineer", "备份账号密码过期，更新后补跑成功。", "configuration"),
            _step(700, "huangping", "confirm", opinion="已核对恢复点。"),
        ),
    ),
    Running(
        *(
            "beiling",
            66,
            "Kafka 集群消息积压 40 万条",
            "database",
            ("medium", "high"),
            "数据库与中间件",
            "huangping",
        ),
        item="DB-033",
        channel="alert",
        steps=_taken(66, "dba", "taojie", 9),
    ),
    Running(
        *(
            "beiling",
            6,
            "边界防火墙会话数接近上限",
            "platform",
            ("medium", "medium"),
            "网络与安全",
            "zhengjun",
        ),
        channel="alert",
        item="NET-002",
    ),
    # 保险公司 / the insurance company
    Running(
        *("yuanzhou", 35, "理赔系统附件上传到 99% 失败", "application", _MID, "业务应用", "chenjie"),
        description="车险理赔部多人反映，换浏览器无效。",
        channel="portal",
        by="chenjie",
    ),
    Running(
        *("yuanzhou", 190, "江州分公司专线中断，柜面无法出单", "network", _HELP, "办公网络", "panlei"),
        item="SW-YZ-011",
        steps=(
            *_taken(190, "network", "qianwei", 7),
            _step(160, "qianwei", "wait_for_supplier", note="运营商光缆被挖断，抢修中。"),
            _step(70, "qianwei", "reply", text="已切 4G 备份链路，柜面可以出单，速度较慢。"),
        ),
    ),
    Running(
        *("yuanzhou", 460, "财务共享系统导出对账清单为空", "application", _MID, "业务应用", "chenjie"),
        steps=(
            *_taken(460, "app", "haoyu", 16),
            _step(400, "haoyu", "wait_for_client", note="请提供导出条件截图与所选机构。"),
        ),
    ),
    Running(
        *("yuanzhou", 1240, "8 楼打印机脱机", "desktop", _LOW, "打印与扫描", "panlei"),
        item="PRN-YZ-042",
        steps=(
            *_taken(1240, "desktop", "wangqiang", 25),
            _solved(1100, "wangqiang", "打印机地址变更，改为主机名映射。", "configuration"),
        ),
    ),
    Running(
        *("yuanzhou", 700, "会议终端听不到对方声音", "desktop", _MID, "会议保障", "chenjie"),
        item="MTG-YZ-05",
        steps=(
            _step(696, "agent", "accept"),
            _solved(670, "agent", "远程指导调整音频输出设备，会议正常。", "usage", "first"),
            _step(640, "chenjie", "confirm", opinion="可以了。"),
            _step(620, "agent", "close"),
        ),
    ),
    Running(
        *("yuanzhou", 280, "申请安装 Visio", "desktop", ("low", "low"), "软件安装", "panlei"),
        channel="portal",
        kind="service_request",
        by="panlei",
        steps=(_step(255, "agent", "accept"),),
    ),
    Running(
        *(
            "yuanzhou",
            980,
            "新员工入职开通账号与 OA 权限",
            "account",
            ("low", "low"),
            "账号与权限",
            "chenjie",
        ),
        channel="mail",
        kind="service_request",
    ),
    Running(
        *("yuanzhou", 1330, "笔记本屏幕碎裂需更换", "desktop", _LOW, "电脑故障", "panlei"),
        item="PC-YZ-0467",
        steps=(
            *_taken(1330, "desktop", "xueting", 33),
            _step(1270, "xueting", "wait_for_parts", note="屏幕备件调拨中，已提供备用机。"),
        ),
    ),
)


def open_live_tickets(
    contracts: Mapping[str, Contract], *, now: datetime, tell: Callable[[int, int], None]
) -> list[str]:
    """Open them all and do what was done; returns their numbers."""
    people = {person.login: person for person in Person.objects.select_related("organisation")}
    viewers: dict[str, Viewer] = {}

    def viewer(login: str) -> Viewer:
        if login not in viewers:
            viewers[login] = viewer_for_person(people[login])
        return viewers[login]

    known: dict[int, tuple[str, int]] = {}
    told = sorted(_all_steps(), key=lambda it: -it[0])
    for place, (ago, index, step) in enumerate(told, 1):
        at = now - timedelta(minutes=ago)
        if step is None:
            one = RUNNING[index]
            ticket = open_ticket(
                viewer=viewer(one.by),
                scope_id=contracts[one.contract].pk,
                kind=one.kind,
                title=one.title,
                description=one.description,
                service=one.service,
                impact=one.profile[0],
                urgency=one.profile[1],
                channel=one.channel,
                is_major=one.is_major,
                category=one.category,
                ci=one.item,
                requester=people[one.requester],
                at=at,
                recorded_at=at,
            ).ticket
            known[index] = ticket.number, ticket.pk
        else:
            _do(viewer(step.who), *known[index], step, at, now)
        tell(place, len(told))
    return [number for number, _id in known.values()]


def _all_steps() -> Iterator[tuple[float, int, Step | None]]:
    """(minutes ago, ticket, step); None opens it."""
    for index, one in enumerate(RUNNING):
        yield one.ago, index, None
        for step in one.steps:
            yield step.ago, index, step


def _do(viewer: Viewer, number: str, ticket_id: int, step: Step, at: datetime, now: datetime) -> None:
    values = dict(step.values)
    if step.verb == "assign":
        assign_ticket(viewer, number, at=at, recorded_at=at, **values)
    elif step.verb == "reply":
        reply(viewer, number, at=at, recorded_at=at, **values)
    elif step.verb == "note":
        note(viewer, number, at=at, recorded_at=at, **values)
    elif step.verb == "dispute":
        pause = Pause.objects.filter(subject_id=ticket_id).latest("began_at")
        answer_pause(viewer, number, pause.pk, "dispute", at=at, recorded_at=at, **values)
    elif step.verb == "exclude":
        window = {
            "reason": "agreed_maintenance",
            "from_at": now - timedelta(minutes=values["from_"]),
            "to_at": now - timedelta(minutes=values["to"]),
        }
        propose(viewer, number, kind="exclude_window", data=window, reason=values["text"], recorded_at=at)
    else:
        move_ticket(viewer, number, step.verb, values, at=at, recorded_at=at)
