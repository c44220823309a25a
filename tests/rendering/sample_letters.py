"""A notice of result and a settlement sheet as the renderer gets them, in both languages."""

# ruff: noqa: E501

from typing import Any

from yunheng.reports.rendering.words import WORDS

_T: dict[str, dict[str, Any]] = {
    "zh-Hans": {
        "titles": {"notice": "考核结果通知书", "settlement": "结算单"},
        "contract": "青岚市政务云运维服务合同（2026–2028）",
        "provider": "示例运维服务有限公司",
        "client": "青岚市大数据局",
        "period": "2026 年 10 月",
        "greeting": "示例运维服务有限公司：",
        "paragraphs": [
            "依据《青岚市政务云运维服务合同（2026–2028）》（合同编号 qinglan，第 3 版）约定的考核办法，现将贵方 2026 年 10 月的运维服务考核结果通知如下。",
        ],
        "closing": [
            "对本结果有异议的，请于 2026-11-16 18:00 前（5 个工作日内）提出申诉并附证据；逾期未申诉的，视为认可。"
        ],
        "grade": "合格",
        "state": "已发布，等待答复",
        "lines": [
            (0, "总分", "满分 100 分，扣分后四舍五入保留一位小数", "91.5", False),
            (1, "响应与解决", "40 分", "35.5", False),
            (
                2,
                "响应及时率",
                "97.8 %（579 / 592），目标 ≥ 98 %：每低 0.1 个百分点扣 0.5 分，扣 1.0 分",
                "19.0",
                False,
            ),
            (2, "解决及时率", "93.1 %（551 / 592），目标 ≥ 95 %", "16.5", False),
            (1, "稳定性", "30 分", "30.0", False),
            (2, "变更成功率", "本期无变更：分值按比例分摊到其他考核项", "—", True),
            (1, "工单逾期", "8 张工单逾期 12 个工作日；其中 2 张由第三方负责，不计", "-4.0", False),
        ],
        "events": [
            (
                "2026-10-12 09:30",
                "工单逾期（工作日）",
                "QINGLAN-INC-20261009-0007",
                "2",
                "服务商",
                "恢复时限 10-10 18:00，实际 10-13 11:20",
                "系统",
            )
        ],
        "appeal": (
            "QINGLAN-INC-20261009-0007 工单逾期",
            "等待客户审批变更窗口 26 小时，应由客户承担",
            "部分支持",
            "其中 18 小时确系等待审批，责任方改为客户",
        ),
        "measures": [
            ("警告", "连续两期低于 80 分：未触发（本期 91.5 分）", False),
            ("限期整改", "单期低于 95 分：触发", True),
        ],
        "money": [
            ("服务费", "2026 年 10 月，按月", "100,000.00", False),
            ("考核系数", "得分 91.5，系数 1.00", "0.00", False),
            ("应付金额", "", "100,000.00", True),
        ],
        "words": "人民币壹拾万元整",
        "note": "本结算单仅在双方签署后的考核单基础上生成。",
        "sides": (
            ("服务商", "示例运维服务有限公司", "王建国", "通行密钥签名", "公钥 4f1c…92ab，验证方法见证据包"),
            ("客户", "青岚市大数据局", "李敏", "登录确认并邮件回执", ""),
        ),
    },
    "en": {
        "titles": {"notice": "Notice of result", "settlement": "Settlement sheet"},
        "contract": "Operations of the government cloud of Qinglan (2026–2028)",
        "provider": "Example Operations Ltd.",
        "client": "Qinglan Big Data Office",
        "period": "October 2026",
        "greeting": "Example Operations Ltd.:",
        "paragraphs": [
            "By the scoring scheme of the contract “Operations of the government cloud of Qinglan (2026–2028)” (qinglan, version 3) your service of October 2026 was appraised. The result is as follows.",
        ],
        "closing": [
            "Who objects appeals by 2026-11-16 18:00 (within 5 working days), with evidence; silence until then means consent."
        ],
        "grade": "qualified",
        "state": "issued, waiting for the answer",
        "lines": [
            (0, "Total", "full marks 100, rounded half-up to one place", "91.5", False),
            (1, "Response and resolution", "40 points", "35.5", False),
            (
                2,
                "Responded in time",
                "97.8 % (579 / 592), goal ≥ 98 %: 0.5 off for each 0.1 point short, 1.0 off",
                "19.0",
                False,
            ),
            (2, "Resolved in time", "93.1 % (551 / 592), goal ≥ 95 %", "16.5", False),
            (1, "Stability", "30 points", "30.0", False),
            (
                2,
                "Change success",
                "no change in the period: its points are spread over the other items",
                "—",
                True,
            ),
            (
                1,
                "Late tickets",
                "8 tickets were 12 working days late; a supplier is liable for 2 of them, which do not count",
                "-4.0",
                False,
            ),
        ],
        "events": [
            (
                "2026-10-12 09:30",
                "Late ticket (working days)",
                "QINGLAN-INC-20261009-0007",
                "2",
                "provider",
                "restore due 10-10 18:00, done 10-13 11:20",
                "system",
            )
        ],
        "appeal": (
            "QINGLAN-INC-20261009-0007, late ticket",
            "26 hours were spent waiting for the client's approval of a window",
            "upheld in part",
            "18 hours were indeed such waiting; the client is liable for them",
        ),
        "measures": [
            ("Warning", "two periods in a row below 80: not fired (91.5)", False),
            ("Rectification", "a period below 95: fired", True),
        ],
        "money": [
            ("Fee", "October 2026, monthly", "100,000.00", False),
            ("Coefficient", "score 91.5, coefficient 1.00", "0.00", False),
            ("Payable", "", "100,000.00", True),
        ],
        "words": "",
        "note": "A settlement sheet is made from a statement that both parties signed.",
        "sides": (
            (
                "Provider",
                "Example Operations Ltd.",
                "Wang Jianguo",
                "passkey",
                "public key 4f1c…92ab; how to verify: see the evidence pack",
            ),
            ("Client", "Qinglan Big Data Office", "Li Min", "confirmed while signed in, receipt by mail", ""),
        ),
    },
}


