"""Pages of indicators."""

from .rows import PROVIDER, WHOLE, Route, page

ROUTES: dict[str, Route] = {
    "contracts/<slug:key>/indicators": page("/contracts/{key}/indicators", WHOLE),
    "contracts/<slug:key>/items": page("/contracts/{key}/items?indicator=sla_attainment", WHOLE),
    "contracts/<slug:key>/scorecard": page("/contracts/{key}/scorecard?scheme=b", WHOLE),
    "contracts/<slug:key>/points-left": page("/contracts/{key}/points-left", PROVIDER),
    "contracts/<slug:key>/headlines": page("/contracts/{key}/headlines", WHOLE),
}
