"""Two cards at a desk with real records: who may, what is kept, what is refused, and that
nothing is issued around it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography import x509
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from PIL import Image
from sqlalchemy import select

from desk.cards.piv import PivSession
from desk.cards.piv_data import Slot
from desk.cards.signer import CardSigner
from desk.cards.troubles import CertificateExpired, OtherCard, WrongPin
from desk.counter import approving, offering, signing
from desk.counter.signing import CheckedRequest, CredentialOver
from desk.counter.station import Station
from desk.credential.claims import load_profile
from desk.credential.keys import Curve
from desk.credential.signer import LocalKey, LocalSigner
from desk.issuance.approvals import (
    ApprovalBroken,
    CaseChangedSince,
    MayNotApprove,
    NotAllOpened,
    PreparerMayNotApprove,
    RequestOver,
    SecondCard,
)
from desk.issuance.case import Act, Case, Comparison, OfferFacts, SeenItem, State, advance
from desk.issuance.digest import case_digest
from desk.issuance.flagged import flagged_items
from desk.issuance.officers import Officer
from desk.issuance.ports import KeyRequest
from desk.issuance.roles import Role, RoleMayNot
from desk.store import cases, journal, seals, status
from desk.store.cases import BlobKind
from desk.store.models import IntentRow
from desk.store.troubles import CaseChanged
from desk.training.authority import SIGNATURE, TrainingAuthority
from desk.training.piv_card import PivCard
from desk.trouble import Trouble
from tests.cards.issue import card_with, pin, session_with
from tests.counter.sealed import START, Clock, root, station_in
from tests.issuance.people import DIFFERENCE, checked_case
from tests.samples import ENTRY

NUMBERS = count(1)


@dataclass(frozen=True)
class Person:
    officer: Officer
    card: PivCard = field(repr=False)

    @property
    def id(self) -> str:
        return self.officer.officer_id


def person(number: int, role: Role) -> Person:
    card = card_with(issuer=root())
    certificate = session_with(card).certificate(Slot.AUTHENTICATION) or b""
    fingerprint = hashlib.sha256(certificate).hexdigest()
    name = f"담당 {number}"
    officer = Officer(f"T-{number:03d}", name, name, "영사", "Consul", role, "LA", fingerprint)
    return Person(officer, card)


@cache
def crew() -> tuple[Person, ...]:
    roles = (Role.OFFICER, Role.APPROVER, Role.HEAD_OF_POST, Role.ADMINISTRATOR)
    return tuple(person(number, role) for number, role in enumerate(roles, start=1))


@dataclass
class Reader:
    """The reader of the desk, with one card in it, just powered for each session."""

    card: PivCard

    @contextmanager
    def officer_card(self) -> Iterator[PivSession]:
        self.card.reset()
        yield session_with(self.card)


class Service:
    """Takes every answer."""

    issuer = "https://issue.example"

    def __init__(self) -> None:
        self.answers = 0
        self.voided: list[str] = []

    def void_offer(self, offer_id: str, _reason: str) -> None:
        self.voided.append(offer_id)

    def get_ready(self) -> None: ...

    def answer(self, _request: KeyRequest, _credentials: Sequence[str]) -> None:
        self.answers += 1


@cache
def signer() -> LocalSigner:
    return TrainingAuthority.create(START).officers[0].slots[SIGNATURE].signer


class CredentialCard:
    """The key in 9C as a card holds it, and what it was asked to sign."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self.certificate_chain = signer().certificate_chain
        self.algorithm = signer().algorithm
        self.signed: list[str] = []

    @contextmanager
    def one_session(self) -> Iterator[None]:
        yield

    def sign_all(self, data: Sequence[bytes]) -> tuple[bytes, ...]:
        """I2: whatever comes here has an intent that is durable already."""
        digests = [hashlib.sha256(one).hexdigest() for one in data]
        live = select(IntentRow.to_be_signed_sha256).where(IntentRow.state == "live")
        with self._station.store.read() as session:
            assert set(digests) <= set(session.scalars(live)), "a signature without an intent"
        self.signed += digests
        return tuple(signer().sign(one) for one in data)

    def attest(self, _data: bytes) -> tuple[bytes, bytes]:
        raise OtherCard


