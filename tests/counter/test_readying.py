"""What is made while a phone is awaited: once, of these very things, for one credential each."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from desk.cards.signer import CardSigner
from desk.counter import offering, signing, values
from desk.counter.readying import KEPT, Ready
from desk.counter.station import Station
from desk.credential import portrait
from desk.credential.claims import Format
from desk.credential.intent import Said
from desk.credential.mdoc import PreparedMdoc
from desk.credential.signer import LocalKey
from desk.credential.terms import Validity
from desk.issuance.case import State
from desk.issuance.ports import EventKind, OfferEvent
from desk.store import cases
from desk.store.cases import BlobKind
from tests.counter.test_approving import (
    CredentialCard,
    approved_case,
    crew,
    new_case,
    opened,
    station,
)
from tests.counter.test_approving import portrait as picture
from tests.counter.test_requests import behind, offered, phones_request

__all__ = ["opened", "station"]


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the portraits that were made since."""
    made: list[int] = []
    prepare = portrait.prepare

    def noted(*args: Any, **kwargs: Any) -> bytes:
        data = prepare(*args, **kwargs)
        made.append(len(data))
        return data

    monkeypatch.setattr(portrait, "prepare", noted)
    return made


@pytest.fixture
def desk(station: Station) -> Station:
    return replace(station, ready=Ready())


def test_nothing_is_made_anew_when_the_key_is_there(desk: Station, compressed: list[int]) -> None:
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(desk))
    case = offered(desk, approved_case(desk), "offer-ready")
    desk, service = behind(desk, phones_request(case, desk.now()))

    values.make_ready(desk, case)
    assert len(compressed) == 1
    case, taken = signing.take_requests(desk, officer, case)
    signing.sign_requests(desk, officer, case, taken, card)

    assert len(compressed) == 1
    assert service.answers == 1


def test_what_is_said_is_handed_out_once(desk: Station, compressed: list[int]) -> None:
    """A salt never serves two credentials, however many keys a phone brings."""
    case = offered(desk, approved_case(desk), "offer-once")
    values.make_ready(desk, case)
    made_of = values.sources(desk, case)

    said = [
        one for count in (1, 2) for one in desk.ready.said(case.number, made_of, Format.MDOC, count)
    ]

    assert len(set(map(id, said))) == 3
    assert len({_salts(desk, one) for one in said}) == 3
    assert len(compressed) == 1


def _salts(desk: Station, said: Said) -> bytes:
    """What a credential shows of them."""
    card = cast(CardSigner, CredentialCard(desk))
    leaf, profile = card.certificate_chain[0], desk.profile
    prepared = said.prepare(
        key=LocalKey.generate().public,
        issuer=card,
        validity=Validity.of(desk.now(), timedelta(days=30), profile.rounding, leaf),
        status=None,
    )
    assert isinstance(prepared, PreparedMdoc)
    return prepared.name_spaces


def test_what_was_made_of_something_else_counts_for_nothing(
    desk: Station, compressed: list[int]
) -> None:
    """The approval is of the case as it is: of another value or picture it is made anew."""
    case = offered(desk, approved_case(desk), "offer-other")
    values.make_ready(desk, case)
    made_of = values.sources(desk, case)
    other = replace(made_of, spoken=replace(made_of.spoken, family_name="MAENG"))
    smaller = replace(made_of, size=portrait.PortraitSize(width=180))

    spoken, small, own = (
        desk.ready.said(case.number, one, Format.MDOC, 1)[0] for one in (other, smaller, made_of)
    )

    assert b"MAENG" in _salts(desk, spoken)
    assert len(compressed) == 3
    assert compressed[2] < compressed[0]
    assert len(_salts(desk, small)) < len(_salts(desk, own))


def test_who_signs_what_was_not_made_ready_leaves_nothing_behind(
    desk: Station, compressed: list[int]
) -> None:
    """The page was left while the card signed: nobody would come to forget it."""
    case = offered(desk, approved_case(desk), "offer-left")
    made_of = values.sources(desk, case)

    for _ in range(2):
        desk.ready.said(case.number, made_of, Format.MDOC, 2)

    assert len(compressed) == 2
    assert not desk.ready.holds_anything


