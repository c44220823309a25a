"""Addresses of the desk's pages: contracts by key, tickets by number."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "desk"
urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<slug:key>/tickets", views.tickets, name="tickets"),
    path("tickets/<str:number>", views.ticket, name="ticket"),
]
