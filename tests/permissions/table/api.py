"""The API."""

from .rows import ALL_API, CLIENT_WIDE, EVERY_ROLE, PROVIDER, WHOLE, Route, api, everyone

#: Of nothing: what is behind these addresses exists for nobody.
UUID = "0190a5a0-0000-7000-8000-000000000000"
NAME = "0" * 64


def writes(path: str, status: int = 422, method: str = "POST") -> Route:
    """A change that is tried without a body, which is refused before anything is looked up: 422. Tests of the API try
    each with a body, the strangers' included.
    """
    return everyone(f"/api/v1/{path}", status, method, anonymous=401, token=status, stranger_token=status)


def acts(path: str, method: str = "POST") -> Route:
    """A change without a body, of something that does not exist: 404, and 403 for tokens that only read."""
    return everyone(f"/api/v1/{path}", 404, method, anonymous=401, token=403, stranger_token=403)


def nothing(path: str) -> Route:
    """Something that does not exist."""
    return everyone(f"/api/v1/{path}", 404, anonymous=401)


def administered(path: str, *seen_by: str) -> Route:
    """A list that exists only for those who administer people."""
    return Route(f"/api/v1/{path}", 404, {**dict.fromkeys(seen_by, 200), "anonymous": 401})


def led(path: str) -> Route:
    """What only those who write reports look after, no token that may only read; who sees the contract knows of it."""
    leads = dict.fromkeys(("provider_admin", "service_manager"), 200)
    return Route(f"/api/v1/{path}", 404, {**dict.fromkeys((*WHOLE, "token"), 403), **leads, "anonymous": 401})


def own(path: str) -> Route:
    """One's own account: for whoever signed in, and for no token."""
    return everyone(f"/api/v1/{path}", 200, anonymous=401, token=403, stranger_token=403)


_TICKET = "api/v1/tickets/<number>"
_CONTRACT = "api/v1/contracts/<key>"

