"""Which of the seven steps a case stands at."""

from __future__ import annotations

from enum import IntEnum

from desk.issuance.case import Case, CaseKind, State


class Step(IntEnum):
    """The seven steps, as numbered on the rail."""

    PASSPORT = 1
    ELIGIBILITY = 2
    FACE = 3
    REVIEW = 4
    PHONE = 5
    PROOF = 6
    HAND_OVER = 7

    @property
    def key(self) -> str:
        return self.name.lower()


_CURRENT = {
    State.OPENED: Step.PASSPORT,
    State.DOCUMENT_CHECKED: Step.PASSPORT,
    State.ELIGIBLE: Step.FACE,
    State.FACE_CHECKED: Step.REVIEW,
    State.PREPARED: Step.REVIEW,
    State.APPROVED: Step.PHONE,
    State.OFFERED: Step.PHONE,
    State.SIGNING: Step.PHONE,
    State.DELIVERED: Step.PROOF,
    State.PROVEN: Step.HAND_OVER,
    State.ACTIVATED: Step.HAND_OVER,
    State.REFUSED: Step.HAND_OVER,
    State.CANCELLED: Step.HAND_OVER,
    State.EXPIRED: Step.HAND_OVER,
}


def current_step(case: Case) -> Step:
    """Where the case goes on. A document that was judged waits at the eligibility step
    once the rules have answered; an approved resume goes on with the phone's proof."""
    if case.state is State.DOCUMENT_CHECKED and case.verdict is not None:
        return Step.ELIGIBILITY
    if case.kind is CaseKind.RESUME and case.state is State.APPROVED:
        return Step.PROOF
    return _CURRENT[case.state]
