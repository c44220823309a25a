"""Addresses: a new ticket, one ticket, and what is done to it."""

from django.urls import URLPattern, URLResolver, path

from ..views import new_ticket, ticket_acts
from ..views import ticket as views

urlpatterns: list[URLPattern | URLResolver] = [
    path("tickets/new", new_ticket.new_ticket, name="new"),
    path("tickets/new/promises", new_ticket.promises, name="new_promises"),
    path("tickets/new/requesters", new_ticket.requesters, name="new_requesters"),
    path("tickets/new/similar", new_ticket.similar, name="new_similar"),
    path("tickets/<str:number>", views.ticket, name="ticket"),
    path("tickets/<str:number>/timeline", views.timeline_part, name="timeline"),
    path("tickets/<str:number>/changes", views.changes, name="changes"),
    path("tickets/<str:number>/refresh", views.refresh, name="refresh"),
    path("tickets/<str:number>/people", views.people, name="people"),
    path("tickets/<str:number>/preview", views.preview, name="preview"),
    path("tickets/<str:number>/move/<slug:transition>", ticket_acts.move, name="move"),
    path("tickets/<str:number>/take", ticket_acts.take, name="take"),
    path("tickets/<str:number>/say", ticket_acts.say, name="say"),
    path("tickets/<str:number>/profile", ticket_acts.profile, name="profile"),
    path("tickets/<str:number>/classify", ticket_acts.classify, name="classify"),
    path("tickets/<str:number>/pauses/<slug:answer>", ticket_acts.answer, name="answer_pause"),
    path("tickets/<str:number>/corrections/<slug:kind>", ticket_acts.propose, name="propose"),
    path(
        "tickets/<str:number>/proposals/<uuid:uuid>/<slug:answer>",
        ticket_acts.answer_proposal,
        name="answer_proposal",
    ),
    path("tickets/<str:number>/links", ticket_acts.link, name="link"),
    path("tickets/<str:number>/links/<uuid:link>/remove", ticket_acts.unlink, name="unlink"),
]
