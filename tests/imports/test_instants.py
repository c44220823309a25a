"""Written dates and times: what is read, and what is refused because it could be something else."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from yunheng.imports.instants import InstantFaultError, InstantReader, orders_seen


def read(text, **options):
    zone = ZoneInfo(options.pop("zone", "UTC"))
    return datetime.fromtimestamp(InstantReader(zone, **options)[text], UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "options", "meant"),
    [
        ("29/2/2016 01:16", {}, "2016-02-29 01:16:00"),
        ("3/4/2016 01:16", {}, "2016-04-03 01:16:00"),
        ("3/4/2016 01:16", {"order": "mdy"}, "2016-03-04 01:16:00"),
        ("03.04.2016 1:16:07", {}, "2016-04-03 01:16:07"),
        ("3-4-2016", {}, "2016-04-03 00:00:00"),
        ("2016-04-03 01:16", {}, "2016-04-03 01:16:00"),
        ("2016/4/3 01:16:00.25", {}, "2016-04-03 01:16:00"),
        ("2016年4月3日 01:16", {}, "2016-04-03 01:16:00"),
        ("2016-04-03T01:16:00Z", {"zone": "Asia/Shanghai"}, "2016-04-03 01:16:00"),
        ("2016-04-03T01:16:00+0530", {"zone": "Asia/Shanghai"}, "2016-04-02 19:46:00"),
        ("3/4/2016 01:16", {"zone": "Asia/Shanghai"}, "2016-04-02 17:16:00"),
        ("30/10/2016 02:30", {"zone": "Europe/Berlin"}, "2016-10-30 00:30:00"),  # the first of the two
        (" 29/2/2016 01:16 ", {}, "2016-02-29 01:16:00"),
        ("4/4/2016 01:16", {"is_mixed": True}, "2016-04-04 01:16:00"),
    ],
)
def test_read(text, options, meant):
    assert read(text, **options) == meant


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("?", {}),
        ("29/2/2015 01:00", {}),
        ("29/2/2016 25:00", {}),
        ("2/29/2016 01:00", {}),
        ("29/2/2016 01:00", {"order": "mdy"}),
        ("3/4/2016 01:00", {"is_mixed": True}),
        ("3/4/2016 01:00", {"order": "ymd"}),
        ("3/4/16 01:00", {}),
        ("3/4-2016 01:00", {}),
        ("3/4/2016 01:00 PM", {}),
        ("3/4/1816 01:00", {}),
        ("27/3/2016 02:30", {"zone": "Europe/Berlin"}),  # the clocks were put forward
        ("42430", {}),
        ("2016-04-03 01:16; DROP TABLE entry", {}),
    ],
)
def test_refused(text, options):
    with pytest.raises(InstantFaultError) as caught:
        read(text, **options)
    assert str(caught.value)


def test_which_orders_a_file_proves():
    assert orders_seen(["3/4/2", "29/2/"]) == {"dmy"}
    assert orders_seen(["3/4/2", "2/29/"]) == {"mdy"}
    assert orders_seen(["29/2/", "2/29/"]) == {"dmy", "mdy"}
    assert orders_seen(["3/4/2", "2016-", "", "x/y"]) == set()


def test_a_doubled_hour_is_counted():
    reader = InstantReader(ZoneInfo("Europe/Berlin"))
    assert reader["30/10/2016 02:30"] == reader["30/10/2016 02:30"]
    assert reader.doubled == 1
