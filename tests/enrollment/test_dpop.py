"""DPoP-bound access tokens: RFC 9449 sections 4.3, 5, 7, 8 and 9."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.credential import jose
from desk.credential.claims import load_profile
from desk.credential.keys import Curve
from desk.credential.signer import LocalKey
from desk.enrollment.dpop import Dpop
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.nonces import new_nonce
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.wire import Refusal, Request
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from desk.training.wallet_issuer import Manner
from tests.enrollment.conftest import NewPhone, started
from tests.enrollment.counter import PIN, Counter, now
from tests.enrollment.steps import Steps
from tests.enrollment.test_app import ISSUER, KEY

Make = Callable[[Steps], str]


@pytest.fixture(scope="module")
def bound_only(folder: Path, key: StationKey, authority: TrainingAuthority) -> Iterator[Counter]:
    """A desk at a service that gives bound tokens only."""
    process = started(folder, "bound", "--dpop", "required")
    with HttpLink(process.url, key) as link:
        yield Counter(link, authority)
    process.stop()


@pytest.fixture
def steps(hasty: Counter, web: httpx.Client) -> Steps:
    return Steps(web, hasty, hasty.place("mdoc"))


def shown(token: str, proof: str) -> dict[str, str]:
    return {"Authorization": f"DPoP {token}", "DPoP": proof}


def test_phone_with_a_bound_token(bound_only: Counter, new_phone: NewPhone) -> None:
    """Token, credential, notification, each with a proof; nonces as the service gives them."""
    offer, phone = bound_only.place("mdoc", "sd-jwt"), new_phone()

    with bound_only.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)

    assert len(cards) == 2
    assert bound_only.kinds(offer.offer_id).count(EventKind.ACCEPTED) == 2


@pytest.mark.parametrize("deferred", [False, True])
def test_the_whole_way_with_proofs(steps: Steps, hasty: Counter, deferred: bool) -> None:
    """Every protected endpoint takes the token with a proof of its own."""
    token = steps.bound_token()
    headers = shown(token, steps.dpop("credential", token))
    body = steps.request_body()

    first = steps.web.post(f"{steps.issuer}/credential", json=body, headers=headers)
    hasty.answer_all(steps.offer.offer_id)
    path = "deferred" if deferred else "credential"
    again = {"transaction_id": first.json()["transaction_id"]} if deferred else body
    second = steps.web.post(
        f"{steps.issuer}/{path}", json=again, headers=shown(token, steps.dpop(path, token))
    )

    assert (first.status_code, second.status_code) == (202, 200)
    assert ("notification_id" in second.json()) is not deferred


def test_service_asks_for_its_nonce(steps: Steps) -> None:
    """Sections 8 and 9: 400 at the token endpoint, 401 elsewhere, each with a fresh nonce."""
    first = steps.token_request(headers={"DPoP": steps.dpop("token", nonce=None)})
    nonce = first.headers["DPoP-Nonce"]
    second = steps.token_request(headers={"DPoP": steps.dpop("token", nonce=nonce)})
    token = second.json()["access_token"]
    third = steps.post(
        "credential", headers=shown(token, steps.dpop("credential", token, nonce="x")), json={}
    )

    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    assert second.headers["DPoP-Nonce"] != nonce
    assert (third.status_code, third.json()["error"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in third.headers["www-authenticate"]
    assert third.headers["DPoP-Nonce"]


def test_no_proof_costs_no_try_and_no_code(bound_only: Counter, web: httpx.Client) -> None:
    steps = Steps(web, bound_only, bound_only.place("mdoc"))

    refused = [steps.token_request() for _ in range(6)]

    assert {answer.json()["error"] for answer in refused} == {"invalid_dpop_proof"}
    assert steps.bound_token()
    server = web.get(f"{steps.issuer}/.well-known/oauth-authorization-server").json()
    assert server["dpop_signing_alg_values_supported"] == ["ES256", "ES384"]


def _claims(**claims: Any) -> Make:
    return lambda s: s.dpop("token", **claims)


def _header(**header: Any) -> Make:
    return lambda s: s.dpop("token", header=header)


def _unsigned(steps: Steps) -> str:
    head, body, _ = steps.dpop("token", header={"alg": "none"}).split(".")
    return f"{head}.{body}."


WRONG: dict[str, Make] = {
    "not a JWT": lambda _s: "x",
    "endless": lambda _s: "x" * 9000,
    "another type": _header(typ="JWT"),
    "no key": _header(jwk=None),
    "key is text": _header(jwk="x"),
    "private key": lambda s: s.dpop("token", header={"jwk": jose.private_jwk(s.dpop_key.private)}),
    "signed by another key": _header(jwk=LocalKey.generate().public.jwk()),
    "MAC": _header(alg="HS256"),
    "alg none": _unsigned,
    "algorithm of another curve": lambda s: s.dpop(
        "token", key=LocalKey.generate(Curve.P384), header={"alg": "ES256"}
    ),
    "no method": _claims(htm=None),
    "another method": _claims(htm="GET"),
    "no address": _claims(htu=None),
    "another address": lambda s: s.dpop("token", htu=f"{s.issuer}/credential"),
    "address of another host": _claims(htu="https://issuer.example/token"),
    "address with a query": lambda s: s.dpop("token", htu=f"{s.issuer}/token?a=1"),
    "address that is none": _claims(htu="http://[::1/token"),
    "no iat": _claims(iat=None),
    "iat as text": _claims(iat="now"),
    "iat of last week": lambda s: s.dpop("token", iat=int(now().timestamp()) - 7 * 86400),
    "no jti": _claims(jti=None),
    "jti is a number": _claims(jti=7),
    "endless jti": _claims(jti="x" * 300),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_proof_at_the_token_endpoint(steps: Steps, name: str) -> None:
    """4.3, each check: refused before the code and the PIN are looked at."""
    answer = steps.token_request(headers={"DPoP": WRONG[name](steps)})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert answer.headers["DPoP-Nonce"]
    assert "access_token" in steps.token_request().json()


def test_proof_is_taken_once(steps: Steps, hasty: Counter, web: httpx.Client) -> None:
    """A recorded request gives nothing to whoever sends it again (11.1)."""
    proof = steps.dpop("token")
    steps.token_request(headers={"DPoP": proof})
    other = Steps(web, hasty, hasty.place("mdoc"))

    answer = other.token_request(headers={"DPoP": proof})

    assert answer.json()["error"] == "invalid_dpop_proof"


def test_number_of_a_proof_is_taken_once(steps: Steps, hasty: Counter, web: httpx.Client) -> None:
    """Also in a proof that says another second (11.1)."""
    second, nonce = int(now().timestamp()), web.post(f"{steps.issuer}/nonce").headers["DPoP-Nonce"]
    other = Steps(web, hasty, hasty.place("mdoc"), dpop_key=steps.dpop_key)
    first, again = (
        one.dpop("token", jti="the same", nonce=nonce, iat=at)
        for one, at in ((steps, second), (other, second - 1))
    )
    steps.token_request(headers={"DPoP": first})

    answer = other.token_request(headers={"DPoP": again})

    assert answer.json()["error"] == "invalid_dpop_proof"
    assert other.bound_token()


def test_proof_with_an_invented_code_is_not_written_down(steps: Steps) -> None:
    """Otherwise whoever asks fills the database: here it is as good as before."""
    proof = {"DPoP": steps.dpop("token")}

    refused = steps.token_request(pre_authorized_code="x", headers=proof)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert refused.json()["reason"] == "unknown"
    assert steps.token_request(headers=proof).json()["token_type"] == "DPoP"


def test_proof_of_one_who_asks_too_often_is_not_written_down(
    steps: Steps, hasty: Counter, web: httpx.Client
) -> None:
    code, proof = steps.code(), {"DPoP": steps.dpop("token")}
    while steps.token_request(pre_authorized_code=code).status_code != 429:
        pass
    refused = steps.token_request(pre_authorized_code=code, headers=proof)
    other = Steps(web, hasty, hasty.place("mdoc"))

    assert refused.status_code == 429
    assert other.token_request(headers=proof).json()["token_type"] == "DPoP"


@pytest.fixture
def clock() -> list[datetime]:
    """What time the service below has; as it begins a minute before the hour."""
    return [now().replace(minute=59, second=0, microsecond=0)]


@pytest.fixture(params=["file", "server"])
def nearly_an_hour(
    request: pytest.FixtureRequest, tmp_path: Path, clock: list[datetime]
) -> Iterator[Service]:
    """A service on either database."""
    server = request.param == "server"
    place = request.getfixturevalue("server_place") if server else tmp_path / "mailbox.sqlite"
    service = Service(
        ServiceSettings(ISSUER), KEY, Mailbox(place, now()), load_profile(), now=lambda: clock[0]
    )
    yield service
    service.close()


@pytest.mark.parametrize(("minutes", "taken"), [(2, False), (4, False), (61, True)])
def test_number_of_a_proof_is_taken_once_whatever_the_hour(
    nearly_an_hour: Service, clock: list[datetime], minutes: int, taken: bool
) -> None:
    """Another nonce of the next hour makes it no other number while the first proof would be
    taken (11.1); long after that it may come again."""
    service, key = nearly_an_hour, LocalKey.generate()

    async def prove() -> str | None:
        body = {
            "jti": "the same",
            "htm": "POST",
            "htu": service.settings.address("token"),
            "iat": int(clock[0].timestamp()),
            "nonce": new_nonce(service.key.dpop_nonce_key(), clock[0]),
        }
        proof = jose.sign_compact(
            {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.public.jwk()}, body, key
        )
        headers = [(b"host", b"issue.example"), (b"dpop", proof.encode())]
        scope = {"type": "http", "method": "POST", "path": "/kr/token", "headers": headers}
        return await Dpop(service).key_for_token(Request({**scope, "query_string": b""}))

    assert asyncio.run(prove()) == key.public.thumbprint
    clock[0] += timedelta(minutes=minutes)
    if taken:
        assert asyncio.run(prove()) == key.public.thumbprint
    else:
        with pytest.raises(Refusal, match="invalid_dpop_proof"):
            asyncio.run(prove())


def test_two_proofs_in_one_request(steps: Steps) -> None:
    fields = {"grant_type": "x"}
    headers = [("DPoP", steps.dpop("token")), ("DPoP", steps.dpop("token"))]

    answer = steps.web.post(f"{steps.issuer}/token", data=fields, headers=headers)
    refused = steps.web.post(
        f"{steps.issuer}/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
            "pre-authorized_code": steps.code(),
            "tx_code": PIN,
        },
        headers=headers,
    )

    assert answer.json()["error"] == "unsupported_grant_type"
    assert refused.json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        (lambda s, t: {"Authorization": f"Bearer {t}"}, "invalid_token"),
        (lambda s, t: {"Authorization": f"DPoP {t}"}, "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential", t, ath="x")), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential")), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("deferred", t)), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential", t, htm="GET")), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential", t, nbf=9_999_999_999)), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential", t, exp=1_000_000)), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential", t, exp="x")), "invalid_dpop_proof"),
        (lambda s, t: shown(t, s.dpop("credential", t, key=LocalKey.generate())), "invalid_token"),
        (lambda s, t: shown("x" * 43, s.dpop("credential", "x" * 43)), "invalid_token"),
    ],
)
def test_bound_token_shown_wrongly(
    steps: Steps, headers: Callable[[Steps, str], dict[str, str]], error: str
) -> None:
    """7.1: 401, a challenge that names DPoP, and nothing reaches the desk."""
    token = steps.bound_token()

    answer = steps.post("credential", headers=headers(steps, token), json=steps.request_body())

    assert (answer.status_code, answer.json()["error"]) == (401, error)
    assert "DPoP" in answer.headers["www-authenticate"]
    assert steps.counter.link.requests(steps.offer.offer_id) == ()


def challenges(answer: httpx.Response) -> dict[str, str]:
    """The challenge of each scheme."""
    _, *parts = re.split(r"(?:^|, )(Bearer|DPoP) ", answer.headers["www-authenticate"])
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_error_stands_in_the_challenge_of_the_scheme_used(steps: Steps, scheme: str) -> None:
    """RFC 6750 3 and RFC 9449 7.1: an unknown token, none, and one for something else."""
    other = {"Bearer": "DPoP", "DPoP": "Bearer"}[scheme]
    token = steps.bound_token() if scheme == "DPoP" else steps.token()

    def ask(token: str, **changed: Any) -> dict[str, str]:
        headers = {"Authorization": f"{scheme} {token}", "DPoP": steps.dpop("credential", token)}
        body = steps.request_body(**changed)
        return challenges(steps.post("credential", headers=headers, json=body))

    unknown, more = ask("x" * 43), ask(token, credential_configuration_id="sd-jwt")

    assert 'error="invalid_token"' in unknown[scheme]
    assert 'error="insufficient_scope"' in more[scheme]
    assert 'algs="' in unknown["DPoP"]
    for each in (unknown, more):
        assert "error" not in each[other]
    assert not any("error" in one for one in challenges(steps.post("credential")).values())


def test_unbound_token_with_a_proof(steps: Steps) -> None:
    token = steps.token()

    answer = steps.post(
        "credential", headers=shown(token, steps.dpop("credential", token)), json={}
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("spelling", [str.upper, lambda host: host])
@pytest.mark.parametrize("path", ["token", "%74oken", "x/../token", "%2E/%74%6fken"])
def test_spelling_of_the_address_does_not_matter(
    steps: Steps, spelling: Callable[[str], str], path: str
) -> None:
    """RFC 3986 6.2.2: neither the host's letters' case, nor escapes of letters, nor dots."""
    scheme, _, rest = steps.issuer.partition("://")
    htu = f"{scheme.upper()}://{spelling(rest)}/{path}"

    answer = steps.token_request(headers={"DPoP": steps.dpop("token", htu=htu)})

    assert answer.json()["token_type"] == "DPoP"


@pytest.mark.parametrize(
    "path", ["%2Ftoken", "/token", "token/", "Token", "x/token", "token%2E%2E/"]
)
def test_another_address_in_a_like_spelling(steps: Steps, path: str) -> None:
    answer = steps.token_request(
        headers={"DPoP": steps.dpop("token", htu=f"{steps.issuer}/{path}")}
    )

    assert answer.json()["error"] == "invalid_dpop_proof"


def test_phone_that_does_not_bind(counter: Counter, new_phone: NewPhone) -> None:
    offer, phone = counter.place("mdoc"), new_phone(manner=Manner(dpop=False, encrypt=False))

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)

    assert len(cards) == 1
