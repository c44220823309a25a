"""Addresses of the demonstration."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "demo"
urlpatterns: list[URLPattern | URLResolver] = [
    path("demonstration/progress", views.progress, name="progress"),
    path("demonstration/tour", views.tour, name="tour"),
]
