"""Another phone, or the same one again: what a person holds is never doubled and never gone."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from desk.app.compose import utc_now
from desk.app.rehearsal import TRAINING_PIN, officer_card
from desk.app.scripted import APPROVER
from desk.app.serve import release_holder
from desk.counter import aftercare, intake, proving, renewal
from desk.counter.closing import close_case
from desk.counter.notices import Due, listing
from desk.counter.renewal import ReissueReason, ResumeReason
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.issuance.aftercare import ActivateReason, CareAct
from desk.issuance.case import Case, CaseKind, NotPossible, State
from desk.issuance.roles import Role
from desk.store import cases, intents, journal, notices, retention, status
from desk.store.cases import BlobKind
from desk.store.models import CaseRow
from desk.store.notice_file import Notice, NoticeKind
from desk.store.status import Validity
from desk.store.troubles import CasePurged, FormerPassport, OtherHolder
from desk.training.applicants import Applicant
from desk.trouble import Trouble
from tests.journey.acts import FORMATS, PATIENCE, Counter, Holder, assert_invariants, opened

RENEWING = (CaseKind.REISSUE, CaseKind.RESUME)


@pytest.fixture(scope="module")
def counter(
    prepared: Path, service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    """One desk, for one holder after another."""
    home = tmp_path_factory.mktemp("renewal") / "home"
    shutil.copytree(prepared, home)
    with opened(home, service.url) as rehearsal:
        yield Counter.begin(rehearsal)


@pytest.fixture
def person(counter: Counter) -> Applicant:
    release_holder(counter.rehearsal, counter.person.overseas_number)
    return counter.person


@pytest.fixture
def phone(counter: Counter) -> Iterator[Holder]:
    with Holder(counter.rehearsal.authority) as holder:
        yield holder


@pytest.fixture
def new_phone(counter: Counter) -> Iterator[Holder]:
    with Holder(counter.rehearsal.authority) as holder:
        yield holder


@pytest.fixture
def held(counter: Counter, person: Applicant, phone: Holder) -> Case:
    """A case whose credentials the phone has and has shown."""
    case = counter.script.approved_case(person)
    return counter.prove(counter.deliver(case, phone), phone)


def reissue(counter: Counter, held: Case) -> Case:
    station, officer = counter.rehearsal.station, counter.script.officer
    return renewal.open_reissue(station, officer, held.number, ReissueReason.NEW_PHONE)


def resume(counter: Counter, held: Case) -> Case:
    station, officer = counter.rehearsal.station, counter.script.officer
    return renewal.open_resume(station, officer, held.number, ResumeReason.PHONE_FOUND)


def suspend(counter: Counter, case: Case) -> None:
    station = counter.rehearsal.station
    with station.store.write() as session:
        for entry in status.entries_of(session, case.number):
            stamp = station.stamp(counter.script.officer)
            status.set_validity(session, stamp, entry.slot, Validity.SUSPENDED, "loss_call")
    publish_status(station)


def listed(holder: Holder) -> list[Status | None]:
    """What the published lists say of everything this phone has."""
    return [holder.phone.status(card) for card in holder.phone.cards]


def test_new_phone_ends_the_old_one_in_the_same_step(
    counter: Counter, person: Applicant, held: Case, phone: Holder, new_phone: Holder
) -> None:
    """Until the new phone has presented, the old one stays usable; from then on only the new
    one is, with the same administrative end."""
    case = counter.deliver(counter.script.to_approval(reissue(counter, held), person), new_phone)
    before = (listed(phone), listed(new_phone))

    case = counter.prove(case, new_phone)

    assert before == ([Status.VALID] * 2, [Status.SUSPENDED] * 2)
    assert listed(phone) == [Status.INVALID] * 2
    assert listed(new_phone) == [Status.VALID] * 2
    assert (case.kind, case.former) == (CaseKind.REISSUE, held.number)
    assert case.expiry_date == held.expiry_date
    assert_invariants(counter.rehearsal, new_phone, case)
    with counter.rehearsal.station.store.read() as session:
        found = cases.held_elsewhere(session, person.overseas_number, "")
        told = journal.events(session, case=case.number, limit=1)[0]
    assert found == (case.number,)
    assert told.facts["target"] == held.number
    assert told.facts["reason"] == "new_phone"


def test_resumed_on_the_phone_that_has_it(
    counter: Counter, person: Applicant, held: Case, phone: Holder
) -> None:
    """The suspended credential is shown with its key and valid again: nothing is signed, no
    index is taken, and no QR is made for it."""
    suspend(counter, held)
    case = counter.script.to_approval(resume(counter, held), person)
    with pytest.raises(NotPossible):
        counter.script.offer(case, "482915")
    before = listed(phone)

    case = counter.prove(case, phone)

    assert before == [Status.SUSPENDED] * 2
    assert listed(phone) == [Status.VALID] * 2
    assert case.state is State.PROVEN
    assert set(case.proof.configurations if case.proof else ()) == set(FORMATS)
    with counter.rehearsal.station.store.read() as session:
        assert intents.standing(session, case.number) == ()
        assert status.entries_of(session, case.number) == ()
        assert cases.blob(session, case.number, BlobKind.FACE) is None


def test_resumed_after_the_purge(
    counter: Counter, person: Applicant, held: Case, phone: Holder
) -> None:
    """Keys, indexes and ends outlive the personal data: the same phone, the same credential."""
    station, officer = counter.rehearsal.station, counter.script.officer
    suspend(counter, held)
    close_case(station, officer, held, {"passport": True, "slip": True, "loss": True})
    retention.purge(station.store, station.stamp(), station.now() + timedelta(days=1))
    with pytest.raises(CasePurged):
        station.load(held.number)

    case = resume(counter, held)
    case = counter.prove(counter.script.to_approval(case, person), phone)

    assert case.state is State.PROVEN
    known = [(one.device_key, one.status_index, one.valid_until) for one in held.issued]
    found = [(one.device_key, one.status_index, one.valid_until) for one in case.issued]
    assert sorted(found) == sorted(known)
    assert case.expiry_date == held.expiry_date
    assert listed(phone) == [Status.VALID] * 2


def test_only_the_phone_that_has_it_resumes(
    counter: Counter, person: Applicant, held: Case, phone: Holder, new_phone: Holder
) -> None:
    """A phone with the person's former credential shows another key: nothing is resumed."""
    station, officer = counter.rehearsal.station, counter.script.officer
    newer = reissue(counter, held)
    newer = counter.deliver(counter.script.to_approval(newer, person), new_phone)
    newer = counter.prove(newer, new_phone)
    suspend(counter, newer)
    case = counter.script.to_approval(resume(counter, newer), person)

    check = proving.place_check(station, officer, case)
    phone.present(check.uri).result(PATIENCE)
    with pytest.raises(proving.OtherKey):
        proving.take_answer(station, officer, case, check, 0.5)
    between = listed(new_phone)
    case = counter.prove(counter.rehearsal.station.load(case.number), new_phone)

    assert between == [Status.SUSPENDED] * 2
    assert case.state is State.PROVEN
    assert listed(new_phone) == [Status.VALID] * 2
    assert listed(phone) == [Status.INVALID] * 2


