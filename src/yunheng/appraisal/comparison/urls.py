"""Addresses of the comparison."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("comparison", views.show_comparison, name="comparison"),
    path("comparison/export", views.export_comparison, name="export_comparison"),
    path("comparison/tickets", views.show_tickets, name="compared_tickets"),
]
