"""Instants in the sheet of all tickets are said a quarter of an hour at a time, and always as the zone has them."""

from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from yunheng.reports.content.rows import _Cells

ZONES = (
    *("UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe"),
    *("America/St_Johns", "Pacific/Chatham"),
)


@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_is_said_as_the_zone_has_it(zone: str) -> None:
    cells: Any = SimpleNamespace(zone=ZoneInfo(zone), quarters={})
    dice = Random(7)
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1990, 2040))
    spring = int(datetime(2026, 3, 29, tzinfo=UTC).timestamp())  # a day on which clocks change
    instants = [dice.randrange(first, last) for _ in range(2000)] + list(range(spring, spring + 86_400, 59))
    for at in instants:
        assert _Cells._instant(cells, at) == f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%d %H:%M}"