@cache
def portrait() -> bytes:
    target = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((240, 320)).save(target, "JPEG")
    return target.getvalue()


def nothing_revoked(_certificate: x509.Certificate, _now: object) -> None:
    """Every certificate is good."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with station_in(tmp_path_factory.mktemp("records")) as station:
        with station.store.write() as session:
            status.begin_list(session, station.stamp())
        yield replace(
            station,
            roles=cast(Any, Reader(crew()[0].card)),
            officers={one.officer.card: one.officer for one in crew()},
            authority=cast(
                Any, SimpleNamespace(revocations=SimpleNamespace(check=nothing_revoked))
            ),
            profile=load_profile(),
            link=cast(Any, Service()),
        )


@pytest.fixture
def station(opened: Station, monkeypatch: pytest.MonkeyPatch) -> Station:
    for module in (signing, offering):
        monkeypatch.setattr(module, "publish_status", lambda _station: False)
    uri = SimpleNamespace(uri=lambda name, _form: f"https://desk.example/status/{name}")
    monkeypatch.setattr(Station, "status_place", uri)
    insert(opened, crew()[0])
    return opened


def insert(station: Station, who: Person) -> None:
    cast(Any, station.roles).card = who.card


def new_case(station: Station, *, exception: bool = True) -> Case:
    """A case that Lee has brought to the review, everything flagged opened."""
    officer = crew()[0].officer
    checked = checked_case(*((DIFFERENCE,) if exception else ()), preparers=())
    number = next(NUMBERS)
    # Another applicant each time: one phone a person.
    entry = replace(ENTRY, overseas_number=f"LA-2019-{number:06d}")
    fresh = replace(checked, number=f"LA-2026-{number:06d}", register=entry)
    opened_case = replace(fresh, state=State.OPENED, history=fresh.history[:1])
    stamp = station.stamp(officer)
    with station.store.write() as session:
        cases.add(session, stamp, opened_case)
        cases.keep_blob(session, stamp, fresh.number, BlobKind.PORTRAIT, "image/jpeg", portrait())
    station.save(officer, fresh, "FACE.JUDGED")
    return approving.ready_for_approval(station, officer, fresh)


def prepare(station: Station, case: Case, who: Person, text: str = "246813") -> Case:
    digest = case_digest(case)
    return approving.sign_as_preparer(station, who.officer, case, pin(text), digest)


def look(station: Station, case: Case, who: Person) -> Case:
    items = {f"difference:{row.item}": 3 for row in case.compared}
    return approving.note_seen(station, who.officer, case, items)


def approve(station: Station, case: Case, who: Person) -> Case:
    digest = case_digest(case)
    return approving.sign_as_approver(station, who.officer, case, pin(), digest)


def kinds(station: Station, case: Case) -> list[str]:
    with station.store.read() as session:
        return [event.kind for event in journal.events(session, case=case.number)]


LEE, JUNG, HEAD, ADMINISTRATOR = range(4)


def test_two_cards_sign_one_digest_and_both_seal_the_log(station: Station) -> None:
    case = prepare(station, new_case(station), crew()[LEE])
    assert case.state is State.PREPARED
    insert(station, crew()[JUNG])

    case = approve(station, look(station, case, crew()[JUNG]), crew()[JUNG])

    assert case.state is State.APPROVED
    assert station.load(case.number) == case
    approving.demand_approved(station, case)
    told = kinds(station, case)
    assert told.index("CASE.PREPARED") < told.index("APPROVAL.ITEM_SEEN")
    assert told.index("APPROVAL.ITEM_SEEN") < told.index("CASE.APPROVED")
    with station.store.read() as session:
        made = seals.seals(session, case=case.number)
    assert [kept.seal.officers for kept in made] == [("T-001",), ("T-002",)]


def test_a_plain_case_needs_one_card_unless_the_post_wants_two(station: Station) -> None:
    wanted = replace(station.settings.approval, second_card="always")
    strict = replace(station, settings=replace(station.settings, approval=wanted))

    alone = prepare(station, new_case(station, exception=False), crew()[LEE])
    waiting = prepare(strict, new_case(station, exception=False), crew()[LEE])

    assert alone.state is State.APPROVED
    assert waiting.state is State.PREPARED
    assert approving.policy_of(strict) is SecondCard.ALWAYS


def test_the_list_of_what_waits_is_for_those_who_may(station: Station) -> None:
    case = prepare(station, new_case(station), crew()[LEE])

    seen_by = [
        who.id
        for who in crew()
        if case.number in [one.number for one in approving.waiting(station, who.officer)]
    ]

    assert seen_by == ["T-002", "T-003"]


def test_whoever_had_a_hand_in_the_case_may_not_approve_it(station: Station) -> None:
    """The head of post explained the difference before Lee signed: the log knows it."""
    case = new_case(station)
    case = station.keep(crew()[HEAD].officer, case, "DOCUMENT.EXPLAINED")
    case = approving.ready_for_approval(station, crew()[LEE].officer, case)
    assert case.preparers == ("T-001", "T-003")
    case = prepare(station, case, crew()[LEE])

    with pytest.raises(PreparerMayNotApprove):
        look(station, case, crew()[HEAD])
    waiting = approving.waiting(station, crew()[HEAD].officer)
    assert case.number not in [one.number for one in waiting]


@pytest.mark.parametrize(
    ("place", "trouble"),
    [(LEE, PreparerMayNotApprove), (ADMINISTRATOR, MayNotApprove)],
    ids=["preparer", "administrator"],
)
def test_a_card_that_may_not_approve_is_told_before_its_pin(
    station: Station, place: int, trouble: type[Trouble]
) -> None:
    case = prepare(station, new_case(station), crew()[LEE])
    insert(station, crew()[place])

    with station.officer_card() as session, pytest.raises(trouble):
        approving.admit_approver(station, session, case)

    assert crew()[place].card.pin_tries == 3


def test_an_approvers_card_is_admitted_without_its_pin(station: Station) -> None:
    case = prepare(station, new_case(station), crew()[LEE])
    insert(station, crew()[JUNG])

    with station.officer_card() as session:
        assert approving.admit_approver(station, session, case) == crew()[JUNG].officer


def test_the_card_of_somebody_else_does_not_sign_in_an_officers_name(station: Station) -> None:
    """The session is Lee's, the card in the reader is not."""
    case = new_case(station)
    insert(station, crew()[JUNG])

    with pytest.raises(OtherCard):
        prepare(station, case, crew()[LEE])

    assert crew()[JUNG].card.pin_tries == 3
    assert station.load(case.number).approvals == ()


