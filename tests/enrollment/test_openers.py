"""What opens a phone's answer: there when the phone asks, given once, gone after seconds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from desk.credential import jose
from desk.credential.proof import TYPE
from desk.credential.signer import LocalKey
from desk.enrollment import openers as module
from desk.enrollment.keys import new_access_token, public_bytes, token_opener
from desk.enrollment.openers import Openers
from tests.enrollment.counter import PIN
from tests.enrollment.steps import GRANT
from tests.enrollment.test_app import ISSUER, Inside, fresh_order


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that one was made of."""
    tokens: list[str] = []

    def noted(token: str) -> X25519PrivateKey:
        tokens.append(token)
        return token_opener(token)

    monkeypatch.setattr(module, "token_opener", noted)
    return tokens


def test_it_is_made_when_the_token_has_left_and_given_once(made: list[str]) -> None:
    openers, token = Openers(), new_access_token("offer-1")

    async def scene() -> None:
        openers.make_soon(token)
        assert made == []
        await asyncio.sleep(0)
        assert made == [token]
        first, second = openers.take(token), openers.take(token)
        assert made == [token, token]
        assert public_bytes(first) == public_bytes(second) == public_bytes(token_opener(token))

    asyncio.run(scene())


def test_a_token_that_another_process_granted(made: list[str]) -> None:
    token = new_access_token("offer-1")

    opener = Openers().take(token)

    assert made == [token]
    assert public_bytes(opener) == public_bytes(token_opener(token))


def test_none_is_kept_for_a_phone_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_SECONDS", 0.0)
    openers = Openers()

    async def scene() -> None:
        openers.make_soon(new_access_token("offer-1"))
        await asyncio.sleep(0)
        assert openers._made
        while openers._made:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(scene(), 20))


def test_the_service_makes_it_with_the_token_and_takes_it_with_the_request(tmp_path: Path) -> None:
    inside, key, kept = Inside(tmp_path, wait_seconds=0.0), LocalKey.generate(), list[int]()
    made = inside.service.openers._made

    async def issue(client: httpx.AsyncClient) -> httpx.Response:
        async def ask(path: str, token: str = "", **what: object) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return await client.post(f"{ISSUER}/{path}", auth=None, headers=headers, **what)  # type: ignore[arg-type]

        placed = await client.put("/desk/offers/offer-1", json=fresh_order())
        address = unquote(placed.json()["uri"].partition("credential_offer_uri=")[2])
        offered = await client.get(address, auth=None)
        code = offered.json()["grants"][GRANT]["pre-authorized_code"]
        form = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": PIN}
        token = (await ask("token", data=form)).json()["access_token"]
        await asyncio.sleep(0)
        kept.append(len(made))
        nonce = (await ask("nonce")).json()["c_nonce"]
        proof = jose.sign_compact(
            {"alg": "ES256", "typ": TYPE, "jwk": key.public.jwk()},
            {"aud": ISSUER, "iat": int(time.time()), "nonce": nonce},
            key,
        )
        wanted = {"credential_configuration_id": "mdoc", "proofs": {"jwt": [proof]}}
        return await ask("credential", token, json=wanted)

    answer = inside.call(issue)
    inside.service.close()

    assert answer.status_code == 202
    assert (kept, made) == ([1], {})
