"""Pages of the desk."""

from .rows import EVERY_ROLE, WHOLE, Route, page

ROUTES: dict[str, Route] = {
    "contracts/<slug:key>/tickets": page("/contracts/{key}/tickets", EVERY_ROLE),
    "tickets/<str:number>": page("/tickets/{closed}", WHOLE),
}
