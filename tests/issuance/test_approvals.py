"""Four eyes: what is approved was signed by different people with different cards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import desk
from desk.cards.troubles import CertificateExpired
from desk.issuance import approvals
from desk.issuance.approvals import (
    AnotherPerson,
    ApprovalBroken,
    Approved,
    CaseChangedSince,
    MayNotApprove,
    MayNotPrepare,
    NotAllOpened,
    PreparerMayNotApprove,
    ReasonMissing,
    RequestOver,
    SameCard,
    SecondCard,
    SecondCardMissing,
    Signed,
)
from desk.issuance.case import (
    ApprovalRequest,
    Case,
    Comparison,
    Judgement,
    NotPossible,
    Purpose,
    Returned,
    SeenItem,
    State,
)
from desk.issuance.record import from_plain, to_plain
from desk.trouble import Trouble
from tests.issuance import people
from tests.issuance.people import (
    ADMINISTRATOR,
    DIFFERENCE,
    FACE,
    HEAD,
    JUNG,
    LEE,
    NOW,
    PARK,
    SISTER,
    STRANGER,
    WAIT,
    KeyCard,
    Person,
    checked_case,
    listed,
    signed,
    usable,
)

DESK = Path(desk.__file__).parent


def prepared() -> Case:
    """A case with a difference, signed by Lee."""
    case = checked_case(DIFFERENCE)
    return approvals.prepare(signed(case, LEE, Purpose.PREPARE), SecondCard.EXCEPTIONS, WAIT)


def approved(case: Case, second: Person = JUNG) -> Case:
    first = Signed(case, case.approvals[0], LEE.officer)
    both = Approved(case, SecondCard.EXCEPTIONS, (first, signed(case, second, Purpose.APPROVE)))
    return approvals.approve(both, NOW)


# When a second card is asked for


@pytest.mark.parametrize(
    ("case", "exception"),
    [
        (checked_case(), False),
        (checked_case(replace(DIFFERENCE, outcome=Comparison.SPACING_ONLY)), False),
        (checked_case(DIFFERENCE), True),
        (replace(checked_case(), face=replace(FACE, band="between")), True),
        (replace(checked_case(), face=replace(FACE, judgement=Judgement.UNSURE)), True),
    ],
    ids=["clean", "spacing", "difference", "against the band", "hard to tell"],
)
def test_exceptions_always_need_a_second_card(case: Case, exception: bool) -> None:
    assert approvals.second_card_needed(case, SecondCard.EXCEPTIONS) is exception
    assert approvals.second_card_needed(case, SecondCard.ALWAYS)


def test_a_plain_case_is_approved_by_one_card_unless_every_case_needs_two() -> None:
    first = signed(checked_case(), LEE, Purpose.PREPARE)

    alone = approvals.prepare(first, SecondCard.EXCEPTIONS, WAIT)
    waiting = approvals.prepare(first, SecondCard.ALWAYS, WAIT)

    assert alone.state is State.APPROVED
    assert alone.request is None
    assert waiting.state is State.PREPARED
    assert waiting.request == ApprovalRequest(NOW, NOW + WAIT)


def test_two_people_with_two_cards_approve_an_exception() -> None:
    case = approved(prepared())

    assert case.state is State.APPROVED
    assert [one.officer for one in case.approvals] == [LEE.id, JUNG.id]
    assert len({one.digest for one in case.approvals}) == 1
    approvals.verified(case, SecondCard.EXCEPTIONS, listed(), usable, NOW)
    assert from_plain(Case, to_plain(case)) == case


# Who may


@pytest.mark.parametrize("second", [JUNG, HEAD, SISTER], ids=lambda one: one.officer.role)
def test_who_may_approve(second: Person) -> None:
    approvals.demand_approver(prepared(), second.officer)

    assert approved(prepared(), second).state is State.APPROVED


@pytest.mark.parametrize(
    ("second", "trouble"),
    [
        (LEE, PreparerMayNotApprove),
        (PARK, MayNotApprove),
        (ADMINISTRATOR, MayNotApprove),
        (STRANGER, MayNotApprove),
    ],
    ids=lambda one: one.id if isinstance(one, Person) else one.code,
)
def test_who_may_not_approve_is_told_before_a_pin_and_again_behind_it(
    second: Person, trouble: type[Trouble]
) -> None:
    case = prepared()

    with pytest.raises(trouble):
        approvals.demand_approver(case, second.officer)
    with pytest.raises((trouble, MayNotApprove)):
        approved(case, second)


def test_everybody_who_had_a_hand_in_the_case_counts_as_its_preparer() -> None:
    """An approver who read the passport before a colleague took over approves nothing."""
    case = checked_case(DIFFERENCE, preparers=(JUNG.id, LEE.id))
    case = approvals.prepare(signed(case, LEE, Purpose.PREPARE), SecondCard.EXCEPTIONS, WAIT)

    with pytest.raises(PreparerMayNotApprove):
        approvals.demand_approver(case, JUNG.officer)
    with pytest.raises(PreparerMayNotApprove):
        approved(case, JUNG)
    assert approved(case, HEAD).state is State.APPROVED


def test_one_card_is_no_two_people() -> None:
    """A list that gave one card to two people would still let it sign once."""
    case = prepared()
    double = Person(replace(JUNG.officer, card=LEE.card.fingerprint), LEE.card)

    with pytest.raises(SameCard):
        approvals.demand_approver(case, double.officer)
    with pytest.raises(SameCard):
        approved(case, double)


@pytest.mark.parametrize("who", [ADMINISTRATOR, SISTER], ids=lambda one: one.officer.role)
def test_who_may_not_prepare(who: Person) -> None:
    """The administrator prepares nothing, nobody anything of another post."""
    case = checked_case(preparers=(who.id,))

    with pytest.raises(MayNotPrepare):
        approvals.demand_preparer(case, who.officer)
    with pytest.raises(MayNotPrepare):
        signed(case, who, Purpose.PREPARE)


def test_a_preparer_whom_the_case_does_not_name_signs_nothing() -> None:
    """Whoever took the case over is among its preparers before the digest is shown."""
    with pytest.raises(CaseChangedSince):
        approvals.demand_preparer(checked_case(), PARK.officer)
    with pytest.raises(ApprovalBroken):
        approvals.prepare(
            signed(checked_case(), PARK, Purpose.PREPARE), SecondCard.EXCEPTIONS, WAIT
        )


# What may not be signed at all


@pytest.mark.parametrize(
    ("case", "trouble"),
    [
        (
            replace(checked_case(), face=replace(FACE, judgement=Judgement.DIFFERENT)),
            AnotherPerson,
        ),
        (checked_case(replace(DIFFERENCE, reason=None)), ReasonMissing),
        (replace(checked_case(DIFFERENCE), opened_items=()), NotAllOpened),
    ],
    ids=lambda one: getattr(one, "code", ""),
)
def test_no_number_of_cards_approves_this(case: Case, trouble: type[Trouble]) -> None:
    first, second = signed(case, LEE, Purpose.PREPARE), signed(case, JUNG, Purpose.APPROVE)

    with pytest.raises(trouble):
        approvals.demand_preparer(case, LEE.officer)
    with pytest.raises(trouble):
        Approved(case, SecondCard.EXCEPTIONS, (first, second))


# Stored signatures are not believed


def test_a_changed_fact_ends_every_signature() -> None:
    case = approved(prepared())
    assert case.register is not None
    changed = replace(case, register=replace(case.register, name_hangul="홍길동"))

    with pytest.raises(CaseChangedSince):
        approvals.verified(changed, SecondCard.EXCEPTIONS, listed(), usable, NOW)


def test_the_policy_is_asked_again() -> None:
    """A signature that was enough is none any more where every case needs two."""
    first = signed(checked_case(), LEE, Purpose.PREPARE)
    alone = approvals.prepare(first, SecondCard.EXCEPTIONS, WAIT)

    with pytest.raises(SecondCardMissing):
        approvals.verified(alone, SecondCard.ALWAYS, listed(), usable, NOW)


def test_a_card_that_left_the_list_or_was_revoked_signs_for_nobody() -> None:
    case = approved(prepared())

    def revoked(certificate: x509.Certificate, at: object) -> None:
        if certificate.subject.rfc4514_string() == f"CN={JUNG.id}":
            raise CertificateExpired(NOW)

    with pytest.raises(ApprovalBroken) as told:
        approvals.verified(case, SecondCard.EXCEPTIONS, listed((LEE, HEAD)), usable, NOW)
    assert told.value.facts == {"reason": "list"}
    with pytest.raises(CertificateExpired):
        approvals.verified(case, SecondCard.EXCEPTIONS, listed(), revoked, NOW)


def test_a_role_that_was_taken_away_ends_the_approval() -> None:
    case = approved(prepared())
    demoted = replace(JUNG.officer, role=PARK.officer.role)

    with pytest.raises(ApprovalBroken):
        approvals.verified(
            case, SecondCard.EXCEPTIONS, {**listed(), demoted.card: demoted}, usable, NOW
        )


FORGERIES = {
    "purpose": {"purpose": Purpose.PREPARE},
    "officer": {"officer": HEAD.id},
    "role": {"role": "head_of_post"},
    "post": {"post": "SF"},
    "time": {"approved_at": NOW + timedelta(seconds=1)},
    "digest": {"digest": "00" * 32},
    "certificate": {"certificate": HEAD.card.certificate.hex()},
    "another's certificate": {
        "certificate": HEAD.card.certificate.hex(),
        "certificate_sha256": HEAD.card.fingerprint,
    },
    "no certificate": {"certificate": ""},
    "no signature": {"signature": ""},
    "odd signature": {"signature": "00"},
    "no hex": {"signature": "zz"},
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_an_approval_that_was_altered_does_not_hold(change: dict[str, object]) -> None:
    """Whoever writes into the records gets no credential out of it."""
    case = approved(prepared())
    first, second = case.approvals
    forged = replace(second, **change)  # type: ignore[arg-type]

    with pytest.raises((ApprovalBroken, CaseChangedSince)):
        approvals.verified(
            replace(case, approvals=(first, forged)),
            SecondCard.EXCEPTIONS,
            listed(),
            usable,
            NOW,
        )


@pytest.mark.parametrize("kept", [(), (1,), (0, 0), (0, 1, 1)], ids=str)
def test_signatures_that_are_missing_or_doubled_do_not_hold(kept: tuple[int, ...]) -> None:
    case = approved(prepared())
    some = replace(case, approvals=tuple(case.approvals[place] for place in kept))

    with pytest.raises(ApprovalBroken):
        approvals.verified(some, SecondCard.EXCEPTIONS, listed(), usable, NOW)


def test_a_signature_of_another_case_does_not_hold() -> None:
    """Two cases with the same facts do not share a signature: the statement names the case."""
    case = prepared()
    other = replace(case, number="LA-2026-000002")
    foreign = replace(people.sign(other, JUNG, Purpose.APPROVE), digest=case.approvals[0].digest)

    with pytest.raises(ApprovalBroken):
        Signed(case, foreign, JUNG.officer)


def test_the_statement_is_what_another_program_would_sign() -> None:
    """Prefix and RFC 8785 JSON, verified here with nothing but the card's certificate."""
    case = prepared()
    first = case.approvals[0]
    said = (
        b'desk-case-approval-2:{"at":"2026-11-23T18:00:00.000000+00:00",'
        b'"card":"%s","case":"LA-2026-000001","digest":"%s","officer":"T-001","post":"LA",'
        b'"purpose":"prepare","role":"officer"}'
    ) % (first.certificate_sha256.encode(), first.digest.encode())

    assert approvals.statement(case.number, first) == said
    certificate = x509.load_der_x509_certificate(bytes.fromhex(first.certificate))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = approvals._as_signed(key, bytes.fromhex(first.signature))
    key.verify(signature, said, ec.ECDSA(hashes.SHA256()))
    assert hashlib.sha256(bytes.fromhex(first.certificate)).hexdigest() == LEE.card.fingerprint


