"""Addresses: the client's portal, and files of tickets."""

from django.urls import URLPattern, URLResolver, path

from ..views import attachment as files
from ..views import portal as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("portal", views.portal, name="portal"),
    path("portal/requests", views.requests, name="portal_requests"),
    path("portal/new", views.new, name="portal_new"),
    path("portal/new/promise", views.promise, name="portal_promise"),
    path("portal/requests/<str:number>", views.show, name="portal_request"),
    path("portal/requests/<str:number>/reply", views.say, name="portal_reply"),
    path("portal/requests/<str:number>/pauses/<slug:answer>", views.pause, name="portal_pause"),
    path("portal/requests/<str:number>/<slug:step>", views.step, name="portal_step"),
    path("portal/proposals/<uuid:uuid>", views.proposal, name="portal_proposal"),
    path("attachments/<uuid:uuid>", files.attachment, name="attachment"),
]
