"""Pages of the desk."""

from .rows import CLIENT_WIDE, EVERY_ROLE, PROVIDER, WHOLE, Route, page

#: Who may open a ticket in some contract; who may assign, work on, and talk on the closed one.
OPENERS = ("provider_admin", "service_manager", "desk_agent", "engineer", "contact", "requester", "stranger")
ASSIGNERS = ("provider_admin", "service_manager", "desk_agent")
WORKERS = (*ASSIGNERS, "engineer")
CLIENTS = ("requester", "contact", "appraiser", "auditor", "stranger")
ASKERS = ("requester", "contact", "stranger")
_NO_LINK = "01900000-0000-7000-8000-000000000000"


def part(path: str, seen_by: tuple[str, ...], status: int = 200, method: str = "GET") -> Route:
    """A part of a page, or an act on it: nobody else learns that it exists."""
    named = dict.fromkeys(seen_by, status) | dict.fromkeys(("anonymous", "token", "stranger_token"), 302)
    return Route(path, 404, named, method)


def for_provider(path: str, seen_by: tuple[str, ...], clients: tuple[str, ...]) -> Route:
    """A page of the desk: people of the client are led to their portal."""
    named = dict.fromkeys(seen_by, 200) | dict.fromkeys(
        (*clients, "anonymous", "token", "stranger_token"), 302
    )
    return Route(path, 404, named)


def act(path: str, may: tuple[str, ...], status: int) -> Route:
    """An act sent without any content, which is refused with `status` to whoever may do it."""
    return part(path, may, status, "POST")


ROUTES: dict[str, Route] = {
    "contracts/<slug:key>/tickets": page("/contracts/{key}/tickets", EVERY_ROLE),
    "tickets/<str:number>": Route(  # clients are led to the ticket's page in their portal
        "/tickets/{closed}",
        404,
        {**page("/tickets/{closed}", PROVIDER).named, **dict.fromkeys(CLIENT_WIDE, 302)},
    ),
    "tickets/new": Route(  # clients are sent to the form of their portal
        "/tickets/new", 404, {**part("/tickets/new", OPENERS).named, **dict.fromkeys(CLIENTS, 302)}
    ),
    "tickets/new/promises": part("/tickets/new/promises", OPENERS),
    "tickets/new/requesters": part("/tickets/new/requesters?caller=x", OPENERS),
    "tickets/new/similar": part("/tickets/new/similar?title=x", OPENERS),
    "tickets/<str:number>/timeline": part("/tickets/{closed}/timeline", WHOLE),
    "tickets/<str:number>/changes": part("/tickets/{closed}/changes?seen=0.0", WHOLE),
    "tickets/<str:number>/refresh": act("/tickets/{closed}/refresh", WHOLE, 303),
    "tickets/<str:number>/people": part("/tickets/{closed}/people", WORKERS),
    "tickets/<str:number>/preview": part("/tickets/{closed}/preview", ASSIGNERS),
    # The ticket is closed: whoever may accept hears that its state allows it no longer.
    "tickets/<str:number>/move/<slug:transition>": act("/tickets/{closed}/move/accept", WORKERS, 409),
    "tickets/<str:number>/take": act("/tickets/{closed}/take", (), 409),  # nobody of these is in a team
    "tickets/<str:number>/say": act("/tickets/{closed}/say", (*WORKERS, "contact"), 422),
    "tickets/<str:number>/profile": act("/tickets/{closed}/profile", ASSIGNERS, 422),
    "tickets/<str:number>/classify": act("/tickets/{closed}/classify", WORKERS, 422),
    "tickets/<str:number>/pauses/<slug:answer>": act(
        "/tickets/{closed}/pauses/confirm", (), 422
    ),  # names no pause
    "tickets/<str:number>/corrections/<slug:kind>": act(
        "/tickets/{closed}/corrections/leave_out",
        ("provider_admin", "service_manager", "quality_officer"),
        422,
    ),
    "tickets/<str:number>/proposals/<uuid:uuid>/<slug:answer>": act(
        f"/tickets/{{closed}}/proposals/{_NO_LINK}/approve", (), 422
    ),  # there is no such proposal
    "tickets/<str:number>/links": act("/tickets/{closed}/links", WORKERS, 422),
    "tickets/<str:number>/links/<uuid:link>/remove": act(
        f"/tickets/{{closed}}/links/{_NO_LINK}/remove", (), 422
    ),  # there is no such link
    "attachments/<uuid:uuid>": part(f"/attachments/{_NO_LINK}", ()),  # there is no such file
    "portal": page("/portal", CLIENTS),
    "portal/requests": page("/portal/requests", CLIENTS),
    "portal/new": part("/portal/new", ASKERS),
    "portal/new/promise": part("/portal/new/promise", ASKERS),
    "portal/requests/<str:number>": page("/portal/requests/{closed}", CLIENT_WIDE),
    "portal/requests/<str:number>/reply": act("/portal/requests/{closed}/reply", ("contact",), 422),
    "portal/requests/<str:number>/pauses/<slug:answer>": act(
        "/portal/requests/{closed}/pauses/confirm", (), 422
    ),  # names no pause
    "portal/requests/<str:number>/<slug:step>": act("/portal/requests/{closed}/reopen", ("contact",), 409),
    "portal/proposals/<uuid:uuid>": act(f"/portal/proposals/{_NO_LINK}", (), 422),  # there is none
}
