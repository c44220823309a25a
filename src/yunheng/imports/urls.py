"""Addresses of imports."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "imports"
urlpatterns: list[URLPattern | URLResolver] = [
    path("imports", views.runs, name="runs"),
    path("imports/new", views.new, name="new"),
    path("imports/<uuid:uuid>", views.run, name="run"),
    path("imports/<uuid:uuid>/<str:form>", views.rejected, name="rejected"),
]
