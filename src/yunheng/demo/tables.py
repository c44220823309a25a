"""The invented year as a table of another desk's events, and the mapping by which the import reads it."""

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from yunheng.contracts.terms import ContractTerms
from yunheng.imports.mapping import FieldMapping

from .lives import Event, Life

SYSTEM: Final = "old-desk"
_COLUMNS: Final = {
    "number": "工单号",
    "at": "时间",
    "event": "操作",
    "kind": "工单类型",
    "title": "标题",
    "description": "描述",
    "channel": "来源",
    "service": "服务",
    "priority": "优先级",
    "impact": "影响",
    "urgency": "紧急程度",
    "category": "分类",
    "ci": "配置项",
    "cause": "原因",
    "team": "处理组",
    "line": "解决级别",
    "resolution": "解决方案",
    "major": "重大事件",
    "requester": "报障人",
    "assignee": "处理人",
}
_NOTE: Final = "说明"  #: what was written with an event; the client may read it
_EVENTS: Final = {
    "opened": "建单",
    "responded": "受理",
    "updated": "通报进展",
    "assigned": "派单",
    "arrived": "厂商到场",
    "restored": "恢复服务",
    "resolved": "解决",
    "reopened": "重新打开",
    "confirmed": "用户确认",
    "closed": "关闭",
    "closed:silence": "逾期自动关闭",
    "cancelled": "撤销",
    "resumed": "继续处理",
    "waiting:waiting_client": "等待客户",
    "waiting:waiting_approval": "等待审批",
    "waiting:waiting_supplier": "等待厂商",
    "waiting:waiting_parts": "等待备件",
    "pause_confirmed": "等待已确认",
    "pause_disputed": "等待有异议",
    "pause_upheld": "异议裁定：等待成立",
    "pause_rejected": "异议裁定：等待不成立",
    "noted": "备注",
}
_CHANNELS: Final = {
    "phone": "电话",
    "portal": "自助门户",
    "mail": "邮件",
    "im": "即时消息",
    "alert": "监控告警",
    "inspection": "巡检",
}
_KINDS: Final = {"incident": "事件", "service_request": "服务请求"}


def write_table(path: Path, lives: Iterable[Life], zone: ZoneInfo) -> tuple[int, int]:
    """Write the events of all tickets as CSV; returns how many tickets and rows."""
    tickets = rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_COLUMNS.values(), _NOTE])
        for life in lives:
            tickets += 1
            service = priority = ""
            for event in life.events:
                service = event.texts.get("service", service)
                priority = event.texts.get("priority", priority)
                writer.writerow(_row(life, event, service, priority, zone))
                rows += 1
    return tickets, rows


def _row(life: Life, event: Event, service: str, priority: str, zone: ZoneInfo) -> list[str]:
    texts = event.texts
    told = {
        **texts,
        "number": life.number,
        "at": f"{datetime.fromtimestamp(event.at, zone):%Y-%m-%d %H:%M:%S}",
        "event": _EVENTS.get(event.name, event.name),
        "kind": _KINDS.get(texts.get("kind", ""), ""),
        "channel": _CHANNELS.get(texts.get("channel", ""), ""),
        "major": "是" if texts.get("major") == "yes" else "",
        "service": service,
        "priority": priority,
    }
    return [*(told.get(name, "") for name in _COLUMNS), texts.get("note", "")]


def mapping_of(terms: ContractTerms) -> FieldMapping:
    """What the columns mean, and which of our words the other desk's words are."""
    dispatched = {f"已派{name}": f"dispatched:{key}" for key, name in terms.suppliers.items()}
    return FieldMapping(
        kind="events",
        columns=dict(_COLUMNS),
        system=SYSTEM,
        zone=terms.zone,
        values={
            "event": {word: name for name, word in _EVENTS.items()} | dispatched,
            "channel": {word: name for name, word in _CHANNELS.items()},
            "kind": {word: name for name, word in _KINDS.items()},
        },
        shared=(_NOTE,),
    )