def test_a_wrong_pin_is_no_signature_and_wiped(station: Station) -> None:
    case = new_case(station)
    wrong = pin("999999")

    with pytest.raises(WrongPin):
        approving.sign_as_preparer(station, crew()[LEE].officer, case, wrong, case_digest(case))

    assert not any(wrong)
    assert station.load(case.number) == case
    assert prepare(station, case, crew()[LEE]).state is State.PREPARED


def test_every_item_is_on_the_approvers_own_screen_first(station: Station) -> None:
    case = prepare(station, new_case(station), crew()[LEE])
    case = look(station, case, crew()[HEAD])
    insert(station, crew()[JUNG])

    with pytest.raises(NotAllOpened):
        approve(station, case, crew()[JUNG])


def test_time_on_an_item_is_kept_once_and_grows(station: Station) -> None:
    case = prepare(station, new_case(station), crew()[LEE])
    jung = crew()[JUNG].officer
    key = f"difference:{DIFFERENCE.item}"

    first = approving.note_seen(station, jung, case, {key: 0})
    again = approving.note_seen(station, jung, first, {key: 0})
    later = approving.note_seen(station, jung, again, {key: 24})

    assert again == first
    assert first.request is not None
    assert later.request is not None
    (one,), (two,) = first.request.seen, later.request.seen
    assert (two.seconds, two.at) == (24, one.at)


