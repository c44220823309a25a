"""Pages of indicators."""

from .rows import PROVIDER, WHOLE, Route, page

#: A backtest is its asker's alone; tests/pages/test_what_if.py tries real ones.
NOBODY = "00000000-0000-7000-8000-000000000000"

ROUTES: dict[str, Route] = {
    "contracts/<slug:key>/indicators": page("/contracts/{key}/indicators", WHOLE),
    "contracts/<slug:key>/items": page("/contracts/{key}/items?indicator=sla_attainment", WHOLE),
    "contracts/<slug:key>/scorecard": page("/contracts/{key}/scorecard?scheme=b", WHOLE),
    "contracts/<slug:key>/what-if": page("/contracts/{key}/what-if", WHOLE),
    "contracts/<slug:key>/what-if/<uuid:uuid>": page(f"/contracts/{{key}}/what-if/{NOBODY}", ()),
    "contracts/<slug:key>/what-if/<uuid:uuid>/changes.csv": page(
        f"/contracts/{{key}}/what-if/{NOBODY}/changes.csv", ()
    ),
    "contracts/<slug:key>/points-left": page("/contracts/{key}/points-left", PROVIDER),
    "contracts/<slug:key>/headlines": page("/contracts/{key}/headlines", WHOLE),
}
