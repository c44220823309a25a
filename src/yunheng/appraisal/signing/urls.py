"""Addresses of signing a statement."""

from django.urls import URLPattern, URLResolver, path

from . import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("statements/<str:number>/sign", views.sign, name="statement_sign"),
    path("statements/<str:number>/sign/passkey", views.by_passkey, name="statement_sign_passkey"),
    path(
        "statements/<str:number>/sign/confirmation", views.by_confirmation, name="statement_sign_confirmation"
    ),
    path("statements/<str:number>/sign/scan", views.by_scan, name="statement_sign_scan"),
]
