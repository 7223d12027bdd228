"""More states of the phone, proof and hand-over pages than the common gallery has.

python -m tests.ui.gallery_phone OUTDIR [--size 1440x900] [--dark] [--lang en]
    [--only NAME] [--beside FOLDER]

The options are those of ``tests.ui.gallery``; the scenes here join the common ones.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QPageSize, QPainter, QPdfWriter
from PySide6.QtWidgets import QWidget

from desk.issuance.case import Case, Ending, State, Step
from desk.issuance.ports import EventKind
from desk.ui.look import Look
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from desk.ui.pages.phone import PhonePage, PhoneView
from desk.ui.pages.proof import ProofPage, ProofStep, ProofView
from desk.ui.parts.rail import StepState
from desk.ui.steps import StepKey
from tests.ui import samples, samples_services
from tests.ui.scenes import TROUBLES, Size, scene, shell_for

READ = samples.event(EventKind.FETCHED, "10:39:12")
RIGHT = samples.event(EventKind.CODE_RIGHT, "10:39:34")
KEY = samples.event(EventKind.KEY_RECEIVED, "10:39:36")
HIDDEN = ("“잠시만 기다려 주세요”", "“One moment, please”")
QR_SHOWN = ("발급 QR 표시 중", "Showing the QR")
DIGEST = "7f3a91c2" + "0" * 52 + "5d0e"
ASKED = samples.local("10:40:20")
CHECK_URI = (
    "openid4vp://?client_id=x509_san_dns%3Aenroll.example&request_uri="
    "https%3A%2F%2Fenroll.example%2Fchecks%2F5d0e7f3a91c2"
)


def phone(
    look: Look,
    size: Size,
    clock: str,
    words: tuple[str, str],
    view: PhoneView,
    trouble: StepState | None = None,
) -> QWidget:
    page = PhonePage(look, TROUBLES)
    page.render(replace(view, here=samples.here(clock)))
    return shell_for(look, size, page, view.case, StepKey.PHONE, clock, words, trouble=trouble)


@scene("11-phone-last-minute")
def last_minute(look: Look, size: Size) -> QWidget:
    view = PhoneView(samples.here(), samples.offered_case())
    return phone(look, size, "10:47:20", QR_SHOWN, view)


@scene("11-phone-service-down")
def service_down(look: Look, size: Size) -> QWidget:
    spoken = TROUBLES.of("ENROLL-01", look.language)
    view = PhoneView(samples.here(), samples.offered_case(), trouble=spoken)
    return phone(look, size, "10:40:20", QR_SHOWN, view)


@scene("11b-phone-early-pin")
def early_pin(look: Look, size: Size) -> QWidget:
    view = PhoneView(samples.here(), samples.offered_case(), (READ,), tries=3)
    return phone(look, size, "10:39:20", HIDDEN, view)


@scene("11b-phone-pin-kept")
def pin_kept(look: Look, size: Size) -> QWidget:
    view = PhoneView(samples.here(), samples.offered_case(), (READ,), tries=3, signing=True)
    return phone(look, size, "10:39:25", HIDDEN, view)


@scene("11b-phone-card-pin-wrong")
def card_pin_wrong(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.SIGNING)
    view = PhoneView(
        samples.here(), case, (READ, RIGHT, KEY), tries=2, wrong=True, digest=DIGEST
    )  # fmt: skip
    return phone(look, size, "10:39:41", HIDDEN, view)


@scene("11b-phone-last-try")
def last_try(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.SIGNING)
    view = PhoneView(
        samples.here(), case, (READ, RIGHT, KEY), tries=1, wrong=True, digest=DIGEST
    )  # fmt: skip
    return phone(look, size, "10:39:41", HIDDEN, view)


@scene("11b-phone-signing")
def signing(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.SIGNING)
    view = PhoneView(samples.here(), case, (READ, RIGHT, KEY), signing=True, digest=DIGEST)
    return phone(look, size, "10:39:47", HIDDEN, view)


@scene("12b-phone-alarm-open")
def alarm_open(look: Look, size: Size) -> QWidget:
    again = samples.event(EventKind.FETCHED_AGAIN, "10:39:40")
    again = again._replace(facts={"client": "other"})
    case = samples.checked_case(
        State.APPROVED, held="qr_read_twice", pin_set_at=samples.local("10:37:41")
    )
    view = PhoneView(samples.here(), case, (READ, again), last_offer=samples.offer())
    return phone(look, size, "10:39:50", HIDDEN, view, StepState.STOPPED)


@scene("12b-phone-alarm-restarted")
def alarm_restarted(look: Look, size: Size) -> QWidget:
    signing = samples.offered_case(State.SIGNING)
    history = (*signing.history, Step(State.APPROVED, samples.local("10:39:41")))
    case = replace(
        signing, state=State.APPROVED, history=history, offer=None, held="qr_read_twice"
    )  # fmt: skip
    view = PhoneView(samples.here(), case)
    return phone(look, size, "10:39:50", HIDDEN, view, StepState.STOPPED)


@scene("12d-phone-pin-used-up")
def pin_used_up(look: Look, size: Size) -> QWidget:
    wrong = samples.event(EventKind.CODE_WRONG, "10:41:30", tries_left=0)
    case = samples.checked_case(State.APPROVED, pin_set_at=samples.local("10:37:41"))
    view = PhoneView(
        samples.here(), case, (READ, wrong), voided="tries", last_offer=samples.offer()
    )  # fmt: skip
    return phone(look, size, "10:41:40", HIDDEN, view, StepState.ATTENTION)


def proof(look: Look, size: Size, clock: str, view: ProofView) -> QWidget:
    page = ProofPage(look)
    page.render(replace(view, here=samples.here(clock)))
    return shell_for(look, size, page, view.case, StepKey.PROOF, clock, HIDDEN)


def proof_view(**facts: object) -> ProofView:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued())
    base = ProofView(samples.here(), case, samples_services.told(), placed_at=ASKED)
    return replace(base, done=((ProofStep.ASKED, ASKED),), **facts)  # type: ignore[arg-type]


@scene("13-proof-preparing")
def preparing(look: Look, size: Size) -> QWidget:
    spoken = TROUBLES.of("ENROLL-01", look.language)
    view = replace(proof_view(trouble=spoken), placed_at=None, done=())
    return proof(look, size, "10:40:15", view)


@scene("13-proof-checking")
def checking(look: Look, size: Size) -> QWidget:
    done = ((ProofStep.ASKED, ASKED), (ProofStep.PRESENTED, samples.local("10:41:24")))
    return proof(look, size, "10:41:24", replace(proof_view(), done=done))


@scene("13c-proof-ended")
def ended(look: Look, size: Size) -> QWidget:
    return proof(look, size, "10:42:30", proof_view())


@scene("13d-proof-refused")
def refused(look: Look, size: Size) -> QWidget:
    spoken = TROUBLES.of("PROOF-01", look.language)
    view = proof_view(failed=ProofStep.SAME_KEY, trouble=spoken)
    return proof(look, size, "10:41:25", view)


@scene("13e-proof-exercises")
def exercises(look: Look, size: Size) -> QWidget:
    """A rehearsal's own services behind the real ones, in the training frame."""
    page = ProofPage(look)
    services, at = samples_services.exercises(), samples.local("10:41:26")
    done = tuple((step, at) for step in ProofStep)
    case = samples.offered_case(State.PROVEN, issued=samples.issued())
    page.render(replace(proof_view(), case=case, done=done, services=services))
    words = ("“이제 사용할 수 있습니다”", "“You can use it now”")
    return shell_for(look, size, page, case, StepKey.PROOF, "10:41:30", words, training=True)


