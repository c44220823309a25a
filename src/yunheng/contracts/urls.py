"""Addresses of a contract's own pages."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "contracts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<slug:key>/log", views.log, name="log"),
]