def test_the_records_are_free_while_a_picture_is_decoded(
    desk: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portrait that was not made ready is made before the write that locks them."""
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(desk))
    case = offered(desk, approved_case(desk), "offer-decoding")
    desk, service = behind(desk, phones_request(case, desk.now()))
    prepare, numbers = portrait.prepare, []

    def elsewhere() -> None:
        with desk.store.write() as session:
            numbers.append(cases.load(session, case.number).number)

    def meanwhile(*args: Any, **kwargs: Any) -> bytes:
        another = threading.Thread(target=elsewhere)
        another.start()
        another.join()
        return prepare(*args, **kwargs)

    monkeypatch.setattr(portrait, "prepare", meanwhile)
    case, taken = signing.take_requests(desk, officer, case)
    signing.sign_requests(desk, officer, case, taken, card)

    assert numbers == [case.number]
    assert service.answers == 1


def test_forgotten_means_made_again(desk: Station, compressed: list[int]) -> None:
    case = offered(desk, approved_case(desk), "offer-forgotten")
    values.make_ready(desk, case)
    assert desk.ready.holds_anything

    desk.ready.forget()

    assert not desk.ready.holds_anything
    desk.ready.said(case.number, values.sources(desk, case), Format.MDOC, 1)
    assert len(compressed) == 2


def test_each_case_has_its_own(desk: Station, compressed: list[int]) -> None:
    """One more case takes nothing from another, nor does the end of another's offer."""
    first, second, third = (
        offered(desk, approved_case(desk), f"offer-own-{number}") for number in range(3)
    )
    desk, _ = behind(desk, phones_request(first, desk.now()))
    for one in (first, second, third):
        values.make_ready(desk, one)
    offering.withdraw(desk, None, second, "new_qr")

    for one in (first, second, third):
        desk.ready.said(one.number, values.sources(desk, one), Format.MDOC, 1)

    assert len(compressed) == 4


def test_only_so_many_cases_are_kept(desk: Station, compressed: list[int]) -> None:
    """The oldest goes, whoever forgot to end it."""
    case = offered(desk, approved_case(desk), "offer-many")
    made_of = values.sources(desk, case)
    numbers = [f"case-{number}" for number in range(KEPT + 1)]
    for number in numbers:
        desk.ready.make(number, made_of, [Format.MDOC])
    made = len(compressed)

    for number in reversed(numbers):
        desk.ready.said(number, made_of, Format.MDOC, 1)

    assert len(compressed) == made + 1
    assert made == KEPT + 1


@pytest.mark.parametrize("by_officer", [True, False])
def test_a_withdrawn_offers_picture_is_forgotten(desk: Station, by_officer: bool) -> None:
    """By the officer, or because the QR was read twice, ran out, or became void."""
    officer = crew()[0].officer if by_officer else None
    case = offered(desk, approved_case(desk), f"offer-withdrawn-{by_officer}")
    desk, _ = behind(desk, phones_request(case, desk.now()))
    values.make_ready(desk, case)
    assert desk.ready.holds_anything

    offering.withdraw(desk, officer, case, "new_qr")

    assert not desk.ready.holds_anything


def test_a_delivered_cases_picture_is_forgotten(desk: Station) -> None:
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(desk))
    case = offered(desk, approved_case(desk), "offer-delivered")
    desk, _ = behind(desk, phones_request(case, desk.now()))
    values.make_ready(desk, case)
    case, taken = signing.take_requests(desk, officer, case)
    case = signing.sign_requests(desk, officer, case, taken, card)
    assert desk.ready.holds_anything

    answered = OfferEvent(3, EventKind.ANSWERED, desk.now(), {"configuration": "mdoc"})
    case = signing.note_delivery(desk, officer, case, answered)

    assert case.state is State.DELIVERED
    assert not desk.ready.holds_anything


def test_nothing_is_made_for_an_offer_that_ended_before_its_turn_came(
    desk: Station, compressed: list[int]
) -> None:
    """The lane was busy; the case as it was is an old one by now."""
    case = offered(desk, approved_case(desk), "offer-ended")
    desk, _ = behind(desk, phones_request(case, desk.now()))
    offering.withdraw(desk, None, case, "new_qr")

    values.make_ready(desk, case)

    assert compressed == []
    assert not desk.ready.holds_anything


def test_what_is_made_while_its_offer_ends_is_forgotten(
    desk: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the offer forgot when there was nothing to forget yet."""
    case = offered(desk, approved_case(desk), "offer-ends")
    desk, _ = behind(desk, phones_request(case, desk.now()))
    read = values.sources

    def ended_meanwhile(*args: Any) -> Any:
        made_of = read(*args)
        offering.withdraw(desk, None, case, "new_qr")
        return made_of

    monkeypatch.setattr(values, "sources", ended_meanwhile)
    values.make_ready(desk, case)

    assert not desk.ready.holds_anything


def test_nothing_is_made_of_a_case_that_awaits_no_phone(
    desk: Station, compressed: list[int]
) -> None:
    values.make_ready(desk, new_case(desk))
    values.make_ready(desk, approved_case(desk))

    assert compressed == []


def test_what_cannot_be_made_beforehand_stops_nobody(
    desk: Station, compressed: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """The picture is missing: the log says so, the trouble itself comes with the signature."""
    case = offered(desk, approved_case(desk), "offer-without")
    with desk.store.write() as session:
        cases.wipe_blobs(session, desk.stamp(), case.number, (BlobKind.PORTRAIT,))

    values.make_ready(desk, case)

    assert compressed == []
    assert "CASE-02" in caplog.text
    with pytest.raises(values.FactsMissing):
        values.sources(desk, case)


def test_the_desks_own_frame_is_not_decoded_apart(desk: Station) -> None:
    """It was made here; the chip's picture is anybody's bytes."""
    case = offered(desk, approved_case(desk), "offer-live")
    with desk.store.write() as session:
        cases.keep_blob(session, desk.stamp(), case.number, BlobKind.FACE, "image/jpeg", picture())
    chosen = replace(desk.settings.credential, portrait="live")
    settings = replace(desk.settings, credential=chosen)

    made_of = values.sources(replace(desk, settings=settings), case)

    assert made_of.live
    assert made_of.picture == picture()
    (said,) = desk.ready.said(case.number, made_of, Format.MDOC, 1)
    assert b"\xff\xd8\xff" in _salts(desk, said)
