"""After the delivery: found, suspended, taken back, revoked and activated, each by whom it may."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk.cards.troubles import OtherCard, WrongPin
from desk.counter import aftercare, day_close, holdings, proving
from desk.counter.holdings import Deed, Standing
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.credential import statuslist
from desk.issuance import books, packs
from desk.issuance.aftercare import (
    ActivateReason,
    CareAct,
    NobodyApproves,
    NothingStands,
    ReasonNotGiven,
    ReportedLost,
    RevokeReason,
    SamePersonAgain,
    StandsOtherwise,
    Statement,
    StatementChanged,
    StatementOver,
    SuspendReason,
    UndoOver,
)
from desk.issuance.case import Case, State
from desk.issuance.roles import Role, RoleMayNot
from desk.store import care, evidence, journal, retention, status
from desk.store.care import CareState
from desk.store.models import IntentRow
from desk.store.status import Validity
from tests.cards.issue import pin
from tests.counter.holding_cases import (
    clock_of,
    delivered,
    desk_in,
    insert,
    place_of,
    proven,
    validities,
)
from tests.counter.test_approving import Person, crew, person

BORN = date(1991, 3, 14)
LEE, JUNG, HEAD, ADMINISTRATOR = range(4)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with desk_in(tmp_path_factory.mktemp("records")) as station:
        yield station


@pytest.fixture
def station(desk: Station) -> Station:
    """The same records for all; each test looks at cases of its own."""
    place_of(desk).away = False
    insert(desk, crew()[LEE])
    return desk


def officer(place: int) -> Any:
    return crew()[place].officer


def sign(station: Station, statement: Statement, place: int, text: str = "246813") -> Any:
    insert(station, crew()[place])
    return aftercare.sign(station, officer(place), statement, pin(text))


def revocation(station: Station, case: Case, reason: str = RevokeReason.STRUCK_OFF) -> Statement:
    number = case.number
    return aftercare.draw_up(
        station, officer(LEE), number, CareAct.REVOKE, reason, "LA-REG-2026-0311"
    )


def activation(station: Station, case: Case) -> Statement:
    reason = ActivateReason.NO_NETWORK
    return aftercare.draw_up(station, officer(LEE), case.number, CareAct.ACTIVATE, reason)


def told(station: Station, case: Case) -> list[str]:
    with station.store.read() as session:
        return [event.kind for event in journal.events(session, case=case.number)]


def listed(station: Station, case: Case) -> set[int]:
    """What the published list says of the case's credentials."""
    with station.store.read() as session:
        entries = status.entries_of(session, case.number)
    jwt, _ = place_of(station).lists[entries[0].slot.list_name]
    payload = jwt.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    published = statuslist.decode(claims["status_list"])
    return {published[one.slot.index] for one in entries}


# Found


@pytest.mark.parametrize("name", ["김하늘", "김 하늘", "KIM HANEUL", "kim, ha-neul", "Haneul Kim"])
def test_a_holder_is_found_by_name_and_birth_date(station: Station, name: str) -> None:
    case = proven(station)

    found = {one.number: one for one in holdings.find(station, officer(LEE), name, BORN)}

    one = found[case.number]
    assert one.standing is Standing.USABLE
    assert one.person is not None
    assert (one.person.hangul, one.person.latin) == ("김하늘", "KIM HANEUL")
    assert [credential.configuration for credential in one.credentials] == ["mdoc"]
    assert one.keys == (case.issued[0].device_key,)
    assert one.valid_until == case.last_day(station.post.zone) != case.expiry_date
    assert told(station, case)[-1] == "CARE.LOOKED"


@pytest.mark.parametrize(
    ("name", "born"),
    [("김하늘", date(1991, 3, 15)), ("김하람", BORN), ("KIM", BORN), ("", BORN), ("김", BORN)],
)
def test_nobody_else_is_found_and_the_look_is_told(station: Station, name: str, born: date) -> None:
    proven(station)

    assert holdings.find(station, officer(LEE), name, born) == ()
    with station.store.read() as session:
        last = journal.newest(session, 1)[0]
    assert (last.kind, last.case) == ("CARE.NOT_FOUND", None)


