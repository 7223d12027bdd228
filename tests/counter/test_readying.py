"""What is made while a phone is awaited: once, of these very things, for one credential each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from desk.cards.signer import CardSigner
from desk.counter import signing, values
from desk.counter.readying import Ready
from desk.counter.station import Station
from desk.credential import portrait
from desk.credential.claims import Format
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


def test_what_is_said_is_handed_out_once(desk: Station) -> None:
    """A salt never serves two credentials, however many keys a phone brings."""
    case = offered(desk, approved_case(desk), "offer-once")
    values.make_ready(desk, case)
    made_of = values.sources(desk, case)

    said = [desk.ready.said(made_of, Format.MDOC) for _ in range(3)]

    assert len(set(map(id, said))) == 3


def test_what_was_made_of_something_else_counts_for_nothing(
    desk: Station, compressed: list[int]
) -> None:
    """The approval is of the case as it is: another value or picture is made anew."""
    case = offered(desk, approved_case(desk), "offer-other")
    values.make_ready(desk, case)
    made_of = values.sources(desk, case)
    other = replace(made_of, spoken=replace(made_of.spoken, family_name="MAENG"))

    assert desk.ready.values(other).family_name == "MAENG"
    assert desk.ready.values(made_of).family_name == made_of.spoken.family_name
    assert len(compressed) == 3
    smaller = replace(made_of, size=portrait.PortraitSize(width=180))
    assert len(desk.ready.values(smaller).portrait) < len(desk.ready.values(made_of).portrait)


def test_forgotten_means_made_again(desk: Station, compressed: list[int]) -> None:
    case = offered(desk, approved_case(desk), "offer-forgotten")
    values.make_ready(desk, case)

    desk.ready.forget()
    desk.ready.values(values.sources(desk, case))

    assert len(compressed) == 2


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
    assert desk.ready.values(made_of).portrait.startswith(b"\xff\xd8\xff")