def test_cancelled_reissue_leaves_the_former_one(
    counter: Counter,
    person: Applicant,
    held: Case,
    phone: Holder,
    new_phone: Holder,
) -> None:
    """What the new phone has is void; another reissue may begin."""
    station, officer = counter.rehearsal.station, counter.script.officer
    case = counter.deliver(counter.script.to_approval(reissue(counter, held), person), new_phone)

    case = intake.cancel(station, officer, case, "applicant_left")

    assert case.state is State.CANCELLED
    assert listed(phone) == [Status.VALID] * 2
    assert listed(new_phone) == [Status.INVALID] * 2
    assert renewal.why_not(station, CaseKind.REISSUE, held.number) is None


def test_abandoned_resume_expires(counter: Counter, held: Case, phone: Holder) -> None:
    """A resume that nobody goes on with ends as any case does; it stays suspended."""
    suspend(counter, held)
    case = resume(counter, held)
    later = replace(
        counter.rehearsal.station, now=lambda: utc_now() + intake.STALE_AFTER + timedelta(hours=1)
    )

    ended = intake.expire_stale(later)

    assert case.number in {one.number for one in ended}
    assert listed(phone) == [Status.SUSPENDED] * 2
    assert renewal.why_not(counter.rehearsal.station, CaseKind.RESUME, held.number) is None


