"""Snapshots of the phone with invented people; portraits are those of the training mode."""

from __future__ import annotations

from dataclasses import replace

from desk.mrtd.results import Result
from desk.resources import resource
from desk.training.applicants import APPLICANTS
from desk.training.forgeries import Forgery
from desk.ui.phone.bench import GENUINE, BenchView
from desk.ui.phone.bench_rows import Ending, Passport, Person
from desk.ui.phone.snapshot import (
    Again,
    CardState,
    CardView,
    ClaimLine,
    OfferView,
    Page,
    PhoneScreen,
    PinView,
    ProgressView,
    RequestView,
    Stage,
    TroubleView,
)

NAMES = {
    "ko": "모바일 재외국민 신원확인증",
    "en": "Overseas Korean Identity Credential",
    "zh": "海外韩国公民移动身份证明",
    "vi": "Giấy xác nhận danh tính công dân Hàn Quốc ở nước ngoài",
}
ISSUER = "https://127.0.0.1:8443"


def portrait(key: str) -> bytes:
    return resource("training", "portraits", f"{key}.jpg").read_bytes()


def line(element: str, value: str | int | bool | None, *names: str) -> ClaimLine:
    return ClaimLine(element, dict(zip(("ko", "en", "zh", "vi"), names, strict=False)), value)


FAMILY = line("family_name", "KIM", "성 (로마자)", "Family name", "姓（拉丁字母）", "Họ")
GIVEN = line("given_name", "HANEUL", "이름 (로마자)", "Given names", "名（拉丁字母）", "Tên")
BIRTH = line("birth_date", "1991-03-14", "생년월일", "Date of birth", "出生日期", "Ngày sinh")
PHOTO = line("portrait", None, "사진", "Portrait", "照片", "Ảnh chân dung")
CLAIMS = (
    FAMILY,
    GIVEN,
    BIRTH,
    line("issue_date", "2026-11-23", "발급일", "Date of issue", "签发日期", "Ngày cấp"),
    line("expiry_date", "2029-11-22", "만료일", "Date of expiry", "有效期至", "Ngày hết hạn"),
    line("issuing_country", "KR", "발급 국가", "Issuing country", "签发国", "Quốc gia cấp"),
    line(
        "age_over_19", True, "만 19세 이상 (성년)", "Age 19 or over (of age in Korea)",
        "年满19周岁（韩国成年）", "Từ 19 tuổi trở lên (tuổi thành niên tại Hàn Quốc)",
    ),
    line("sex", 2, "성별", "Sex", "性别", "Giới tính"),
    line(
        "jurisdiction_post", "주로스앤젤레스총영사관", "관할 공관", "Post with jurisdiction",
        "管辖使领馆", "Cơ quan đại diện quản hạt",
    ),
)  # fmt: skip

CARD = CardView(
    "card-1",
    NAMES,
    "127.0.0.1:8443",
    CardState.PREPARED,
    ("mdoc", "SD-JWT VC"),
    hangul="김하늘",
    latin="KIM HANEUL",
    birth="1991-03-14",
    post="주로스앤젤레스총영사관",
    until="2029-11-22",
    portrait=portrait("haneul"),
    claims=CLAIMS,
)
USABLE = replace(CARD, state=CardState.USABLE)
LONG = replace(
    CARD,
    card_id="card-2",
    hangul="남궁알렉산드리나마리아크리스티나솔",
    latin="NAMGUNG ALEXANDRINA MARIA CHRISTINA SOL",
    portrait=portrait("alexandrina"),
    state=CardState.UNKNOWN,
)
OFFER = OfferView("127.0.0.1:8443", NAMES, 2, True)
REQUEST = RequestView(
    "주로스앤젤레스총영사관 창구 1 (훈련)", True, CARD, (FAMILY, GIVEN, BIRTH, PHOTO)
)

HOME = PhoneScreen()
PIN = PhoneScreen(Page.PIN, offer=OFFER)


def trouble(code: str, again: Again = Again.NOTHING, **facts: object) -> PhoneScreen:
    return PhoneScreen(Page.TROUBLE, trouble=TroubleView(code, facts, again))