def test_no_event_of_a_look_names_anybody(station: Station) -> None:
    case = proven(station)
    holdings.find(station, officer(LEE), "김하늘", BORN)

    with station.store.read() as session:
        lines = "".join(event.line for event in journal.events(session, case=case.number))

    for word in ("김하늘", "HANEUL", "1991-03-14", "19910314"):
        assert word not in lines


def test_a_holder_is_found_after_the_purge_and_can_be_suspended(station: Station) -> None:
    """The name is nowhere any more; the words looked for stand in its place."""
    case = proven(station)
    with station.store.write() as session:
        retention.purge_case(session, station.stamp(), case.number)

    found = {one.number: one for one in holdings.find(station, officer(LEE), "김하늘", BORN)}

    one = found[case.number]
    assert (one.purged, one.valid_until) == (True, case.last_day(station.post.zone))
    assert one.standing is Standing.USABLE
    assert one.person is not None
    assert one.person.hangul == "김하늘"
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)
    assert validities(station, case) == {Validity.SUSPENDED}


def test_a_purged_case_whose_credential_is_over_is_found_by_nobody(station: Station) -> None:
    case = proven(station)
    aftercare.end_rehearsed(station, case.number)
    with station.store.write() as session:
        retention.purge_case(session, station.stamp(), case.number)

    found = holdings.find(station, officer(LEE), "김하늘", BORN)

    assert case.number not in [one.number for one in found]


def test_an_administrator_looks_and_does_nothing(station: Station) -> None:
    case = proven(station)

    one = holdings.holding(station, officer(ADMINISTRATOR), case.number)

    assert set(one.why_not.values()) >= {"role"}
    assert not any(one.may(deed) for deed in Deed)
    with pytest.raises(RoleMayNot):
        aftercare.suspend(station, officer(ADMINISTRATOR), case.number, SuspendReason.OWN_REQUEST)


def test_what_happened_is_told_newest_first(station: Station) -> None:
    case = proven(station, exception=True)
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)

    one = holdings.holding(station, officer(LEE), case.number)

    assert [moment.kind for moment in one.moments] == [
        "CARE.SUSPENDED",
        "PROOF.GIVEN",
        "CASE.ANSWERED",
        "CASE.APPROVED",
        "FACE.JUDGED",
    ]
    approved = one.moments[3]
    assert approved.actors == ("T-001", "T-002")


# Suspended


def test_one_card_and_no_pin_suspend_at_once(station: Station) -> None:
    case = proven(station)
    publish_status(station)
    assert listed(station, case) == {0}

    one = aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)

    assert (one.standing, one.published, one.reported) == (Standing.SUSPENDED, True, True)
    assert listed(station, case) == {2}
    assert one.why_not[Deed.SUSPEND] == "is_suspended"
    assert one.may(Deed.RESUME)
    assert crew()[LEE].card.pin_tries == 3


def test_a_list_that_does_not_go_out_stays_due_and_is_said(station: Station) -> None:
    case = proven(station)
    publish_status(station)
    place_of(station).away = True

    one = aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)

    assert (one.standing, one.published) == (Standing.SUSPENDED, False)
    place_of(station).away = False
    publish_status(station)
    assert holdings.read(station, officer(LEE), case.number).published
    assert listed(station, case) == {2}


def test_nothing_is_suspended_twice_and_nothing_revoked_is(station: Station) -> None:
    case = proven(station)
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)
    with pytest.raises(StandsOtherwise):
        aftercare.suspend(station, officer(LEE), case.number, SuspendReason.OWN_REQUEST)

    aftercare.end_rehearsed(station, case.number)

    with pytest.raises(NothingStands):
        aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)


def test_a_loss_of_what_was_never_proven_keeps_it_unusable(station: Station) -> None:
    """Whoever found the phone cannot have it proven or activated any more."""
    case = delivered(station)

    one = aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)

    assert (one.standing, one.reported) == (Standing.UNPROVEN, True)
    assert one.why_not[Deed.ACTIVATE] == "is_reported"
    with pytest.raises(StandsOtherwise):
        activation(station, case)
    with pytest.raises(ReportedLost):
        proving._make_valid(station, officer(LEE), case)
    assert validities(station, case) == {Validity.SUSPENDED}


# Taken back


