"""Which of the seven steps a case stands at, and what the rail says of each."""

from __future__ import annotations

from enum import IntEnum

from desk.issuance.case import Case, State
from desk.issuance.case import Step as Entered
from desk.ui import says
from desk.ui.look import Look
from desk.ui.parts.rail import StepMark, StepState


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
    State.APPROVED: Step.PHONE,
    State.OFFERED: Step.PHONE,
    State.SIGNING: Step.PHONE,
    State.DELIVERED: Step.PROOF,
    State.PROVEN: Step.HAND_OVER,
    State.REFUSED: Step.HAND_OVER,
    State.CANCELLED: Step.HAND_OVER,
    State.EXPIRED: Step.HAND_OVER,
}

# The state whose time says when a step was done.
_DONE_BY = {
    Step.PASSPORT: State.DOCUMENT_CHECKED,
    Step.ELIGIBILITY: State.ELIGIBLE,
    Step.FACE: State.FACE_CHECKED,
    Step.REVIEW: State.APPROVED,
    Step.PHONE: State.DELIVERED,
    Step.PROOF: State.PROVEN,
}


def current_step(case: Case) -> Step:
    """Where the case goes on. A document that was judged waits at the eligibility step
    once the rules have answered."""
    if case.state is State.DOCUMENT_CHECKED and case.verdict is not None:
        return Step.ELIGIBILITY
    return _CURRENT[case.state]


def done_at(case: Case, step: Step) -> Entered | None:
    """The entry of the history that ended ``step``; None while it is not done."""
    if step >= current_step(case) and not case.closed_at:
        return None
    wanted = _DONE_BY.get(step)
    found = [entry for entry in case.history if entry.state is wanted]
    return found[-1] if found else None


def marks(look: Look, here: says.Here, case: Case, shown: Step) -> tuple[StepMark, ...]:
    """The seven lines of the rail while ``shown`` is on the page."""
    return tuple(_mark(look, here, case, step, shown) for step in Step)


def _mark(look: Look, here: says.Here, case: Case, step: Step, shown: Step) -> StepMark:
    name = look.say(f"step.{step.key}")
    done = done_at(case, step)
    now = current_step(case)
    if done is not None:
        time = says.clock(done.at, here)
        detail = look.say("step.done_at", time=time)
        return StepMark(name, StepState.DONE, detail, time, step is shown, can_open=True)
    if step is shown or step is now:
        state = StepState.ATTENTION if case.held else StepState.CURRENT
        return StepMark(
            name, state, look.say("step.under_way"), current=step is shown, can_open=step is now
        )
    return StepMark(name, StepState.WAITING, look.say("state.waiting"))
