"""`/healthz`: this process is alive. `/readyz`: the product can do its work, or why it cannot."""

import time

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

HEARTBEAT_LIMIT_SECONDS = 30
_is_migrated = False  # never becomes false again while this process lives


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers; asks nothing of anything else."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when database, schema and worker are all there, else 503; each with its reason."""
    checks: dict[str, dict[str, object]] = {}
    for name, check in (("database", _database), ("migrations", _migrations), ("worker", _worker)):
        began = time.perf_counter()
        try:
            reason = check()
        except DatabaseError as error:
            reason = "database error" if name != "database" else _short(error)
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        checks[name] = {"ok": reason is None, "reason": reason, "ms": milliseconds}
        if name == "database" and reason is not None:
            break
    is_ready = len(checks) == 3 and all(row["ok"] for row in checks.values())
    return JsonResponse({"ready": is_ready, "checks": checks}, status=200 if is_ready else 503)


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _migrations() -> str | None:
    global _is_migrated
    if _is_migrated:
        return None
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return f"{len(plan)} migrations are not applied"
    _is_migrated = True
    return None


def _worker() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        row = cursor.fetchone()
    seconds = None if row is None else row[0]
    if seconds is None:
        return "no worker runs"
    if seconds > HEARTBEAT_LIMIT_SECONDS:
        return f"the last sign of a worker is {int(seconds)} s old"
    return None


def _short(error: DatabaseError) -> str:
    """The first line without what it says about the server's address."""
    return "the database refuses connections" if "connection" in str(error) else type(error).__name__