# Waiting, and back


def test_a_case_that_waited_too_long_is_approved_by_nobody() -> None:
    case = prepared()

    approvals.demand_waiting(case, NOW + WAIT - timedelta(seconds=1))
    with pytest.raises(RequestOver):
        approvals.demand_waiting(case, NOW + WAIT)
    with pytest.raises(NotPossible):
        approvals.demand_waiting(checked_case(), NOW)


@pytest.mark.parametrize("state", [State.PREPARED, State.APPROVED])
def test_what_is_given_back_loses_its_signatures(state: State) -> None:
    case = prepared() if state is State.PREPARED else approved(prepared())

    back = approvals.give_back(case, Returned("look_again", NOW, JUNG.id, "여권번호"))

    assert back.state is State.FACE_CHECKED
    assert back.approvals == ()
    assert back.request is None
    assert back.returned is not None
    with pytest.raises(ApprovalBroken):
        approvals.verified(back, SecondCard.EXCEPTIONS, listed(), usable, NOW)


def test_each_approver_has_to_look_himself() -> None:
    """What a colleague had on the screen opens nothing for the next approver."""
    case = prepared()
    assert case.request is not None
    seen = replace(case.request, seen=(SeenItem("difference:passport_number", JUNG.id, NOW, 24),))
    case = replace(case, request=seen)

    approvals.demand_seen(case, JUNG.officer)
    with pytest.raises(NotAllOpened):
        approvals.demand_seen(case, HEAD.officer)


def test_a_card_of_another_kind_signs_as_well() -> None:
    """P-384 has longer halves; an RSA signature stays as the card gave it."""
    case = checked_case(DIFFERENCE)
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        card = KeyCard.of(key, "another kind")
        who = Person(replace(LEE.officer, card=card.fingerprint), card)

        signed(case, who, Purpose.PREPARE)


def test_only_the_policy_moves_a_case_to_approved() -> None:
    """No other place in the program performs the act: there is no way around the check."""
    users = {
        file.relative_to(DESK).as_posix()
        for file in DESK.rglob("*.py")
        if re.search(r"\bAct\.APPROVE\b", file.read_text(encoding="utf-8"))
    }

    # The table of transitions names the act as well.
    assert users == {"issuance/approvals.py", "issuance/case.py"}
