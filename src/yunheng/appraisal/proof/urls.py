"""Addresses of verification and of evidence packs."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("contracts/<slug:key>/verify", views.verify, name="verify"),
    path("contracts/<slug:key>/verify/head.json", views.head, name="verify_head"),
    path("contracts/<slug:key>/verify/programs/<str:name>", views.program, name="verify_program"),
    path("statements/<str:number>/evidence.zip", views.evidence, name="evidence"),
]