SLIP_WORDS = ("“여권과 안내장을 챙기세요”", "“Take your passport and slip”")


def slip(serial: str) -> bytes:
    """A sheet that stands for a slip: its number and grey lines, one page of A4."""
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(store)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setResolution(72)
    painter = QPainter(writer)
    painter.drawText(40, 60, serial)
    for line in range(12):
        painter.fillRect(40, 100 + 40 * line, 440 - 12 * (line % 4), 12, QColor("#D9DEE7"))
    painter.end()
    return bytes(store.data().data())


def hand_over(look: Look, size: Size, clock: str, **facts: object) -> QWidget:
    page = HandOverPage(look)
    view = HandOverView(
        samples.here(clock),
        printers=(("a4", "창구3-A4"),),
        printer="a4",
        languages=(("en", "한국어 + English"),),
        language="en",
        **facts,  # type: ignore[arg-type]
    )
    page.render(view)
    return shell_for(look, size, page, view.case, StepKey.HAND_OVER, clock, SLIP_WORDS)


def refused_case(state: State = State.REFUSED, reason: str = "rule_not_met") -> Case:
    case = samples.checked_case(State.DOCUMENT_CHECKED)
    step = Step(state, samples.local("10:30"))
    ending = Ending(reason, "R-01")
    return replace(case, state=state, history=(*case.history, step), ending=ending)


def proven_case() -> Case:
    return samples.offered_case(State.PROVEN, issued=samples.issued())


@scene("14-hand-over-making")
def slip_making(look: Look, size: Size) -> QWidget:
    return hand_over(look, size, "10:42", case=proven_case(), printing=True)


@scene("14-hand-over-first")
def slip_printed(look: Look, size: Size) -> QWidget:
    serial = "LA03-000417"
    return hand_over(
        look, size, "10:43", case=proven_case(), slip=slip(serial), serial=serial,
        printed_at="10:43",
    )  # fmt: skip


@scene("14b-hand-over-refused")
def slip_refused(look: Look, size: Size) -> QWidget:
    serial = "LA03-000418"
    return hand_over(
        look, size, "10:31", case=refused_case(), slip=slip(serial), serial=serial,
        printed_at="10:31",
    )  # fmt: skip


@scene("14c-hand-over-not-proven")
def slip_not_proven(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued(), held="not_proven")
    return hand_over(look, size, "10:43", case=case)


@scene("14d-hand-over-cancelled")
def slip_cancelled(look: Look, size: Size) -> QWidget:
    case = refused_case(State.CANCELLED, "applicant_left")
    return hand_over(look, size, "10:43", case=case)


def main() -> int:
    """The common gallery with these scenes in it."""
    from tests.ui import gallery

    return gallery.main()


if __name__ == "__main__":
    raise SystemExit(main())
