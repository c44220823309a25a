"""The invented people of the demonstration: who works where, in which role and team."""

from dataclasses import dataclass
from typing import Final

CONTRACTS: Final = (
    "yuanzhou",
    "beiling",
    "qinglan",
)  #: keys of the three contracts, as their packs have them


@dataclass(frozen=True, slots=True)
class TeamOf:
    """A team of the provider or of the supplier."""

    organisation: str
    key: str
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody. `roles` are (role, contract): "*" each of the three, "" everywhere. `skill` divides the times."""

    login: str
    name: str
    organisation: str
    roles: tuple[tuple[str, str], ...]
    team: str = ""
    skill: float = 1.0


TEAMS: Final = (
    TeamOf("yunlan", "service-desk", "服务台", "first"),
    TeamOf("yunlan", "desktop", "桌面支持组", "second"),
    TeamOf("yunlan", "network", "网络与安全组", "second"),
    TeamOf("yunlan", "server", "服务器与存储组", "second"),
    TeamOf("yunlan", "dba", "数据库组", "third"),
    TeamOf("yunlan", "app", "应用支持组", "second"),
    TeamOf("yunlan", "facility", "基础设施组", "second"),
    TeamOf("panshi", "panshi-field", "磐石现场服务", "supplier"),
)

_ALL: Final = "*"
PEOPLE: Final = (
    Member("admin", "程远", "yunlan", (("provider_admin", ""),)),
    Member("manager", "林晓安", "yunlan", (("service_manager", _ALL),), "service-desk"),
    Member("agent", "苏雨桐", "yunlan", (("desk_agent", _ALL),), "service-desk", 1.1),
    Member("engineer", "周建国", "yunlan", (("engineer", _ALL),), "server", 1.25),
    Member("quality", "何清扬", "yunlan", (("quality_officer", _ALL),)),
    Member("contact", "王海波", "qinglan-hospital", (("contact", "qinglan"),)),
    Member("requester", "邓丹", "qinglan-hospital", (("requester", "qinglan"),)),
    Member("appraiser", "赵诚", "qinglan-hospital", (("appraiser", "qinglan"),)),
    Member("auditor", "沈知远", "beiling-cloud", (("auditor", "beiling"),)),
    Member("supplier", "石磊", "panshi", (("supplier_engineer", "qinglan"),), "panshi-field"),
    Member("tangli", "唐莉", "yunlan", (("desk_agent", _ALL),), "service-desk", 0.95),
    Member("fangyi", "方一鸣", "yunlan", (("desk_agent", _ALL),), "service-desk", 0.85),
    Member("wangqiang", "汪强", "yunlan", (("engineer", _ALL),), "desktop", 1.15),
    Member("xueting", "薛婷婷", "yunlan", (("engineer", _ALL),), "desktop", 0.9),
    Member("luoyong", "罗勇", "yunlan", (("engineer", _ALL),), "desktop", 0.8),
    Member("maochao", "毛超", "yunlan", (("engineer", _ALL),), "network", 1.2),
    Member("qianwei", "钱伟", "yunlan", (("engineer", _ALL),), "network", 0.9),
    Member("guhao", "顾浩然", "yunlan", (("engineer", _ALL),), "server", 0.95),
    Member("yanmin", "严敏", "yunlan", (("engineer", _ALL),), "dba", 1.3),
    Member("taojie", "陶俊杰", "yunlan", (("engineer", _ALL),), "dba", 0.9),
    Member("xiejing", "谢静", "yunlan", (("engineer", _ALL),), "app", 1.2),
    Member("jiangbo", "江文博", "yunlan", (("engineer", _ALL),), "app", 0.9),
    Member("haoyu", "郝宇航", "yunlan", (("engineer", _ALL),), "app", 0.85),
    Member("leiming", "雷明", "yunlan", (("engineer", _ALL),), "facility", 1.1),
    Member("shaowei", "邵卫东", "yunlan", (("engineer", _ALL),), "facility", 0.9),
    Member("liuyan", "刘艳", "yuanzhou-insurance", (("contact", "yuanzhou"),)),
    Member("chenjie", "陈佳佳", "yuanzhou-insurance", (("requester", "yuanzhou"),)),
    Member("panlei", "潘磊", "yuanzhou-insurance", (("requester", "yuanzhou"),)),
    Member("huangping", "黄平", "beiling-cloud", (("contact", "beiling"),)),
    Member("zhengjun", "郑军", "beiling-cloud", (("requester", "beiling"),)),
    Member("yexin", "叶欣怡", "qinglan-hospital", (("requester", "qinglan"),)),
    Member("kongfei", "孔鹏飞", "panshi", (("supplier_engineer", "qinglan"),), "panshi-field"),
)

#: Those shown on the sign-in page, one per role, in this order.
SHOWN: Final = (
    *("manager", "agent", "engineer", "contact", "requester"),
    *("appraiser", "auditor", "quality", "supplier", "admin"),
)


def engineers(team: str) -> list[Member]:
    """The people of a team of the provider."""
    return [member for member in PEOPLE if member.team == team]


def grants(member: Member) -> list[tuple[str, str]]:
    """(role, contract key) of somebody; "" as key: everywhere."""
    return [(role, key) for role, where in member.roles for key in (CONTRACTS if where == _ALL else (where,))]
