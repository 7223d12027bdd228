"""What was told of a holder since the issuing: shown with the holding, and what it forbids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from desk.counter import aftercare, holdings, notices, proving, renewal
from desk.counter.holdings import Deed, Standing
from desk.counter.renewal import ReissueReason, ResumeReason
from desk.counter.station import Station
from desk.issuance.aftercare import (
    ActivateReason,
    CareAct,
    ReasonNotGiven,
    RevokeReason,
    SamePersonAgain,
    SetAside,
    StandsOtherwise,
    Statement,
    StatementChanged,
    SuspendReason,
    read_statement,
)
from desk.issuance.case import Act, Case, advance, open_case
from desk.store import cases, journal
from desk.store import notices as kept
from desk.store.care import CareState, KeptAct
from desk.store.notice_file import Notice, NoticeKind
from desk.store.notices import NoSuchNotice
from desk.store.status import Validity
from desk.store.troubles import FormerPassport, MustBeRevoked
from desk.trouble import Trouble
from tests.cards.issue import pin
from tests.counter import holding_cases
from tests.counter.holding_cases import (
    clock_of,
    delivered,
    desk_in,
    insert,
    proven,
    validities,
)
from tests.counter.test_approving import crew, new_case

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
    """As the counter does it: a death by two persons' cards, anything else by one officer."""
    if kind is not NoticeKind.DIED:
        notices.put_aside(station, LEE, case.number, kind, SetAside.NOTICE_WRONG)
        return
    statement = wrong_death(station, case)
    for place in (0, 1):
        sign(station, statement, place)


def wrong_death(station: Station, case: Case) -> Statement:
    reason = SetAside.NOTICE_WRONG
    return aftercare.draw_up(station, LEE, case.number, CareAct.SET_ASIDE, reason, "FAM-2026-44")


def sign(station: Station, statement: Statement, place: int) -> KeptAct:
    insert(station, crew()[place])
    return aftercare.sign(station, crew()[place].officer, statement, pin("246813"))


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


