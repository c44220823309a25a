"""What the web server runs: Django, with the static files of every package in front of it."""

import os
import re

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

from yunheng.site.bodies import read_out
from yunheng.site.logging import tell_breaks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunheng.site.settings")

_HASHED_NAME = re.compile(r"^.+[.-][0-9A-Za-z]{8,}\.[0-9a-z.]+$")  # main-4F2K7QXD.js, as esbuild names it


def _is_immutable(_path: str, url: str) -> bool:
    """Names with a content hash may be kept for ever by browsers."""
    return "/dist/" in url and _HASHED_NAME.match(url) is not None


def _application() -> WhiteNoise:
    from django.conf import settings

    try:
        _ = settings.SECRET_KEY
    except ImproperlyConfigured as error:
        raise ImproperlyConfigured(
            f"No key signs the sessions: {settings.DATA / 'secret_key'} is missing or not readable. `yunheng up` makes "
            "it; YUNHENG_DATA names its folder. Or give the key itself in YUNHENG_SECRET_KEY."
        ) from error
    django = get_wsgi_application()
    from django.contrib.staticfiles.finders import get_finders

    site = WhiteNoise(django, max_age=300, immutable_file_test=_is_immutable, allow_all_origins=False)
    for finder in get_finders():
        for path, storage in finder.list(["*.map"]):
            site.add_file_to_dictionary(settings.STATIC_URL + path, storage.path(path))
    return site


application = tell_breaks(read_out(_application()))
