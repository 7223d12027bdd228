"""Scenes of eligibility, face, review, phone, proof and hand-over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from desk.issuance.case import Case, Judgement, State
from desk.issuance.ports import EventKind
from desk.ui.look import Look
from desk.ui.pages.eligibility import EligibilityPage, EligibilityView
from desk.ui.pages.face import FacePage, FaceStage, FaceView
from desk.ui.pages.face_parts import QualityLine
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from desk.ui.pages.phone import PhonePage, PhoneView
from desk.ui.pages.proof import ProofPage, ProofStep, ProofView
from desk.ui.pages.review import ReviewPage, ReviewView
from desk.ui.parts.rail import StepState
from desk.ui.rules import RuleWords
from desk.ui.steps import StepKey
from tests.ui import samples, samples_services
from tests.ui.scenes import TROUBLES, Size, scene, shell_for

RULES = RuleWords()
SLIP: Path | None = None
SERVICES = samples_services.told()
WORDS = (("강물", "river"), ("소나무", "pine"), ("나침반", "compass"), ("여름", "summer"))
DIGEST = "7f3a91c2" + "0" * 52 + "5d0e"


@scene("06-eligibility")
def eligibility(look: Look, size: Size) -> QWidget:
    page = EligibilityPage(look, RULES)
    case = samples.case(State.DOCUMENT_CHECKED)
    page.render(EligibilityView(samples.here("10:28"), case, samples.rules(), can_go_on=True))
    words = ("“발급 자격을 확인하고 있습니다”", "“Checking whether we can issue”")
    return shell_for(look, size, page, case, StepKey.ELIGIBILITY, "10:28", words)


@scene("06-eligibility-present")
def eligibility_present(look: Look, size: Size) -> QWidget:
    page = EligibilityPage(look, RULES)
    case = samples.case(State.DOCUMENT_CHECKED)
    page.render(EligibilityView(samples.here("10:28"), case, samples.rules(present=False)))
    words = ("“발급 자격을 확인하고 있습니다”", "“Checking whether we can issue”")
    return shell_for(look, size, page, case, StepKey.ELIGIBILITY, "10:28", words)


@scene("06d-eligibility-told-by-a-file")
def eligibility_told(look: Look, size: Size) -> QWidget:
    """Not the register but a file says it: an officer may find that wrong."""
    return eligibility_not_met(look, size, told=True)


@scene("06b-eligibility-not-met")
def eligibility_not_met(look: Look, size: Size, told: bool = False) -> QWidget:
    page = EligibilityPage(look, RULES)
    entry = samples.register(status="struck_off", name_hangul="박도윤", surname="PARK")
    case = samples.case(State.DOCUMENT_CHECKED, register=entry, compared=())
    rules = samples.rules(struck_off=True)
    page.render(EligibilityView(samples.here("09:46"), case, rules, may_set_aside=told))
    words = ("“등록 상태를 확인해야 합니다”", "“We need to look at your registration”")
    return shell_for(
        look,
        size,
        page,
        case,
        StepKey.ELIGIBILITY,
        "09:46",
        words,
        trouble=StepState.STOPPED,
        detail=look.say("mark.not_met", n=1),
    )


QUALITY = (
    QualityLine("face_count", True, 1.0, 0.5, "1명"),
    QualityLine("inter_eye", True, 0.77, 0.6, "118 px"),
    QualityLine("pitch", False, 0.42, 0.65, "아래 11°"),
    QualityLine("yaw", True, 0.92, 0.65, "2°"),
    QualityLine("roll", True, 0.96, 0.65, "1°"),
    QualityLine("brightness", True, 0.74, 0.4, "52 %"),
    QualityLine("evenness", True, 0.86, 0.5, "86"),
    QualityLine("eyes_open", True, 0.97, 0.5, "97"),
    QualityLine("mouth_closed", True, 0.94, 0.5, "94"),
    QualityLine("background", True, 0.72, 0.4, "72"),
)


@scene("07-face-live")
def face_live(look: Look, size: Size) -> QWidget:
    page, case = FacePage(look), samples.case(State.ELIGIBLE)
    view = FaceView(
        samples.here("10:30"),
        case,
        camera="USB 카메라 · 1280×720",
        guidance="chin_up",
        quality=QUALITY,
        can_capture=True,
        cameras=2,
        portrait=samples.portrait(),
        attempts=((samples.portrait(grey=True), look.say("face.blurred")),),
    )
    page.render(view)
    page.show_frame(samples.portrait(grey=True, width=1280, height=1640).copy(0, 200, 1280, 900))
    words = ("“고개를 약간 드세요”", "“Raise your head a little”")
    return shell_for(look, size, page, case, StepKey.FACE, "10:30", words)


@scene("07-face-no-camera")
def face_no_camera(look: Look, size: Size) -> QWidget:
    page, case = FacePage(look), samples.case(State.ELIGIBLE)
    view = FaceView(samples.here("10:30"), case, FaceStage.CAMERA_OFF, portrait=samples.portrait())
    page.render(view)
    words = ("“잠시만 기다려 주세요”", "“One moment, please”")
    return shell_for(look, size, page, case, StepKey.FACE, "10:30", words)


def judged(look: Look, size: Size, stage: FaceStage, case: Case, chosen: bool = False) -> QWidget:
    page = FacePage(look)
    good = tuple(replace(line, ok=True) for line in QUALITY)
    view = FaceView(
        samples.here("10:31"),
        case,
        stage,
        quality=good,
        portrait=samples.portrait(),
        captured=samples.portrait(grey=True),
        captured_at="10:30:48",
        attempt=2,
        deleted_by=look.say("face.wiped"),
    )
    page.render(view)
    if chosen:
        page.judgement.choose(Judgement.SAME)
    words = ("“잠시만 기다려 주세요”", "“One moment, please”")
    return shell_for(look, size, page, case, StepKey.FACE, "10:31", words)


@scene("07b-face-judge-first")
def face_judge(look: Look, size: Size) -> QWidget:
    return judged(look, size, FaceStage.JUDGE, samples.case(State.ELIGIBLE))


@scene("08-face-score")
def face_score(look: Look, size: Size) -> QWidget:
    case = samples.case(State.ELIGIBLE, face=samples.face_check())
    return judged(look, size, FaceStage.SCORED, case)


class Flag:
    """A flagged item as the review gets it."""

    def __init__(self, key: str, level: str, code: str = "", **facts: str) -> None:
        self.key, self.level, self.code = key, level, code
        self.facts = tuple(facts.items())


FLAGS = (
    Flag(
        "difference:passport_number",
        "different",
        item="passport_number",
        chip="M123A4567",
        register="M45678901",
        reason="renewed_not_reported",
    ),
    Flag("finding:15:PA-COM-02", "undecided", "PA-COM-02"),
)


def officer_words() -> tuple[str, str]:
    """What the applicant's window says meanwhile."""
    return ("“확인하고 있습니다”", "“We are checking”")


