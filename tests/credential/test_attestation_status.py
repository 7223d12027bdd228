"""What a wallet's provider took back (OpenID4VCI 1.0, annex D.1; Token Status List, 8.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from desk.credential.attestation import AttestationPolicy, verify_attestation
from desk.credential.attestation_use import AttestationUse
from desk.credential.signer import LocalKey
from desk.credential.statuslist import Status, StatusList
from desk.credential.troubles import ProofRefused
from desk.training.wallet_provider import WalletProvider
from desk.trouble import Trouble

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIST = "https://provider.example/lists/7"
TAKEN_BACK, SUSPENDED, GOOD = 3, 5, 6


@cache
def provider() -> WalletProvider:
    return WalletProvider.create(NOW)


def statuses() -> StatusList:
    listed = StatusList(64)
    listed.set(TAKEN_BACK, Status.INVALID)
    listed.set(SUSPENDED, Status.SUSPENDED)
    return listed


@dataclass
class Lists:
    """What stands at every address."""

    token: str
    asked: list[str] = field(default_factory=list)

    def __call__(self, uri: str) -> str:
        self.asked.append(uri)
        return self.token


def lists(uri: str = LIST, at: datetime = NOW, by: WalletProvider | None = None) -> Lists:
    return Lists((by or provider()).status_list(uri, statuses(), at))


def check(status: Any, found: Lists | None) -> None:
    policy = AttestationPolicy(AttestationUse.REQUIRED, (provider().root,), lists=found)
    key, claims = LocalKey.generate().public, {"status": status}
    jwt = provider().attest([key], NOW, nonce="nonce", claims=claims)
    verify_attestation(jwt, policy, nonce="nonce", now=NOW, beside_proof=True)


def at(index: int) -> dict[str, Any]:
    return {"status_list": {"idx": index, "uri": LIST}}


def test_one_that_holds() -> None:
    found = lists()

    check(at(GOOD), found)

    assert found.asked == [LIST]


def test_one_without_a_status_and_one_nobody_asks_about() -> None:
    found = lists()

    check(None, found)
    check(at(TAKEN_BACK), None)

    assert found.asked == []


@pytest.mark.parametrize(
    ("status", "found", "reason"),
    [
        (at(TAKEN_BACK), lists(), "taken back"),
        (at(SUSPENDED), lists(), "taken back"),
        (at(64), lists(), "unknown"),
        (at(GOOD), lists(uri="https://provider.example/lists/8"), "another address"),
        (at(GOOD), lists(at=NOW - timedelta(days=2)), "run out"),
        (at(GOOD), lists(by=WalletProvider.create(NOW)), "anchor"),
        (at(GOOD), Lists("no token at all"), "JWS"),
        ({"identifier_list": {"id": "x"}}, lists(), "without a status list"),
        ({"status_list": {"idx": "6", "uri": LIST}}, lists(), "incomplete"),
        ("valid", lists(), "without a status list"),
    ],
)
def test_one_that_does_not(status: Any, found: Lists, reason: str) -> None:
    """Taken back, or not to be told: neither counts as good."""
    with pytest.raises(ProofRefused) as refused:
        check(status, found)

    assert reason in str(refused.value.facts["reason"])


def test_a_list_that_cannot_be_had_is_no_refusal() -> None:
    """Its own trouble comes through: the phone's request must stay, not be denied."""

    class Away(Trouble):
        code = "ENROLL-30"

    def away(_uri: str) -> str:
        raise Away

    policy = AttestationPolicy(AttestationUse.REQUIRED, (provider().root,), lists=away)
    key, claims = LocalKey.generate().public, {"status": at(GOOD)}
    jwt = provider().attest([key], NOW, nonce="nonce", claims=claims)

    with pytest.raises(Away):
        verify_attestation(jwt, policy, nonce="nonce", now=NOW, beside_proof=True)
