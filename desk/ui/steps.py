"""Where a case stands on the rail: its steps as marks with when or what, as words."""

from __future__ import annotations

from enum import StrEnum

from desk.issuance.case import Case, CaseKind, State
from desk.ui import says
from desk.ui.look import Look
from desk.ui.parts.rail import StepMark, StepState


class StepKey(StrEnum):
    """The seven steps, in their order."""

    PASSPORT = "passport"
    ELIGIBILITY = "eligibility"
    FACE = "face"
    REVIEW = "review"
    PHONE = "phone"
    PROOF = "proof"
    HAND_OVER = "hand_over"


_REACHED = {
    StepKey.PASSPORT: State.DOCUMENT_CHECKED,
    StepKey.ELIGIBILITY: State.ELIGIBLE,
    StepKey.FACE: State.FACE_CHECKED,
    StepKey.REVIEW: State.APPROVED,
    StepKey.PHONE: State.DELIVERED,
    StepKey.PROOF: State.PROVEN,
}
_ORDER = (
    State.OPENED,
    State.DOCUMENT_CHECKED,
    State.ELIGIBLE,
    State.FACE_CHECKED,
    State.PREPARED,
    State.APPROVED,
    State.OFFERED,
    State.SIGNING,
    State.DELIVERED,
    State.PROVEN,
)


def steps_of(case: Case) -> tuple[StepKey, ...]:
    """The steps this case has. A resume sends nothing to a phone."""
    if case.kind is CaseKind.RESUME:
        return tuple(step for step in StepKey if step is not StepKey.PHONE)
    return tuple(StepKey)


def is_done(case: Case, step: StepKey) -> bool:
    """Whether the case is past ``step``. An ended case keeps what it had reached."""
    if step is StepKey.HAND_OVER:
        return case.closed_at is not None and case.state in (State.PROVEN, State.ACTIVATED)
    reached = _REACHED[step]
    if case.state in _ORDER:
        return _ORDER.index(case.state) >= _ORDER.index(reached)
    return case.entered(reached) is not None


def step_marks(
    look: Look,
    case: Case,
    here: says.Here,
    current: StepKey | None,
    *,
    trouble: StepState | None = None,
    detail: str = "",
) -> tuple[StepMark, ...]:
    """The marks of ``case`` with ``current`` on the screen.

    ``trouble`` (ATTENTION or STOPPED) and ``detail`` replace glyph and second line of the
    current step.
    """
    return tuple(_mark(look, case, here, step, current, trouble, detail) for step in steps_of(case))


def _mark(
    look: Look,
    case: Case,
    here: says.Here,
    step: StepKey,
    current: StepKey | None,
    trouble: StepState | None,
    detail: str,
) -> StepMark:
    name, done, shown = look.say(f"step.{step.value}"), is_done(case, step), step is current
    words, short = _when(look, case, here, step) if done else (look.say("state.waiting"), "")
    state = StepState.DONE if done else StepState.WAITING
    if shown:
        state = trouble or StepState.CURRENT
        words = detail or (words if done else look.say("state.half"))
    return StepMark(name, state, words, short, current=shown, can_open=done)


def _when(look: Look, case: Case, here: says.Here, step: StepKey) -> tuple[str, str]:
    at = case.closed_at if step is StepKey.HAND_OVER else case.entered(_REACHED[step])
    time = says.clock(at, here) if at else ""
    words = look.say(f"mark.{step.value}", time=time)
    reasons = sum(bool(one.reason) for one in case.compared)
    if step is StepKey.PASSPORT and reasons:
        more = look.say("mark.reasons", n=reasons)
        return f"{words} · {more}", f"{time} · {more}"
    return words, time
