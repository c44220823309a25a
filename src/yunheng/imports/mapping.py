"""The mapping file of the generic importer: which column is what, how values and dates are meant."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from django.utils.translation import gettext as _
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from yunheng.contracts.terms import ContractTerms, Label
from yunheng.foundation.refusals import Invalid

from .instants import Order, orders_seen

Kind = Literal["tickets", "events"]
MAX_MAPPING: Final = 256 * 1024
_MAX_WORDS: Final = 1_000  #: different words of a column that are looked up

INSTANTS: Final = ("opened_at", "responded_at", "restored_at", "resolved_at", "closed_at", "cancelled_at")
TEXTS: Final = (
    *("title", "service", "priority", "impact", "urgency", "category", "ci", "cause", "team", "line"),
    *("state", "resolution", "description", "channel", "major", "kind"),
)
NAMES: Final = ("requester", "assignee")  #: personal, always
FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "tickets": ("number", *INSTANTS, *TEXTS, *NAMES),
    "events": ("number", "at", "event", *TEXTS, *NAMES),
}
REQUIRED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "tickets": ("number", "opened_at"),
    "events": ("number", "at", "event"),
}
#: What a row of events can say. "waiting" is followed by a reason code of the contract: "waiting:waiting_client";
#: "dispatched" may be by the key of a supplier; "closed:silence" is a closing without the user's word.
#: pause_… is said of the newest wait of the ticket.
EVENTS: Final = (
    *("opened", "responded", "updated", "assigned", "dispatched", "arrived", "restored", "resolved"),
    *("reopened", "confirmed", "closed", "cancelled", "waiting", "resumed", "pause_confirmed"),
    *("pause_disputed", "pause_upheld", "pause_rejected", "noted"),
)
#: Headers by which a proposal recognises a field; compared by letters and digits, without case and width.
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": (
        "工单号",
        "工单编号",
        "单号",
        "事件编号",
        "事件单号",
        "编号",
        "number",
        "ticket",
        "ticketid",
        "id",
        "incident",
    ),
    "opened_at": (
        "报障时间",
        "报修时间",
        "开单时间",
        "提单时间",
        "创建时间",
        "提交时间",
        "发生时间",
        "受理时间",
        "建单时间",
        "opened",
        "openedat",
        "created",
        "createdat",
        "reportedat",
    ),
    "responded_at": (
        "响应时间",
        "首次响应时间",
        "接单时间",
        "responded",
        "respondedat",
        "firstresponse",
        "acknowledgedat",
    ),
    "restored_at": ("恢复时间", "业务恢复时间", "restored", "restoredat"),
    "resolved_at": ("解决时间", "完成时间", "处理完成时间", "resolved", "resolvedat"),
    "closed_at": ("关闭时间", "结单时间", "关单时间", "closed", "closedat"),
    "cancelled_at": ("取消时间", "撤销时间", "cancelled", "cancelledat"),
    "at": ("时间", "操作时间", "记录时间", "更新时间", "at", "time", "timestamp", "updatedat", "date"),
    "event": ("操作", "动作", "事件", "事件类型", "event", "action", "activity"),
    "title": (
        "标题",
        "主题",
        "故障描述",
        "问题描述",
        "摘要",
        "title",
        "subject",
        "summary",
        "shortdescription",
    ),
    "service": ("服务", "服务项", "服务名称", "服务类别", "服务目录", "业务系统", "service", "servicename"),
    "priority": ("优先级", "级别", "事件级别", "priority"),
    "impact": ("影响度", "影响范围", "影响", "impact"),
    "urgency": ("紧急度", "紧急程度", "urgency"),
    "category": ("分类", "类别", "故障类型", "事件分类", "category", "type"),
    "ci": ("配置项", "设备", "设备名称", "资产编号", "ci", "configurationitem", "asset"),
    "cause": ("原因", "故障原因", "cause", "rootcause"),
    "team": (
        "处理组",
        "处理团队",
        "处理小组",
        "团队",
        "班组",
        "支持组",
        "受理组",
        "处理部门",
        "组",
        "team",
        "assignedteam",
        "group",
        "supportgroup",
        "assignmentgroup",
    ),
    "line": ("解决级别", "支持级别", "line", "supportline"),
    "state": ("状态", "工单状态", "state", "status"),
    "description": ("详细描述", "现象描述", "描述", "description", "details"),
    "channel": ("来源", "渠道", "报障渠道", "受理渠道", "channel", "source"),
    "major": ("重大事件", "是否重大", "major", "ismajor"),
    "kind": ("工单类型", "单据类型", "tickettype", "ticketkind"),
    "resolution": ("解决方案", "处理结果", "处理过程", "resolution", "solution"),
    "requester": ("报障人", "报修人", "联系人", "用户", "申请人", "requester", "caller", "user"),
    "assignee": ("处理人", "工程师", "负责人", "受理人", "assignee", "assignedto", "engineer"),
}


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """A checked mapping. `columns`: field → header; `values`: field → what the source writes → our word."""

    kind: Kind
    columns: Mapping[str, str]
    system: str = "table"
    zone: str | None = None
    dates: Order = "ymd"
    ticket_kind: str = "incident"
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()  #: further columns that the client may read; all others are personal


def load_mapping(path: Path) -> FieldMapping:
    """Read a mapping file. Raises Invalid naming each field that is wrong."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Invalid({"mapping": f"{path}: {error.strerror}"}) from error
    return parse_mapping(text, path.name)


