"""What opens a phone's answer: there when the phone asks, given once, gone after seconds."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from desk.enrollment import openers as module
from desk.enrollment.keys import new_access_token, public_bytes, token_opener
from desk.enrollment.openers import Openers


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
