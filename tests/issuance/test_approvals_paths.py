"""Whatever officers, cards and records do in whatever order: nobody issues alone.

A machine plays a post: people carry a case, sign it with their own or with somebody else's
card, give it back, read the passport again, leave the list. It keeps its own book of who did
what. Whenever the policy says that a credential may be signed, the book has to agree, and
nothing that somebody else could have written in the case's place may pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from desk.issuance import approvals
from desk.issuance.approvals import Approved, SecondCard, Signed
from desk.issuance.case import Case, Purpose, Returned, SeenItem, State
from desk.issuance.digest import case_digest
from desk.issuance.flagged import flagged_items
from desk.issuance.roles import Right
from desk.trouble import Trouble
from tests.issuance.people import (
    ADMINISTRATOR,
    DIFFERENCE,
    HEAD,
    JUNG,
    LEE,
    NOW,
    WAIT,
    Person,
    checked_case,
    listed,
    sign,
    usable,
)

CREW = (LEE, JUNG, HEAD, ADMINISTRATOR)
WHO = st.sampled_from(CREW)
BY_ID = {one.id: one for one in CREW}
MOSTLY = st.sampled_from((True, True, True, False))


class Post(RuleBasedStateMachine):
    """One case at one post, and a book beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.case = checked_case()
        self.list = listed(CREW)
        self.now: datetime = NOW
        # The book: who touched the facts, and whose card signed which digest as what.
        self.hands = {LEE.id}
        self.cards: set[tuple[bytes, str, str, Purpose]] = set()

    @initialize(
        policy=st.sampled_from(SecondCard),
        exception=st.booleans(),
        cards=st.integers(0, 2),
        colleague=st.booleans(),
    )
    def begin(self, policy: SecondCard, exception: bool, cards: int, colleague: bool) -> None:
        """A case with so many signatures as they should be."""
        self.policy = policy
        self.case = checked_case(*((DIFFERENCE,) if exception else ()))
        if colleague:
            self.hands.add(HEAD.id)
        if cards > 0:
            self.prepare(last=False, card=LEE, honest=True)
        if cards > 1:
            self.approve(who=JUNG, card=JUNG, honest=True, asked=True)

    # What people do

    @precondition(lambda self: self.case.state is State.FACE_CHECKED and len(self.hands) < 2)
    @rule(who=WHO)
    def carry(self, who: Person) -> None:
        """Take the case over."""
        self.hands.add(who.id)

    @precondition(lambda self: self.case.state is State.FACE_CHECKED)
    @rule(different=st.booleans(), opened=MOSTLY)
    def read_again(self, different: bool, opened: bool) -> None:
        """The passport is read again: with or without a difference to the register."""
        rows = (DIFFERENCE,) if different else ()
        items = ("difference:passport_number",) if opened else ()
        self.case = replace(self.case, compared=rows, opened_items=items)

    @rule(last=st.booleans(), card=WHO, honest=MOSTLY)
    def prepare(self, last: bool, card: Person, honest: bool) -> None:
        """Sign as the preparer, perhaps with a card that is not one's own."""
        if self.case.state is not State.FACE_CHECKED:
            return
        # Whoever is signed in has a hand in the case: the desk reads that in its log.
        hands = sorted(self.hands)
        who = BY_ID[hands[-1] if last else hands[0]]
        self.case = replace(self.case, preparers=tuple(hands))
        with suppress(Trouble, KeyError):
            approvals.demand_preparer(self.case, who.officer)
            signed = self._signed(who, who if honest else card, Purpose.PREPARE)
            self.case = approvals.prepare(signed, self.policy, WAIT)

    @rule(who=WHO)
    def look(self, who: Person) -> None:
        """Have every flagged item on the screen."""
        if self.case.request is None:
            return
        keys = [item.key for item in flagged_items(self.case)]
        seen = tuple(SeenItem(key, who.id, self.now, 3) for key in keys)
        request = replace(self.case.request, seen=(*self.case.request.seen, *seen))
        self.case = replace(self.case, request=request)

    @rule(who=WHO, card=WHO, honest=MOSTLY, asked=MOSTLY)
    def approve(self, who: Person, card: Person, honest: bool, asked: bool) -> None:
        """Sign as the approver; a desk that forgot to ask first is no way around."""
        if not self.case.approvals:
            return
        with suppress(Trouble, KeyError):
            if asked:
                self.look(who)
                approvals.demand_waiting(self.case, self.now)
                approvals.demand_approver(self.case, who.officer)
                approvals.demand_seen(self.case, who.officer)
            stored = self.case.approvals[0]
            first = Signed(self.case, stored, self.list[stored.certificate_sha256])
            second = self._signed(who, who if honest else card, Purpose.APPROVE)
            both = Approved(self.case, self.policy, (first, second))
            self.case = approvals.approve(both, self.now)

    def _signed(self, who: Person, card: Person, purpose: Purpose) -> Signed:
        """A signature is the card's, whoever held it; the book notes whose card it was."""
        approval = sign(self.case, who, purpose, self.now, card.card)
        self.cards.add((case_digest(self.case), card.id, card.card.fingerprint, purpose))
        return Signed(self.case, approval, self.list[approval.certificate_sha256])

    @precondition(lambda self: self.case.state in (State.PREPARED, State.APPROVED))
    @rule(who=WHO)
    def give_back(self, who: Person) -> None:
        self.case = approvals.give_back(self.case, Returned("look_again", self.now, who.id))

    @rule(minutes=st.integers(1, 12))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def ask_two_cards_from_now_on(self) -> None:
        self.policy = SecondCard.ALWAYS

    @precondition(lambda self: len(self.list) == len(CREW))
    @rule(who=WHO)
    def leave_the_list(self, who: Person) -> None:
        del self.list[who.officer.card]

    # What has to hold

    @invariant()
    def nobody_issues_alone(self) -> None:
        """Where the policy lets a credential be signed, the book shows why."""
        with suppress(Trouble):
            approved = self._verified(self.case)
            self._assert_in_the_book(approved)
            event(f"{len(approved.signatures)} signatures hold")
            for written in self._written_by_others(approved):
                with pytest.raises(Trouble):
                    self._verified(written)

    @invariant()
    def nobody_approves_what_he_prepared(self) -> None:
        """Whoever tries, with a desk that asks nothing before the PIN."""
        if self.case.state is not State.PREPARED:
            return
        stored = self.case.approvals[0]
        if stored.certificate_sha256 not in self.list:
            return
        first = Signed(self.case, stored, self.list[stored.certificate_sha256])
        for who in CREW:
            approval = sign(self.case, who, Purpose.APPROVE, self.now)
            may = who.id not in self.hands and who.officer.role.may(Right.APPROVE)
            try:
                Approved(self.case, self.policy, (first, Signed(self.case, approval, who.officer)))
            except Trouble:
                assert not may
            else:
                assert may

    def _verified(self, case: Case) -> Approved:
        return approvals.verified(case, self.policy, self.list, usable, self.now)

    def _assert_in_the_book(self, approved: Approved) -> None:
        digest = case_digest(approved.case)
        told = [
            (one.officer.officer_id, one.approval.certificate_sha256, one.approval.purpose)
            for one in approved.signatures
        ]
        assert {(digest, *one) for one in told} <= self.cards, "no card signed this"
        assert len({officer for officer, _, _ in told}) == len(told), "one person twice"
        assert len({card for _, card, _ in told}) == len(told), "one card twice"
        needed = self.policy is SecondCard.ALWAYS or bool(approved.case.compared)
        assert len(told) == (2 if needed else len(told)), "too few cards"
        for officer, _card, purpose in told:
            assert (officer in self.hands) == (purpose is Purpose.PREPARE)
            assert officer != ADMINISTRATOR.id

    def _written_by_others(self, approved: Approved) -> Iterator[Case]:
        """What somebody can put in the case's place who can write into the records."""
        case, last = approved.case, approved.case.approvals[-1]
        assert case.register is not None
        yield replace(case, register=replace(case.register, name_hangul="홍길동"))
        yield replace(case, number="LA-2026-000002")
        yield replace(case, expiry_date=self.now.date())
        yield replace(case, preparers=(*case.preparers, "T-009"))
        yield replace(case, approvals=())
        yield replace(case, approvals=(*case.approvals, last))
        for who in CREW:
            if who.id == last.officer:
                continue
            named = sign(case, who, last.purpose, last.approved_at)
            for forged in (
                replace(named, signature=last.signature),
                replace(last, officer=who.id, role=named.role, post=named.post),
                replace(last, certificate_sha256=who.card.fingerprint),
                replace(last, certificate=who.card.certificate.hex()),
                replace(last, role="head_of_post", post="SF"),
                replace(last, approved_at=last.approved_at + timedelta(microseconds=1)),
            ):
                yield replace(case, approvals=(*case.approvals[:-1], forged))


Post.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
TestPost = Post.TestCase