def parse_mapping(text: bytes, name: str, *, is_whole: bool = True) -> FieldMapping:
    """Read the text of a mapping file. Raises Invalid naming each field that is wrong.

    `is_whole` false: columns that an import cannot do without may be missing, as in a proposal for strange headings.
    """
    if len(text) > MAX_MAPPING:
        raise Invalid(
            {"mapping": _("A mapping file is smaller than %(limit)d bytes.") % {"limit": MAX_MAPPING}}
        )
    if b"&" in text and b"*" in text:
        for line in text.splitlines():
            if line.lstrip().startswith(b"*") or b": *" in line or b"- *" in line:
                raise Invalid({"mapping": _("A mapping file has no aliases (*).")})
    try:
        data = YAML(typ="safe", pure=True).load(text.decode("utf-8-sig"))
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        raise Invalid(
            {"mapping": _("%(name)s is no YAML: %(reason)s") % {"name": name, "reason": error}}
        ) from error
    return read_mapping(data, is_whole=is_whole)


def read_mapping(data: Any, *, is_whole: bool = True) -> FieldMapping:
    """Check mapping data. Raises Invalid with one sentence per fault; `is_whole` as for `parse_mapping`."""
    faults: dict[str, str] = {}
    if not isinstance(data, dict):
        raise Invalid({"mapping": _("A mapping has the keys kind and columns.")})
    kind = data.get("kind")
    if kind not in get_args(Kind):
        raise Invalid({"kind": _("kind is tickets (a row each) or events (a row each).")})
    known = {"kind", "columns", "system", "zone", "dates", "ticket_kind", "values", "defaults", "shared"}
    for key in sorted(map(str, data.keys() - known)):
        faults[key] = _("%(key)s is no key of a mapping; keys are %(known)s.") % {
            "key": key,
            "known": ", ".join(sorted(known)),
        }
    columns = _texts(data.get("columns"), "columns", faults)
    fields = FIELDS[cast(Kind, kind)]
    for name in columns.keys() - set(fields):
        faults[f"columns.{name}"] = _("%(name)s is no field; fields are %(known)s.") % {
            "name": name,
            "known": ", ".join(fields),
        }
    missing = [name for name in REQUIRED[cast(Kind, kind)] if name not in columns]
    if missing and is_whole:
        faults["columns"] = _("columns must say which column is %(missing)s.") % {
            "missing": ", ".join(missing)
        }
    values = {
        str(name): _texts(pairs, f"values.{name}", faults)
        for name, pairs in _table(data.get("values"), "values", faults).items()
    }
    for name in values.keys() - set(columns):
        faults[f"values.{name}"] = _("values name the field %(name)s, which has no column.") % {"name": name}
    for word in values.get("event", {}).values():
        if word.partition(":")[0] not in EVENTS:
            faults["values.event"] = _("%(word)s is no event; events are %(known)s.") % {
                "word": word,
                "known": ", ".join(EVENTS),
            }
    dates = data.get("dates", "ymd")
    if dates not in get_args(Order):
        faults["dates"] = _("dates is ymd, dmy or mdy.")
    ticket_kind = data.get("ticket_kind", "incident")
    if ticket_kind not in ("incident", "service_request"):
        faults["ticket_kind"] = _("ticket_kind is incident or service_request.")
    system = str(data.get("system", "table"))
    if not 0 < len(system) <= 40 or not system.isascii():
        faults["system"] = _("system is a short name in ASCII letters.")
    shared = data.get("shared", [])
    if not isinstance(shared, list) or not all(isinstance(one, str) for one in shared):
        faults["shared"], shared = _("shared is a list of column names."), []
    zone = data.get("zone")
    if zone is not None and not isinstance(zone, str):
        faults["zone"], zone = _("zone is the name of a time zone."), None
    defaults = _texts(data.get("defaults"), "defaults", faults)
    if faults:
        raise Invalid(faults)
    return FieldMapping(
        cast(Kind, kind), columns, system, zone, dates, ticket_kind, values, defaults, tuple(shared)
    )


