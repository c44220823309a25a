"""Pages of contracts and their logs."""

from .rows import WHOLE, Route, page

ROUTES: dict[str, Route] = {
    "contracts/<slug:key>/log": page("/contracts/{key}/log", WHOLE),
}
