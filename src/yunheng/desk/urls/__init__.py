"""Addresses of the desk's pages: contracts by key, tickets by number."""

from . import lists, portal, ticket

app_name = "desk"
# What has a fixed name stands before what has a number.
urlpatterns = [*lists.urlpatterns, *portal.urlpatterns, *ticket.urlpatterns]
