"""Pages of indicators."""

from .rows import CLIENT_WIDE, PROVIDER, WHOLE, Route, page

ROUTES: dict[str, Route] = {
    "contracts/<slug:key>/indicators": page("/contracts/{key}/indicators", WHOLE),
    "contracts/<slug:key>/items": page("/contracts/{key}/items?indicator=sla_attainment", WHOLE),
    "contracts/<slug:key>/scorecard": page("/contracts/{key}/scorecard?scheme=b", WHOLE),
    "contracts/<slug:key>/points-left": Route(
        "/contracts/{key}/points-left",
        404,
        dict.fromkeys(PROVIDER, 200)
        | dict.fromkeys(CLIENT_WIDE, 403)
        | dict.fromkeys(("anonymous", "token", "stranger_token"), 302),
    ),
    "contracts/<slug:key>/headlines": page("/contracts/{key}/headlines", WHOLE),
}
