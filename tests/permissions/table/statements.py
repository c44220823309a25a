"""Pages of statements. One statement is tried with a number that nobody has; tests/pages/test_statements.py tries real
ones by role.
"""

from .rows import WHOLE, Route, page

_NUMBER = "NOPE-APR-20261101-0001"
_NOBODY = "00000000-0000-7000-8000-000000000000"

ROUTES: dict[str, Route] = {
    "statements/<str:number>/evidence.zip": page(f"/statements/{_NUMBER}/evidence.zip", ()),
    "contracts/<slug:key>/verify": page("/contracts/{key}/verify", WHOLE),
    "contracts/<slug:key>/verify/head.json": page("/contracts/{key}/verify/head.json", WHOLE),
    "contracts/<slug:key>/verify/programs/<str:name>": page(
        "/contracts/{key}/verify/programs/verify.py", WHOLE
    ),
    "statements": page("/statements", (*WHOLE, "stranger")),
    "contracts/<slug:key>/statements": page("/contracts/{key}/statements", WHOLE),
    "statements/<str:number>": page(f"/statements/{_NUMBER}", ()),
    "statements/<str:number>/files/<uuid:uuid>": page(f"/statements/{_NUMBER}/files/{_NOBODY}", ()),
    "statements/<str:number>/documents/<slug:kind>.<slug:form>": page(
        f"/statements/{_NUMBER}/documents/notice.pdf", ()
    ),
}
