"""Addresses: workbench, lists, searches, saved views."""

from django.urls import URLPattern, URLResolver, path

from ..views import lists as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("workbench", views.workbench, name="workbench"),
    path("tickets", views.queue, name="queue"),
    path("tickets/export", views.export, name="export"),
    path("tickets/bulk", views.bulk, name="bulk"),
    path("search", views.search, name="search"),
    path("palette", views.palette, name="palette"),
    path("views", views.views, name="views"),
    path("views/new", views.keep_view, name="keep_view"),
    path("views/<uuid:uuid>", views.view, name="view"),
    path("views/<uuid:uuid>/delete", views.remove_view, name="remove_view"),
    path("contracts/<slug:key>/tickets", views.tickets, name="tickets"),
]
