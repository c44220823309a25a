"""Addresses: one's own account."""

from django.urls import URLPattern, URLResolver, path

from ..views import me, me_passkeys, me_security, me_tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("me", me.profile, name="me"),
    path("me/email", me.email, name="email"),
    path("me/confirm", me.confirm, name="confirm"),
    path("me/password", me_security.password, name="password"),
    path("me/security", me_security.security, name="security"),
    path("me/security/app", me_security.app, name="security_app"),
    path("me/security/codes", me_security.codes, name="security_codes"),
    path("me/security/off", me_security.off, name="security_off"),
    path("me/security/passkeys/new", me_passkeys.new_passkey, name="new_passkey"),
    path("me/security/passkeys/<uuid:uuid>/revoke", me_passkeys.revoke_passkey, name="revoke_passkey"),
    path("me/sessions", me.sessions, name="sessions"),
    path("me/sessions/others/end", me.end_others, name="end_other_sessions"),
    path("me/sessions/<uuid:uuid>/end", me.end_one, name="end_session"),
    path("me/tokens", me_tokens.tokens, name="tokens"),
    path("me/tokens/new", me_tokens.new_token, name="new_token"),
    path("me/tokens/<uuid:uuid>/revoke", me_tokens.revoke, name="revoke_own_token"),
]
