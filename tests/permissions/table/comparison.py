"""The comparison: for who sees figures of a contract, and for a supplier's people, who see their own company."""

from .rows import ALL_API, PROVIDER, WHOLE, Route, api, page

ROUTES: dict[str, Route] = {
    "comparison": page("/comparison", (*WHOLE, "supplier_engineer", "stranger")),
    "comparison/export": page("/comparison/export?format=csv", (*WHOLE, "supplier_engineer", "stranger")),
    "comparison/tickets": page(
        "/comparison/tickets?contract={key}&supplier=hardware-vendor&what=called",
        (*PROVIDER, "supplier_engineer"),
    ),
    "api/v1/comparison": api("comparison", tuple(role for role in ALL_API if role != "requester")),
}
