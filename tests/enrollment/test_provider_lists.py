"""The desk fetches a provider's status list: kept for its time to live, bounded, https."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from desk.credential import jose
from desk.credential.signer import LocalKey
from desk.enrollment.provider_lists import ProviderLists
from desk.enrollment.trouble import ProviderUnreachable

LIST = "https://provider.example/lists/7"


def token(**claims: object) -> str:
    key = LocalKey.generate()
    return jose.sign_compact({"alg": "ES256"}, claims, key)


@dataclass
class Provider:
    """Answers every request the same way, and counts; ``time`` is the desk's clock."""

    answer: Callable[[httpx.Request], httpx.Response]
    asked: list[httpx.Request] = field(default_factory=list)
    time: float = 1000.0

    def lists(self) -> ProviderLists:
        def handle(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return self.answer(request)

        return ProviderLists(lambda: self.time, httpx.MockTransport(handle))


def saying(text: str, status: int = 200) -> Provider:
    return Provider(lambda _request: httpx.Response(status, text=text))


@pytest.mark.parametrize(
    ("claims", "seconds"),
    [
        ({"ttl": 600}, 600),
        ({}, 300),
        ({"ttl": 1}, 30),
        ({"ttl": 10**9}, 86400),
        ({"ttl": "9"}, 300),
    ],
)
def test_kept_for_its_time_to_live(claims: dict[str, object], seconds: int) -> None:
    listed = token(**claims)
    provider = saying(f"{listed}\n")
    lists = provider.lists()

    first = lists(LIST)
    provider.time += seconds - 1
    second = lists(LIST)
    provider.time += 1
    third = lists(LIST)

    assert first == second == third == listed
    assert [str(request.url) for request in provider.asked] == [LIST, LIST]
    assert provider.asked[0].headers["accept"] == "application/statuslist+jwt"


def test_what_is_no_token_is_asked_for_again_soon() -> None:
    provider = saying("sorry")
    lists = provider.lists()

    assert lists(LIST) == lists(LIST) == "sorry"
    provider.time += 30
    lists(LIST)

    assert len(provider.asked) == 2


def _refuses(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


@pytest.mark.parametrize(
    ("provider", "uri", "reason"),
    [
        (saying("", 404), LIST, "status 404"),
        (saying("", 302), LIST, "status 302"),
        (saying("x" * (4 * 1024 * 1024 + 1)), LIST, "too long"),
        (Provider(_refuses), LIST, "ConnectError"),
        (saying("x"), "http://provider.example/lists/7", "not https"),
        (saying("x"), "file:///etc/passwd", "not https"),
        (saying("x"), "lists/7", "not https"),
        (saying("x"), "https://[broken/lists", "address"),
    ],
)
def test_what_cannot_be_had_is_told(provider: Provider, uri: str, reason: str) -> None:
    with pytest.raises(ProviderUnreachable) as away:
        provider.lists()(uri)

    assert away.value.facts["reason"] == reason
    assert len(provider.asked) == (0 if reason in ("not https", "address") else 1)


def test_nothing_is_kept_of_a_failure() -> None:
    """Once the way is there, the next try goes."""
    answers = iter([httpx.Response(503), httpx.Response(200, text="listed")])
    provider = Provider(lambda _request: next(answers))
    lists = provider.lists()

    with pytest.raises(ProviderUnreachable):
        lists(LIST)

    assert lists(LIST) == "listed"
