"""Contents of reports as the renderer gets them: a month, a fault and a ledger, in both languages."""

# ruff: noqa: E501

from collections.abc import Iterator
from typing import Any

from yunheng.reports.rendering.words import WORDS

_T = {
    "en": {
        "title": "Monthly service report",
        "contract": "Operations of the office network and business systems 2026",
        "provider": "Yunheng Technology Services Ltd.",
        "client": "Huadong Water Group Co., Ltd.",
        "supplier": "Ruijie Hardware Maintenance",
        "period": "April 2026",
        "month": "{m}/26",
        "hours": "Mon–Fri 08:30–18:00",
        "indicators": ["Responded in time", "Restored in time", "Resolved in time", "Mean time to restore",
                       "Reopened tickets", "Satisfaction"],
        "definition": "clocks met / clocks due in the period, working time of the calendar 'Office hours'",
        "services": ["Office network", "Business systems", "Servers and storage", "Desktop support"],
        "causes": ["Software defect", "Configuration", "Hardware fault", "User error", "Power and cooling", "Line of carrier",
                   "Capacity", "Unknown"],
        "sources": ["Telephone", "Portal", "Mail", "Monitoring"],
        "kinds": ["Incident", "Service request", "Consultation"],
        "ages": ["up to 1 day", "1–3 days", "3–7 days", "7–30 days", "over 30 days"],
        "parties": ["Client", "Supplier", "Carrier"],
        "reasons": ["Waiting for information", "Waiting for spare part", "Waiting for maintenance window"],
        "ticket": "Core switch in the machine room of building 3: ports flap, offices on floors 5 to 8 offline",
        "text": "In April all three promised times were kept for priority P1; the restore time of P2 was missed three times, "
                "all of them on the night of 12 April when the core switch of building 3 failed.",
        "risk": "The core switches have been out of the maker's support since March. We ask the client to decide on their "
                "replacement by 31 May.",
        "plan": "1. Replace the core switch of building 3 (window 16 May, 22:00–02:00)\n2. Patch round of the business systems\n"
                "3. Emergency drill for the loss of the carrier's line",
        "check": "Ask the log for a consistency proof from this root to today's head, then compute the content again with "
                 "`yunheng verify` and compare the hashes.",
        "person": "Chen Zhe",
        "roles": ["Service manager", "Network engineer", "Service desk"],
        "hour": "h", "points": "points", "clock": ["Respond", "Restore", "Resolve"],
    },
    "zh-Hans": {
        "title": "运维服务月报",
        "contract": "2026 年度办公网络与业务系统运行维护服务合同",
        "provider": "运衡科技服务有限公司",
        "client": "华东水务集团有限公司",
        "supplier": "锐捷硬件维保",
        "period": "2026 年 4 月",
        "month": "{m} 月",
        "hours": "周一至周五 08:30–18:00",
        "indicators": ["响应及时率", "恢复及时率", "解决及时率", "平均恢复时间", "重开率", "满意度"],
        "definition": "达成时限数 ÷ 到期时限数，服务时间口径，日历“办公时间”",
        "services": ["办公网络", "业务系统", "服务器与存储", "桌面支持"],
        "causes": ["软件缺陷", "配置不当", "硬件故障", "用户误操作", "供电与制冷", "运营商线路", "容量不足", "未知"],
        "sources": ["电话", "门户", "邮件", "监控"],
        "kinds": ["事件", "服务请求", "咨询"],
        "ages": ["1 天以内", "1–3 天", "3–7 天", "7–30 天", "30 天以上"],
        "parties": ["客户", "分包方", "运营商"],
        "reasons": ["等待补充信息", "等待备件到货", "等待停机窗口"],
        "ticket": "3 号楼机房核心交换机端口反复闪断，5 至 8 层办公区断网",
        "text": "四月份 P1 级工单三项承诺时限全部达成；P2 级恢复时限三次未达成，均发生在 4 月 12 日夜间 3 号楼核心交换机故障期间。"
                "故障处置过程、原因分析与整改措施见“重大故障”一章。",
        "risk": "核心交换机自三月起已超出原厂支持期限，提请客户在 5 月 31 日前就更换方案作出决定。",
        "plan": "1. 更换 3 号楼核心交换机（停机窗口 5 月 16 日 22:00–02:00）\n2. 业务系统补丁更新\n3. 运营商线路中断应急演练",
        "check": "向日志索取从本根哈希到当前日志头的一致性证明，再用 `yunheng verify` 重新计算本报告内容，并比对哈希。",
        "person": "陈喆",
        "roles": ["服务经理", "网络工程师", "服务台"],
        "hour": "小时", "points": "个百分点", "clock": ["响应", "恢复", "解决"],
    },
}  # fmt: skip