def test_who_was_registered_again_gets_a_credential_that_works(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eligible, approved, signed and delivered; then the proof said that it must be revoked, by
    the paper that the window had rightly passed over."""
    first = proven(station)
    told(station, first, NoticeKind.DELETED)
    aftercare.end_rehearsed(station, first.number)
    clock_of(station).let_pass(timedelta(days=180))
    assert first.register is not None
    entry = replace(first.register, as_of=station.now())
    with station.store.read() as session:
        assert kept.overlaid(session, [entry]) == (entry,)

    def registered_again(desk: Station, *, exception: bool = True) -> Case:
        return replace(new_case(desk, exception=exception), register=entry)

    monkeypatch.setattr(holding_cases, "new_case", registered_again)
    second = delivered(station)
    with station.store.write() as session:
        proving.make_usable(session, station.stamp(LEE), second, "proven")

    assert validities(station, second) == {Validity.VALID}
    assert notices.listing(station, LEE).standing == ()


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


# That somebody died is set aside by two persons' cards


def test_one_officer_alone_sets_no_death_aside(station: Station) -> None:
    case = proven(station)
    told(station, case, NoticeKind.DIED)

    with pytest.raises(notices.TakesTwoCards) as refused:
        notices.put_aside(station, LEE, case.number, NoticeKind.DIED, SetAside.OTHER_PERSON)

    assert refused.value.facts == {"case": case.number}
    assert [line.number for line in notices.listing(station, LEE).standing] == [case.number]


def test_the_first_card_changes_nothing_and_the_second_sets_the_death_aside(
    station: Station,
) -> None:
    """In between the list says whose card has signed; afterwards it names both."""
    case = suspended(station)
    told(station, case, NoticeKind.DIED)
    statement = wrong_death(station, case)

    sign(station, statement, 0)
    (line,) = notices.listing(station, LEE).standing
    assert line.asked is not None
    assert [one.officer for one in line.asked.approvals] == ["T-001"]
    assert notices.death_of(station, LEE, case.number)[1] == line.asked
    assert not holdings.read(station, LEE, case.number).may(Deed.RESUME)
    with pytest.raises(SamePersonAgain):
        sign(station, statement, 0)
    done = sign(station, statement, 1)

    assert done.state is CareState.DONE
    found = notices.listing(station, LEE)
    assert found.standing == ()
    (line,) = found.aside
    assert (line.ended_by, line.end_reason) == (("T-001", "T-002"), "notice_wrong")
    assert holdings.read(station, LEE, case.number).may(Deed.RESUME)
    assert validities(station, case) == {Validity.SUSPENDED}
    with station.store.read() as session:
        events = [one.kind for one in journal.events(session, case=case.number)]
    assert events.count("CARE.SIGNED") == 2
    assert events.count("NOTICE.SET_ASIDE") == 1


def test_what_both_sign_names_the_papers_and_what_it_rests_upon(station: Station) -> None:
    """A statement of another act has no such member: what was signed before stays as it is."""
    case = proven(station)
    told(station, case, NoticeKind.DIED)

    statement = wrong_death(station, case)
    other = aftercare.draw_up(
        station, LEE, case.number, CareAct.REVOKE, RevokeReason.DIED, "FAM-2026-44"
    )

    assert statement.papers == ("D-died",)
    assert read_statement(statement.facts) == statement
    assert json.loads(statement.facts)["papers"] == ["D-died"]
    assert "papers" not in json.loads(other.facts)
    with pytest.raises(ReasonNotGiven):
        reason = SetAside.NOTICE_WRONG
        aftercare.draw_up(station, LEE, case.number, CareAct.SET_ASIDE, reason)


def test_another_paper_between_both_signatures_stops_the_second(station: Station) -> None:
    """Nobody has seen the second paper when the first card signed."""
    case = proven(station)
    told(station, case, NoticeKind.DIED)
    statement = wrong_death(station, case)
    sign(station, statement, 0)
    assert case.register is not None
    later = Notice(NoticeKind.DIED, case.register.overseas_number, date(2026, 11, 21), "D-99")
    with station.store.write() as session:
        kept.take(session, station.stamp(LEE), [later], "cd" * 32)

    with pytest.raises(StatementChanged):
        sign(station, statement, 1)

    assert len(notices.listing(station, LEE).standing) == 1


def test_where_no_death_was_told_there_is_nothing_to_set_aside(station: Station) -> None:
    case = proven(station)
    told(station, case, NoticeKind.DELETED)

    with pytest.raises(NoSuchNotice):
        wrong_death(station, case)
    with pytest.raises(NoSuchNotice):
        notices.death_of(station, LEE, case.number)


def test_a_death_told_of_the_applicant_at_the_window_takes_two_cards_too(
    station: Station,
) -> None:
    """Else a new case would be the way around: the notice is one and the same. What else was
    told of them goes with it, named in what both sign."""
    holder = proven(station)
    aftercare.end_rehearsed(station, holder.number)
    told(station, holder, NoticeKind.DELETED)
    told(station, holder, NoticeKind.DIED)
    case = at_the_window(station, holder)
    with pytest.raises(notices.TakesTwoCards):
        notices.put_aside_at_window(station, LEE, case, SetAside.OTHER_PERSON)

    statement = wrong_death(station, case)
    assert (statement.credentials, statement.papers) == ((), ("D-deleted", "D-died"))
    sign(station, statement, 0)
    assert len(notices.against(station, case)) == 2
    sign(station, statement, 1)

    assert notices.against(station, case) == ()
    with pytest.raises(NoSuchNotice):
        wrong_death(station, case)


def at_the_window(station: Station, holder: Case) -> Case:
    """A new case of somebody, up to the passport read."""
    now = station.now()
    assert holder.register is not None
    before = replace(holder.register, as_of=now - timedelta(days=1))
    case = open_case("LA-2026-000777", "LA", "3", LEE.officer_id, LEE.name_ko, now)
    read = advance(
        case,
        Act.CHECK_DOCUMENT,
        now,
        document=holder.document,
        register=before,
        compared=(),
    )
    with station.store.write() as session:
        cases.add(session, station.stamp(LEE), case)
        cases.save(session, station.stamp(LEE), read, "DOCUMENT.CHECKED")
    return read