ROUTES: dict[str, Route] = {
    "api/v1/openapi.json": everyone("/api/v1/openapi.json", 200),
    "api/docs": everyone("/api/docs", 200),
    "api/v1/": everyone("/api/v1/", 404),
    "api/v1/me": api("me", ALL_API),
    # contracts
    "api/v1/contracts": api("contracts", ALL_API),
    "api/v1/contract-checks": writes("contract-checks"),
    _CONTRACT: api("contracts/{key}", WHOLE),
    f"{_CONTRACT}/check": writes("contracts/{key}/check"),
    f"{_CONTRACT}/versions": api("contracts/{key}/versions", WHOLE),
    f"{_CONTRACT}/versions/<int:number>": api("contracts/{key}/versions/1", WHOLE),
    f"{_CONTRACT}/versions/<int:number>/calendars": api("contracts/{key}/versions/1/calendars", WHOLE),
    f"{_CONTRACT}/diff": api("contracts/{key}/diff?old=1&new=1", WHOLE),
    f"{_CONTRACT}/back-to-back": api("contracts/{key}/back-to-back", PROVIDER),
    f"{_CONTRACT}/calendars/refresh": acts("contracts/nowhere/calendars/refresh"),
    f"{_CONTRACT}/calendars/notice": writes("contracts/{key}/calendars/notice"),
    f"{_CONTRACT}/proposals": api("contracts/{key}/proposals", WHOLE),
    f"{_CONTRACT}/proposals/<uuidstr:uuid>": nothing(f"contracts/{{key}}/proposals/{UUID}"),
    f"{_CONTRACT}/proposals/<uuidstr:uuid>/answer": writes(f"contracts/{{key}}/proposals/{UUID}/answer"),
    f"{_CONTRACT}/proposals/<uuidstr:uuid>/withdrawal": acts(
        f"contracts/{{key}}/proposals/{UUID}/withdrawal"
    ),
    f"{_CONTRACT}/log": api("contracts/{key}/log", WHOLE),
    f"{_CONTRACT}/log/heads": api("contracts/{key}/log/heads", WHOLE),
    f"{_CONTRACT}/log/leaves/<int:index>/proof": api("contracts/{key}/log/leaves/0/proof", WHOLE),
    f"{_CONTRACT}/log/consistency": api("contracts/{key}/log/consistency?old=1&new=3", WHOLE),
    f"{_CONTRACT}/indicators": api("contracts/{key}/indicators", WHOLE),
    f"{_CONTRACT}/backtests": writes("contracts/{key}/backtests"),
    f"{_CONTRACT}/backtests/<uuidstr:uuid>": nothing(f"contracts/{{key}}/backtests/{UUID}"),
    # the contract of the table scores nothing: 404 also for those who may look, and the client learns not even that
    f"{_CONTRACT}/points-left": Route(
        "/api/v1/contracts/{key}/points-left", 404, {**dict.fromkeys(CLIENT_WIDE, 403), "anonymous": 401}
    ),
    "api/v1/statements/<number>/evidence": nothing("statements/NOPE/evidence"),
    "api/v1/statements/<number>/documents/<kind>/<language>/<format>": nothing(
        "statements/NOPE/documents/notice/en/pdf"
    ),
    # statements; tests/appraisal/test_statements_api.py tries them with bodies
    "api/v1/statements": api("statements", ALL_API),
    f"{_CONTRACT}/statements": writes("contracts/{key}/statements"),
    "api/v1/statements/waiting": api("statements/waiting", ALL_API),
    "api/v1/statements/<number>": nothing("statements/NOPE"),
    "api/v1/statements/<number>/content": nothing("statements/NOPE/content"),
    "api/v1/statements/<number>/files/<uuidstr:uuid>": nothing(f"statements/NOPE/files/{UUID}"),
    **{
        f"api/v1/statements/<number>/{step}": writes(f"statements/NOPE/{step}")
        for step in (
            *("refresh", "discard", "issue", "accept", "settle", "reversal", "inputs"),
            *("samples", "appeals", "rectifications"),
        )
    },
    **{
        f"api/v1/statements/<number>/{step}/with-files": writes(f"statements/NOPE/{step}/with-files", 415)
        for step in ("inputs", "appeals")
    },
    "api/v1/statements/<number>/appeals/<uuidstr:uuid>/reply/with-files": writes(
        f"statements/NOPE/appeals/{UUID}/reply/with-files", 415
    ),
    "api/v1/rectifications/<number>/report/with-files": writes("rectifications/NOPE/report/with-files", 415),
    "api/v1/statements/<number>/inputs/<uuidstr:uuid>/withdrawal": writes(
        f"statements/NOPE/inputs/{UUID}/withdrawal"
    ),
    **{
        f"api/v1/statements/<number>/appeals/<uuidstr:uuid>/{step}": writes(
            f"statements/NOPE/appeals/{UUID}/{step}"
        )
        for step in ("reply", "votes")
    },
    "api/v1/statements/<number>/arbitration": acts("statements/NOPE/arbitration"),
    "api/v1/rectifications/<number>": nothing("rectifications/NOPE"),
    **{
        f"api/v1/rectifications/<number>/{step}": writes(f"rectifications/NOPE/{step}")
        for step in ("report", "verify", "send-back", "withdraw")
    },
    f"{_CONTRACT}/scorecard": api("contracts/{key}/scorecard?scheme=b", WHOLE),
    f"{_CONTRACT}/indicators/<indicator>/items": api("contracts/{key}/indicators/mttr/items", WHOLE),
    # reports; tests/reports/test_api.py tries them with bodies
    "api/v1/reports": api("reports", ALL_API),
    f"{_CONTRACT}/reports": writes("contracts/{key}/reports"),
    "api/v1/report-runs/<uuidstr:uuid>": nothing(f"report-runs/{UUID}"),
    "api/v1/reports/<number>": nothing("reports/NOPE"),
    "api/v1/reports/<number>/files/<language>/<format>": nothing("reports/NOPE/files/en/pdf"),
    "api/v1/reports/<number>/redraft": acts("reports/NOPE/redraft"),
    "api/v1/reports/<number>/comments": writes("reports/NOPE/comments", method="PUT"),
    "api/v1/reports/<number>/fault": writes("reports/NOPE/fault", method="PUT"),
    "api/v1/reports/<number>/issue": writes("reports/NOPE/issue"),
    "api/v1/reports/<number>/accept": writes("reports/NOPE/accept"),
    "api/v1/reports/<number>/return": writes("reports/NOPE/return"),
    "api/v1/reports/<number>/discard": writes("reports/NOPE/discard"),
    "api/v1/reports/<number>/deliveries": writes("reports/NOPE/deliveries"),
    f"{_CONTRACT}/report-plan": led("contracts/{key}/report-plan"),
    f"{_CONTRACT}/report-templates": led("contracts/{key}/report-templates"),
    f"{_CONTRACT}/report-templates/<kind>/<language>": acts(
        "contracts/nowhere/report-templates/monthly/en", "DELETE"
    ),
    # tickets
    f"{_CONTRACT}/tickets": api("contracts/{key}/tickets", EVERY_ROLE),
    f"{_CONTRACT}/tickets/with-files": writes("contracts/{key}/tickets/with-files", 415),
    "api/v1/tickets": api("tickets", ALL_API),
    "api/v1/transitions": writes("transitions"),
    "api/v1/workbench": api("workbench", ALL_API),
    "api/v1/pauses/waiting": api("pauses/waiting", ALL_API),
    "api/v1/proposals/waiting": api("proposals/waiting", ALL_API),
    "api/v1/proposals/<uuidstr:uuid>/answer": writes(f"proposals/{UUID}/answer"),
    "api/v1/proposals/<uuidstr:uuid>/withdrawal": writes(f"proposals/{UUID}/withdrawal"),
    "api/v1/views": api("views", ALL_API),
    "api/v1/views/<uuidstr:uuid>": acts(f"views/{UUID}", "DELETE"),
    "api/v1/attachments/<uuidstr:uuid>": nothing(f"attachments/{UUID}"),
    _TICKET: api("tickets/{closed}", WHOLE),
    **{
        f"{_TICKET}/{part}": api(f"tickets/{{closed}}/{part}", WHOLE)
        for part in ("timeline", "clocks", "process", "transitions", "pauses", "proposals", "links")
    },
    f"{_TICKET}/clocks/<kind>": api("tickets/{closed}/clocks/resolve", WHOLE),
    f"{_TICKET}/links/<uuidstr:uuid>": acts(f"tickets/NONE-INC-20200101-0001/links/{UUID}", "DELETE"),
    **{
        f"{_TICKET}/{part}": writes(f"tickets/{{closed}}/{part}")
        for part in ("assignment", "profile", "classification", "replies", "notes")
    },
    **{
        f"{_TICKET}/{part}/with-files": writes(f"tickets/{{closed}}/{part}/with-files", 415)
        for part in ("transitions", "replies", "notes")
    },
    **{
        f"{_TICKET}/pauses/<name>/{part}": writes(f"tickets/{{closed}}/pauses/{NAME}/{part}")
        for part in ("confirm", "dispute", "settle")
    },
    # people
    "api/v1/organisations": administered("organisations", "provider_admin"),
    "api/v1/organisations/<key>": writes("organisations/nobody", method="PUT"),
    "api/v1/people": administered("people", "provider_admin"),
    "api/v1/people/<uuidstr:uuid>": nothing(f"people/{UUID}"),
    "api/v1/people/<uuidstr:uuid>/disable": acts(f"people/{UUID}/disable"),
    "api/v1/people/<uuidstr:uuid>/enable": acts(f"people/{UUID}/enable"),
    "api/v1/people/<uuidstr:uuid>/roles": writes(f"people/{UUID}/roles"),
    "api/v1/people/<uuidstr:uuid>/roles/revoke": writes(f"people/{UUID}/roles/revoke"),
    "api/v1/people/<uuidstr:uuid>/tokens/<uuidstr:token>": acts(f"people/{UUID}/tokens/{UUID}", "DELETE"),
    "api/v1/teams": administered("teams", "provider_admin"),
    "api/v1/teams/<uuidstr:uuid>": writes(f"teams/{UUID}", method="PUT"),
    # oneself
    "api/v1/me/profile": own("me/profile"),
    "api/v1/me/sessions": own("me/sessions"),
    "api/v1/me/sessions/<uuidstr:uuid>": acts(f"me/sessions/{UUID}", "DELETE"),
    "api/v1/me/tokens": own("me/tokens"),
    "api/v1/me/tokens/<uuidstr:uuid>": acts(f"me/tokens/{UUID}", "DELETE"),
    "api/v1/me/notifications": api("me/notifications", ALL_API),
    # imports
    "api/v1/imports": administered("imports", "provider_admin", "service_manager"),
    "api/v1/imports/<uuidstr:uuid>": nothing(f"imports/{UUID}"),
    "api/v1/imports/<uuidstr:uuid>/rejections": nothing(f"imports/{UUID}/rejections"),
    "api/v1/imports/<uuidstr:uuid>/trial": writes(f"imports/{UUID}/trial"),
    **{
        f"api/v1/imports/<uuidstr:uuid>/{part}": acts(f"imports/{UUID}/{part}")
        for part in ("start", "resume", "cancel")
    },
    # notifications
    "api/v1/webhooks": api("webhooks", ALL_API),
    "api/v1/webhooks/<uuidstr:uuid>": nothing(f"webhooks/{UUID}"),
    "api/v1/webhooks/<uuidstr:uuid>/secret": acts(f"webhooks/{UUID}/secret"),
    "api/v1/webhooks/<uuidstr:uuid>/test": acts(f"webhooks/{UUID}/test"),
    "api/v1/deliveries": api("deliveries", ALL_API),
    "api/v1/deliveries/<uuidstr:uuid>/retry": acts(f"deliveries/{UUID}/retry"),
}
