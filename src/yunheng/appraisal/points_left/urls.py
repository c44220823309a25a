"""Addresses of points left."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("contracts/<slug:key>/points-left", views.show_points_left, name="points_left"),
]
