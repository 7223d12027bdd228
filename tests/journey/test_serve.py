"""`desk rehearse serve`: service and desk without a window, as whoever tries a wallet sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from desk.app.compose import utc_now
from desk.app.serve import STORIES
from desk.credential.statuslist import Status
from desk.training import applicants
from desk.training.phone import OfferShown, Phone
from desk.training.wallet_trouble import OfferWithdrawn
from tests.enrollment.wallets import ForeignWallet
from tests.journey.sightings import planted, sightings

ROOT = Path(__file__).resolve().parents[2]
CHOICES = {"mdoc": ["mdoc"], "sd-jwt": ["sd-jwt"], "both": ["mdoc", "sd-jwt"]}


@dataclass
class Served:
    """The running command and the one line it printed."""

    process: subprocess.Popen[str]
    issuer: str
    offers: str
    iaca: Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "desk", "--home", str(folder / "home")]
    with (
        (folder / "errors.log").open("w") as errors,
        subprocess.Popen(
            [*command, "rehearse", "serve", "--port", "0", "--json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert set(said) == {"issuer", "offers", "iaca"}
        try:
            yield Served(process, said["issuer"], said["offers"], Path(said["iaca"]))
        finally:
            process.terminate()


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


def mint(web: httpx.Client, served: Served, choice: str) -> dict[str, str]:
    response = web.post(served.offers, json={"configuration": choice})
    assert response.status_code == httpx.codes.OK, response.text
    minted: dict[str, str] = response.json()
    assert set(minted) == {"offer", "tx_code"}
    assert minted["offer"].startswith("openid-credential-offer://")
    assert len(minted["tx_code"]) == 6 and minted["tx_code"].isdecimal()
    return minted


@pytest.mark.parametrize("choice", CHOICES)
def test_phone_obtains(served: Served, web: httpx.Client, choice: str) -> None:
    """An offer of each kind, redeemed and verified by the training phone."""
    iaca = x509.load_pem_x509_certificate(served.iaca.read_bytes()).public_bytes(Encoding.DER)
    minted = mint(web, served, choice)
    phone = Phone(web, utc_now, anchors=(iaca,), patience=60)

    shown = phone.scan(minted["offer"])
    cards = phone.redeem(minted["tx_code"])

    assert isinstance(shown, OfferShown)
    assert list(shown.configurations) == CHOICES[choice]
    assert len(cards) == len(CHOICES[choice])
    assert {phone.status(card) for card in cards} == {Status.SUSPENDED}


def test_phones_beside_each_other(served: Served, web: httpx.Client) -> None:
    """Each has its own applicant's offer, whichever comes first; one more ends the oldest."""
    iaca = x509.load_pem_x509_certificate(served.iaca.read_bytes()).public_bytes(Encoding.DER)
    minted = [mint(web, served, "mdoc") for _ in range(len(STORIES) + 1)]

    cards = []
    for one in reversed(minted[1:]):
        phone = Phone(web, utc_now, anchors=(iaca,), patience=60)
        phone.scan(one["offer"])
        cards += phone.redeem(one["tx_code"])

    said = [item for card in cards for item in card.verified.disclosed.items()]
    names = {value for path, value in said if path[-1] == "family_name"}
    assert names == {one.surname for one in applicants.load() if one.story in STORIES}
    with pytest.raises(OfferWithdrawn):
        Phone(web, utc_now, anchors=(iaca,)).scan(minted[0]["offer"])


@pytest.mark.parametrize("choice", CHOICES)
def test_foreign_wallet_obtains(served: Served, web: httpx.Client, choice: str) -> None:
    """Wallet libraries from npm obtain and verify the same (tests/enrollment/node)."""
    with ForeignWallet("wallet.mjs", served.iaca) as wallet:
        minted = mint(web, served, choice)
        answer = wallet.ask("obtain", offer=minted["offer"], pin=minted["tx_code"])

    assert [one["configuration"] for one in answer["credentials"]] == CHOICES[choice]
    assert all("family_name" in one["claims"] for one in answer["credentials"])
    assert all({"portrait", "picture"} & set(one["claims"]) for one in answer["credentials"])


@pytest.mark.parametrize("body", [b"{", b'{"configuration": "paper"}', b'["mdoc"]'])
def test_unusable_question(served: Served, web: httpx.Client, body: bytes) -> None:
    response = web.post(served.offers, content=body)

    assert response.status_code == httpx.codes.BAD_REQUEST
    assert response.json() == {"error": "invalid_request"}


def test_ends_with_sigterm(served: Served, folder: Path) -> None:
    """Ends with 0, prints nothing more, leaves no child and no word about anybody."""
    process = served.process
    children = descendants(process.pid)
    assert children, "the service should be a child of the desk"

    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0, (folder / "errors.log").read_text()
    assert said == ""
    assert not [child for child in children if is_alive(child)]
    for one in (person for person in applicants.load() if person.story in STORIES):
        assert sightings(folder, planted(one, [])) == []


def descendants(pid: int) -> list[int]:
    """Processes below ``pid``, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found, wave = [], [pid]
    while wave:
        wave = [child for child, parent in parents.items() if parent in wave]
        found += wave
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
