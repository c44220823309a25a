"""Addresses of contracts, and of what is administered over all of them."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "contracts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts", views.contracts, name="contracts"),
    path("contracts/new", views.new, name="new"),
    path("contracts/<slug:key>", views.contract, name="contract"),
    path("contracts/<slug:key>/document", views.document, name="document"),
    path("contracts/<slug:key>/versions", views.versions, name="versions"),
    path("contracts/<slug:key>/versions/<int:number>", views.version, name="version"),
    path("contracts/<slug:key>/versions/<int:number>/<str:form>", views.download, name="download"),
    path("contracts/<slug:key>/diff", views.diff, name="diff"),
    path("contracts/<slug:key>/proposals/<uuid:uuid>", views.proposal, name="proposal"),
    path("contracts/<slug:key>/back-to-back", views.back_to_back, name="back_to_back"),
    path("contracts/<slug:key>/log", views.log, name="log"),
    path("admin/calendars", views.calendars, name="calendars"),
    path("admin/logs", views.logs, name="logs"),
    path("admin/errands/<uuid:uuid>", views.errand, name="errand"),
]
