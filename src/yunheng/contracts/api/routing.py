"""The one router of the package: methods of one address must meet in one place, whichever module has them."""

from ninja import Router

router = Router(tags=["contracts"])
