"""What was told of a holder since the issuing: shown with the holding, and what it forbids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from desk.counter import aftercare, holdings, notices, proving, renewal
from desk.counter.holdings import Deed, Standing
from desk.counter.renewal import ReissueReason, ResumeReason
from desk.counter.station import Station
from desk.issuance.aftercare import ActivateReason, CareAct, StandsOtherwise, SuspendReason
from desk.issuance.case import Case
from desk.store import notices as kept
from desk.store.notice_file import Notice, NoticeKind
from desk.store.notices import SetAside
from desk.store.status import Validity
from desk.store.troubles import FormerPassport, MustBeRevoked
from desk.trouble import Trouble
from tests.counter.holding_cases import delivered, desk_in, proven, validities
from tests.counter.test_approving import crew

LEE = crew()[0].officer


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with desk_in(tmp_path_factory.mktemp("records")) as opened:
        yield opened


def told(station: Station, case: Case, kind: NoticeKind, passport: str = "") -> None:
    assert case.register is not None
    number = case.register.overseas_number
    notice = Notice(kind, number, date(2026, 11, 20), f"D-{kind.value}", passport)
    with station.store.write() as session:
        kept.take(session, station.stamp(LEE), [notice], "ab" * 32)


def set_aside(station: Station, case: Case, kind: NoticeKind) -> None:
    notices.put_aside(station, LEE, case.number, kind, SetAside.NOTICE_WRONG)


def suspended(station: Station) -> Case:
    case = proven(station)
    aftercare.suspend(station, LEE, case.number, SuspendReason.LOSS_CALL)
    return case


def refusals(station: Station, number: str) -> list[str | None]:
    """What opening a resume and a reissue is answered with; nothing stays open."""

    def code(kind: Any) -> str | None:
        reason: Trouble | None = renewal.why_not(station, kind, number)
        return reason.code if reason else None

    return [code(renewal.CaseKind.RESUME), code(renewal.CaseKind.REISSUE)]


@pytest.mark.parametrize("kind", [NoticeKind.DIED, NoticeKind.DELETED])
def test_who_died_or_was_struck_off_is_neither_resumed_nor_reissued(
    station: Station, kind: NoticeKind
) -> None:
    """It can only be revoked, until somebody sets the notice aside."""
    case = suspended(station)
    told(station, case, kind)

    one = holdings.read(station, LEE, case.number)

    assert [(line.kind, line.document) for line in one.notices] == [(kind, f"D-{kind.value}")]
    assert one.why_not[Deed.RESUME] == one.why_not[Deed.REISSUE] == "must_revoke"
    assert one.may(Deed.REVOKE)
    assert refusals(station, case.number) == ["RENEW-08", "RENEW-08"]
    with pytest.raises(MustBeRevoked):
        renewal.open_reissue(station, LEE, case.number, ReissueReason.NEW_PHONE)
    set_aside(station, case, kind)
    one = holdings.read(station, LEE, case.number)
    assert one.notices == ()
    assert one.may(Deed.RESUME)
    assert one.may(Deed.REISSUE)
    assert refusals(station, case.number) == [None, None]


def test_another_passport_is_reissued_upon_and_not_resumed(station: Station) -> None:
    case = suspended(station)
    told(station, case, NoticeKind.NEW_PASSPORT, "M987B6543")

    one = holdings.read(station, LEE, case.number)

    assert one.why_not[Deed.RESUME] == "new_passport"
    assert one.may(Deed.REISSUE)
    assert refusals(station, case.number) == ["RENEW-07", None]
    with pytest.raises(FormerPassport):
        renewal.open_resume(station, LEE, case.number, ResumeReason.PHONE_FOUND)


def test_the_gravest_comes_first_and_what_it_is_anyway_is_said_first(station: Station) -> None:
    case = proven(station)
    for kind in (NoticeKind.NEW_PASSPORT, NoticeKind.DELETED, NoticeKind.DIED):
        told(station, case, kind, "M987B6543")

    one = holdings.read(station, LEE, case.number)

    assert [line.kind for line in one.notices] == [
        NoticeKind.DIED,
        NoticeKind.DELETED,
        NoticeKind.NEW_PASSPORT,
    ]
    assert one.why_not[Deed.RESUME] == "is_usable"
    assert one.why_not[Deed.REISSUE] == "must_revoke"
    assert one.may(Deed.SUSPEND)


def test_what_was_told_between_delivery_and_proof_keeps_it_unusable(station: Station) -> None:
    """Neither the phone's proof nor two cards make it usable; set aside, the proof does."""
    case = delivered(station)
    told(station, case, NoticeKind.DIED)

    with pytest.raises(MustBeRevoked):
        proving._make_valid(station, LEE, case)
    with pytest.raises(StandsOtherwise):
        reason = ActivateReason.NO_NETWORK
        aftercare.draw_up(station, LEE, case.number, CareAct.ACTIVATE, reason)
    assert validities(station, case) == {Validity.SUSPENDED}
    set_aside(station, case, NoticeKind.DIED)
    proving._make_valid(station, LEE, case)
    assert validities(station, case) == {Validity.VALID}


def test_a_notice_that_came_while_the_resume_was_under_way(station: Station) -> None:
    """What the phone shows is decided upon once more, in the very transaction."""
    case = suspended(station)
    resumed = renewal.open_resume(station, LEE, case.number, ResumeReason.PHONE_FOUND)
    told(station, case, NoticeKind.NEW_PASSPORT, "M987B6543")

    with station.store.write() as session, pytest.raises(FormerPassport):
        proving.make_usable(session, station.stamp(LEE), resumed, "proven")
    assert validities(station, case) == {Validity.SUSPENDED}


def test_a_revoked_credential_has_no_notice_any_more(station: Station) -> None:
    case = proven(station)
    told(station, case, NoticeKind.DIED)

    aftercare.end_rehearsed(station, case.number)

    one = holdings.read(station, LEE, case.number)
    assert (one.standing, one.notices) == (Standing.REVOKED, ())