def test_another_persons_passport(counter: Counter, held: Case) -> None:
    """The case of one person is not gone on with by another, whoever lays a passport down."""
    other = counter.rehearsal.people[1]
    case = reissue(counter, held)

    with pytest.raises(OtherHolder) as refused:
        counter.script.to_approval(case, other)

    assert refused.value.facts == {"case": case.number, "former": held.number}
    stopped = counter.rehearsal.station.load(case.number)
    assert stopped.state is State.DOCUMENT_CHECKED
    assert stopped.verdict is None
    intake.cancel(counter.rehearsal.station, counter.script.officer, stopped, "applicant_left")


def test_what_cannot_be_renewed(
    counter: Counter, person: Applicant, held: Case, phone: Holder, new_phone: Holder
) -> None:
    """Usable: no resume. Under way: no second case. Delivered, not proven: neither. Run out:
    no resume. Revoked: nothing."""
    station = counter.rehearsal.station

    def codes(number: str, at: Station = station) -> list[str | None]:
        found = [renewal.why_not(at, kind, number) for kind in RENEWING]
        return [one.code if one else None for one in found]

    usable = codes(held.number)
    suspend(counter, held)
    over = replace(station, now=lambda: held.issued[0].valid_until + timedelta(seconds=1))
    run_out = codes(held.number, over)
    case = reissue(counter, held)
    under_way = codes(held.number)
    with pytest.raises(renewal.UnderWay) as refused:
        resume(counter, held)
    case = counter.deliver(counter.script.to_approval(case, person), new_phone)
    unproven = codes(case.number)
    case = counter.prove(case, new_phone)
    ended = codes(held.number)

    assert usable == [None, "RENEW-02"]
    assert run_out == [None, "RENEW-05"]
    assert under_way == ["RENEW-03", "RENEW-03"]
    assert refused.value.facts == {"case": case.number, "window": case.window}
    assert unproven == ["RENEW-06", "RENEW-06"]
    assert ended == ["RENEW-01", "RENEW-01"]


def test_a_new_passport_is_reissued_upon_and_not_resumed(
    counter: Counter, phone: Holder, new_phone: Holder
) -> None:
    """The credential names the former passport. With the new one on the reader the resume is
    refused and gives way to a reissue; the list of what must change says the same as soon as
    somebody told it, and is settled by that reissue."""
    station, officer = counter.rehearsal.station, counter.script.officer
    person = next(one for one in counter.rehearsal.people if one.key == "sunrye")
    later = replace(person, passport_number="M246B8013")
    held = counter.script.approved_case(person)
    held = counter.prove(counter.deliver(held, phone), phone)
    suspend(counter, held)
    case = resume(counter, held)

    with pytest.raises(FormerPassport) as refused:
        counter.script.to_approval(case, later)
    assert refused.value.facts == {"case": held.number}
    newer = renewal.reissue_instead(station, officer, station.load(case.number))
    intake.cancel(station, officer, newer, "applicant_left")
    told = Notice(
        NoticeKind.NEW_PASSPORT,
        person.overseas_number,
        station.now().date(),
        "P-2026-17",
        later.passport_number,
    )
    with station.store.write() as session:
        notices.take(session, station.stamp(officer), [told], "ab" * 32)
    resumed = renewal.why_not(station, CaseKind.RESUME, held.number)
    must_change = [(one.number, one.due) for one in listing(station, officer).standing]
    newer = renewal.open_reissue(station, officer, held.number, ReissueReason.NEW_PASSPORT)
    newer = counter.deliver(counter.script.to_approval(newer, later), new_phone)
    newer = counter.prove(newer, new_phone)

    ended = station.load(case.number)
    assert (ended.state, ended.ending and ended.ending.reason) == (
        State.CANCELLED,
        "reissued_instead",
    )
    assert resumed is not None
    assert resumed.code == "RENEW-07"
    assert must_change == [(held.number, Due.REISSUE)]
    assert listing(station, officer).standing == ()
    assert newer.document is not None
    assert newer.document.number == later.passport_number
    assert listed(phone) == [Status.INVALID] * 2
    assert listed(new_phone) == [Status.VALID] * 2


