"""A small right contract, and ways to make it wrong; used by the tests of this folder."""

from yunheng.contracts.checking import Checked, check
from yunheng.contracts.packs import newest_processes

SMALL = """\
key: acme
title: {zh-Hans: 测试合同, en: Test contract}
parties:
  provider: {key: prov, name: Provider}
  client: {key: cli, name: Client}
  suppliers:
    - {key: sup, name: Supplier}
valid: {from: 2026-01-01, to: 2027-01-01}
zone: Asia/Shanghai
calendars:
  office:
    weekly:
      mon-fri: ["09:00-18:00"]
    holidays: china
  always: {always: true}
services:
  it: {label: IT, calendar: office}
  net: {label: Net, calendar: always}
priorities:
  P1: {label: P1}
  P2: {label: P2}
priority_matrix:
  impacts: {high: High, low: Low}
  urgencies: {high: High, low: Low}
  table:
    high: {high: P1, low: P2}
    low: {high: P2, low: P2}
clocks:
  respond: {}
  resolve: {}
targets:
  all:
    P1: {respond: 30 min, resolve: 4 h}
    P2: {respond: 1 h, resolve: 8 h}
pauses:
  reasons:
    waiting_client: {label: Client, party: client, stops: [resolve]}
    waiting_approval: {label: Approval, party: client, stops: [resolve]}
    waiting_supplier: {label: Supplier, party: supplier, stops: none}
    waiting_parts: {label: Parts, party: provider, stops: none}
indicators:
  mttr: {at_most: 8 h}
  sla_attainment: {at_least: 90 %}
"""


def changed(*replacements: tuple[str, str], document: str = SMALL) -> str:
    """The document with each (old, new); fails when an old text is not there."""
    for old, new in replacements:
        assert old in document, old
        document = document.replace(old, new, 1)
    return document


def checked(document: str | bytes) -> Checked:
    """The check of a document, with the processes that ship."""
    return check(document.encode() if isinstance(document, str) else document, newest_processes())


def codes(document: str | bytes) -> list[str]:
    """Codes of what the check finds."""
    return [problem.code for problem in checked(document).problems]
