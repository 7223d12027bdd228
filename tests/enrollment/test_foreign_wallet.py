"""A wallet library of other people (npm) obtains and verifies both formats.

Run `npm install` in tests/enrollment/node once; without it these tests skip.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.credential.statuslist import Status
from desk.issuance.ports import EventKind, Offer
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now

FOLDER = Path(__file__).parent / "node"

Wallet = Callable[[Offer, str], "subprocess.Popen[str]"]


@pytest.fixture
def wallet(tmp_path: Path, counter: Counter) -> Wallet:
    """Start the wallet on an offer; it prints one JSON line."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip("npm install was not run in tests/enrollment/node")
    iaca = tmp_path / "iaca.pem"
    iaca.write_bytes(counter.authority.iaca_pem)
    counter.publish(Status.SUSPENDED)

    def start(offer: Offer, pin: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [program, "wallet.mjs", offer.uri, pin, str(iaca)],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    return start


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=90)
    answer: dict[str, Any] = json.loads(output)
    return answer


def test_both_formats_at_once(counter: Counter, wallet: Wallet) -> None:
    """@openid4vc/openid4vci 0.4.6; @owf/mdoc 0.6.0 and @sd-jwt/sd-jwt-vc 0.19.0 verify."""
    offer = counter.place("mdoc", "sd-jwt")

    with counter.answering(offer.offer_id):
        answer = said(wallet(offer, PIN))

    assert "error" not in answer, answer["error"]
    formats = [entry["format"] for entry in answer["credentials"]]
    assert formats == ["mso_mdoc", "dc+sd-jwt"]
    assert not any(entry["deferred"] for entry in answer["credentials"])
    assert all("family_name" in entry["claims"] for entry in answer["credentials"])
    assert counter.kinds(offer.offer_id).count(EventKind.ACCEPTED) == 2


@pytest.mark.parametrize("configuration", ["mdoc", "sd-jwt"])
def test_deferred(hasty: Counter, wallet: Wallet, configuration: str) -> None:
    """The library comes back for a deferred credential, and verifies it."""
    hasty.publish(Status.SUSPENDED)
    offer = hasty.place(configuration)

    process = wallet(offer, PIN)
    hasty.wait_for(offer.offer_id, EventKind.DEFERRED)
    hasty.answer_all(offer.offer_id)
    answer = said(process)

    assert "error" not in answer, answer["error"]
    assert answer["credentials"][0]["deferred"]


def test_wrong_pin_is_told(counter: Counter, wallet: Wallet) -> None:
    """The library gets the standard's refusal, and the code survives it."""
    offer = counter.place("mdoc")

    refused = said(wallet(offer, WRONG_PIN))
    with counter.answering(offer.offer_id):
        answer = said(wallet(offer, PIN))

    assert refused["response"] == 400
    assert "error" not in answer, answer["error"]


def test_from_the_whole_desk(wallet: Wallet, tmp_path: Path) -> None:
    """`desk rehearse serve`: the training card signs, the library obtains both formats."""
    command = [sys.executable, "-m", "desk", "--home", str(tmp_path / "home")]
    command += ["rehearse", "serve", "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as desk:
        assert desk.stdout is not None
        try:
            ready = json.loads(desk.stdout.readline())
            minted = httpx.post(
                ready["offers"], json={"configuration": "both"}, timeout=60, trust_env=False
            ).json()
            (tmp_path / "iaca.pem").write_bytes(Path(ready["iaca"]).read_bytes())
            offer = Offer("minted", minted["offer"], now())
            answer = said(wallet(offer, minted["tx_code"]))
        finally:
            desk.terminate()

    assert "error" not in answer, answer["error"]
    formats = {entry["format"] for entry in answer["credentials"]}
    assert formats == {"mso_mdoc", "dc+sd-jwt"}
    assert all("portrait" in c or "picture" in c for c in map(_claims, answer["credentials"]))


def _claims(entry: dict[str, Any]) -> list[str]:
    claims: list[str] = entry["claims"]
    return claims
