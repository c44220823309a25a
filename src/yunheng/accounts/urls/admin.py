"""Addresses: people, organisations, teams and roles, for who administers them."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
