"""Django settings. Everything a deployment may change is read from the environment here and nowhere else."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

PACKAGE = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Folder of everything that must survive: database, keys, attachments (`YUNHENG_DATA`)."""
    named = os.environ.get("YUNHENG_DATA")
    if named:
        return Path(named).absolute()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/yunheng")
    return Path.home() / ".local" / "share" / "yunheng"


def database_settings(url: str) -> dict[str, object]:
    """Django's database entry for a `postgresql://` URL; a socket folder may stand in `?host=`.

    Raises ValueError with the reason when the URL is not one of PostgreSQL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"not a postgresql:// URL: {parts.scheme or url!r}")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or parts.hostname or ""
    port = query.pop("port", None) or parts.port or ""
    return {
        "ENGINE": "yunheng.foundation.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


def mail_settings(url: str) -> dict[str, object]:
    """Django's mail settings for `smtp://user:password@host:587` (STARTTLS), `smtps://…:465`, or
    `smtp://host:25?tls=no`; "" for none.

    Raises ValueError with the reason for anything else.
    """
    if not url:
        return {}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(f"not an smtp:// or smtps:// URL: {parts.scheme or url!r}")
    is_plain = dict(parse_qsl(parts.query)).get("tls") == "no"
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtps": 465}.get(parts.scheme, 25 if is_plain else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not is_plain,
        "EMAIL_TIMEOUT": 15,
    }


def secret_key() -> str:
    """The key that signs sessions: `YUNHENG_SECRET_KEY`, else the file `secret_key` in the data folder.

    `yunheng up` makes the file; reading the settings never does. Without one the key is empty, which Django refuses
    where a session is signed and `yunheng.site.wsgi` before it serves anything.
    """
    named = os.environ.get("YUNHENG_SECRET_KEY")
    if named:
        return named
    try:
        return (data_folder() / "secret_key").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def required_second_factor(value: str) -> str:
    """Of whom a second factor is required: "none", "provider" or "all". Raises ValueError for anything else."""
    if value not in {"none", "provider", "all"}:
        raise ValueError(f"YUNHENG_REQUIRE_SECOND_FACTOR is none, provider or all, not {value!r}")
    return value


def oidc_issuer(url: str) -> str:
    """The issuer's URL without a slash at the end; "" for none.

    Raises ValueError unless it is https, or http on this machine: what the issuer says of a person is believed
    because of the connection it comes over.
    """
    parts = urlsplit(url)
    is_here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if url and not (parts.scheme == "https" and parts.hostname) and not is_here:
        raise ValueError(f"YUNHENG_OIDC_ISSUER is an https:// URL, not {url!r}")
    return url.rstrip("/")


def _names(variable: str) -> list[str]:
    """The names in a comma-separated variable."""
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


DATA = data_folder()
# Set by the commands where folder or database carries the mark of a demonstration: invented people, this machine only.
DEMONSTRATION = os.environ.get("YUNHENG_DEMONSTRATION") == "1"
SECRET_KEY = secret_key()
DEBUG = False
ORIGINS = _names(
    "YUNHENG_ORIGINS"
)  # addresses under which people reach it through a proxy: https://it.example.com
CSRF_TRUSTED_ORIGINS = ORIGINS
ALLOWED_HOSTS = [
    *("127.0.0.1", "localhost", "[::1]"),  # always: the readiness check asks there
    *_names("YUNHENG_HOSTS"),
    *(urlsplit(origin).hostname or "" for origin in ORIGINS),
][: 3 if DEMONSTRATION else None]
ROOT_URLCONF = "yunheng.site.urls"
WSGI_APPLICATION = "yunheng.site.wsgi.application"
AUTH_USER_MODEL = "accounts.Person"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "yunheng.foundation",
    "yunheng.accounts",
    "yunheng.notify",
    "yunheng.contracts",
    "yunheng.sla",
    "yunheng.desk",
    "yunheng.appraisal",
    "yunheng.reports",
    "yunheng.imports",
    "yunheng.demo",
    "yunheng.site",
]

MIDDLEWARE = [
    "yunheng.site.logging.RequestLog",
    "yunheng.site.middleware.SecurityHeaders",
    "yunheng.site.middleware.ApiProblems",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "yunheng.site.token_calls.TokenCalls",  # leads to the last, past what only browsers need
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "yunheng.site.middleware.Reader",
    "django.contrib.messages.middleware.MessageMiddleware",
    "yunheng.site.middleware.OwnAccount",
    "yunheng.site.middleware.WrongTokens",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "yunheng.site.token_calls.View",
]
if DEMONSTRATION:
    MIDDLEWARE.insert(2, "yunheng.demo.pages.OnlyThisMachine")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "yunheng.site.navigation.frame",
                *(["yunheng.demo.pages.around"] if DEMONSTRATION else []),
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "yunheng.site.templatetags.yunheng"],
            "string_if_invalid": "",
        },
    },
]
CSRF_FAILURE_VIEW = "yunheng.site.errors.csrf_failure"

DATABASES = {
    "default": database_settings(os.environ.get("YUNHENG_DATABASE_URL", "postgresql://yunheng_app@/yunheng")),
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

MAIL_URL = "" if DEMONSTRATION else os.environ.get("YUNHENG_MAIL_URL", "")
DEFAULT_FROM_EMAIL = os.environ.get("YUNHENG_MAIL_FROM", "yunheng@localhost")
globals().update(mail_settings(MAIL_URL))
# Hosts ("name" or "name:port") that webhooks may reach although they are not public, or by plain http.
WEBHOOK_HOSTS = frozenset(name.lower() for name in _names("YUNHENG_WEBHOOK_HOSTS"))

STATIC_URL = "/static/"
SESSION_ENGINE = "yunheng.accounts.sessions"  # rows that know their person
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(ORIGINS) and all(
    it.startswith("https://") for it in ORIGINS
)
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "yunheng.site.uploads.KnownPeopleOnly",  # first: what a stranger posts is kept nowhere, and all is limited
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["login", "name", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- signing in: django-allauth leads through its steps, django-axes counts what fails (docs/adr/0011)

LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "start"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: refuses while one has to wait
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "yunheng.accounts.guessing.Handler"  # has the limits
AXES_CLIENT_IP_CALLABLE = "yunheng.accounts.peers.address_of"
AXES_LOCKOUT_CALLABLE = "yunheng.site.sign_in.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or a stranger could keep somebody out for good
AXES_USERNAME_FORM_FIELD = "username"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

ACCOUNT_ADAPTER = "yunheng.site.account.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # addresses need not be unique: nobody signs in with one
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # what its checks want; nobody signs up
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = (
    False  # its counters live in each process; ours are in the database (accounts/guessing.py)
)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SESSION_COOKIE_SECURE else "http"
MFA_ADAPTER = "yunheng.accounts.second_factor.SecretsAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_RATE_LIMITS = False
SOCIALACCOUNT_ADAPTER = "yunheng.site.account.adapters.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
REQUIRE_SECOND_FACTOR = required_second_factor(os.environ.get("YUNHENG_REQUIRE_SECOND_FACTOR", "none"))

OIDC_PROVIDER_ID = "company"  # part of the address that the other party sends people back to
OIDC_ISSUER = oidc_issuer(os.environ.get("YUNHENG_OIDC_ISSUER", ""))
OIDC_NAME = os.environ.get("YUNHENG_OIDC_NAME") or urlsplit(OIDC_ISSUER).hostname or ""
OIDC_LOGIN_CLAIM = os.environ.get("YUNHENG_OIDC_LOGIN_CLAIM") or "preferred_username"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": OIDC_PROVIDER_ID,
                "name": OIDC_NAME,
                "client_id": os.environ.get("YUNHENG_OIDC_CLIENT_ID", ""),
                "secret": os.environ.get("YUNHENG_OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}

PROCRASTINATE_ON_APP_READY = "yunheng.foundation.jobs.configure"