_ROOT = "9f1c7a64b0f1d2c3e4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b"
_DIGEST = "4be1c0de5f7a2b9d8c6e4f3a1b0d9c8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c"


def _frame(kind: str, language: str) -> dict[str, Any]:
    t = _T[language]
    return {
        "format": 1,
        "kind": kind,
        "language": language,
        "words": WORDS[language],
        "report": {
            "number": "HDSW-RPT-20260503-0001",
            "title": t["title"],
            "edition": "1",
            "edition_label": {"en": "First edition", "zh-Hans": "第 1 版"}[language],
            "period": "2026-04",
            "period_label": t["period"],
            "start": "2026-04-01 00:00",
            "end": "2026-05-01 00:00",
            "zone": "Asia/Shanghai",
            "made_on": "2026-05-03 09:12",
            "made_by": t["person"],
            "issued_on": "2026-05-06 16:40",
            "issued_by": t["person"],
        },
        "contract": {
            "key": "HDSW",
            "title": t["contract"],
            "provider": t["provider"],
            "client": t["client"],
            "suppliers": [t["supplier"]],
            "valid_from": "2026-01-01",
            "valid_to": "2026-12-31",
            "versions": [2, 3],
        },
        "record": {
            "position": 184_223,
            "root": _ROOT,
            "signed_at": "2026-05-03 09:00:58 UTC",
            "key_id": "ed25519:7b0e1f92",
            "is_sealed": True,
            "checked_by": t["check"],
            "content_sha256": _DIGEST,
        },
    }