def review_page(look: Look, size: Size, *, opened: bool, **changes: object) -> QWidget:
    page = ReviewPage(look, TROUBLES)
    case = samples.checked_case(State.FACE_CHECKED)
    times = ((FLAGS[0].key, "10:32"), (FLAGS[1].key, "10:33")) if opened else ()
    view = ReviewView(
        samples.here("10:34"),
        case,
        FLAGS,
        opened_at=times,
        picture=samples.portrait(),
        digest=DIGEST,
        words=WORDS,
        covers=(14, 31, 1),
        tries=3,
    )
    view = replace(view, **changes)  # type: ignore[arg-type]
    page.render(view)
    shell = shell_for(look, size, page, view.case, StepKey.REVIEW, "10:34", officer_words())
    if opened:
        type_pin(page.approval.pin.dots)
    return shell


def type_pin(dots: QWidget) -> None:
    """Six digits and the focus, as the pictures show it."""
    dots._digits += b"123456"  # type: ignore[attr-defined]
    dots._show_count()  # type: ignore[attr-defined]
    dots.setFocus()


@scene("09-review")
def review(look: Look, size: Size) -> QWidget:
    return review_page(look, size, opened=True)


@scene("09-review-unopened")
def review_unopened(look: Look, size: Size) -> QWidget:
    return review_page(look, size, opened=False)


