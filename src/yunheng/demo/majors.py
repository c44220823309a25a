"""Major incidents of the year: what failed, when it was over, and the tickets that came of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from yunheng.logic.worktime import OpenTime

from .lives import Fixed, Made
from .words import Category, Industry


@dataclass(frozen=True, slots=True)
class Major:
    """A major incident. Times are seconds after midnight and after the opening."""

    day: date
    opens: int
    category: str
    title: str
    detail: str
    item: str
    cause: str
    resolution: str
    restored: int
    resolved: int
    progress: tuple[tuple[int, str], ...]
    followers: int
    echoes: tuple[str, ...]  #: what those write who are hit by it

    def tickets(self, rng: Random, midnight: int, industry: Industry) -> list[Made]:
        """The major itself and the tickets of those who were hit."""
        category = next(it for it in industry.categories if it.name == self.category)
        opened = midnight + self.opens
        made = [
            Made(
                opened,
                category,
                1.0,
                Fixed(
                    title=self.title,
                    detail=self.detail,
                    item=self.item,
                    cause=self.cause,
                    resolution=self.resolution,
                    restored_at=opened + self.restored,
                    resolved_at=opened + self.resolved,
                    progress=tuple((opened + after, text) for after, text in self.progress),
                    is_major=True,
                ),
            )
        ]
        for _one in range(self.followers):
            at = opened + int(rng.triangular(120, self.restored * 0.8, 900))
            made.append(Made(at, category, 1.0, self._echo(rng, opened, category)))
        return made

    def _echo(self, rng: Random, opened: int, category: Category) -> Fixed:
        restored = opened + self.restored + rng.randrange(60, 1500)
        return Fixed(
            title=rng.choice(self.echoes),
            detail=rng.choice(("与重大事件同源。", "科室多人反映。", "", "已合并跟踪。")),
            item=self.item,
            cause=self.cause,
            resolution=f"随重大事件恢复：{self.resolution}",
            restored_at=restored,
            resolved_at=restored + rng.randrange(300, 5400),
        )


_HOUR: Final = 3600


def majors_of(key: str, bad: date, calendar: OpenTime) -> list[Major]:
    """The majors of a client: one in the hospital's bad month, and one well handled for each of the others."""
    if key == "qinglan":
        return [
            Major(
                _workday(calendar, bad + timedelta(days=11)),
                9 * _HOUR + 41 * 60 + 18,
                "临床业务系统",
                "核心存储双控故障，HIS、电子病历全院不可用",
                "监控 09:41 告警：主存储 A、B 控制器先后离线，HIS、EMR 数据库全部挂起，门诊与住院业务中断。",
                "HIS-STO-01",
                "hardware",
                "更换存储控制器 B 与缓存电池，升级微码；HIS、EMR 切回主存储，数据核对一致。",
                int(6.4 * _HOUR),
                int(27.5 * _HOUR),
                (
                    (12 * 60, "启动应急预案，门诊启用应急收费与手工处方，成立现场指挥组。"),
                    (55 * 60, "磐石工程师到场，控制器 B 硬件故障，A 因缓存电池失效未能接管。"),
                    (2 * _HOUR + 600, "尝试强制启动 A 控失败，决定启用灾备库，预计 2 小时。"),
                    (4 * _HOUR + 300, "灾备 EMR 已恢复只读，HIS 灾备数据追平中。"),
                    (6 * _HOUR, "HIS、EMR 在灾备恢复业务，各科室验证中。"),
                ),
                52,
                (
                    *(
                        "门诊医生站打不开",
                        "收费窗口无法结算",
                        "病区医嘱无法执行",
                        "急诊挂不了号",
                        "药房无法发药",
                    ),
                    *(
                        "电子病历登录转圈",
                        "住院处办不了入院",
                        "检验申请开不出来",
                        "全科室 HIS 断线",
                        "护士站无法核对医嘱",
                    ),
                ),
            )
        ]
    if key == "yuanzhou":
        return [
            Major(
                _workday(calendar, _shifted(bad, -5) + timedelta(days=16)),
                10 * _HOUR + 7 * 60 + 33,
                "办公网络",
                "总部核心交换机主控板故障，办公内网大面积中断",
                "10:07 起总部 5–18 楼无法访问内网与互联网，核保、理赔业务停顿。",
                "SW-CORE-01",
                "network",
                "切换至备用主控并更换故障板卡，恢复生成树优先级配置，双核心冗余已验证。",
                int(2.3 * _HOUR),
                int(3.4 * _HOUR),
                (
                    (10 * 60, "已确认核心交换机主控异常，值班网络工程师现场处置。"),
                    (70 * 60, "备用主控接管，5–12 楼恢复，继续恢复其余楼层。"),
                ),
                31,
                (
                    *(
                        "整层断网",
                        "核心系统打不开",
                        "电话和网络都断了",
                        "理赔系统访问不了",
                        "会议室断网",
                        "打印机也连不上",
                    ),
                    *("邮件收发不了", "VPN 全部掉线", "双录系统传不上去"),
                ),
            )
        ]
    return [
        Major(
            _shifted(bad, -2) + timedelta(days=19),
            2 * _HOUR + 23 * 60 + 5,
            "制冷与环境",
            "3 号机房冷冻水主管泄漏，A 区温度快速上升",
            "02:23 漏水与温度告警同时触发，A 区回风 34℃，部分服务器降频。",
            "CHW-01",
            "environment",
            "隔离泄漏段，启用备用环路与应急冷源；更换波纹管并打压试验合格。",
            int(2.9 * _HOUR),
            int(15.6 * _HOUR),
            (
                (8 * 60, "值班长到场，关闭 3 号阀，启动应急冷源。"),
                (64 * 60, "备用环路投运，回风降至 29℃，无租户宕机。"),
                (150 * 60, "温度恢复正常，恢复降频主机。"),
            ),
            14,
            (
                "机柜进风温度超限",
                "计算节点降频告警",
                "精密空调水流低告警",
                "机房局部热点",
                "租户反馈虚机变慢",
            ),
        )
    ]


def _workday(calendar: OpenTime, day: date) -> date:
    """That day, or the next on which the calendar is open."""
    while calendar.day_ends[day.toordinal() - calendar.first_day] < 0:
        day += timedelta(days=1)
    return day


def _shifted(month: date, count: int) -> date:
    place = month.year * 12 + month.month - 1 + count
    return date(place // 12, place % 12 + 1, 1)
