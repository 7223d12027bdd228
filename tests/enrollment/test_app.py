"""The service in this process: a full disk, a slow body, a bug, another address, metadata."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from desk.counter.values import AUTHORITY
from desk.credential.claims import LOCALES, load_profile
from desk.enrollment import waiting, wire
from desk.enrollment.app import build_app
from desk.enrollment.keys import StationKey
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.policy import Demand
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.trouble import MailboxFull, PublicUrlUnusable
from desk.issuance.ports import EventKind
from tests.enrollment.counter import PIN, now
from tests.enrollment.station import StationAuth
from tests.enrollment.test_mailbox import offer, redeem, request

KEY = StationKey(b"k" * 32)
ISSUER = "https://issue.example/kr"


def fresh_order() -> dict[str, object]:
    """An offer that ends five minutes from the test, not from the start of the whole run."""
    ends = now() + timedelta(minutes=5)
    return {"configurations": ["mdoc"], "tx_code": PIN, "expires_at": ends.isoformat()}


Call = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


class Inside:
    """A service without a socket."""

    def __init__(self, folder: Path, issuer: str = ISSUER, **settings: Any) -> None:
        self.mailbox = Mailbox(folder / "mailbox.sqlite", now())
        self.service = Service(
            ServiceSettings(issuer, **settings), KEY, self.mailbox, load_profile()
        )

    def call(self, act: Call) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(build_app(self.service))
            auth = StationAuth(KEY, now)
            async with httpx.AsyncClient(
                transport=transport, base_url="https://issue.example", auth=auth
            ) as client:
                return await act(client)

        return asyncio.run(run())


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    made = Inside(tmp_path)
    yield made
    made.service.close()


def test_poll_that_ends_tells_what_waits_then(inside: Inside) -> None:
    """Not what waited when it began: an answer that no phone has fetched is no event."""
    box, bells = inside.mailbox, inside.service.bells
    box.place_offer(offer()._replace(expires_at=now() + timedelta(minutes=5)), now())
    redeem(box, at=now())
    box.file_request(request(), "h1", now())
    known = box.news("offer-1", 0, now())

    async def poll_while_answering(client: httpx.AsyncClient) -> httpx.Response:
        last = known.events[-1].seq
        poll = asyncio.ensure_future(
            client.get(f"/desk/offers/offer-1/events?after={last}&wait=20")
        )
        while not bells._sleepers:
            await asyncio.sleep(0)
        box.answer(request().request_id, b"sealed", None, now())
        bells.close()
        return await poll

    assert len(known.requests) == 1
    assert inside.call(poll_while_answering).json() == {"events": [], "requests": []}


def test_news_of_what_is_being_filed_come_in_one_answer(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are events to tell already, yet the desk would have to ask again for the keys."""
    monkeypatch.setattr(waiting, "_MOMENT_SECONDS", 60)
    box, filings = inside.mailbox, inside.service.filings
    box.place_offer(offer()._replace(expires_at=now() + timedelta(minutes=5)), now())
    redeem(box, at=now())

    async def ask_while_filing(client: httpx.AsyncClient) -> httpx.Response:
        with filings.going_on("offer-1"):
            asked = asyncio.ensure_future(client.get("/desk/offers/offer-1/events?wait=20"))
            while not filings._going["offer-1"][0]._waiters and not asked.done():
                await asyncio.sleep(0)
            box.file_request(request(), "h1", now())
        return await asked

    told = inside.call(ask_while_filing).json()

    assert told["events"][-1]["kind"] == EventKind.KEY_RECEIVED
    assert len(told["requests"]) == 1
    assert filings._going == {}