def _table(data: Any, name: str, faults: dict[str, str]) -> dict[Any, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        faults[name] = _("%(name)s is a table of names and values.") % {"name": name}
        return {}
    return data


def _texts(data: Any, name: str, faults: dict[str, str]) -> dict[str, str]:
    found = _table(data, name, faults)
    if any(isinstance(value, dict | list) for value in found.values()):
        faults[name] = _("%(name)s is a table of names and values.") % {"name": name}
        return {}
    return {_plain(key): _plain(value) for key, value in found.items()}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def propose(
    header: Sequence[str], rows: Sequence[Sequence[str]], terms: ContractTerms | None
) -> FieldMapping:
    """A mapping by the names of columns, the dates found in the first rows, and the words of the contract."""
    squeezed = {column: _squeeze(column) for column in header if column}
    columns: dict[str, str] = {}
    kind: Kind = "tickets"
    for name, known in HEADERS.items():
        words = [_squeeze(word) for word in known]
        hits = sorted(
            (words.index(word), column)
            for column, word in squeezed.items()
            if word in words and column not in columns.values()
        )
        if hits:
            columns[name] = hits[0][1]
    if "event" in columns and "at" in columns and "opened_at" not in columns:
        kind = "events"
    columns = {name: column for name, column in columns.items() if name in FIELDS[kind]}
    place = {column: at for at, column in enumerate(header)}
    texts = [
        row[place[column]]
        for row in rows
        for name, column in columns.items()
        if name in (*INSTANTS, "at") and place[column] < len(row)
    ]
    orders = orders_seen(text[:5] for text in texts)
    is_slashed = any(text[:4].isdecimal() is False and "/" in text[:3] for text in texts)
    dates: Order = "mdy" if orders == {"mdy"} else "dmy" if is_slashed else "ymd"
    defaults = {}
    if "priority" not in columns and terms is not None:
        defaults["priority"] = list(terms.priorities)[-1]
    if "service" not in columns and terms is not None:
        defaults["service"] = next(iter(terms.services))
    proposed = FieldMapping(kind, columns, zone=terms.zone if terms else None, dates=dates, defaults=defaults)
    return proposed if terms is None else with_words(proposed, header, rows, terms)


def with_words(
    mapping: FieldMapping, header: Sequence[str], rows: Iterable[Sequence[str]], terms: ContractTerms
) -> FieldMapping:
    """The mapping with `values` for all words of the rows that the contract calls otherwise: by key or by label in any
    of its languages, whatever their case and width. Words that it does not know are left as they are.
    """
    places = {column: at for at, column in enumerate(header)}
    used: dict[str, set[str]] = {name: set() for name in _keyed(terms) if name in mapping.columns}
    watched = [(places[mapping.columns[name]], words) for name, words in used.items()]
    for row in rows:
        for at, words in watched:
            if at < len(row) and len(words) < _MAX_WORDS:
                words.add(row[at].strip())
    values = dict(mapping.values)
    for name, labels in _keyed(terms).items():
        found = _keys_of(used.get(name, set()), labels, is_ranked=name == "priority")
        if found:
            values[name] = {**found, **values.get(name, {})}
    return replace(mapping, values=values)


def _keyed(terms: ContractTerms) -> dict[str, dict[str, Label]]:
    """Fields whose words are keys of the contract, with the labels of each key."""
    return {
        "service": {key: service.label for key, service in terms.services.items()},
        "priority": {key: priority.label for key, priority in terms.priorities.items()},
        "impact": dict(terms.matrix.impacts),
        "urgency": dict(terms.matrix.urgencies),
    }


def _keys_of(words: Iterable[str], labels: Mapping[str, Label], *, is_ranked: bool) -> dict[str, str]:
    """Word → key, for words that are no keys as they stand.

    A word is a key or a label, or what is left of a label when the key that begins it is taken off ("高" of "P2 高").
    Where `is_ranked`, a word may also begin with a key and say more ("P2-urgent"). What fits two keys fits none.
    """
    called: list[tuple[str, str]] = []
    for key, label in labels.items():
        bare = _squeeze(key)
        texts = {bare, *map(_squeeze, label.values())}
        texts |= {text.removeprefix(bare) for text in texts}
        called += [(text, key) for text in texts if text]
    found = {}
    for word in sorted(words):
        squeezed = _squeeze(word)
        keys = {key for text, key in called if text == squeezed}
        if not keys and is_ranked:
            keys = {key for key in labels if _begins_with(squeezed, _squeeze(key))}
        if len(keys) == 1 and word not in labels:
            found[word] = keys.pop()
    return found


def _begins_with(text: str, key: str) -> bool:
    """Whether a text is that key and then something else: "1 - critical" is "1", "10" is not."""
    following = text[len(key) : len(key) + 1]
    return bool(key) and text.startswith(key) and not (following.isdecimal() and key[-1:].isdecimal())


def _squeeze(text: str) -> str:
    """Letters and digits alone, without case and width."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def mapping_text(mapping: FieldMapping) -> str:
    """A mapping as a file that can be edited and used."""
    data: dict[str, Any] = {"kind": mapping.kind, "system": mapping.system}
    if mapping.zone:
        data["zone"] = mapping.zone
    data |= {"dates": mapping.dates, "ticket_kind": mapping.ticket_kind, "columns": dict(mapping.columns)}
    for name in ("values", "defaults"):
        if table := getattr(mapping, name):
            data[name] = {
                key: dict(value) if isinstance(value, dict) else value for key, value in table.items()
            }
    if mapping.shared:
        data["shared"] = list(mapping.shared)
    yaml = YAML()
    yaml.allow_unicode = True
    stream = StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()
