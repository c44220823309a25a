"""Addresses of the indicator pages."""

from django.urls import URLPattern, URLResolver, path

from . import board_views, scorecard_views, views, wall_views
from .comparison.urls import urlpatterns as comparison_urls
from .points_left.urls import urlpatterns as points_left_urls
from .proof.urls import urlpatterns as proof_urls
from .signing.urls import urlpatterns as signing_urls
from .statements.urls import urlpatterns as statement_urls
from .whatif.urls import urlpatterns as what_if_urls

app_name = "appraisal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<slug:key>/indicators", views.indicators, name="indicators"),
    path("contracts/<slug:key>/items", views.items, name="items"),
    path("contracts/<slug:key>/headlines", views.headlines, name="headlines"),
    path("contracts/<slug:key>/scorecard", scorecard_views.show_scorecard, name="scorecard"),
    path("dashboard", board_views.dashboard, name="dashboard"),
    path("contracts/<slug:key>/dashboard", board_views.board, name="board"),
    path("contracts/<slug:key>/dashboard/items", board_views.board_items, name="board_items"),
    path("contracts/<slug:key>/dashboard/promises", board_views.board_promises, name="board_promises"),
    path("wall", wall_views.wall, name="wall"),
    path("wall/slide", wall_views.wall_slide, name="wall_slide"),
    path("wall/join", wall_views.wall_join, name="wall_join"),
    path("admin/walls", wall_views.walls, name="walls"),
    path("admin/walls/<uuid:uuid>/revoke", wall_views.revoke_wall, name="revoke_wall"),
    *comparison_urls,
    *points_left_urls,
    *proof_urls,
    *signing_urls,
    *statement_urls,
    *what_if_urls,
]