def test_another_digest_than_the_one_shown_is_signed_by_nobody(station: Station) -> None:
    case = new_case(station)
    with pytest.raises(CaseChangedSince):
        approving.sign_as_preparer(station, crew()[LEE].officer, case, pin(), b"\0" * 32)
    case = look(station, prepare(station, case, crew()[LEE]), crew()[JUNG])
    insert(station, crew()[JUNG])
    with pytest.raises(CaseChangedSince):
        approving.sign_as_approver(station, crew()[JUNG].officer, case, pin(), b"\0" * 32)


def test_what_waits_too_long_returns_by_itself(station: Station) -> None:
    case = prepare(station, new_case(station), crew()[LEE])
    late = replace(station, now=Clock(cast(Any, station.now).at + timedelta(minutes=11)))

    with pytest.raises(RequestOver):
        look(late, case, crew()[JUNG])
    back = {one.number: one for one in approving.return_overdue(late)}[case.number]

    assert back.state is State.FACE_CHECKED
    assert back.returned is not None
    assert (back.returned.reason, back.returned.officer) == (approving.TIME_OVER, "")
    assert station.load(case.number) == back
    assert prepare(station, back, crew()[LEE]).state is State.PREPARED


def test_a_case_that_was_given_back_keeps_its_approver_free_to_approve(
    station: Station,
) -> None:
    """Looking and giving back is no hand in the preparation."""
    case = prepare(station, new_case(station), crew()[LEE])
    jung = crew()[JUNG]
    case = look(station, case, jung)
    back = approving.return_case(station, jung.officer, case, "look_again", "여권번호")
    back = approving.ready_for_approval(station, crew()[LEE].officer, back)
    assert back.preparers == ("T-001",)

    again = look(station, prepare(station, back, crew()[LEE]), jung)
    insert(station, jung)

    assert approve(station, again, jung).state is State.APPROVED


def test_the_first_of_two_approvers_decides(station: Station) -> None:
    """Two desks at once: the second one's act on what it saw before is refused."""
    case = look(station, prepare(station, new_case(station), crew()[LEE]), crew()[JUNG])
    case = look(station, case, crew()[HEAD])
    insert(station, crew()[JUNG])
    approve(station, case, crew()[JUNG])

    insert(station, crew()[HEAD])
    with pytest.raises(CaseChanged):
        approve(station, case, crew()[HEAD])
    with pytest.raises(CaseChanged):
        approving.return_case(station, crew()[HEAD].officer, case, "look_again")
    with pytest.raises(CaseChanged):
        approving.call_back(station, crew()[LEE].officer, case)


# Before each credential


def offered(station: Station, case: Case) -> Case:
    now = station.now()
    offer = OfferFacts("offer", "uri", ("mdoc",), now, now + timedelta(minutes=10))
    case = advance(case, Act.OFFER, now, offer=offer, issued=())
    case = station.save(None, case, "OFFER.PLACED")
    return station.save(None, advance(case, Act.TAKE_KEY, now), "PHONE.KEY_TAKEN")


def request() -> CheckedRequest:
    key = LocalKey.generate(Curve.P256).public
    return CheckedRequest(
        KeyRequest("request", "offer", "mdoc", (), "nonce", bytes(32), START), (key,)
    )


def issue(station: Station, case: Case, card: CredentialCard) -> Case:
    officer = crew()[LEE].officer
    return signing.sign_requests(station, officer, case, (request(),), cast(CardSigner, card))


def approved_case(station: Station) -> Case:
    case = look(station, prepare(station, new_case(station), crew()[LEE]), crew()[JUNG])
    insert(station, crew()[JUNG])
    case = approve(station, case, crew()[JUNG])
    insert(station, crew()[LEE])
    return case


def test_an_approved_case_is_issued(station: Station) -> None:
    card = CredentialCard(station)

    case = issue(station, offered(station, approved_case(station)), card)

    assert [one.configuration for one in case.issued] == ["mdoc"]
    assert len(card.signed) == 1


def ending_today(station: Station) -> Station:
    """Its credentials' administrative life is over at the end of this day."""
    credential = replace(station.settings.credential, administrative_years=0)
    return replace(station, settings=replace(station.settings, credential=credential))


