"""The training wallet itself behind the window, with an issuer that lives in the test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pytestqt.qtbot import QtBot

from desk.credential.statuslist import ListTerms, Status, StatusList, sign_jwt
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone, PhoneEvent
from desk.ui.phone.control import PhoneControl
from desk.ui.phone.snapshot import CardState, Page
from desk.ui.phone.window import PhoneWindow
from tests.ui.phone.conftest import Held

issuers = pytest.importorskip(
    "tests.training.test_phone", reason="the issuer of the wallet's own tests is not there"
)


class Issuer(issuers.Issuer):  # type: ignore[misc, name-defined]
    """Offers both formats; its status list says what ``says`` says."""

    says = Status.SUSPENDED

    def _credential(self, request: httpx.Request) -> httpx.Response:
        wanted = "sd-jwt" if b'"sd-jwt"' in request.content else "mdoc"
        self.configuration = wanted
        return super()._credential(request)  # type: ignore[no-any-return]

    def _status(self, _request: httpx.Request) -> httpx.Response:
        statuses = StatusList(100)
        statuses.set(7, self.says)
        terms = ListTerms(
            issuers.STATUS_URI,
            issuers.NOW,
            issuers.NOW.replace(hour=23),
            issuers.timedelta(hours=1),
        )
        return httpx.Response(200, text=sign_jwt(statuses, terms, self.authority.status_signer))


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(issuers.NOW)


@pytest.fixture
def issuer(authority: TrainingAuthority) -> Issuer:
    both = {"credential_configuration_ids": ["mdoc", "sd-jwt"]}
    return Issuer(authority, offer=both)


@pytest.fixture
def real(qtbot: QtBot, issuer: Issuer, authority: TrainingAuthority) -> Iterator[Held]:
    window, bugs = PhoneWindow(), []
    qtbot.addWidget(window)
    qr: list[str | None] = [issuers.OFFER]

    def told(event: PhoneEvent) -> None:
        control.hear(event)

    with httpx.Client(transport=httpx.MockTransport(issuer)) as http:
        phone = Phone(
            http,
            lambda: issuers.NOW,
            anchors=(authority.iaca,),
            verifiers=(authority.relying_party_root,),
            on_event=told,
        )
        control = PhoneControl(window, phone, lambda: qr[0], bugs.append, poll_ms=20)
        window.show()
        yield Held(qtbot, window, phone, control, bugs, qr, issuers.OFFER)  # type: ignore[arg-type]
        control.close()
    assert not bugs


def test_both_formats_are_one_id_and_turn_usable_together(
    real: Held, issuer: Issuer, authority: TrainingAuthority
) -> None:
    real.receive()
    (card,) = real.control.screen.cards
    assert card.formats == ("mdoc", "SD-JWT VC")
    assert (card.hangul, card.latin) == ("석마루", "SEOK MARU")
    assert card.post == "주베트남 대한민국 대사관"
    assert card.portrait is not None
    assert card.state is CardState.PREPARED

    issuers.asking(issuer, authority)
    real.qr[0] = issuers.CHECK
    real.scan(Page.REQUEST)
    request = real.control.screen.request
    assert request is not None
    assert request.known
    assert "CN=" not in request.verifier
    asked = {line.element for line in request.asked}
    assert asked == {"family_name", "given_name", "birth_date", "portrait"}

    real.window.present_accepted.emit()
    real.until(Page.SENT)
    issuer.says = Status.VALID
    real.qtbot.waitUntil(lambda: real.control.screen.cards[0].state is CardState.USABLE)


def test_a_wrong_pin_of_the_real_wallet_counts(real: Held, issuer: Issuer) -> None:
    refused = {"error": "invalid_grant", "reason": "wrong_code", "tries_left": 4}
    issuer.replies = {"/token": [httpx.Response(400, json=refused)]}
    real.scan(Page.OFFER)
    real.window.offer_accepted.emit()
    real.type_pin("111111")

    real.qtbot.waitUntil(lambda: real.control.screen.pin.wrong)

    assert real.control.screen.pin.tries_left == 4
