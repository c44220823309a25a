"""Addresses of accounts: one's own pages, and those of who administers people."""

from . import admin, me

app_name = "accounts"
urlpatterns = [*me.urlpatterns, *admin.urlpatterns]
