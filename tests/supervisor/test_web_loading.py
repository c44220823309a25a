"""What a web process has loaded before its first request, and in which order it compares addresses."""

from django.urls import get_resolver, resolve
from django.utils.translation import trans_real

from yunheng.site.api import api
from yunheng.site.cli.web import load


def test_addresses_and_words_are_there_before_the_first_request(monkeypatch):
    monkeypatch.setattr(trans_real, "_translations", {})
    load()
    assert {"zh-hans", "en"} <= trans_real._translations.keys()
    assert get_resolver()._populated


def test_tickets_come_first_and_no_address_is_lost_or_hidden_by_that():
    [mounted] = [one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == "api-v1"]
    ours, ninjas = (
        [(str(one.pattern), one.name) for one in some] for some in (mounted.url_patterns, api.urls[0])
    )
    assert sorted(ours) == sorted(ninjas)
    words = [address.split("/", 1)[0] for address, _name in ours]
    assert not any(
        "<" in word for word in words
    )  # else one address could stand before another that it covers
    count = words.count("tickets")
    assert 10 < count < len(words)
    assert set(words[:count]) == {"tickets"}
    for word in set(words):  # those that may cover each other keep their order
        assert _beginning_with(word, ours) == _beginning_with(word, ninjas)
    assert resolve("/api/v1/tickets/A-INC-1/transitions").kwargs == {"number": "A-INC-1"}
    assert resolve("/api/v1/me").route == "api/v1/me"


def _beginning_with(word, addresses):
    return [one for one in addresses if one[0].split("/", 1)[0] == word]
