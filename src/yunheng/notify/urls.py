"""Addresses: what I am told of, webhooks, the delivery log."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "notify"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me/notifications", views.preferences, name="preferences"),
    path("admin/deliveries", views.deliveries, name="deliveries"),
    path("admin/deliveries/<uuid:uuid>/again", views.send_again, name="send_again"),
    path("admin/webhooks", views.webhooks, name="webhooks"),
    path("admin/webhooks/new", views.new_webhook, name="new_webhook"),
    path("admin/webhooks/<uuid:uuid>", views.webhook, name="webhook"),
    path("admin/webhooks/<uuid:uuid>/secret", views.renew_secret, name="renew_secret"),
    path("admin/webhooks/<uuid:uuid>/test", views.try_webhook, name="try_webhook"),
    path("admin/webhooks/<uuid:uuid>/delete", views.delete_webhook, name="delete_webhook"),
]
