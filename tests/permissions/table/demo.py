"""Pages of the demonstration: elsewhere than in one there are none."""

from .rows import EVERY_ROLE, Route, everyone

ROUTES: dict[str, Route] = {
    "demonstration/progress": everyone("/demonstration/progress", 404),
    "demonstration/tour": Route(
        "/demonstration/tour", 302, dict.fromkeys((*EVERY_ROLE, "stranger"), 404), method="POST"
    ),
}