@scene("09-review-wrong-pin")
def review_wrong(look: Look, size: Size) -> QWidget:
    return review_page(look, size, opened=True, tries=1, wrong=True)


def phone_page(
    look: Look,
    size: Size,
    view: PhoneView,
    clock: str,
    words: tuple[str, str],
    *,
    pin: bool = False,
    trouble: StepState | None = None,
    detail: str = "",
) -> QWidget:
    page = PhonePage(look, TROUBLES)
    page.render(replace(view, here=samples.here(clock)))
    shell = shell_for(
        look, size, page, view.case, StepKey.PHONE, clock, words, trouble=trouble, detail=detail
    )
    if pin:
        type_pin(page.now.pin.dots)
    return shell


READ = samples.event(EventKind.FETCHED, "10:39:12")
RIGHT = samples.event(EventKind.CODE_RIGHT, "10:39:34")
KEY = samples.event(EventKind.KEY_RECEIVED, "10:39:36")


@scene("11-phone-pin-pending")
def phone_pending(look: Look, size: Size) -> QWidget:
    case = samples.checked_case(State.APPROVED)
    view = PhoneView(samples.here("10:37"), case, pin_digits=3)
    return phone_page(look, size, view, "10:37", ("발급 비밀번호 입력 중", "Choosing the PIN"))


@scene("11-phone-qr")
def phone_qr(look: Look, size: Size) -> QWidget:
    view = PhoneView(samples.here("10:38:30"), samples.offered_case())
    words = ("발급 QR 표시 중", "Showing the QR")
    return phone_page(look, size, view, "10:38:30", words)


@scene("11b-phone-sign")
def phone_sign(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.SIGNING)
    view = PhoneView(
        case=case, here=samples.here(), events=(READ, RIGHT, KEY), tries=3, digest=DIGEST
    )
    words = ("“곧 휴대전화에 도착합니다”", "“It will be on your phone soon”")
    return phone_page(look, size, view, "10:39:40", words, pin=True)


@scene("11c-phone-delivered")
def phone_delivered(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued())
    view = PhoneView(samples.here(), case, (READ, RIGHT, KEY))
    words = ("“휴대전화로 받았습니다”", "“It is on your phone”")
    return phone_page(look, size, view, "10:40", words)


@scene("12-phone-wrong-pin")
def phone_wrong(look: Look, size: Size) -> QWidget:
    wrong = samples.event(EventKind.CODE_WRONG, "10:40:05", tries_left=3)
    view = PhoneView(samples.here(), samples.offered_case(), (READ, wrong))
    words = ("“비밀번호가 맞지 않습니다”", "“The PIN is not right”")
    return phone_page(
        look,
        size,
        view,
        "10:40:10",
        words,
        trouble=StepState.ATTENTION,
        detail=look.say("mark.wrong_pin", n=2),
    )


@scene("12b-phone-qr-alarm")
def phone_alarm(look: Look, size: Size) -> QWidget:
    again = samples.event(EventKind.FETCHED_AGAIN, "10:39:40")
    case = samples.checked_case(
        State.APPROVED, held="qr_read_twice", pin_set_at=samples.local("10:37:41")
    )
    view = PhoneView(
        samples.here(),
        case,
        (READ, again),
        alarm_reason="two_own_phones",
        last_offer=samples.offer(),
    )
    words = ("“잠시만 기다려 주세요”", "“One moment, please”")
    return phone_page(
        look,
        size,
        view,
        "10:39:50",
        words,
        trouble=StepState.STOPPED,
        detail=look.say("mark.qr_alarm"),
    )


