"""Addresses of signing in beyond login and password. Of django-allauth's own addresses none is open but these."""

from django.urls import path

from .. import sign_in
from . import views

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="account_login"),  # the name by which django-allauth asks for it
    path("account/code", views.enter_code, name="mfa_authenticate"),
    path("account/oidc/<slug:provider_id>/login", views.go_elsewhere, name="openid_connect_login"),
    path("account/oidc/<slug:provider_id>/callback", views.come_back, name="openid_connect_callback"),
    path("account/forgotten", views.forgotten, name="forgotten"),
    path("account/new-password", views.new_password, name="new_password"),
]