def monthly(language: str = "zh-Hans", misses: int = 40) -> dict[str, Any]:
    """A month as a service manager would issue it."""
    t = _T[language]
    values = [
        # value, goal, is_met, last, change, direction, numerator, denominator, excluded, waiting, unit
        ("98.6 %", "≥ 98 %", True, "97.1 %", f"+1.5 {t['points']}", "better", 412, 418, 2, 4, "%"),
        ("93.4 %", "≥ 95 %", False, "96.0 %", f"−2.6 {t['points']}", "worse", 126, 135, 1, 2, "%"),
        ("96.2 %", "≥ 95 %", True, "96.2 %", f"0.0 {t['points']}", "same", 402, 418, 2, 4, "%"),
        (f"3.2 {t['hour']}", f"≤ 4 {t['hour']}", True, f"4.4 {t['hour']}", f"−1.2 {t['hour']}", "better", 432, 135, 1, 0, t["hour"]),
        ("1.9 %", "≤ 3 %", True, "1.2 %", f"+0.7 {t['points']}", "worse", 8, 421, 0, 0, "%"),
        ("N/A" if language == "en" else "不适用", "≥ 4.5", None, "4.7", "", "", 0, 0, 0, 0, ""),
    ]  # fmt: skip
    rows = [
        {
            "key": f"indicator_{place}",
            "label": label,
            "definition": t["definition"],
            "value": value,
            "unit": unit,
            "goal": goal,
            "is_met": is_met,
            "last_value": last,
            "change": change,
            "direction": direction,
            "numerator": numerator,
            "denominator": denominator,
            "excluded": excluded,
            "waiting": waiting,
            "is_provisional": place == 3,
        }
        for place, (label, (value, goal, is_met, last, change, direction, numerator, denominator, excluded, waiting, unit))
        in enumerate(zip(t["indicators"], values, strict=True))
    ]  # fmt: skip
    return {
        **_frame("monthly", language),
        "comments": {"summary": t["text"], "risks": t["risk"], "plan": t["plan"], "last_actions": t["text"]},
        "sections": [
            "summary", "scope", "attainment", "tickets", "major", "waiting", "exclusions", "satisfaction", "risks",
            "last_actions", "next_plan", "misses", "calendars", "verify",
        ],
        "summary": {
            "headline": [
                {key: row[key] for key in ("label", "value", "goal", "is_met", "change", "direction")} for row in rows
            ],
            "sentences": [t["text"], t["risk"]],
        },
        "scope": {
            "services": [{"label": name, "hours": t["hours"], "description": t["definition"]} for name in t["services"]],
            "goals": [
                {"service": service, "priority": f"P{level}", "clock": clock, "within": f"{level * (place + 1) * 2} {t['hour']}"}
                for service in t["services"][:2] for level in (1, 2, 3) for place, clock in enumerate(t["clock"])
            ],
            "people": [{"role": role, "names": [t["person"], "Ana Müller"], "count": 2} for role in t["roles"]],
        },
        "attainment": {"rows": rows, "groups": _groups(t), "trend": _trend(t)},
        "tickets": {
            "counts": [{"label": label, "value": value} for label, value in zip(
                {"en": ["Opened", "Resolved", "Closed", "Open at the end"],
                 "zh-Hans": ["受理", "解决", "关闭", "期末未关闭"]}[language], (436, 421, 409, 61), strict=True)],
            "by_source": _slices(t["sources"]),
            "by_kind": _slices(t["kinds"]),
            "by_priority": _slices(["P1", "P2", "P3", "P4"], (6, 129, 231, 70)),
            "by_service": _slices(t["services"]),
            "by_category": _slices(t["services"]),
            "by_cause": _slices(t["causes"]),
            "backlog": [{"label": label, "count": count} for label, count in zip(t["ages"], (21, 14, 11, 9, 6), strict=True)],
            "hours": [2, 1, 1, 0, 0, 1, 3, 9, 31, 58, 61, 44, 18, 30, 52, 49, 41, 20, 6, 3, 2, 2, 1, 1],
            "weekdays": [96, 84, 79, 77, 71, 17, 12],
        },
        "major": [
            {
                "number": "HDSW-INC-20260412-0007",
                "title": t["ticket"],
                "priority": "P1",
                "opened": "2026-04-12 21:07",
                "responded": "2026-04-12 21:12",
                "restored": "2026-04-13 00:26",
                "resolved": "2026-04-13 11:30",
                "duration": f"3.3 {t['hour']}",
                "cause": t["causes"][2],
                "lines": [{"at": f"2026-04-12 21:{minute:02d}", "text": t["text"]} for minute in (7, 12, 25, 48)],
            }
        ],
        "waiting": {
            "rows": [
                {"party": party, "reason": reason, "count": 12 - 3 * place, "duration": f"{41 - 9 * place} {t['hour']}",
                 "share": f"{58 - 17 * place} %"}
                for place, (party, reason) in enumerate(zip(t["parties"], t["reasons"], strict=True))
            ],
            "disputed": 1,
            "undecided": 3,
        },
        "exclusions": [{"label": t["indicators"][1], "count": 1, "reason": t["reasons"][2], "agreed_by": t["client"]}],
        "satisfaction": {"rows": [
            {"label": {"en": "Answers", "zh-Hans": "有效评价"}[language], "value": "87 / 421"},
            {"label": t["indicators"][5], "value": "4.7 / 5"}]},
        "misses": {"rows": list(_misses(t, misses)), "total": misses, "limit": 500},
        "calendars": [
            {"label": {"en": "Office hours", "zh-Hans": "办公时间"}[language], "zone": "Asia/Shanghai", "hours": t["hours"],
             "tzdata": "2026b", "provisional_years": [2027]},
            {"label": "7×24", "zone": "Asia/Shanghai", "hours": "00:00–24:00", "tzdata": "2026b", "provisional_years": []},
        ],
        "item_columns": [
            {"key": "number", "label": {"en": "Number", "zh-Hans": "编号"}[language], "width": 26, "kind": "text"},
            {"key": "title", "label": {"en": "Title", "zh-Hans": "标题"}[language], "width": 60, "kind": "text"},
            {"key": "opened", "label": {"en": "Opened", "zh-Hans": "受理"}[language], "width": 18, "kind": "instant"},
            {"key": "elapsed", "label": t["hour"], "width": 10, "kind": "hours"},
            {"key": "reopened", "label": {"en": "Reopened", "zh-Hans": "重开"}[language], "width": 8, "kind": "int"},
        ],
    }  # fmt: skip


def rows(count: int = 30) -> Iterator[list[str | int | None]]:
    """The full-item sheet of `monthly`."""
    for place in range(count):
        hour = place % 24
        yield [
            f"HDSW-INC-20260412-{place:04d}",
            f"核心交换机端口闪断 {place}",
            f"2026-04-12 {hour:02d}:07",
            place * 613,
            place % 3 or None,
        ]


