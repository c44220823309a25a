"""Addresses of what-if."""

from django.urls import URLPattern, URLResolver, path

from . import backtest_views as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<slug:key>/what-if", views.what_if, name="what_if"),
    path("contracts/<slug:key>/what-if/<uuid:uuid>", views.backtest, name="backtest"),
    path(
        "contracts/<slug:key>/what-if/<uuid:uuid>/changes.csv",
        views.backtest_changes,
        name="backtest_changes",
    ),
]