@scene("12c-phone-ended")
def phone_ended(look: Look, size: Size) -> QWidget:
    case = samples.checked_case(State.APPROVED, pin_set_at=samples.local("10:37:41"))
    view = PhoneView(samples.here(), case, voided="expired")
    words = ("“시간이 지났습니다”", "“Time is over”")
    return phone_page(look, size, view, "10:49", words)


def proof_page(
    look: Look, size: Size, view: ProofView, clock: str, words: tuple[str, str]
) -> QWidget:
    page = ProofPage(look)
    page.render(view)
    return shell_for(look, size, page, view.case, StepKey.PROOF, clock, words)


@scene("13-proof")
def proof(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued())
    placed = samples.local("10:40:20")
    view = ProofView(
        samples.here("10:40:34"),
        case,
        SERVICES,
        done=((ProofStep.ASKED, placed),),
        qr_text="openid4vp://?client_id=x509_san_dns%3Aenroll.example&request_uri="
        "https%3A%2F%2Fenroll.example%2Fchecks%2F5d0e7f3a91c2",
        placed_at=placed,
        expires_at=placed + 120 * samples.SECOND,
    )
    return proof_page(look, size, view, "10:40:34", ("확인 QR 표시 중", "Showing the check QR"))


@scene("13i-proof-barred")
def proof_barred(look: Look, size: Size) -> QWidget:
    """What was presented is right, and was revoked since."""
    case = samples.offered_case(State.DELIVERED, issued=samples.issued())
    asked = samples.local("10:40:20")
    spoken = TROUBLES.of("STORE-15", look.language)
    view = ProofView(
        samples.here("10:41:30"),
        case,
        SERVICES,
        done=((ProofStep.ASKED, asked),),
        failed=ProofStep.STATUS,
        placed_at=asked,
        trouble=spoken,
    )
    return proof_page(look, size, view, "10:41:30", ("확인 QR 표시 중", "Showing the check QR"))


@scene("13j-proof-publishing")
def proof_publishing(look: Look, size: Size) -> QWidget:
    """What was presented is right, and the place of the lists does not answer."""
    case = samples.offered_case(State.DELIVERED, issued=samples.issued())
    clocks = ("10:40:20", "10:41:24", "10:41:24", "10:41:24")
    done = tuple((step, samples.local(at)) for step, at in zip(ProofStep, clocks, strict=False))
    facts = {"case": case.number, "reason": "ENROLL-01"}
    spoken = TROUBLES.of("PROOF-04", look.language, facts)
    view = ProofView(samples.here("10:41:30"), case, SERVICES, done=done, trouble=spoken)
    return proof_page(look, size, view, "10:41:30", ("확인 중", "Being checked"))


@scene("13b-proof-usable")
def proof_usable(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.PROVEN, issued=samples.issued())
    clocks = ("10:40:20", "10:41:24", "10:41:25", "10:41:25", "10:41:26")
    done = tuple((step, samples.local(at)) for step, at in zip(ProofStep, clocks, strict=True))
    view = ProofView(samples.here("10:41:30"), case, SERVICES, done=done)
    words = ("“이제 사용할 수 있습니다”", "“You can use it now”")
    return proof_page(look, size, view, "10:41:30", words)


@scene("14-hand-over")
def hand_over(look: Look, size: Size) -> QWidget:
    page = HandOverPage(look)
    case = samples.offered_case(State.PROVEN, issued=samples.issued())
    view = HandOverView(
        samples.here("10:43"),
        case,
        SLIP,
        serial="LA03-000417",
        printed_at="10:43",
        printers=(("a4", "창구3-A4"),),
        printer="a4",
        languages=(("en", "한국어 + English"),),
        language="en",
        took=look.say("duration.minutes", minutes=19, seconds=12),
    )
    page.render(view)
    for box in page.checks._boxes.values():
        box.setChecked(True)
    words = ("“여권과 안내장을 챙기세요”", "“Take your passport and slip”")
    return shell_for(look, size, page, case, StepKey.HAND_OVER, "10:43", words)
