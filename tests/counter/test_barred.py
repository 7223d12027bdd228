"""What was delivered and may not become usable any more: one rule says so to after-care, and to
the sheet that the applicant takes home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest

from desk.counter import aftercare, closing, holdings, proving
from desk.counter import notices as settled
from desk.counter.holdings import Deed
from desk.counter.station import Station
from desk.issuance.aftercare import ReportedLost, SetAside, SuspendReason
from desk.issuance.case import Case
from desk.store import notices
from desk.store.notice_file import Notice, NoticeKind
from desk.store.slips import SlipKind
from desk.store.troubles import HeldElsewhere, MustBeRevoked
from desk.trouble import Trouble
from tests.counter.holding_cases import delivered, desk_in, proven
from tests.counter.slips import samples
from tests.counter.test_approving import crew

LEE = crew()[0].officer
Happens = Callable[[Station, Case], object]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The same records for all; each test looks at a case of its own."""
    with desk_in(tmp_path_factory.mktemp("records")) as opened:
        yield opened


def reported(station: Station, case: Case) -> None:
    aftercare.suspend(station, LEE, case.number, SuspendReason.LOSS_CALL)


def told(kind: NoticeKind) -> Happens:
    def happens(station: Station, case: Case) -> None:
        assert case.register is not None
        number, passport = case.register.overseas_number, "M99999999"
        notice = Notice(kind, number, date(2026, 11, 20), f"D-{number}", passport)
        with station.store.write() as session:
            notices.take(session, station.stamp(LEE), [notice], "ab" * 32)

    return happens


def got_another(station: Station, case: Case) -> None:
    assert case.register is not None
    other = proven(station)
    assert other.register is not None
    number = case.register.overseas_number
    same = replace(other, register=replace(other.register, overseas_number=number))
    station.save(LEE, same, "CASE.OPENED")


EVERY = [
    pytest.param(reported, "is_reported", id="reported"),
    pytest.param(told(NoticeKind.DIED), "must_revoke", id="died"),
    pytest.param(told(NoticeKind.DELETED), "must_revoke", id="struck off"),
    pytest.param(got_another, "held_elsewhere", id="held elsewhere"),
]


def sheet(station: Station, case: Case) -> tuple[Case, str, str]:
    """The case with another hand-over sheet, its number and what stands on it."""
    case, slip = closing.print_slip(station, LEE, case, SlipKind.HANDOVER, "en")
    return case, slip.serial, samples.text(slip.pdf)


@pytest.mark.parametrize(("happens", "why"), EVERY)
def test_what_may_not_become_usable_is_not_said_to_wait_for_a_scan(
    station: Station, happens: Happens, why: str
) -> None:
    """A sheet of the post promised that one scan makes usable what has to be revoked. One that
    was printed before counts no longer."""
    case, before, promised = sheet(station, delivered(station))
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) is not None

    happens(station, case)

    one = holdings.read(station, LEE, case.number)
    assert (one.bar, one.why_not[Deed.ACTIVATE]) == (why, why)
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) is None
    case, after, said = sheet(station, case)
    assert before != after
    assert "One check is left" in promised and "One check is left" not in said
    assert "Saved, but it cannot be used" in said
    kept = closing.kept_slip(station, case, SlipKind.HANDOVER)
    assert kept is not None and kept.serial == after


def test_a_former_passport_waits_for_its_scan_and_is_changed_afterwards(station: Station) -> None:
    """Its sheet said that nothing makes it usable; the proof did."""
    case = delivered(station)
    told(NoticeKind.NEW_PASSPORT)(station, case)

    one = holdings.read(station, LEE, case.number)

    assert (one.bar, one.why_not[Deed.ACTIVATE]) == ("", "new_passport")
    assert "One check is left" in sheet(station, case)[2]
    got_another(station, case)
    assert holdings.read(station, LEE, case.number).bar == "held_elsewhere"


@pytest.mark.parametrize(
    ("happens", "refusal"),
    [
        pytest.param(reported, ReportedLost, id="reported"),
        pytest.param(told(NoticeKind.DIED), MustBeRevoked, id="died"),
        pytest.param(got_another, HeldElsewhere, id="held elsewhere"),
    ],
)
def test_a_phone_is_not_asked_for_what_would_be_refused(
    station: Station, happens: Happens, refusal: type[Trouble]
) -> None:
    """The next visit began with a QR whose answer could only be refused."""
    case = delivered(station)
    happens(station, case)

    with pytest.raises(refusal):
        proving.place_check(station, LEE, case)


def test_a_notice_that_was_set_aside_leaves_one_check(station: Station) -> None:
    case, kind = delivered(station), NoticeKind.DELETED
    told(kind)(station, case)
    case, *_ = sheet(station, case)

    settled.put_aside(station, LEE, case.number, kind, SetAside.NOTICE_WRONG)

    assert holdings.read(station, LEE, case.number).bar == ""
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) is None
    assert "One check is left" in sheet(station, case)[2]


def test_what_was_usable_is_barred_from_nothing(station: Station) -> None:
    """Decided, and only its list is not out yet; and what is suspended is resumed."""
    case = delivered(station)
    with station.store.write() as session:
        proving.make_usable(session, station.stamp(LEE), case, "proven")
    assert holdings.read(station, LEE, case.number).bar == ""
    used = proven(station)
    reported(station, used)
    assert holdings.read(station, LEE, used.number).bar == ""


def test_who_may_not_make_it_usable_bars_it_for_nobody(station: Station) -> None:
    case = delivered(station)
    administrator = crew()[3].officer

    one = holdings.read(station, administrator, case.number)

    assert (one.bar, one.why_not[Deed.ACTIVATE]) == ("", "role")
