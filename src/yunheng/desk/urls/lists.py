"""Addresses: workbench and lists."""

from django.urls import URLPattern, URLResolver, path

from ..views import lists as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<slug:key>/tickets", views.tickets, name="tickets"),
]
