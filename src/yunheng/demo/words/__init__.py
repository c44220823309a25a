"""What the invented people of the demonstration write: an industry each, with the kinds of things that happen there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Profile = tuple[str, str, int]  #: impact, urgency, weight


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of thing that happens. Texts have slots in braces, filled from the industry's pools or `{n}`: a number.

    `outcomes` are (cause, what was done); digits (base 16) behind “|” of a title say which of them fit it. `first` is
    the share that the desk solves by itself, `waits` the shares that wait for client, supplier and parts. `items` is
    how configuration items are called, and how many there are.
    """

    name: str
    service: str
    team: str
    weight: int
    titles: tuple[str, ...]
    details: tuple[str, ...]
    outcomes: tuple[tuple[str, str], ...]
    items: tuple[str, int] = ("", 0)
    kind: Literal["incident", "service_request"] = "incident"
    profiles: tuple[Profile, ...] = (("low", "medium", 60), ("low", "low", 30), ("medium", "medium", 10))
    first: float = 0.2
    waits: tuple[float, float, float] = (0.15, 0.03, 0.02)
    channels: str = "pppooom"  #: p phone, o portal, m mail, i im, a alert, n inspection; one is drawn


def title_and_outcomes(category: Category, title: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A title as people write it, and what may have been done about it."""
    text, _bar, digits = title.partition("|")
    return text, tuple(category.outcomes[int(digit, 16)] for digit in digits) or category.outcomes


@dataclass(frozen=True, slots=True)
class Industry:
    """A client's line of business: how much happens when, and what."""

    key: str  #: of the contract
    workday: float  #: tickets of an ordinary working day
    restday: float  #: tickets of any other day
    hours: tuple[int, ...]  #: 24 weights of a working day
    rest_hours: tuple[int, ...]
    pools: Mapping[str, tuple[str, ...]]
    categories: tuple[Category, ...]


CHANNELS: Final = {
    "p": "phone",
    "o": "portal",
    "m": "mail",
    "i": "im",
    "a": "alert",
    "n": "inspection",
}

SURNAMES: Final = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺顾毛郝龚邵万覃武钱戴严莫孔向常"
)
_GIVEN: Final = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 "
    "桂英 建华 文静 志强 晓燕 海燕 雪梅 俊杰 思远 雨桐 子涵 嘉怡 浩然 梓萱 国庆 春生 秀兰 建平 玉梅 立新 "
    "卫东 晓明 丹丹 婷婷 佳佳 鹏飞 志远 欣怡 思琪 宇航 天佑 若曦 佩瑶 一鸣 家豪 振华 永强 红梅 金凤 新民 "
    "少华 慧敏 丽娟 继红 晓东 文博 亦凡 书瑶 诗雨 景行 望舒 知远 清扬 安琪 可馨 泽宇 "
)
GIVEN: Final = tuple(_GIVEN.split())

#: What the other system answered by itself; no human response.
AUTOMATIC: Final = (
    "系统自动回复：已收到您的请求，服务台将尽快与您联系。",
    "自动回复：您的报障已登记，请保持电话畅通。",
    "【自动通知】请求已进入服务台队列，您可在门户查看进度。",
)
FIRST_WORDS: Final = (
    "已受理，正在远程查看。",
    "您好，服务台已接单，工程师马上联系您。",
    "已电话联系用户确认现象。",
    "收到，先远程排查，如需现场会提前告知。",
    "已登记，初步判断后转相关班组处理。",
    "已与报障人核对信息，开始处理。",
    "已受理。请暂时不要重启设备，便于我们取日志。",
)
PROGRESS: Final = (
    "已定位到疑似原因，正在验证。",
    "厂商已介入，日志已提交分析。",
    "临时措施已上，业务部分恢复，继续排查。",
    "现场工程师已到位，正在更换部件。",
    "与业务科室确认影响范围，正在逐项恢复。",
    "已切换至备用链路观察，根因仍在分析。",
)
WAITS: Final[Mapping[str, tuple[str, ...]]] = {
    "waiting_client": (
        "用户外出，约定返回后处理。",
        "请提供故障截图与操作步骤。",
        "等待用户确认可中断时间。",
        "需部门负责人确认权限范围。",
        "用户开会，电话未接通，已留言。",
        "请业务方提供测试账号以复现问题。",
        "等待客户机房人员陪同进场。",
        "需客户确认数据备份后再操作。",
    ),
    "waiting_approval": (
        "等待客户审批变更申请。",
        "权限申请单在部门领导处审批中。",
        "等待信息科批准停机窗口。",
    ),
    "waiting_supplier": (
        "已报厂商，等待工程师上门。",
        "厂商正在分析日志，预计次日反馈。",
        "等待原厂提供补丁。",
        "已向维保单位派单，等待现场更换。",
    ),
    "waiting_parts": (
        "备件库无货，已申请调拨。",
        "等待备件到货，预计次日上午。",
        "硬盘备件在途。",
        "需更换主板，备件调拨中。",
    ),
}
DISPUTES: Final = (
    "当时用户在座位上，并未联系不到。",
    "资料上午已经提供，不应计入等待客户。",
    "信息科当天已电话答复，等待时间应从下午起算。",
)
SETTLED: Final = {
    True: ("核对通话记录，等待时间成立。", "双方确认等待期间确未提供资料。"),
    False: ("核对邮件，资料确已提前提供，等待时间不成立。", "经核实由我方误操作挂起，等待时间不成立。"),
}
REOPENED: Final = (
    "用户反馈问题再次出现。",
    "重启后又恢复原样，请继续处理。",
    "处理后仍偶发，申请重新打开。",
    "上午好了，下午又不行了。",
)
CONFIRMED: Final = (
    "已恢复，谢谢。",
    "可以用了。",
    "确认解决。",
    "问题已处理，态度很好。",
    "正常了，辛苦。",
    "",
)
RAISED: Final = ("影响范围扩大，调整优先级。", "经与客户沟通，上调优先级。", "领导关注，提级处理。")
LOWERED: Final = ("已有替代办法，下调优先级。", "经确认只影响个别用户，下调。")
CANCELLED: Final = ("用户称误报，撤销。", "与另一张单重复，撤销。", "用户自行解决，申请撤销。")


def industries() -> tuple[Industry, ...]:
    """The three lines of business."""
    from .datacentre import DATACENTRE
    from .hospital import HOSPITAL
    from .office import OFFICE

    return OFFICE, DATACENTRE, HOSPITAL
