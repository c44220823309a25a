"""Checking: each wrong value is named with line, column, path and what would be right; a right one becomes terms."""

# ruff: noqa: E501  (tables of cases: one line is one case)

import json

import jsonschema
import pytest
from tests.contracts.documents import SMALL, changed, checked, codes

from yunheng.contracts.checking import check, digest
from yunheng.contracts.packs import contract_pack, contract_packs, newest_processes
from yunheng.contracts.problems import show_path
from yunheng.contracts.schema import ROLES, json_schema

#: what is changed → code, path, line, words of the answer
WRONG = {
    "unknown key": (("zone: Asia/Shanghai", "zone: Asia/Shanghai\ntargest: {}"), "unknown_key", "targest", 10, "“targets”"),
    "unknown key inside": (("holidays: china", "holyday: china"), "unknown_key", "calendars.office.holyday", 14, "“holidays”"),
    "key of a later release": (("zone: Asia/Shanghai", "zone: Asia/Shanghai\nrenewal: {}"), "unknown_key", "renewal", 10, "known here"),
    "missing key": (("zone: Asia/Shanghai\n", ""), "missing_key", "", 1, "zone: Asia/Shanghai"),
    "no value": (("key: acme", "key:"), "no_value", "key", 1, "acme"),
    "bad contract key": (("key: acme", "key: Acme Corp"), "wrong_value", "key", 1, "a–z"),
    "number as title": (("title: {zh-Hans: 测试合同, en: Test contract}", "title: 2026"), "not_text", "title", 2, '"2026"'),
    "boolean as name": (("name: Provider", "name: true"), "not_text", "parties.provider.name", 4, "boolean"),
    "one language": (("{zh-Hans: 测试合同, en: Test contract}", "{en: Test}"), "missing_key", "title", 2, "zh-Hans"),
    "bad date": (("from: 2026-01-01", "from: 2026-02-30"), "no_such_day", "valid.from", 8, "2026-02-30"),
    "date of another order": (("from: 2026-01-01", "from: 01/01/2026"), "wrong_value", "valid.from", 8, "YYYY-MM-DD"),
    "ends before it begins": (("to: 2027-01-01", "to: 2025-01-01"), "validity_order", "valid.to", 8, "before it begins"),
    "a century": (("to: 2027-01-01", "to: 2080-01-01"), "validity_long", "valid.to", 8, "30 years"),
    "effective outside": (("zone: Asia", "effective: 2027-06-01\nzone: Asia"), "effective_outside", "effective", 9, "2027-06-01"),
    "unknown zone": (("zone: Asia/Shanghai", "zone: Asia/Shanghia"), "no_such_zone", "zone", 9, "Asia/Shanghai"),
    "party twice": (("{key: cli,", "{key: prov,"), "party_twice", "parties.client.key", 5, "parties.provider"),
    "bad hours": (('"09:00-18:00"', '"9am-6pm"'), "wrong_value", "calendars.office.weekly.mon-fri[0]", 13, "09:00-18:00"),
    "25 o'clock": (('"09:00-18:00"', '"09:00-25:00"'), "wrong_value", "calendars.office.weekly.mon-fri[0]", 13, "HH:MM"),
    "empty window": (('"09:00-18:00"', '"09:00-09:00"'), "empty_window", "calendars.office.weekly.mon-fri[0]", 13, "00:00-24:00"),
    "unknown weekday": (("mon-fri:", "weekdays:"), "wrong_value", "calendars.office.weekly.weekdays", 13, "mon-fri"),
    "unknown holidays": (("holidays: china", "holidays: japan"), "not_a_choice", "calendars.office.holidays", 14, "china"),
    "never open": (('mon-fri: ["09:00-18:00"]', "mon-fri: closed"), "never_open", "calendars.office", 11, "no open time"),
    "always and hours": (("{always: true}", '{always: true, weekly: {sat: ["09:00-12:00"]}}'), "always_open", "calendars.always.weekly", 15, "delete"),
    "yes for true": (("{always: true}", "{always: yes}"), "wrong_value", "calendars.always.always", 15, "true or false"),
    "unknown calendar": (("label: IT, calendar: office", "label: IT, calendar: offce"), "unknown_name", "services.it.calendar", 17, "“office”"),
    "reserved key": (("  it: {label: IT", "  all: {label: IT"), "reserved_name", "services.all", 17, "choose another"),
    "cell missing": (("{high: P1, low: P2}", "{high: P1}"), "cell_missing", "priority_matrix.table.high", 26, "urgency low"),
    "unknown priority": (("{high: P1, low: P2}", "{high: P0, low: P2}"), "unknown_name", "priority_matrix.table.high.high", 26, "P1"),
    "unknown impact": (("    low: {high: P2, low: P2}", "    lo: {high: P2, low: P2}"), "unknown_name", "priority_matrix.table.lo", 27, "“low”"),
    "unknown fact": (("resolve: {}", "resolve: {stop: [solved]}"), "not_a_choice", "clocks.resolve.stop[0]", 30, "resolved"),
    "clock of no kind": (("resolve: {}", "resolve: {}\n  training: {}"), "clock_facts", "clocks.training", 31, "start"),
    "start is stop": (("resolve: {}", "resolve: {stop: [opened]}"), "clock_facts", "clocks.resolve.stop", 30, "both"),
    "supplier of whom": (("resolve: {}", "resolve: {audience: supplier}"), "clock_supplier", "clocks.resolve", 30, "sup"),
    "supplier for the client": (("resolve: {}", "resolve: {supplier: sup}"), "clock_supplier", "clocks.resolve.supplier", 30, "audience"),
    "one day": (("resolve: 8 h", "resolve: 1 day"), "ambiguous_day", "targets.all.P2.resolve", 34, "24 h"),
    "no unit": (("resolve: 8 h", "resolve: 8"), "wrong_value", "targets.all.P2.resolve", 34, "30 min"),
    "no time": (("resolve: 8 h", "resolve: 0 h"), "out_of_range", "targets.all.P2.resolve", 34, "none"),
    "unknown clock": (("resolve: 8 h", "reslove: 8 h"), "unknown_name", "targets.all.P2.reslove", 34, "“resolve”"),
    "unknown service": (("  all:\n    P1", "  print:\n    P1"), "unknown_name", "targets.print", 32, "services"),
    "unknown party": (("party: client, stops: [resolve]}\n    waiting_app", "party: user, stops: [resolve]}\n    waiting_app"), "not_a_choice", "pauses.reasons.waiting_client.party", 37, "client"),
    "stops an unknown clock": (("stops: [resolve]", "stops: [repair]"), "unknown_name", "pauses.reasons.waiting_client.stops[0]", 37, "respond, resolve"),
    "unknown indicator": (("  mttr:", "  mttx:"), "not_a_choice", "indicators.mttx", 42, "mttr"),
    "duration for a share": (("at_least: 90 %", "at_least: 90"), "wrong_value", "indicators.sla_attainment.at_least", 43, "80 %"),
    "share for a duration": (("at_most: 8 h", "at_most: 8 %"), "indicator_goal", "indicators.mttr.at_most", 42, "30 min"),
    "share above 100": (("at_least: 90 %", "at_least: 900 %"), "out_of_range", "indicators.sla_attainment.at_least", 43, "100 %"),
    "option of another": (("{at_most: 8 h}", "{at_most: 8 h, days: 3}"), "indicator_option", "indicators.mttr.days", 42, "time_base"),
    "working without calendar": (("{at_most: 8 h}", "{time_base: working}"), "indicator_calendar", "indicators.mttr", 42, "calendar"),
    "list for a mapping": (("clocks:\n  respond: {}", "clocks:\n  respond: []"), "wrong_value", "clocks.respond", 29, "a mapping"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_contract_is_named_with_place_path_and_hint(name: str) -> None:
    replacement, code, path, line, words = WRONG[name]
    result = checked(changed(replacement))
    assert result.terms is None
    problem = next(problem for problem in result.errors if problem.code == code)
    assert show_path(problem.path) == path
    assert problem.place.line == line
    assert words in problem.text()
    assert "%(" not in problem.text()


def test_all_errors_are_found_at_once() -> None:
    result = checked(
        changed(
            ("zone: Asia/Shanghai", "zone: Mars"), ("calendar: office", "calendar: x"), ("8 h}", "1 day}")
        )
    )
    assert {problem.code for problem in result.errors} == {"no_such_zone", "unknown_name", "ambiguous_day"}


def test_small_contract_is_valid_and_silent() -> None:
    assert codes(SMALL) == []


@pytest.mark.parametrize("name", contract_packs())
def test_packs_are_valid_without_warnings(name: str) -> None:
    result = check(contract_pack(name), newest_processes())
    assert [problem.line(name) for problem in result.problems] == []
    assert result.terms is not None
    assert result.terms["key"] == name


def test_packs_are_what_the_issue_names() -> None:
    assert contract_packs() == ["datacentre-24x7", "office-8x5", "standard", "uci", "with-supplier"]


@pytest.mark.parametrize("name", contract_packs())
def test_packs_fit_the_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(_plain(contract_pack(name)))


@pytest.mark.parametrize(
    "name", ["unknown key", "missing key", "bad hours", "one day", "unknown indicator", "bad contract key"]
)
def test_json_schema_refuses_what_the_check_refuses(name: str) -> None:
    document = changed(WRONG[name][0]).encode()
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(_plain(document)))


def test_published_schema_is_that_of_the_code(request: pytest.FixtureRequest) -> None:
    published = request.config.rootpath / "docs" / "contract.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == json_schema(), (
        "run: yunheng contract schema > docs/contract.schema.json"
    )


