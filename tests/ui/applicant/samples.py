"""Snapshots of the invented sample case that the pictures of the design show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from desk.issuance.pin_rules import PinFacts
from desk.ui.applicant.snapshot import (
    ApplicantScreen,
    CameraView,
    Ending,
    Kept,
    LiveState,
    LossContact,
    Page,
    PersonData,
    PostFacts,
    Progress,
    Purpose,
    QrFacts,
    Reading,
    Refusal,
    ServiceLine,
    Spoken,
)

NOW = datetime(2026, 11, 23, 18, 38, tzinfo=UTC)
LOS_ANGELES = PostFacts(
    "주로스앤젤레스총영사관",
    {"ko": "로스앤젤레스", "en": "Los Angeles"},
    "America/Los_Angeles",
)
CONSENT = (
    Purpose("passport", Kept.RECORD_YEARS, 5),
    Purpose("face", Kept.VISIT_END),
    Purpose("phone", Kept.CREDENTIAL_END),
    Purpose("reminder", Kept.CREDENTIAL_END, required=False),
    Purpose("resident", Kept.ENCRYPTED_YEARS, 5, asked=False),
)
PERSON = PersonData(
    name="김하늘",
    latin="KIM HANEUL",
    birth_date=date(1991, 3, 14),
    nationality="KOR",
    passport_number="M12345667",
    resident_number="910314-2345678",
    address="Los Angeles, California",
    post="주로스앤젤레스총영사관",
    valid_until=date(2029, 11, 22),
)
OFFER = QrFacts(
    "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fid.example%2Fo%2FmQ7v2Xk9",
    NOW - timedelta(seconds=28),
    NOW + timedelta(minutes=9, seconds=32),
)
CHECK = QrFacts(
    "openid4vp://?client_id=x509_san_dns%3Adesk.example.org&request_uri="
    "https%3A%2F%2Fid.example.org%2Fc%2F7Pq2",
    NOW - timedelta(seconds=14),
    NOW + timedelta(seconds=106),
)
SERVICES = (
    ServiceLine({"ko": "정부24", "en": "Government24 (gov.kr)"}, now=True),
    ServiceLine({"ko": "재외동포365민원포털", "en": "Overseas Koreans 365 portal"}, announced=True),
    ServiceLine({"ko": "e-아포스티유", "en": "e-Apostille"}, starts=date(2027, 1, 4)),
    ServiceLine({"ko": "전자가족관계등록시스템", "en": "Family register online"}),
)
ENDING = Ending(date(2029, 11, 22), SERVICES, LossContact("+1 213 555 0142", "+82 2 0000 0142"))
REFUSAL = Refusal(
    "registered.struck_off",
    (
        {
            "ko": "재외국민등록을 다시 하세요",
            "en": "Register again as an overseas national",
            "zh": "重新办理在外国民登记",
            "vi": "Đăng ký lại công dân ở nước ngoài",
        },
        {
            "ko": "오늘 이 공관에서도 신청할 수 있습니다",
            "en": "You can apply here today",
            "zh": "今天也可在本馆申请",
            "vi": "Bạn có thể nộp đơn ngay hôm nay tại đây",
        },
        {
            "ko": "등록되면 여권과 휴대전화를 가지고 다시 오세요",
            "en": "Then come again with passport and phone",
            "zh": "登记完成后携带护照和手机再次来访",
            "vi": "Sau khi đăng ký, hãy quay lại cùng hộ chiếu và điện thoại",
        },
    ),
)
READING = Reading(62, (Progress.DONE, Progress.DONE, Progress.NOW, Progress.WAITING))
TURN = CameraView(Spoken.HEAD_LEFT, True, True, True, False)
HOLD = CameraView(Spoken.HOLD, True, True, True, True)
PIN_FACTS = PinFacts(date(1991, 3, 14), "M12345667", "+1 213 555 0142")


def portrait() -> bytes:
    """A rendered face of the invented applicants, where there is one."""
    folder = Path(__file__).parents[3] / "resources" / "training" / "portraits"
    found = sorted(folder.glob("*.jpg")) + sorted(folder.glob("*.png"))
    return found[0].read_bytes() if found else b""


def screen(page: Page, language: str = "ko", **changes: object) -> ApplicantScreen:
    """A snapshot of ``page`` with everything the page may show."""
    values: dict[str, object] = {
        "consent": CONSENT,
        "reading": READING,
        "camera": TURN,
        "data": PERSON,
        "pin_facts": PIN_FACTS,
        "qr": CHECK if page is Page.PROVE else OFFER,
        "live": LiveState.SIGNING if page is Page.SENDING else LiveState.WAITING,
        "tries_left": 3,
        "ended_at": NOW + timedelta(minutes=10),
        "ending": ENDING,
        "refusal": REFUSAL,
        "step": 3 if page is Page.HIDDEN else None,
        **changes,
    }
    return ApplicantScreen(page, LOS_ANGELES, language, "case-1", **values)  # type: ignore[arg-type]
