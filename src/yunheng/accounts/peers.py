"""Where a request comes from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from: the peer, or whom a proxy on this machine names (`YUNHENG_ORIGINS`: there is one).

    Of X-Forwarded-For only the last name counts, which the proxy itself wrote; whatever stands before it is the
    client's word.
    """
    peer = request.META.get("REMOTE_ADDR") or None
    if settings.ORIGINS and _is_this_machine(peer or ""):
        named = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        try:
            return str(ip_address(named))
        except ValueError:
            return peer
    return peer


def _is_this_machine(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
