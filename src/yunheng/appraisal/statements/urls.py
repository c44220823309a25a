"""Addresses of statements. A statement's number is unique over all contracts."""

from django.urls import URLPattern, path

from . import views

urlpatterns: list[URLPattern] = [
    path("statements", views.statements, name="statements"),
    path("contracts/<slug:key>/statements", views.contract_statements, name="contract_statements"),
    path("statements/<str:number>", views.statement, name="statement"),
    path("statements/<str:number>/files/<uuid:uuid>", views.statement_file, name="statement_file"),
]