def forget_passport(counter: Counter, case: Case) -> None:
    """As a case stands that was purged before anybody kept a digest of its passport."""
    station, officer = counter.rehearsal.station, counter.script.officer
    close_case(station, officer, case, {"passport": True, "slip": True, "loss": True})
    retention.purge(station.store, station.stamp(), station.now() + timedelta(days=1))
    with station.store.load() as connection:
        nobody = update(CaseRow).where(CaseRow.number == case.number).values(document=None)
        connection.execute(nobody)


def test_where_no_passport_was_kept_the_phone_tells_which(
    counter: Counter, person: Applicant, held: Case, phone: Holder
) -> None:
    """Nobody can compare it before: the credential on the phone names its passport."""
    station, officer = counter.rehearsal.station, counter.script.officer
    suspend(counter, held)
    first = counter.script.to_approval(resume(counter, held), person)
    known = proving.place_check(station, officer, first)
    intake.cancel(station, officer, station.load(first.number), "applicant_left")
    forget_passport(counter, held)

    case = counter.script.to_approval(resume(counter, held), person)
    check = proving.place_check(station, officer, case)
    phone.present(check.uri).result(PATIENCE)
    case = proving.take_answer(station, officer, case, check, PATIENCE)

    assert (known.asks_passport, check.asks_passport) == (False, True)
    for query in check.request.query["credentials"]:
        assert "travel_document_number" in [one["path"][-1] for one in query["claims"]]
    assert case is not None
    assert case.state is State.PROVEN
    assert listed(phone) == [Status.VALID] * 2


def test_what_names_an_unkept_former_passport_is_not_resumed(
    counter: Counter, phone: Holder, new_phone: Holder
) -> None:
    """Not compared is not the same: what the phone shows names another passport than the one
    at the window, it stays suspended, and the case gives way to a reissue."""
    station, officer = counter.rehearsal.station, counter.script.officer
    person = next(one for one in counter.rehearsal.people if one.key == "alexandrina")
    release_holder(counter.rehearsal, person.overseas_number)
    held = counter.script.approved_case(person)
    held = counter.prove(counter.deliver(held, phone), phone)
    suspend(counter, held)
    forget_passport(counter, held)
    later = replace(person, passport_number="M246B8013")
    case = counter.script.to_approval(resume(counter, held), later)

    check = proving.place_check(station, officer, case)
    phone.present(check.uri).result(PATIENCE)
    with pytest.raises(FormerPassport) as refused:
        proving.take_answer(station, officer, case, check, PATIENCE)

    assert refused.value.facts == {"case": held.number}
    assert listed(phone) == [Status.SUSPENDED] * 2
    newer = renewal.reissue_instead(station, officer, station.load(case.number))
    newer = counter.deliver(counter.script.to_approval(newer, later), new_phone)
    assert counter.prove(newer, new_phone).state is State.PROVEN
    assert listed(phone) == [Status.INVALID] * 2


