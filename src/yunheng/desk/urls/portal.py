"""Addresses: the client's portal, and files of tickets."""

from django.urls import URLPattern, URLResolver, path

from ..views import attachment as files

urlpatterns: list[URLPattern | URLResolver] = [
    path("attachments/<uuid:uuid>", files.attachment, name="attachment"),
]
