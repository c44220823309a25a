"""The one router of statements, and the files that come with what is done."""

from ninja import File, Router

router = Router(tags=["statements"])
FILES = File(..., description="At most 10, each up to 20 MiB")