def test_news_come_although_the_filing_does_not_end(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_MOMENT_SECONDS", 0.01)
    inside.mailbox.place_offer(offer()._replace(expires_at=now() + timedelta(minutes=5)), now())
    redeem(inside.mailbox, at=now())

    async def ask_while_filing(client: httpx.AsyncClient) -> httpx.Response:
        with inside.service.filings.going_on("offer-1"):
            return await client.get("/desk/offers/offer-1/events?wait=20")

    assert inside.call(ask_while_filing).json()["events"][-1]["kind"] == EventKind.CODE_RIGHT


def test_full_disk(inside: Inside) -> None:
    """A coded 503, nothing half stored, and the same order works once there is room."""
    inside.mailbox.limit_pages(1)
    order = fresh_order()

    def place(number: int) -> httpx.Response:
        return inside.call(lambda c: c.put(f"/desk/offers/o-{number}", json=order))

    answers = [place(number) for number in range(60)]
    full = next(number for number, answer in enumerate(answers) if answer.status_code != 200)
    refused = answers[full]
    inside.mailbox.limit_pages(10_000)

    assert refused.status_code == 503
    assert refused.json()["code"] == MailboxFull.code
    assert refused.headers["retry-after"]
    assert refused.headers["cache-control"] == "no-store"
    assert inside.call(lambda c: c.get(f"/desk/offers/o-{full}/events")).status_code == 404
    assert place(full).status_code == 200


def test_slow_body_is_cut(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never ends holds no place."""
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)

    async def endless() -> AsyncIterator[bytes]:
        yield b"grant_type="
        await asyncio.Event().wait()

    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Transfer-Encoding": "chunked",
    }

    # httpx's own transport reads the body before it calls; so the app is called directly.
    async def receive_slowly() -> dict[str, Any]:
        body = endless()
        app = build_app(inside.service)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            part = await anext(body)
            return {"type": "http.request", "body": part, "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/kr/token",
            "raw_path": b"/kr/token",
            "query_string": b"",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "scheme": "http",
            "root_path": "",
            "http_version": "1.1",
        }
        await app(scope, receive, send)
        return {"status": sent[0]["status"], "body": json.loads(sent[1]["body"])}

    answer = asyncio.run(receive_slowly())

    assert answer["status"] == 408
    assert answer["body"]["error"] == "invalid_request"


def test_a_bug_shows_nothing(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong inside, the answer says no more than that it did."""

    def broken(*_args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Mailbox, "queue", broken)
    with caplog.at_level(logging.ERROR, "desk.enrollment"):
        answer = inside.call(lambda c: c.get("/desk/health"))

    assert answer.status_code == 500
    assert answer.json()["error"] == "server_error"
    assert "secret" not in answer.text
    assert "desk_health failed" in caplog.text


def test_log_lines_name_the_endpoint_only(inside: Inside, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "desk.enrollment"):
        placed = inside.call(lambda c: c.put("/desk/offers/o-1", json=fresh_order())).json()
        handle = placed["uri"].rsplit("%2F", 1)[1]
        inside.call(lambda c: c.get(f"/kr/offer/{handle}"))

    assert "GET offer 200" in caplog.text
    for secret in (handle, PIN, "o-1", "Desk "):
        assert secret not in caplog.text


def test_well_known_paths_are_inserted(inside: Inside) -> None:
    """For an issuer with a path the well-known part stands between host and path."""
    issuer = inside.call(lambda c: c.get("/.well-known/openid-credential-issuer/kr")).json()
    server = inside.call(lambda c: c.get("/.well-known/oauth-authorization-server/kr")).json()

    assert issuer["credential_issuer"] == server["issuer"] == ISSUER
    assert server["token_endpoint"] == f"{ISSUER}/token"
    for name in ("credential", "nonce", "notification"):
        assert issuer[f"{name}_endpoint"] == f"{ISSUER}/{name}"
    assert issuer["deferred_credential_endpoint"] == f"{ISSUER}/deferred"


@pytest.mark.parametrize("path", ["/%EC%98%81%EC%82%AC", "/k%20r/x", "/kr%2F"])
def test_path_that_is_written_encoded_is_found(tmp_path: Path, path: str) -> None:
    """Requests' paths are decoded before they are looked up; what is told stays as written."""
    encoded = Inside(tmp_path, f"https://issue.example{path}")
    placed = encoded.call(lambda c: c.put("/desk/offers/o-1", json=fresh_order())).json()["uri"]
    handle = parse_qs(urlsplit(placed).query)["credential_offer_uri"][0]

    def told(method: str, address: str, **parts: Any) -> httpx.Response:
        return encoded.call(lambda c: c.request(method, address, auth=None, **parts))

    issuer = told("GET", f"/.well-known/openid-credential-issuer{path}").json()
    server = told("GET", f"/.well-known/oauth-authorization-server{path}").json()
    assert issuer["credential_issuer"] == server["issuer"] == f"https://issue.example{path}"
    assert told("POST", issuer["nonce_endpoint"]).status_code == 200
    assert told("POST", server["token_endpoint"], data={}).status_code == 400
    assert told("GET", handle).json()["credential_issuer"] == issuer["credential_issuer"]
    page = told("GET", f"{path}/get", params={"credential_offer_uri": handle})
    assert page.status_code == 200
    described = told("GET", f"{path}/openapi.json").json()["paths"]
    assert {f"{path}/nonce", f"/.well-known/openid-credential-issuer{path}"} <= described.keys()
    encoded.service.close()


def test_metadata_members(inside: Inside) -> None:
    """What OpenID4VCI 1.0 section 12.2.4 requires, and every name in four languages."""
    metadata = inside.call(lambda c: c.get("/.well-known/openid-credential-issuer/kr")).json()
    server = inside.call(lambda c: c.get("/.well-known/oauth-authorization-server/kr")).json()
    mdoc = metadata["credential_configurations_supported"]["mdoc"]
    sdjwt = metadata["credential_configurations_supported"]["sd-jwt"]

    assert mdoc["format"] == "mso_mdoc"
    assert mdoc["doctype"] == "org.iso.23220.photoid.1"
    assert mdoc["cryptographic_binding_methods_supported"] == ["cose_key"]
    assert all(isinstance(n, int) for n in mdoc["credential_signing_alg_values_supported"])
    assert sdjwt["format"] == "dc+sd-jwt"
    assert sdjwt["vct"]
    assert "ES256" in sdjwt["credential_signing_alg_values_supported"]
    for configuration in (mdoc, sdjwt):
        assert configuration["scope"]
        assert (
            "ES256"
            in configuration["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]
        )
        shown = configuration["credential_metadata"]
        assert {entry["locale"] for entry in shown["display"]} == set(LOCALES)
        for claim in shown["claims"]:
            assert {entry["locale"] for entry in claim["display"]} == set(LOCALES)
    # Whoever issues is named as in the credential itself, not after it.
    issuers = {entry["locale"]: entry["name"] for entry in metadata["display"]}
    assert set(issuers) == set(LOCALES)
    assert issuers["en"] == AUTHORITY
    assert metadata["batch_credential_issuance"] == {"batch_size": 10}
    assert server["pre-authorized_grant_anonymous_access_supported"] is True


def test_no_encryption_where_it_is_off(tmp_path: Path) -> None:
    inside = Inside(tmp_path, encryption=Demand.OFF)

    metadata = inside.call(lambda c: c.get("/.well-known/openid-credential-issuer/kr")).json()

    assert not any("encryption" in member for member in metadata)
    inside.service.close()


def test_one_key_at_a_time_is_no_batch(tmp_path: Path) -> None:
    """12.2.4: a batch size below two is not announced."""
    inside = Inside(tmp_path, batch_size=1)

    metadata = inside.call(lambda c: c.get("/.well-known/openid-credential-issuer/kr")).json()

    assert "batch_credential_issuance" not in metadata
    inside.service.close()


@pytest.mark.parametrize(
    "issuer",
    [
        "http://issue.example",
        "https://issue.example/?a=1",
        "https://issue.example/#x",
        "issue.example",
        "ftp://issue.example",
        "https://",
        "https://issue.example/desk",
        "https://issue.example/desk/kr",
        "https://issue.example/%64esk/",
        "https://issue.example/%7Bkr%7D",
    ],
)
def test_addresses_no_phone_should_use(issuer: str) -> None:
    with pytest.raises(PublicUrlUnusable):
        ServiceSettings(issuer)


@pytest.mark.parametrize(
    "path", ["offers/x", "offers/x/void", "offers/x/events", "requests/x/denial", "health"]
)
def test_most_calls_are_small(inside: Inside, path: str) -> None:
    """Also where they bear a time of now; what carries a credential or a list is larger."""
    method = "POST" if path.endswith("void") else "PUT"
    method = "GET" if path in ("health", "offers/x/events") else method
    shown = {"Authorization": f"Desk {int(now().timestamp() * 1000)}.number.signature"}

    def status(method: str, path: str) -> int:
        body = b"x" * (wire.SMALL_BODY + 1)
        return inside.call(
            lambda web: web.request(method, f"/desk/{path}", content=body, headers=shown, auth=None)
        ).status_code

    assert status(method, path) == 413
    for larger in ("status/1", "requests/x/answer", "checks/" + "x" * 20):
        assert status("PUT", larger) == 401
