"""Addresses of reports."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "reports"
urlpatterns: list[URLPattern | URLResolver] = [
    path("reports", views.reports, name="reports"),
    path("reports/new", views.new, name="new"),
    path("reports/runs/<uuid:uuid>", views.run, name="run"),
    path("reports/<str:number>", views.report, name="report"),
    path("reports/<str:number>/<str:language>.<slug:form>", views.file, name="file"),
    path("contracts/<slug:key>/reports", views.contract_reports, name="contract_reports"),
    path("contracts/<slug:key>/reports/plan", views.plan, name="plan"),
    path("contracts/<slug:key>/reports/templates", views.templates, name="templates"),
    path(
        "contracts/<slug:key>/reports/templates/<slug:kind>/<str:language>/<slug:what>",
        views.template_file,
        name="template_file",
    ),
    path("tickets/<str:number>/fault-report", views.fault, name="fault"),
    path(
        "statements/<str:number>/documents/<slug:kind>.<slug:form>",
        views.statement_document,
        name="statement_document",
    ),
    path("portal/reports", views.portal, name="portal"),
    path("portal/reports/<str:number>", views.portal_report, name="portal_report"),
]