def test_no_signature_outlives_the_administrative_end(station: Station) -> None:
    """Its last day counts whole where the post is: Los Angeles, eight hours behind UTC."""
    station = ending_today(station)

    case = issue(station, offered(station, approved_case(station)), CredentialCard(station))

    assert case.expiry_date == date(2026, 11, 23)
    assert [one.valid_until for one in case.issued] == [datetime(2026, 11, 24, 8, tzinfo=UTC)]


def test_nothing_is_signed_whose_end_came_since_the_approval(station: Station) -> None:
    station = ending_today(station)
    case, card = offered(station, approved_case(station)), CredentialCard(station)
    midnight = datetime(2026, 11, 24, 8, tzinfo=UTC)

    with pytest.raises(CredentialOver):
        issue(replace(station, now=lambda: midnight), case, card)

    assert card.signed == []


def test_no_intent_and_no_signature_where_the_approval_does_not_hold(station: Station) -> None:
    """A fact that changed in the records, an approver who left the list, a card that was
    revoked since, a policy that asks for more: nothing is prepared for any of them."""
    case = offered(station, approved_case(station))
    card = CredentialCard(station)
    assert case.register is not None
    changed = replace(case, register=replace(case.register, name_hangul="홍길동"))
    left = {key: one for key, one in station.officers.items() if one.officer_id != "T-002"}

    def revoked(_certificate: x509.Certificate, at: Any) -> None:
        raise CertificateExpired(at)

    authority = cast(Any, SimpleNamespace(revocations=SimpleNamespace(check=revoked)))
    with pytest.raises(CaseChangedSince):
        issue(station, changed, card)
    with pytest.raises(ApprovalBroken):
        issue(replace(station, officers=left), case, card)
    with pytest.raises(CertificateExpired):
        issue(replace(station, authority=authority), case, card)
    with pytest.raises(ApprovalBroken):
        issue(station, replace(case, approvals=case.approvals[1:]), card)

    assert card.signed == []
    with station.store.read() as session:
        mine = IntentRow.case_number == case.number
        assert session.scalars(select(IntentRow).where(mine)).all() == []


def test_an_approval_that_does_not_hold_is_taken_back_with_its_offer(
    station: Station,
) -> None:
    """The way out: the case is signed anew, and what was prepared for the phone is void."""
    case = offered(station, approved_case(station))
    station_of_service(station).voided = []

    back = approving.take_back_approval(station, crew()[LEE].officer, case, "REVIEW-08")

    assert back.state is State.FACE_CHECKED
    assert (back.offer, back.approvals) == (None, ())
    assert back.returned is not None
    assert back.returned.reason == approving.VOID
    assert station_of_service(station).voided == ["offer"]
    assert prepare(station, back, crew()[LEE]).state is State.PREPARED


def station_of_service(station: Station) -> Service:
    return cast(Service, station.link)