def progress(stage: Stage, **facts: object) -> PhoneScreen:
    return PhoneScreen(Page.PROGRESS, progress=ProgressView(stage, **facts))  # type: ignore[arg-type]


SCREENS: dict[str, PhoneScreen] = {
    "00-home-empty": HOME,
    "00b-home-no-qr": replace(HOME, no_qr=True),
    "00c-home-reading": replace(HOME, reading=True),
    "00d-home-cards": replace(HOME, cards=(USABLE, LONG)),
    "01-offer": PhoneScreen(Page.OFFER, offer=OFFER),
    "02-pin": PIN,
    "02b-pin-wrong": replace(PIN, pin=PinView(wrong=True, tries_left=3)),
    "02c-pin-last": replace(PIN, pin=PinView(wrong=True, tries_left=1)),
    "02d-pin-checking": replace(PIN, pin=PinView(checking=True)),
    "03-progress-key": progress(Stage.KEY, expected=2),
    "03b-progress-waiting": progress(Stage.SIGNATURE, waiting=True, expected=2),
    "03c-progress-kept": progress(Stage.KEPT, kept=1, expected=2),
    "04-card-kept": PhoneScreen(Page.CARD, card=CARD, just_kept=True),
    "04b-card-sent": PhoneScreen(Page.CARD, card=replace(CARD, sent=True)),
    "04c-card-usable": PhoneScreen(Page.CARD, card=USABLE),
    "04d-card-suspended": PhoneScreen(Page.CARD, card=replace(CARD, state=CardState.SUSPENDED)),
    "04e-card-revoked": PhoneScreen(Page.CARD, card=replace(CARD, state=CardState.REVOKED)),
    "04f-card-long": PhoneScreen(Page.CARD, card=LONG),
    "05-request": PhoneScreen(Page.REQUEST, request=REQUEST),
    "05b-request-not-known": PhoneScreen(
        Page.REQUEST, request=replace(REQUEST, known=False, sending=True)
    ),
    "06-sent": PhoneScreen(Page.SENT, card=replace(CARD, sent=True)),
    "06b-sent-usable": PhoneScreen(Page.SENT, card=USABLE),
    "06c-declined": PhoneScreen(Page.DECLINED),
    "07-expired": trouble("PHONE-03", Again.SCAN),
    "07b-used": trouble("PHONE-04"),
    "07c-unreachable": trouble("PHONE-02", Again.SAME),
    "07d-tries-over": trouble("PHONE-07", Again.SCAN),
    "07e-late": trouble("PHONE-10", Again.CHECK),
    "07f-bad": trouble("PHONE-11", reason="CRED-03"),
    "07g-no-qr": trouble("PHONE-14", Again.SCAN),
}


def people() -> tuple[Person, ...]:
    """The applicants of the training mode."""
    return tuple(
        Person(one.key, one.story.value, one.hangul, one.latin, one.portrait())
        for one in APPLICANTS
    )


OFFICERS = (
    {"ko": "이서준 영사", "en": "Consul Lee Seojun"},
    {"ko": "정유나 영사", "en": "Consul Jung Yuna"},
)


def passports() -> tuple[Passport, ...]:
    """The genuine one and every forgery of the bench."""
    endings = {Result.FAILED: Ending.REFUSE, Result.UNDECIDED: Ending.LOOK_CLOSER}
    return GENUINE, *(Passport(one.key, endings[one.ends], one.code) for one in Forgery)


def benches() -> dict[str, BenchView]:
    empty = BenchView(people(), passports=passports(), cards=OFFICERS, card_pin="123456")
    laid = replace(empty, chosen="haneul", passport="haneul", card=0)
    return {
        "00-empty": empty,
        "01-laid": replace(laid, scene="two_faces"),
        "02-other": replace(empty, chosen="alexandrina", passport="haneul", card=1),
        "03-forged": replace(laid, kind="clone", laid="clone"),
        "04-forgery-chosen": replace(laid, kind="picture_bomb"),
    }
