"""The API."""

from .rows import ALL_API, EVERY_ROLE, WHOLE, Route, api, everyone

ROUTES: dict[str, Route] = {
    "api/v1/openapi.json": everyone("/api/v1/openapi.json", 200),
    "api/v1/": everyone("/api/v1/", 404),
    "api/v1/me": api("me", ALL_API),
    "api/v1/contracts": api("contracts", ALL_API),
    "api/v1/contracts/<key>": api("contracts/{key}", WHOLE),
    "api/v1/contracts/<key>/versions": api("contracts/{key}/versions", WHOLE),
    "api/v1/contracts/<key>/versions/<int:number>": api("contracts/{key}/versions/1", WHOLE),
    "api/v1/contracts/<key>/versions/<int:number>/calendars": api(
        "contracts/{key}/versions/1/calendars", WHOLE
    ),
    "api/v1/contracts/<key>/log": api("contracts/{key}/log", WHOLE),
    "api/v1/contracts/<key>/log/heads": api("contracts/{key}/log/heads", WHOLE),
    "api/v1/contracts/<key>/log/leaves/<int:index>/proof": api("contracts/{key}/log/leaves/0/proof", WHOLE),
    "api/v1/contracts/<key>/log/consistency": api("contracts/{key}/log/consistency?old=1&new=3", WHOLE),
    "api/v1/contracts/<key>/indicators": api("contracts/{key}/indicators", WHOLE),
    "api/v1/contracts/<key>/indicators/<indicator>/items": api(
        "contracts/{key}/indicators/mttr/items", WHOLE
    ),
    "api/v1/contracts/<key>/tickets": api("contracts/{key}/tickets", EVERY_ROLE),
    "api/v1/tickets/<number>": api("tickets/{closed}", WHOLE),
    "api/v1/tickets/<number>/timeline": api("tickets/{closed}/timeline", WHOLE),
    "api/v1/tickets/<number>/clocks": api("tickets/{closed}/clocks", WHOLE),
    "api/v1/tickets/<number>/clocks/<kind>": api("tickets/{closed}/clocks/resolve", WHOLE),
    "api/v1/tickets/<number>/process": api("tickets/{closed}/process", WHOLE),
}
