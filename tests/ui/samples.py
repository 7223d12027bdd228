"""Sample cases for pictures and tests of the screens. Every person here is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from desk.counter.board import Board, BoardCheck, CaseRow, CheckKey, CheckState, RowState
from desk.counter.officers import Officer
from desk.issuance.case import (
    Case,
    ComparedItem,
    Comparison,
    Consent,
    Document,
    FaceCheck,
    IssuedCredential,
    Judgement,
    OfferFacts,
    RegisterFacts,
    State,
    Step,
)
from desk.issuance.eligibility import RuleOutcome, RuleResult, Source, Verdict
from desk.issuance.ports import EventKind, OfferEvent
from desk.issuance.roles import Role
from desk.mrtd.results import Check, Finding, Group, Result
from desk.ui import says
from tests import samples

ZONE_LINES = samples.PASSPORT.mrz

ZONE = ZoneInfo("America/Los_Angeles")
POST = {"ko": "주로스앤젤레스총영사관", "en": "LA Consulate General"}


def local(clock: str, day: str = "2026-11-23") -> datetime:
    """A moment of the sample day in the post's time, as UTC."""
    parts = clock if clock.count(":") == 2 else f"{clock}:00"
    return datetime.fromisoformat(f"{day}T{parts}").replace(tzinfo=ZONE).astimezone(UTC)


OFFICER = Officer(
    "LA-01", "이서준", "LEE Seojun", "영사", "Consul", Role.OFFICER, "los-angeles", "00"
)


def here(clock: str = "10:27") -> says.Here:
    return says.Here(
        post=POST,
        window="3",
        zone=ZONE,
        now=local(clock),
        officer={"ko": "이서준 영사", "en": "Consul LEE Seojun"}["ko"],
        version="1.0.0",
    )


def found(code: str, result: Result, group_: Group, check: Check, **facts: object) -> Finding:
    return Finding(code, result, group_, check, facts)  # type: ignore[arg-type]


D, C, N = Group.DOCUMENT, Group.CHIP, Group.CONTENT
P = Result.PASSED
CLEAN = (
    found("DOC-01", P, D, Check.MRZ_CHECK_DIGITS, count=5),
    found("DOC-03", P, D, Check.EXPIRY, until="2033-05-02"),
    found("DOC-06", P, D, Check.MRZ_EQUALS_CHIP, compared="zone"),
    found("DOC-07", P, D, Check.ISSUER_COUNTRY, zone="KOR", signer="KR"),
    found("PACE-08", P, C, Check.ACCESS, access="PACE"),
    found("PACE-01", P, C, Check.PACE, algorithm="ECDH-GM AES-128 brainpoolP256r1"),
    found("CA-01", P, C, Check.CHIP_AUTHENTICATION, algorithm="ECDH P-256, AES-128"),
    found("AA-03", Result.NOT_SUPPORTED, C, Check.ACTIVE_AUTHENTICATION),
    found("PA-SIG-01", P, N, Check.SOD_SIGNATURE),
    found("PA-SIG-03", P, N, Check.SOD_SIGNATURE, algorithm="RSA-PSS"),
    found("PA-CHAIN-01", P, N, Check.SIGNER_CHAIN, country="KR", issuer="CSCA 2020", age_days=32),
    found("PA-VAL-01", P, N, Check.SIGNER_CHAIN, until="2035-08-30"),
    found("PA-CRL-00", P, N, Check.REVOCATION, country="KR", age_days=1),
    found("PA-DG-00", P, N, Check.DATA_GROUP, group=1),
    found("PA-DG-00", P, N, Check.DATA_GROUP, group=2),
    found("PA-DG-20", Result.NOT_DONE, N, Check.UNREAD_GROUP, group=3),
    found("PA-DG-00", P, N, Check.DATA_GROUP, group=14),
    found("PA-COM-01", P, N, Check.FILE_LIST),
    found("DG2-01", P, N, Check.PORTRAIT, width=413, height=531),
)
"""A passport of these years on which everything was asked and nothing speaks against it."""
OLD_LIST = found(
    "TRUST-07",
    Result.UNDECIDED,
    N,
    Check.REVOCATION,
    country="KR",
    asked_days=9,
    age_days=9,
    limit_days=7,
)


def findings(*others: Finding) -> tuple[Finding, ...]:
    """The clean passport's, with ``others`` in the place of those about the same question
    (and, of a data group, about the same group)."""

    def place(one: Finding) -> tuple[Check, object]:
        return one.check, one.facts.get("group")

    instead = {place(one) for one in others}
    return (*(one for one in CLEAN if place(one) not in instead), *others)


GOOD = findings(OLD_LIST)