def fault(language: str = "zh-Hans") -> dict[str, Any]:
    """The fault report of one ticket."""
    t = _T[language]
    names = ("phenomenon", "scope_impact", "direct_cause", "root_cause", "temporary_fix", "permanent_fix",
             "verification", "liability", "lessons")  # fmt: skip
    frame = _frame("fault", language)
    frame["report"]["title"] = {"en": "Fault report", "zh-Hans": "故障报告"}[language]
    return {
        **frame,
        "ticket": {
            "number": "HDSW-INC-20260412-0007",
            "title": t["ticket"],
            "grade": {"en": "Grade II", "zh-Hans": "二级"}[language],
            "kind": t["kinds"][0],
            "service": t["services"][0],
            "priority": "P1",
            "ci": "SW-CORE-03",
            "reporter": t["person"],
            "reporter_unit": t["client"],
            "started": "2026-04-12 21:02",
            "detected": "2026-04-12 21:05",
            "responded": "2026-04-12 21:12",
            "restored": "2026-04-13 00:26",
            "resolved": "2026-04-13 11:30",
            "duration": f"3.3 {t['hour']}",
        },
        "effects": [
            {
                "clock": clock,
                "due": "2026-04-12 23:07",
                "done": "2026-04-13 00:26",
                "is_met": place != 1,
                "text": t["text"],
            }
            for place, clock in enumerate(t["clock"])
        ],
        "timeline": [
            {
                "at": f"2026-04-12 21:{7 + 5 * place:02d}",
                "who": t["person"],
                "text": t["text"] if place % 2 else t["risk"],
            }
            for place in range(9)
        ],
        "written": {name: t["text"] if place % 2 else t["risk"] for place, name in enumerate(names)},
        "actions": [{"what": t["risk"], "owner": t["person"], "due": "2026-05-31"} for _place in range(3)],
        "edition": "final",
    }


def ledger(language: str = "zh-Hans") -> dict[str, Any]:
    """The service ledger of a month; its rows are `rows`."""
    frame = _frame("ledger", language)
    frame["report"]["title"] = WORDS[language]["ledger"]
    return {**frame, "columns": monthly(language)["item_columns"], "note": _T[language]["definition"]}


def _slices(labels: list[str], counts: tuple[int, ...] | None = None) -> list[dict[str, Any]]:
    counts = counts or tuple(140 - 19 * place for place in range(len(labels)))
    total = sum(counts)
    return [
        {"label": label, "count": count, "share": f"{100 * count / total:.1f} %"}
        for label, count in zip(labels, counts, strict=False)
    ]


def _groups(t: dict[str, Any]) -> list[dict[str, Any]]:
    values = [("100.0", 6, True), ("93.8", 129, False), ("99.1", 231, True), (None, 0, None)]
    return [
        {
            "label": label,
            "by": by,
            "rows": [
                {
                    "label": name,
                    "value": f"{number} %" if number else "—",
                    "number": number,
                    "n": n,
                    "is_met": is_met,
                }
                for name, (number, n, is_met) in zip(names, values, strict=True)
            ],
        }
        for label in t["indicators"][:3]
        for by, names in (("priority", ["P1", "P2", "P3", "P4"]), ("service", t["services"]))
    ]


def _trend(t: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    for place, (label, goal) in enumerate(
        zip(t["indicators"][:5], ("98", "95", "95", "4", "3"), strict=True)
    ):
        months = []
        for month in range(1, 13):
            year = 2025 if month > 4 else 2026
            base = float(goal) + ((month * 7 + place * 3) % 5 - 2) * (0.6 if place != 3 else 0.4)
            value = None if (place, month) == (4, 8) else f"{base:.1f}"
            months.append(
                {
                    "month": f"{year}-{month:02d}",
                    "label": t["month"].format(m=month),
                    "value": value,
                    "shown": f"{value}" if value else "—",
                }
            )
        months = months[4:] + months[:4]
        made.append(
            {
                "key": f"i{place}",
                "label": label,
                "unit": "%" if place != 3 else t["hour"],
                "goal": goal,
                "months": months,
            }
        )
    return made


def _misses(t: dict[str, Any], count: int) -> Iterator[dict[str, str]]:
    for place in range(count):
        yield {
            "number": f"HDSW-INC-202604{place % 28 + 1:02d}-{place:04d}",
            "title": t["ticket"],
            "clock": t["clock"][place % 3],
            "priority": f"P{place % 4 + 1}",
            "service": t["services"][place % 4],
            "opened": "2026-04-12 21:07",
            "due": "2026-04-12 23:07",
            "done": "2026-04-13 00:26",
            "over": f"1.3 {t['hour']}",
            "party": t["parties"][place % 3],
            "reason": t["reasons"][place % 3],
        }
