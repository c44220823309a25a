"""Addresses of the indicator pages."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "appraisal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<slug:key>/indicators", views.indicators, name="indicators"),
    path("contracts/<slug:key>/items", views.items, name="items"),
    path("contracts/<slug:key>/headlines", views.headlines, name="headlines"),
]