def test_roles_are_those_of_accounts() -> None:
    from yunheng.accounts.roles import ROLES as KNOWN

    assert set(ROLES) == set(KNOWN)


def test_comments_and_order_of_keys_do_not_change_the_digest() -> None:
    one, other = (
        checked(SMALL),
        checked("# comment\n" + changed(("{respond: 1 h, resolve: 8 h}", "{resolve: 8 h, respond: 60 min}"))),
    )
    assert one.terms and other.terms
    assert digest(one.terms) == digest(other.terms)


def test_order_of_priorities_changes_the_digest() -> None:
    one = checked(SMALL)
    other = checked(changed(("  P1: {label: P1}\n  P2: {label: P2}", "  P2: {label: P2}\n  P1: {label: P1}")))
    assert one.terms and other.terms
    assert digest(one.terms) != digest(other.terms)


def test_chinese_durations_mean_the_same() -> None:
    one = checked(SMALL)
    other = checked(changed(("30 min", "30 分钟"), ("resolve: 8 h", "resolve: 8 小时")))
    assert one.terms == other.terms
    assert other.terms is not None


def _plain(data: bytes) -> object:
    """What a YAML 1.2 reader of an editor would hand to a schema: no dates, no yes and no."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return _text_keys(yaml.load(data.decode()))


def _text_keys(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list) else value