def test_two_windows_at_once(counter: Counter, held: Case) -> None:
    """Both ask in the same moment: one case is opened, the other window is told which."""
    both = threading.Barrier(2)

    def at_a_window() -> Case | Trouble:
        both.wait()
        try:
            return reissue(counter, held)
        except Trouble as reason:
            return reason

    with ThreadPoolExecutor(2) as windows:
        asked = [windows.submit(at_a_window) for _ in range(2)]
        told = [one.result() for one in asked]

    opened_cases = [one for one in told if isinstance(one, Case)]
    refused = [one for one in told if isinstance(one, renewal.UnderWay)]
    assert (len(opened_cases), len(refused)) == (1, 1)
    assert refused[0].facts["case"] == opened_cases[0].number


def test_reissue_keeps_no_day_that_is_over(counter: Counter, person: Applicant, held: Case) -> None:
    """The former end is kept while it lies ahead, and never beyond the passport's own."""
    station = counter.rehearsal.station
    assert held.expiry_date is not None
    past = replace(
        station, now=lambda: datetime.combine(held.expiry_date, time(12), UTC) + timedelta(days=1)
    )
    officer = counter.script.officer

    kept = reissue(counter, held)
    intake.cancel(station, officer, kept, "applicant_left")
    fresh = renewal.open_reissue(past, officer, held.number, ReissueReason.APP_RESET)
    intake.cancel(station, officer, fresh, "applicant_left")

    assert kept.expiry_date == held.expiry_date
    assert fresh.expiry_date is None


def test_activated_without_a_proof_the_former_one_ends_too(
    counter: Counter, person: Applicant, held: Case, phone: Holder, new_phone: Holder
) -> None:
    """Two persons' cards stand in for the new phone: still one phone a person, in one step."""
    rehearsal, officer = counter.rehearsal, counter.script.officer
    station = rehearsal.station
    case = counter.deliver(counter.script.to_approval(reissue(counter, held), person), new_phone)
    reason = ActivateReason.APP_CANNOT.value

    statement = aftercare.draw_up(station, officer, case.number, CareAct.ACTIVATE, reason)
    aftercare.sign(station, officer, statement, bytearray(TRAINING_PIN, "ascii"))
    between = (listed(phone), listed(new_phone))
    own = rehearsal.bench.card
    rehearsal.bench.insert_card(officer_card(rehearsal, APPROVER))
    approver = next(one for one in station.officers.values() if one.role is Role.APPROVER)
    aftercare.sign(station, approver, statement, bytearray(TRAINING_PIN, "ascii"))
    assert own is not None
    rehearsal.bench.insert_card(own)

    assert between == ([Status.VALID] * 2, [Status.SUSPENDED] * 2)
    assert listed(phone) == [Status.INVALID] * 2
    assert listed(new_phone) == [Status.VALID] * 2
    assert station.load(case.number).state is State.ACTIVATED


def test_published_lists_never_show_two(
    counter: Counter,
    person: Applicant,
    held: Case,
    phone: Holder,
    new_phone: Holder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In two lists: the one with the former entries goes out first, so that nobody who reads
    both between finds two phones usable."""
    station = counter.rehearsal.station
    with station.store.write() as session:
        former = status.current_list(session)
        newer = status.begin_list(session, station.stamp())
    case = counter.deliver(counter.script.to_approval(reissue(counter, held), person), new_phone)
    assert {one.status_list for one in case.issued} == {newer} != {former}
    seen: list[tuple[Status | None, Status | None]] = []
    real = station.link.publish_status

    def publish(name: str, jwt: str, cwt: bytes) -> None:
        real(name, jwt, cwt)
        seen.append((listed(phone)[0], listed(new_phone)[0]))

    monkeypatch.setattr(station.link, "publish_status", publish)
    counter.prove(case, new_phone)

    assert seen == [(Status.INVALID, Status.SUSPENDED), (Status.INVALID, Status.VALID)]
