"""Addresses: one ticket."""

from django.urls import URLPattern, URLResolver, path

from ..views import ticket as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("tickets/<str:number>", views.ticket, name="ticket"),
]