def test_a_slip_of_the_hand_is_taken_back_within_a_minute(station: Station) -> None:
    case = proven(station)
    one = aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)
    assert one.undo_until is not None

    one = aftercare.undo(station, officer(LEE), case.number)

    assert (one.standing, one.reported, one.undo_until) == (Standing.USABLE, False, None)
    assert listed(station, case) == {0}
    with pytest.raises(UndoOver):
        aftercare.undo(station, officer(LEE), case.number)


def test_taking_back_leaves_what_was_never_usable_as_it_was(station: Station) -> None:
    case = delivered(station)
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)

    one = aftercare.undo(station, officer(LEE), case.number)

    assert (one.standing, one.reported) == (Standing.UNPROVEN, False)
    assert validities(station, case) == {Validity.SUSPENDED}


def mixed(station: Station) -> Case:
    """A case with two entries: the one usable, the other suspended by somebody before."""
    case = proven(station)
    stamp = station.stamp()
    with station.store.write() as session:
        other = status.take(session, stamp, case.number)
        (intent,) = session.scalars(select(IntentRow).where(IntentRow.case_number == case.number))
        values = {one.key: getattr(intent, one.key) for one in IntentRow.__table__.columns}
        twin = {"id": f"{intent.id}-2", "device_key": "another", "position": other.index}
        session.add(IntentRow(**{**values, **twin, "list_name": other.list_name}))
        journal.append(session, stamp, "CRED.SIGNED", case.number, position=other.index)
    return case


def by_index(station: Station, case: Case) -> dict[int, Validity]:
    with station.store.read() as session:
        return {one.slot.index: one.validity for one in status.entries_of(session, case.number)}


def suspend_as_before(station: Station, case: Case) -> None:
    """With an event of a time in which it named no lines of the log."""
    stamp = station.stamp(officer(LEE))
    with station.store.write() as session:
        for one in status.entries_of(session, case.number):
            status.set_validity(session, stamp, one.slot, Validity.SUSPENDED, "loss_call")
        facts = {"reason": "loss_call", "channel": "phone", "count": 2}
        journal.append(session, stamp, care.SUSPENDED, case.number, **facts)


@pytest.mark.parametrize("of_before", [False, True])
def test_only_what_the_suspension_took_is_usable_again(station: Station, of_before: bool) -> None:
    case = mixed(station)
    before = by_index(station, case)
    if of_before:
        suspend_as_before(station, case)
    else:
        aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)
    assert set(by_index(station, case).values()) == {Validity.SUSPENDED}

    aftercare.undo(station, officer(LEE), case.number)

    assert by_index(station, case) == before
    assert set(before.values()) == {Validity.VALID, Validity.SUSPENDED}


def test_nobody_else_takes_it_back(station: Station) -> None:
    case = proven(station)
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)

    with pytest.raises(UndoOver):
        aftercare.undo(station, officer(JUNG), case.number)
    assert validities(station, case) == {Validity.SUSPENDED}


def test_after_a_minute_it_takes_the_holder(station: Station) -> None:
    case = proven(station)
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)
    clock_of(station).let_pass(holdings.UNDO_FOR)

    with pytest.raises(UndoOver):
        aftercare.undo(station, officer(LEE), case.number)


def test_once_something_else_happened_it_is_not_taken_back(station: Station) -> None:
    case = proven(station)
    aftercare.suspend(station, officer(LEE), case.number, SuspendReason.LOSS_CALL)
    sign(station, revocation(station, case), LEE)

    with pytest.raises(UndoOver):
        aftercare.undo(station, officer(LEE), case.number)


# Revoked


def test_two_cards_revoke_for_ever(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)

    first = sign(station, statement, LEE)
    assert first.state is CareState.ASKED
    assert validities(station, case) == {Validity.VALID}
    second = sign(station, statement, JUNG)

    assert second.state is CareState.DONE
    assert [one.officer for one in second.approvals] == ["T-001", "T-002"]
    assert {one.digest for one in second.approvals} == {statement.digest.hex()}
    assert validities(station, case) == {Validity.INVALID}
    assert listed(station, case) == {1}
    events = told(station, case)
    assert events.count("CARE.SIGNED") == 2
    assert "CARE.REVOKED" in events
    one = holdings.read(station, officer(LEE), case.number)
    assert one.standing is Standing.REVOKED
    assert not any(one.may(deed) for deed in Deed)