def letter(kind: str, language: str, *, is_signed: bool = True) -> dict[str, Any]:
    """The content of a notice ("notice") or a settlement sheet ("settlement")."""
    t = _T[language]
    return {
        "format": 1,
        "kind": kind,
        "language": language,
        "words": dict(WORDS[language]),
        "report": {
            "number": "QINGLAN-APR-20261109-0001",
            "title": t["titles"][kind],
            "edition": 1,
            "edition_label": "",
            "period": "2026-10",
            "period_label": t["period"],
            "start": "2026-10-01",
            "end": "2026-10-31",
            "zone": "Asia/Shanghai",
            "made_on": "",
            "made_by": "",
            "issued_on": "2026-11-09 10:00",
            "issued_by": t["client"],
            "is_draft": not is_signed,
        },
        "contract": {
            "key": "qinglan",
            "title": t["contract"],
            "provider": t["provider"],
            "client": t["client"],
            "suppliers": [],
            "valid_from": "2026-01-01",
            "valid_to": "2028-12-31",
            "versions": [3],
        },
        "record": {
            "position": 133_935,
            "root": "9f" * 32,
            "signed_at": "2026-11-09 09:59",
            "key_id": "4f1c92ab" * 8,
            "is_sealed": True,
            "checked_by": "python verify.py QINGLAN-APR-20261109-0001.zip",
            "content_sha256": "ab" * 32,
        },
        "letter": {
            "to": t["provider"],
            "greeting": t["greeting"],
            "paragraphs": t["paragraphs"],
            "closing": t["closing"],
            "from": t["client"],
            "on": "2026-11-09",
        },
        "result": {
            "score": "91.5",
            "full": "100",
            "grade": t["grade"],
            "state": t["state"],
            "answer_by": "2026-11-16 18:00",
            "digest": "cd" * 32,
        },
        "lines": [
            dict(zip(("level", "label", "said", "points", "is_left_out"), one, strict=True))
            for one in t["lines"]
        ],
        "events": [
            dict(zip(("at", "kind", "subject", "quantity", "party", "note", "proposer"), one, strict=True))
            for one in t["events"]
        ],
        "parts": [
            {"period": "2026-07", "number": "QINGLAN-APR-20260807-0001", "score": "93.0", "digest": "12" * 32}
        ],
        "appeals": [dict(zip(("what", "argument", "decision", "reason"), t["appeal"], strict=True))],
        "measures": [dict(zip(("label", "text", "is_due"), one, strict=True)) for one in t["measures"]],
        "money": [dict(zip(("label", "said", "amount", "is_total"), one, strict=True)) for one in t["money"]],
        "payable": {"amount": "100,000.00", "in_words": t["words"], "currency": "CNY", "note": t["note"]},
        "signatures": [
            dict(zip(("side", "organisation", "name", "method", "note"), one, strict=True))
            | {"at": "2026-11-18 15:20", "digest": "cd" * 32}
            for one in t["sides"]
        ]
        if is_signed
        else [],
    }
