"""The indicators a contract may name (those that tickets and reports feed), and the options of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Option = Literal["at_least", "at_most", "time_base", "clocks", "within", "days", "of"]


@dataclass(frozen=True, slots=True)
class IndicatorKind:
    """Unit, options and defaults of an indicator. `clock_kind`: which clocks it counts where none are named."""

    key: str
    zh: str
    en: str
    unit: Literal["percent", "seconds", "tickets"]
    options: frozenset[Option] = frozenset()
    clock_kind: str | None = None
    within_seconds: int | None = None
    days: int | None = None
    of: tuple[str, ...] = ()
    digits: int = 2

    def allows(self, option: Option) -> bool:
        return option in self.options


def _kind(
    key: str,
    zh: str,
    en: str,
    unit: Literal["percent", "seconds", "tickets"],
    *options: Option,
    clock_kind: str | None = None,
    within_seconds: int | None = None,
    days: int | None = None,
    of: tuple[str, ...] = (),
) -> IndicatorKind:
    goals: tuple[Option, ...] = {
        "percent": ("at_least", "at_most"),
        "seconds": ("at_most",),
        "tickets": (),
    }[unit]  # type: ignore[assignment]
    return IndicatorKind(
        key, zh, en, unit, frozenset((*goals, *options)), clock_kind, within_seconds, days, of
    )


INDICATORS: dict[str, IndicatorKind] = {
    kind.key: kind
    for kind in (
        _kind(
            "response_timeliness",
            "响应及时率",
            "Response timeliness",
            "percent",
            "clocks",
            clock_kind="respond",
        ),
        _kind(
            "resolution_timeliness",
            "解决及时率",
            "Resolution timeliness",
            "percent",
            "clocks",
            clock_kind="resolve",
        ),
        _kind(
            "resolved_24h",
            "24 小时解决率",
            "Resolved within 24 h",
            "percent",
            "time_base",
            "within",
            within_seconds=86_400,
        ),
        _kind("mtta", "平均响应时间", "Mean time to acknowledge", "seconds", "time_base"),
        _kind("mttr", "故障平均解决时间", "Mean time to resolve", "seconds", "time_base"),
        _kind("mttr_first", "首次解决平均时间", "Mean time to first resolution", "seconds", "time_base"),
        _kind("mttc", "平均关闭时间", "Mean time to close", "seconds", "time_base"),
        _kind("mtrs", "故障恢复时间", "Mean time to restore service", "seconds", "time_base"),
        _kind("sla_attainment", "SLA 达成率", "SLA attainment", "percent", "clocks", clock_kind="*"),
        _kind(
            "incident_resolution_rate",
            "事件解决率",
            "Incident resolution rate",
            "percent",
            "of",
            of=("logged", "closed"),
        ),
        _kind("reopen_rate", "重新打开率", "Reopen rate", "percent", "days", days=30),
        _kind("backlog_age", "积压时长分布", "Age of the backlog", "tickets"),
        _kind("dispatch_accuracy", "派单准确率", "Dispatch accuracy", "percent"),
        _kind(
            "first_contact_resolution",
            "首次联系解决率",
            "First contact resolution",
            "percent",
            "of",
            of=("logged", "eligible"),
        ),
        _kind("recurrence", "重复发生率", "Recurrence", "percent", "days", days=30),
        _kind("report_on_time", "报告按时提交率", "Reports on time", "percent"),
    )
}