def test_a_case_that_waited_for_its_proof_ends_with_the_revocation(station: Station) -> None:
    case = delivered(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    sign(station, statement, HEAD)

    ended = station.load(case.number)

    assert ended.state is State.CANCELLED
    assert ended.ending is not None
    assert ended.ending.reason == "revoked"
    assert validities(station, case) == {Validity.INVALID}


def test_the_same_person_does_not_sign_twice(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)

    with pytest.raises(SamePersonAgain):
        sign(station, statement, LEE)
    assert validities(station, case) == {Validity.VALID}


def test_one_of_the_two_may_approve(station: Station) -> None:
    """Two officers alone revoke nothing; which of the two comes first does not matter."""
    colleague: Person = person(7, Role.OFFICER)
    known = {**station.officers, colleague.officer.card: colleague.officer}
    station = replace(station, officers=known)
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    insert(station, colleague)
    with pytest.raises(NobodyApproves):
        aftercare.sign(station, colleague.officer, statement, pin())
    assert colleague.card.pin_tries == 3

    other = revocation(station, proven(station))
    sign(station, other, JUNG)
    assert sign(station, other, LEE).state is CareState.DONE


def test_an_administrators_card_revokes_nothing(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)

    with pytest.raises(RoleMayNot):
        sign(station, statement, ADMINISTRATOR)


def test_the_card_in_the_reader_signs_and_no_other(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    insert(station, crew()[JUNG])

    with pytest.raises(OtherCard):
        aftercare.sign(station, officer(LEE), statement, pin())
    insert(station, crew()[LEE])
    wrong = pin("999999")
    with pytest.raises(WrongPin):
        aftercare.sign(station, officer(LEE), statement, wrong)

    assert not any(wrong or b"")
    assert "CARE.SIGNED" not in told(station, case)


def test_a_revocation_takes_reason_and_document(station: Station) -> None:
    case = proven(station)
    act = CareAct.REVOKE

    for reason, basis in (("struck_off", "  "), ("because", "A-1"), ("died", "x" * 61)):
        with pytest.raises(ReasonNotGiven):
            aftercare.draw_up(station, officer(LEE), case.number, act, reason, basis)


def test_another_statement_than_the_one_that_was_signed_is_done_by_nobody(
    station: Station,
) -> None:
    """Each changed statement begins anew: a second card under it is its first."""
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)

    altered = replace(statement, reason=RevokeReason.DIED.value)
    kept = sign(station, altered, JUNG)

    assert kept.state is CareState.ASKED
    assert validities(station, case) == {Validity.VALID}
    with pytest.raises(StatementOver):
        sign(station, statement, HEAD)


def test_the_second_card_comes_in_time_or_not_at_all(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    clock_of(station).let_pass(timedelta(minutes=31))

    with pytest.raises(StatementOver):
        sign(station, statement, JUNG)
    assert holdings.read(station, officer(LEE), case.number).asked is None


def test_whoever_asked_may_think_better_of_it(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)

    aftercare.give_up(station, officer(LEE), statement)

    assert told(station, case)[-1] == "CARE.WITHDRAWN"
    with pytest.raises(StatementOver):
        sign(station, statement, JUNG)


def test_a_signature_that_was_tampered_with_revokes_nothing(station: Station) -> None:
    """The kept bytes are verified again with the certificate, not believed."""
    from sqlalchemy import update

    from desk.issuance.approvals import ApprovalBroken
    from desk.issuance.record import to_plain
    from desk.store.models import CareActRow

    case = proven(station)
    statement = revocation(station, case)
    first = sign(station, statement, LEE).approvals[0]
    last = int(first.signature[-2:], 16) ^ 1
    forged = replace(first, signature=f"{first.signature[:-2]}{last:02x}")
    with station.store.load() as connection:
        mine = CareActRow.digest == statement.digest.hex()
        connection.execute(update(CareActRow).where(mine).values(approvals=[to_plain(forged)]))

    with pytest.raises(ApprovalBroken):
        sign(station, statement, JUNG)
    assert validities(station, case) == {Validity.VALID}


def test_what_was_done_cannot_be_changed(station: Station) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    sign(station, statement, JUNG)

    for query in ("UPDATE care_acts SET kind = 'activate'", "DELETE FROM care_acts"):
        with pytest.raises(IntegrityError), station.store.load() as connection:
            connection.execute(text(f"{query} WHERE digest = '{statement.digest.hex()}'"))


def test_a_credential_that_changed_in_between_is_not_revoked_unseen(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    other = replace(statement, credentials=(("other", 1),))

    with pytest.raises(StatementChanged):
        sign(station, other, JUNG)


# Activated without a proof


def test_two_cards_make_usable_what_no_phone_presented(station: Station) -> None:
    case = delivered(station)
    statement = activation(station, case)
    sign(station, statement, LEE)
    assert validities(station, case) == {Validity.SUSPENDED}

    sign(station, statement, JUNG)

    active = station.load(case.number)
    assert active.state is State.ACTIVATED
    assert active.proof is None
    assert active.activation is not None
    assert active.activation.officers == ("T-001", "T-002")
    assert active.activation.reason == "no_network"
    assert validities(station, case) == {Validity.VALID}
    assert listed(station, case) == {0}
    assert "PROOF.GIVEN" not in told(station, case)


def test_only_what_was_delivered_and_not_proven_is_activated(station: Station) -> None:
    with pytest.raises(StandsOtherwise):
        activation(station, proven(station))


def test_a_proof_in_between_leaves_nothing_to_activate(station: Station) -> None:
    case = delivered(station)
    statement = activation(station, case)
    sign(station, statement, LEE)
    proving._make_valid(station, officer(LEE), case)

    with pytest.raises(StandsOtherwise):
        sign(station, statement, JUNG)
    assert station.load(case.number).state is State.PROVEN


def test_a_call_in_between_keeps_it_from_becoming_usable(station: Station) -> None:
    case = delivered(station)
    statement = activation(station, case)
    sign(station, statement, LEE)
    aftercare.suspend(station, officer(JUNG), case.number, SuspendReason.LOSS_CALL)

    with pytest.raises(StandsOtherwise):
        sign(station, statement, JUNG)
    assert validities(station, case) == {Validity.SUSPENDED}


# The evidence


@pytest.mark.parametrize("purged", [False, True])
def test_the_evidence_pack_shows_both_cards(station: Station, purged: bool) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    sign(station, statement, JUNG)
    if purged:
        with station.store.write() as session:
            retention.purge_case(session, station.stamp(), case.number)

    with station.store.read() as session:
        pack = packs.decode(packs.encode(evidence.gather(session, case.number)))

    packs.verify(pack)
    assert pack.acts == (statement.facts,)
    over = [one.officer for one in pack.approvals if one.digest == statement.digest.hex()]
    assert over == ["T-001", "T-002"]


def test_a_pack_with_one_card_or_another_act_does_not_hold(station: Station) -> None:
    case = proven(station)
    statement = revocation(station, case)
    sign(station, statement, LEE)
    sign(station, statement, JUNG)
    with station.store.read() as session:
        pack = evidence.gather(session, case.number)

    with pytest.raises(packs.PackIncomplete):
        packs.verify(replace(pack, approvals=pack.approvals[:-1]))
    with pytest.raises(packs.PackIncomplete):
        packs.verify(replace(pack, acts=(replace(statement, basis="other").facts,)))


def test_one_act_waits_in_a_case_at_a_time(station: Station) -> None:
    case = proven(station)
    sign(station, revocation(station, case), LEE)
    clock_of(station).let_pass(timedelta(seconds=5))
    second = revocation(station, case, RevokeReason.DIED)
    sign(station, second, LEE)

    with station.store.read() as session:
        kept = care.asked(session, case.number)

    assert kept is not None
    assert kept.statement == second


def test_what_two_cards_made_usable_is_told_apart_in_the_days_books(station: Station) -> None:
    case = delivered(station)
    statement = activation(station, case)
    sign(station, statement, LEE)
    sign(station, statement, JUNG)

    opened = station.load(case.number).opened_at
    found, _ = day_close.books(station, station.post.local(opened).date())

    assert case.number in found.activated
    assert case.number not in found.not_proven
    said = json.loads(books.summary(found, ()))
    assert case.number in said["activated"]