def document(**changes: object) -> Document:
    base = replace(
        samples.PASSPORT,
        overall=Result.UNDECIDED,
        findings=GOOD,
        access="PACE",
        protocols=("PACE ECDH-GM AES-128", "CA ECDH AES-128"),
        files={"COM": 24, "SOD": 1857, "DG1": 93, "DG14": 412, "DG2": 19_872},
        commands=118,
        sent=4_911,
        received=26_730,
        read_at=local("10:26:40"),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def register(**changes: object) -> RegisterFacts:
    base = replace(
        samples.ENTRY,
        given_names="HA NEUL",
        passport_number="M45678901",
        as_of=local("06:00"),
        registered_on=date(2019, 2, 19),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def compared(reason: str | None = "renewed_not_reported") -> tuple[ComparedItem, ...]:
    number, name, day = "M123A4567", "KIM HANEUL", "1991-03-14"
    return (
        ComparedItem(
            "passport_number", number, number, None, "M45678901", Comparison.DIFFERENT, reason
        ),
        ComparedItem("latin_name", name, name, None, "KIM HA NEUL", Comparison.SPACING_ONLY),
        ComparedItem("hangul_name", None, None, None, "김하늘", Comparison.NOT_ON_CHIP),
        ComparedItem("birth_date", day, day, None, day, Comparison.SAME),
        ComparedItem("sex", "F", "F", None, "F", Comparison.SAME),
        ComparedItem("nationality", "KOR", "KOR", None, "KOR", Comparison.SAME),
        ComparedItem(
            "expiry_date", "2033-05-02", "2033-05-02", None, None, Comparison.NOT_IN_REGISTER
        ),
    )


TIMES = {
    State.OPENED: "10:23",
    State.DOCUMENT_CHECKED: "10:27",
    State.ELIGIBLE: "10:28",
    State.FACE_CHECKED: "10:31",
    State.PREPARED: "10:34",
    State.APPROVED: "10:37",
    State.OFFERED: "10:38",
    State.SIGNING: "10:39:36",
    State.DELIVERED: "10:39:50",
    State.PROVEN: "10:41",
}


def case(state: State = State.OPENED, **changes: object) -> Case:
    """김하늘's case as it stands in ``state``."""
    steps = tuple(
        Step(one, local(clock))
        for one, clock in TIMES.items()
        if list(TIMES).index(one) <= list(TIMES).index(state)
    )
    base = Case(
        number="LA-2026-001842",
        post="LA",
        window="3",
        officer="officer-1",
        officer_name="이서준 영사",
        opened_at=local("10:23"),
        state=state,
        history=steps,
    )
    if state is not State.OPENED:
        base = replace(base, document=document(), register=register(), compared=compared())
    return replace(base, **changes)  # type: ignore[arg-type]


def portrait(grey: bool = False, width: int = 413, height: int = 531) -> QImage:
    """A drawn stand-in for a face; it shows nobody."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#D5DCE6" if grey else "#DFE5EE"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(width / 413, height / 531)
    painter.setPen(Qt.PenStyle.NoPen)
    _body(painter, QColor("#8A909B" if grey else "#34476B"))
    _head(painter)
    painter.end()
    return image


def _body(painter: QPainter, coat: QColor) -> None:
    painter.setBrush(QColor("#2D2B33"))
    hair = QPainterPath(QPointF(90, 210))
    hair.cubicTo(85, 90, 330, 90, 325, 210)
    hair.cubicTo(325, 300, 340, 330, 345, 380)
    hair.cubicTo(290, 430, 120, 430, 65, 380)
    hair.cubicTo(75, 330, 92, 300, 90, 210)
    painter.drawPath(hair)
    painter.setBrush(QColor("#DDB797"))
    painter.drawRect(QRectF(163, 330, 90, 110))
    painter.setBrush(coat)
    body = QPainterPath(QPointF(0, 531))
    body.cubicTo(20, 470, 90, 430, 160, 412)
    body.cubicTo(180, 460, 236, 460, 256, 412)
    body.cubicTo(330, 430, 393, 470, 413, 531)
    painter.drawPath(body)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor("#FFFFFF"), 12))
    painter.drawArc(QRectF(158, 380, 100, 66), 180 * 16, 180 * 16)
    painter.setPen(Qt.PenStyle.NoPen)


def _head(painter: QPainter) -> None:
    painter.setBrush(QColor("#EFD2BB"))
    face = QPainterPath(QPointF(208, 132))
    face.cubicTo(240, 190, 290, 220, 300, 240)
    face.cubicTo(298, 330, 250, 375, 208, 375)
    face.cubicTo(166, 375, 118, 330, 116, 240)
    face.cubicTo(126, 220, 176, 190, 208, 132)
    painter.drawPath(face)
    for x in (164, 252):
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawEllipse(QPointF(x, 245), 20, 8)
        painter.setBrush(QColor("#3A2B25"))
        painter.drawEllipse(QPointF(x, 245), 8, 8)
        painter.setPen(QPen(QColor("#3E3A40"), 5))
        painter.drawLine(QPointF(x - 20, 218), QPointF(x + 20, 216))
        painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#C07A72"))
    painter.drawEllipse(QPointF(208, 332), 24, 7)
    painter.setPen(QPen(QColor("#B18A70"), 4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(196, 280, 24, 16), 200 * 16, 140 * 16)


SECOND = timedelta(seconds=1)


def rules(*, struck_off: bool = False, present: bool = True) -> Verdict:
    """The eight rules, all met; or the registration struck off."""
    early, now, list_day = local("06:00"), local("10:26:30"), local("06:00", "2026-11-01")
    met, register_facts = RuleOutcome.MET, {"number": "LA-2019-004318"}
    if struck_off:
        register_facts = {"date": "2025-09-30", "reason": "183일 이상 비거주"}
    first = RuleResult(
        "R-01",
        RuleOutcome.NOT_MET if struck_off else met,
        "struck_off" if struck_off else "alive",
        register_facts,
        Source.REGISTER,
        early,
    )
    where = RuleResult("R-06", met, "here", {"post": "LA"}, Source.REGISTER, early)
    if struck_off:
        where = RuleResult("R-06", RuleOutcome.NOT_DONE, "struck_off", {}, Source.REGISTER, early)
    seen = RuleResult("R-05", met, "present", {}, Source.OFFICER, local("10:28"))
    if not present:
        seen = RuleResult("R-05", RuleOutcome.NOT_DONE, "not_seen", {}, Source.OFFICER)
    masked = {"masked": "910314-2••••••"}
    passport = {"masked": "M123A4567", "date": "2033-05-02"}
    return Verdict(
        (
            first,
            RuleResult("R-02", met, "held", masked, Source.REGISTER, early),
            RuleResult("R-03", met, "valid", passport, Source.CHIP, now),
            RuleResult(
                "R-04", met, "old_enough", {"years": 35, "date": "1991-03-14"}, Source.CHIP, now
            ),
            seen,
            where,
            RuleResult(
                "R-07", met, "live", {"wave": 1, "date": "2024-07-03"}, Source.POSTS, list_day
            ),
            RuleResult("R-08", met, "free", {}, Source.LEDGER, local("10:28")),
        ),
        "2026-11",
        local("10:28"),
    )


def face_check(distance: float = 0.38, band: str = "similar") -> FaceCheck:
    return FaceCheck(
        judgement=Judgement.SAME,
        judged_at=local("10:31"),
        distance=distance,
        band=band,
        matcher="dlib ResNet",
        matcher_version="20.0.1",
        limits=(0.45, 0.60),
        inter_eye_px=118.0,
        frame_sha256="00" * 32,
    )


def offer() -> OfferFacts:
    uri = (
        "openid-credential-offer://?credential_offer_uri="
        "https%3A%2F%2Fenroll.example%2Foffers%2F7f3a91c2a8d14b20b1d95d0e"
    )
    placed = local("10:38:02")
    return OfferFacts("offer-1", uri, ("mdoc", "sd-jwt"), placed, placed + 600 * SECOND)


def event(kind: EventKind, clock: str, **facts: int) -> OfferEvent:
    return OfferEvent(0, kind, local(clock), facts)


def checked_case(state: State, **changes: object) -> Case:
    """김하늘's case with everything before ``state`` in it."""
    base = case(
        state,
        verdict=rules(),
        face=face_check(),
        consent=Consent(("identity", "face"), "2026-07", "ko", local("10:24")),
        data_confirmed_at=local("10:33"),
        in_person_at=local("10:28"),
        expiry_date=date(2029, 11, 22),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def offered_case(state: State = State.OFFERED, **changes: object) -> Case:
    return checked_case(state, offer=offer(), pin_set_at=local("10:37:41"), **changes)


def issued() -> tuple[IssuedCredential, ...]:
    return tuple(
        IssuedCredential(
            one,
            "key",
            "https://enroll.example/1",
            number,
            local("10:39:48"),
            local("10:00", "2027-11-23"),
        )
        for number, one in enumerate(("mdoc", "sd-jwt"))
    )


def board(*, trouble: bool = True) -> Board:
    """A morning's board: one part wants attention, the books add up."""
    ready = CheckState.READY
    trust = BoardCheck(
        CheckKey.TRUST_LIST,
        CheckState.ATTENTION if trouble else ready,
        "old" if trouble else "fresh",
        {"certificates": 588, "days": 32 if trouble else 3},
        "TRUST-30" if trouble else None,
    )
    checks = (
        BoardCheck(CheckKey.CARD_SERVICE, ready, "running", {"readers": 2}),
        BoardCheck(CheckKey.PASSPORT_READER, ready, "ready", {"reader": "Contactless reader 1"}),
        BoardCheck(CheckKey.OFFICER_CARD, ready, "days_left", {"days": 281}),
        BoardCheck(CheckKey.RECORDS_CARDS, ready, "enrolled", {"cards": 4, "recovery": 1}),
        BoardCheck(CheckKey.CAMERA, ready, "ready", {"name": "USB camera"}),
        BoardCheck(CheckKey.PRINTER, ready, "ready", {"name": "Window3-A4"}),
        BoardCheck(CheckKey.ENROLLMENT_SERVICE, ready, "answers", {"ms": 38, "queue": 0}),
        trust,
        BoardCheck(CheckKey.REGISTER, ready, "fresh", {"entries": 2418, "hours": 4}),
        BoardCheck(CheckKey.DISK, ready, "free", {"megabytes": 64000}),
        BoardCheck(CheckKey.COPIES, ready, "sent", {"size": 48_214}),
        BoardCheck(CheckKey.CLOCK, ready, "in_step", {"at": "2026-11-23 16:54"}),
    )
    return Board(checks, local("08:55"), tuple(_rows()))


def board_without_reader() -> Board:
    """Morning, and the second reader is not plugged in; somebody's credential list is late."""
    fine = board(trouble=False)
    reader = BoardCheck(CheckKey.PASSPORT_READER, CheckState.UNUSABLE, "fault", {}, "READER-38")
    age = {"hours": 13, "lifetime": 336}
    status = BoardCheck(CheckKey.STATUS_LIST, CheckState.ATTENTION, "old", age, "STATUS-30")
    others = tuple(check for check in fine.checks if check.key is not CheckKey.PASSPORT_READER)
    return replace(fine, checks=(reader, status, *others))


def board_without_service() -> Board:
    """The card service has stopped: what stands behind it was not asked."""
    fine = board(trouble=False)
    fault = BoardCheck(CheckKey.CARD_SERVICE, CheckState.UNUSABLE, "fault", {}, "READER-01")
    behind = (CheckKey.PASSPORT_READER, CheckKey.OFFICER_CARD)
    unasked = tuple(BoardCheck(key, CheckState.NOT_DONE, "not_asked") for key in behind)
    return replace(fine, checks=(fault, *unasked, *fine.checks[3:]))


def _rows() -> list[CaseRow]:
    open_rows = (
        ("001841", "이준호", State.OFFERED, RowState.WAITING, "10:12", "1", "정유나"),
        ("001840", "최민서", State.FACE_CHECKED, RowState.IN_PROGRESS, "10:04", "3", "이서준"),
        ("001839", "오은우", State.DELIVERED, RowState.NOT_PROVEN, "09:51", "3", "이서준"),
        ("001837", "장다온", State.ELIGIBLE, RowState.IN_PROGRESS, "09:38", "1", "정유나"),
        ("001833", "민가람", State.DOCUMENT_CHECKED, RowState.IN_PROGRESS, "09:15", "3", "이서준"),
    )
    done = (
        ("001838", "박도윤", State.REFUSED, RowState.ENDED, "09:47", "3", "이서준"),
        ("001836", "윤재희", State.PROVEN, RowState.USABLE, "09:40", "3", "이서준"),
        ("001835", "한서아", State.PROVEN, RowState.USABLE, "09:29", "1", "정유나"),
        ("001834", "서지안", State.PROVEN, RowState.USABLE, "09:21", "3", "이서준"),
        ("001832", "노유찬", State.PROVEN, RowState.USABLE, "09:08", "1", "정유나"),
        ("001831", "류시온", State.PROVEN, RowState.USABLE, "09:02", "3", "이서준"),
        ("001830", "송이든", State.CANCELLED, RowState.ENDED, "08:58", "3", "이서준"),
    )
    rows = []
    for number, name, state, row_state, clock, window, officer in open_rows + done:
        ended = row_state in (RowState.ENDED, RowState.USABLE)
        reasons = {State.REFUSED: "rule_not_met", State.CANCELLED: "applicant_left"}
        rows.append(
            CaseRow(
                number=f"LA-2026-{number}",
                name=name,
                state=state,
                row_state=row_state,
                held=None,
                opened_at=local(clock),
                closed_at=local(clock) if ended else None,
                officer_name=officer,
                window=window,
                waits_until=local("10:22:40") if state is State.OFFERED else None,
                ending_reason=reasons.get(state),
            )
        )
    return rows