class Desk(RuleBasedStateMachine):
    """Everybody at one desk tries everything, in any order, through the counter's own acts
    and the real records; what is issued in the end has to have been approved by two."""

    station: Station

    def __init__(self) -> None:
        super().__init__()
        self.hands = {"T-001"}
        self.card = CredentialCard(self.station)
        self.digests: dict[str, set[str]] = {}

    @initialize(cards=st.integers(0, 2), colleague=st.booleans())
    def begin(self, cards: int, colleague: bool) -> None:
        self.case = new_case(self.station)
        if colleague:
            self.carry(crew()[HEAD])
        if cards > 0:
            self.prepare(crew()[LEE], own=True)
        if cards > 1:
            self.approve(crew()[JUNG], own=True)

    WHO = st.sampled_from(range(4)).map(lambda place: crew()[place])
    OWN = st.sampled_from((True, True, True, False))

    @rule(who=WHO)
    def carry(self, who: Person) -> None:
        if self.case.state is State.FACE_CHECKED and len(self.hands) < 2:
            # An administrator carries no case.
            with suppress(RoleMayNot):
                self.case = self.station.keep(who.officer, self.case, "REVIEW.ITEM_OPENED")
                self.hands.add(who.id)

    @rule(different=st.booleans())
    def read_again(self, different: bool) -> None:
        if self.case.state is State.FACE_CHECKED:
            outcome = Comparison.DIFFERENT if different else Comparison.SAME
            rows = (replace(DIFFERENCE, outcome=outcome),)
            self.case = replace(self.case, compared=rows)

    @rule(who=WHO, own=OWN)
    def prepare(self, who: Person, own: bool) -> None:
        if self.case.state is not State.FACE_CHECKED:
            return
        with suppress(Trouble):
            self.hands.add(who.id)
            self.case = approving.ready_for_approval(self.station, who.officer, self.case)
            self._insert(who, own)
            self.case = prepare(self.station, self.case, who)
            self._book(who)

    @rule(who=WHO, own=OWN)
    def approve(self, who: Person, own: bool) -> None:
        with suppress(Trouble):
            self.case = look(self.station, self.case, who)
            self._insert(who, own)
            self.case = approve(self.station, self.case, who)
            self._book(who)

    def _insert(self, who: Person, own: bool) -> None:
        insert(self.station, who if own else crew()[(crew().index(who) + 1) % 4])

    def _book(self, who: Person) -> None:
        self.digests.setdefault(case_digest(self.case).hex(), set()).add(who.id)

    @rule(who=WHO)
    def give_back(self, who: Person) -> None:
        with suppress(Trouble):
            self.case = approving.return_case(self.station, who.officer, self.case, "look_again")

    @rule(name=st.sampled_from(("홍길동", "김하늘")))
    def change_a_fact(self, name: str) -> None:
        assert self.case.register is not None
        other = replace(self.case.register, name_hangul=name)
        if self.case.state is not State.SIGNING:
            self.case = replace(self.case, register=other)

    @rule(jump=st.booleans())
    def issue(self, jump: bool) -> None:
        """Offer and sign; or jump there, as somebody could who writes into the records."""
        case = replace(self.case, state=State.APPROVED) if jump else self.case
        before = len(self.card.signed)
        try:
            issue(self.station, self._offered(case, jump), self.card)
        except Trouble:
            assert len(self.card.signed) == before
        else:
            signers = self.digests.get(case_digest(case).hex(), set())
            needed = 2 if case.compared[0].outcome is Comparison.DIFFERENT else 1
            assert len(signers) >= needed
            assert len(signers - self.hands) >= needed - 1
            assert len(self.card.signed) == before + 1

    def _offered(self, case: Case, jump: bool) -> Case:
        """The offer as the phone step makes it; the jump touches no record."""
        if not jump:
            advance(case, Act.OFFER, START)
        return replace(case, state=State.SIGNING, issued=())

    @invariant()
    def no_person_twice(self) -> None:
        approvers = [one.officer for one in self.case.approvals]
        assert len(set(approvers)) == len(approvers)
        assert all(one not in self.hands for one in approvers[1:])

    @invariant()
    def whoever_prepared_it_tries_in_vain(self) -> None:
        """Before the PIN and, with a desk that forgot to ask, behind it."""
        if self.case.state is not State.PREPARED:
            return
        for who in crew():
            if who.id in self.hands:
                insert(self.station, who)
                seen = self._seen_by(who)
                with pytest.raises(Trouble):
                    approve(self.station, seen, who)
                with pytest.raises(Trouble):
                    look(self.station, self.case, who)

    def _seen_by(self, who: Person) -> Case:
        """As if everything had been on this person's screen."""
        assert self.case.request is not None
        keys = [item.key for item in flagged_items(self.case)]
        items = tuple(SeenItem(key, who.id, START, 3) for key in keys)
        return replace(self.case, request=replace(self.case.request, seen=items))

    @invariant()
    def what_was_approved_is_what_is_issued(self) -> None:
        """Nothing of an approved case can be another in what is signed."""
        if self.case.state is not State.APPROVED or self.case.register is None:
            return
        other = replace(self.case.register, name_hangul="이몽룡")
        for changed in (
            replace(self.case, register=other),
            replace(self.case, compared=()),
            replace(self.case, approvals=self.case.approvals[:-1]),
        ):
            with pytest.raises(Trouble):
                issue(self.station, self._offered(changed, jump=True), self.card)


def test_no_order_of_acts_lets_one_person_issue(station: Station) -> None:
    machine = cast(Any, type("DeskHere", (Desk,), {"station": station}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
