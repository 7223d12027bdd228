"""What stands on the three sheets, in every language, and what never does."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pypdfium2 as pdfium
import pytest
import zxingcpp

from desk.counter import slips
from desk.counter.slips import Holder
from desk.issuance.case import CaseKind
from desk.issuance.eligibility import RuleOutcome, RuleResult, Source
from desk.issuance.posts import Contact, ServiceState, load_services
from desk.resources import resource
from tests.counter.slips import samples
from tests.counter.slips.samples import HELP_URI, NOW, OFFER_URI, SHEETS, sheet

MM = 72 / 25.4
LANGUAGES = ("ko", "en", "zh", "vi")
EVERY = [(kind, language) for kind in SHEETS for language in LANGUAGES]


def made(kind: str, language: str, **changes: object) -> bytes:
    return SHEETS[kind](sheet(language, **changes))


def decoded(pdf: bytes, dpi: int) -> dict[str, str]:
    found = zxingcpp.read_barcodes(np.ascontiguousarray(samples.picture(pdf, dpi)))
    return {str(one.format).split(".")[-1]: one.text for one in found}


# Codes


@pytest.mark.parametrize("dpi", [110, 150])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_qr_is_the_offer(language: str, dpi: int) -> None:
    assert OFFER_URI in decoded(made("enrollment", language), dpi).values()


def test_the_qr_of_the_hand_over_sheet_is_the_page_for_help() -> None:
    assert HELP_URI in decoded(samples.handover(sheet(), help_uri=HELP_URI), 110).values()


def test_without_a_page_for_help_there_is_no_qr() -> None:
    assert "도움말" not in samples.text(samples.handover(sheet()))
    assert not [text for text in decoded(samples.handover(sheet()), 150).values() if "://" in text]


@pytest.mark.parametrize("kind", SHEETS)
def test_the_serial_is_read_from_its_bars(kind: str) -> None:
    # 0.3 mm a module is under two pixels at 150 dpi; hand scanners see far finer.
    assert "LA03-000416" in decoded(made(kind, "en"), 200).values()


def test_the_quiet_zone_is_white() -> None:
    page = samples.picture(made("enrollment", "en"), 150) < 128
    pixel = 150 / 25.4
    top, left = round(60.5 * pixel), round(22.5 * pixel)
    wide, quiet = round(69 * pixel), round(6 * pixel)

    framed = page[top - quiet : top + wide + quiet, left - quiet : left + wide + quiet].copy()
    framed[quiet - 1 : -quiet + 1, quiet - 1 : -quiet + 1] = False

    assert not framed.any()


def test_an_address_no_qr_can_hold_is_refused() -> None:
    with pytest.raises(slips.CodeTooLong):
        samples.enrollment(sheet(), offer_uri="x" * 4000)


# Letters


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_text_stays_inside_the_margins(kind: str, language: str) -> None:
    page = samples.picture(made(kind, language), 110) < 200
    pixel = 110 / 25.4

    assert not page[:, : round(15.5 * pixel)].any()
    assert not page[:, round(194.7 * pixel) :].any()
    assert not page[round(287.5 * pixel) :, :].any()


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_no_two_texts_lie_on_each_other(kind: str, language: str) -> None:
    assert not overlaps(made(kind, language))


@pytest.mark.parametrize("kind", SHEETS)
@pytest.mark.parametrize("code", [post.code for post in samples.posts().posts])
def test_every_post_fits(kind: str, code: str) -> None:
    post = samples.posts().post(code)
    for language in post.languages:
        pdf = SHEETS[kind](sheet(language, code))

        assert post.name["ko"] in samples.text(pdf)
        assert not overlaps(pdf)


@pytest.mark.parametrize("kind", SHEETS)
def test_long_names_fit(kind: str) -> None:
    holder = Holder(
        "남궁아름다운나라", "VERYLONGSURNAME OF SOMEBODY ELSE", "MARIA CONCEPCION JIYEON"
    )
    contact = Contact(
        "+1 213 555 0142 ext. 1234", "A very long street name 12345 " * 4, "9–12, 1–4"
    )
    post = replace(
        samples.posts().post("LA"),
        contact=contact,
        name={"ko": "아주긴이름의" * 6 + "총영사관", "en": "Consulate General of a very " * 5},
    )

    pdf = made(kind, "en", holder=holder, post=post)

    assert not overlaps(pdf)
    assert not samples.picture(pdf, 110)[:, round(194.7 * 110 / 25.4) :].min() < 128


def overlaps(pdf: bytes) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Pairs of text boxes that share more than a fifth of the smaller one."""
    boxes = list(samples.words_on(pdf))
    found = []
    for position, one in enumerate(boxes):
        for other in boxes[:position]:
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            if wide <= 0 or high <= 0:
                continue
            smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
            if wide * high > smaller / 5:
                found.append((one, other))
    return found


@pytest.mark.parametrize("kind", SHEETS)
def test_a_letter_no_font_has_stops_the_sheet(kind: str) -> None:
    # U+13000, an Egyptian hieroglyph: in none of the bundled fonts.
    post = replace(samples.posts().post("LA"), contact=Contact(address="Street \U00013000 1"))

    with pytest.raises(slips.GlyphMissing) as caught:
        made(kind, "en", post=post)

    assert caught.value.code == "SLIP-01"
    assert caught.value.facts == {"letter": "U+13000"}


def test_decomposed_hangul_is_composed() -> None:
    name = unicodedata.normalize("NFD", "김하늘")

    assert "김•늘" in samples.text(made("handover", "en", holder=Holder(name, "KIM", "HANEUL")))


@pytest.mark.parametrize("kind", SHEETS)
def test_fonts_are_embedded_as_subsets(kind: str) -> None:
    pdf = made(kind, "zh")

    fonts = set(re.findall(rb"/BaseFont /([A-Z]{6}\+DeskSans[A-Za-z]*-?[A-Za-z]+)", pdf))

    assert any(b"Hans" in font for font in fonts)
    assert b"Helvetica" not in pdf
    assert len(pdf) < 400_000


def test_the_same_facts_give_the_same_bytes() -> None:
    assert made("refusal", "vi") == made("refusal", "vi")


# Masks


@pytest.mark.parametrize(
    ("holder", "masked"),
    [
        (Holder("김하늘", "KIM", "HANEUL"), "김•늘 KIM H•••••"),
        (Holder("김솔", "KIM", "SOL"), "김• KIM S••"),
        (Holder("남궁아름", "NAMGUNG", "A REUM"), "남••름 NAMGUNG A••••"),
        (Holder("", "PARK", "DO-YUN"), "PARK D••••"),
        (Holder("하", "", ""), "하"),
        (Holder(), ""),
    ],
)
def test_names_are_masked(holder: Holder, masked: str) -> None:
    assert holder.masked == masked


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_no_full_name_on_any_sheet(kind: str, language: str) -> None:
    printed = samples.text(made(kind, language))

    assert "김•늘" in printed
    assert "하늘" not in printed and "HANEUL" not in printed


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_no_number_of_the_person_on_any_sheet(kind: str, language: str) -> None:
    """Facts of the rules that were met carry masked numbers and a birth date."""
    printed = samples.text(made(kind, language))

    for forbidden in ("910314", "1991", "14/03", "03-14", "M1•", "2033-05-02", "••••••-"):
        assert forbidden not in printed


def test_too_young_does_not_tell_the_birthday() -> None:
    answer = RuleResult(
        "R-04", RuleOutcome.NOT_MET, "too_young", {"years": 13, "from": "2027-03-14"}
    )

    printed = samples.text(samples.refusal(sheet(), rule="R-04", rules=(answer,)))

    assert "아직 만 14세가 되지 않았습니다" in printed
    assert "2027-03-14" not in printed


# Times and words


@pytest.mark.parametrize(
    ("language", "here", "korea"),
    [
        ("en", "Mon 23 Nov 2026, 10:48", "Tue 24 Nov 2026, 03:48"),
        ("zh", "2026年11月23日（周一）10:48", "2026年11月24日（周二）03:48"),
        ("vi", "Thứ Hai 23/11/2026, 10:48", "Thứ Ba 24/11/2026, 03:48"),
    ],
)
def test_two_clocks_for_the_qr(language: str, here: str, korea: str) -> None:
    printed = samples.text(made("enrollment", language))

    assert "2026-11-23 (월) 10:48" in printed and "2026-11-24 (화) 03:48" in printed
    assert here in printed and korea in printed


@pytest.mark.parametrize("kind", SHEETS)
def test_two_clocks_for_the_printing(kind: str) -> None:
    assert "인쇄 2026-11-23 10:38 (한국 11-24 03:38)" in samples.text(made(kind, "en"))


def test_summer_time_is_the_posts() -> None:
    july = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)

    printed = samples.text(samples.handover(sheet(), usable_since=july))

    assert "2026-07-01 (수) 11:00" in printed and "2026-07-02 (목) 03:00" in printed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_enrollment_sheet_never_says_issued(language: str) -> None:
    printed = samples.text(made("enrollment", language))

    assert "발급이 끝났다는 증명도 아닙니다" in printed
    for claim in ("발급되었", "사용 시작", "유효기간", "Usable since", "Valid until", "지금부터"):
        assert claim not in printed


def test_an_unproven_credential_is_not_called_usable() -> None:
    printed = samples.text(samples.handover(sheet(), usable_since=None))

    assert "저장되었지만 아직 쓸 수 없습니다" in printed
    assert "확인이 끝나면 바로" in printed
    for claim in ("사용 가능", "사용 시작", "지금부터", "From now"):
        assert claim not in printed


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ko", "This ID cannot be used"),
        ("en", "To use one, a new one has to be issued."),
        ("zh", "已存入手机，但不能使用"),
        ("vi", "Đã lưu nhưng không dùng được"),
    ],
)
def test_what_may_not_become_usable_is_promised_to_nobody(language: str, said: str) -> None:
    """Its sheet said that one check was left, and that a scan makes it usable at once."""
    unproven = samples.text(samples.handover(sheet(language), usable_since=None))

    printed = samples.handover(sheet(language), usable_since=None, barred=True)

    assert not overlaps(printed)
    text = samples.text(printed)
    assert "저장되었지만 쓸 수 없습니다" in text and said in text
    words = slip_words()["handover"]
    for key in ("title_unproven", "unproven_more", "unproven_step1", "unproven_step3"):
        for promise in {words[key]["ko"], words[key][sheet(language).second]}:
            assert promise in unproven and promise not in text
    for service in ("정부24", "확인이 끝나면", "유효기간"):
        assert service in unproven and service not in text


def slip_words() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(resource("words/slip.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (CaseKind.ISSUE, "창구에서 휴대전화로 확인을 마쳤습니다"),
        (CaseKind.REISSUE, "먼저 것은 폐지되었습니다"),
        (CaseKind.RESUME, "정지를 풀고"),
    ],
)
def test_the_hand_over_sheet_says_what_the_visit_was_for(
    kind: CaseKind, said: str, language: str
) -> None:
    printed = samples.handover(sheet(language), kind=kind)

    assert said in samples.text(printed)
    assert not overlaps(printed)
    page = samples.picture(printed, 110) < 200
    assert not page[:, round(194.7 * 110 / 25.4) :].any()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_no_phone_presented_is_not_called_checked(language: str) -> None:
    """Two officers made it usable: the sheet says so, and that the phone was not asked."""
    sheet_ = samples.handover(sheet(language), proven=False)
    printed = samples.text(sheet_)

    assert not overlaps(sheet_)
    assert "두 담당자가 쓸 수 있게 했습니다" in printed
    assert "창구에서 휴대전화로 확인을 마쳤습니다" not in printed
    assert "사용 가능" in printed


@pytest.mark.parametrize("kind", ["enrollment", "handover"])
def test_without_a_number_the_sheet_sends_to_the_post(kind: str) -> None:
    post = replace(samples.posts().post("LA"), contact=Contact())

    printed = samples.text(SHEETS[kind](sheet(post=post), loss=slips.LossContact()))

    assert "전화번호는 공관에 문의하십시오" in printed
    assert not re.search(r"\+\d", printed)


def test_one_number_only_stands_alone() -> None:
    printed = samples.text(
        samples.handover(sheet(), loss=slips.LossContact(night="+82 2 0000 0142"))
    )

    assert "야간·휴일" in printed and "주간" not in printed


def test_hours_in_other_words_stay_as_the_post_wrote_them() -> None:
    post = replace(samples.posts().post("LA"), contact=Contact(hours="월·수 09:00–12:00"))

    printed = samples.text(samples.handover(sheet(post=post)))

    assert "월·수 09:00–12:00" in printed and "Mon–Fri" not in printed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_services_of_the_file_fit(language: str) -> None:
    listed = tuple(
        slips.ServiceUse(one.name, False, announced=one.state is ServiceState.LISTED)
        for one in load_services()
    )
    known = tuple(replace(one, usable=one.announced, announced=False) for one in listed)

    for pdf in (
        samples.enrollment(sheet(language), services=known),
        samples.handover(sheet(language), services=known),
        samples.enrollment(sheet(language), services=listed),
        samples.handover(sheet(language), services=listed),
        samples.enrollment(sheet(language), services=listed[:1] * 4),
        samples.handover(sheet(language), services=listed * 2),
    ):
        assert not overlaps(pdf)


@pytest.mark.parametrize("draw", [samples.enrollment, samples.handover])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_service_that_is_only_announced_is_promised_for_no_day(
    draw: Callable[..., bytes], language: str
) -> None:
    """Its own day came, it has not said what it asks: whether it takes this nobody knows."""
    told = slips.ServiceUse({"ko": "가나", "en": "Abc"}, False, date(2026, 11, 1), announced=True)
    taken = slips.ServiceUse({"ko": "다라", "en": "Def"}, True)

    alone = samples.text(draw(sheet(language), services=(told,)))
    both = draw(sheet(language), services=(told, taken))

    assert "안내됨" in alone
    for promise in ("지금부터", "2026-11-01"):
        assert promise not in alone
    assert "안내됨" in samples.text(both)
    assert not overlaps(both)


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_a_sheet_of_a_rehearsal_says_so(kind: str, language: str) -> None:
    rehearsed = made(kind, language, training=True)

    assert "훈련용 · 효력 없음" in samples.text(rehearsed)
    assert "훈련" not in samples.text(made(kind, language))
    assert not overlaps(rehearsed)


# Refusal


def test_the_refusal_tells_rule_source_age_and_way() -> None:
    printed = samples.text(made("refusal", "en"))

    for said in (
        "재외국민등록이 말소되어 있습니다",
        "2025-09-30 말소 · 등록지에 183일 이상 살지 않음",
        "근거: 재외국민등록부, 3시간 전 자료",
        "Source: register, data 3 hours old",
        "재외국민등록을 다시 신청합니다",
        "이의를",
        "30일 뒤에 지웁니다",
        "얼굴 사진은 찍지 않았습니다",
        "규칙",
    ):
        assert said in printed


def test_every_rule_stands_on_the_sheet_with_its_word() -> None:
    printed = samples.text(made("refusal", "en"))

    # Seven answers and one rule that was never asked: eight rows.
    assert printed.count("미충족") == 1
    assert printed.count("미실시") == 2
    assert len(re.findall(r"(?<!미)충족", printed)) == 5


def test_undecided_is_its_own_word() -> None:
    stale = RuleResult(
        "R-01",
        RuleOutcome.UNDECIDED,
        "stale",
        {"age_hours": 40, "limit_hours": 24},
        Source.REGISTER,
    )

    printed = samples.text(samples.refusal(sheet(), rules=(stale,)))

    assert "등록부 자료가 오래되어 판정할 수 없습니다" in printed
    assert "판정 불가" in printed
    # Old data are no reason to register again.
    assert "재외국민등록을 다시 신청합니다" not in printed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("rule", "fact", "facts"),
    [
        ("R-01", "struck_off", {"date": "2025-09-30", "reason": "–"}),
        ("R-01", "absent", {}),
        ("R-02", "x000000", {}),
        ("R-02", "none", {}),
        ("R-03", "expired", {"date": "2025-01-01"}),
        ("R-03", "other_state", {}),
        ("R-04", "too_young", {"years": 13, "from": "2027-03-14"}),
        ("R-06", "elsewhere", {"post": "VN"}),
        ("R-07", "not_yet", {"date": "2027-01-01"}),
        ("R-08", "held", {"case": "LA-2026-000001"}),
    ],
)
def test_every_reason_has_its_sheet(language: str, rule: str, fact: str, facts: object) -> None:
    answer = RuleResult(rule, RuleOutcome.NOT_MET, fact, facts)  # type: ignore[arg-type]

    pdf = samples.refusal(sheet(language), rule=rule, rules=(answer,))

    assert not overlaps(pdf)
    assert "미충족: " not in samples.text(pdf), "the reason has no sentence of its own"


def test_another_post_is_named_not_coded() -> None:
    answer = RuleResult("R-06", RuleOutcome.NOT_MET, "elsewhere", {"post": "VN"})

    printed = samples.text(samples.refusal(sheet("vi"), rule="R-06", rules=(answer,)))

    assert "등록 공관: 주베트남대사관" in printed
    assert "Đại sứ quán Hàn Quốc tại Việt Nam" in printed


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_reasons_still_fit_on_one_sheet(language: str) -> None:
    answers = tuple(
        RuleResult(f"R-0{n}", RuleOutcome.NOT_MET, fact, {"date": "2025-01-01", "post": "VN"})
        for n, fact in enumerate(
            ("absent", "none", "expired", "too_young", "not_seen", "elsewhere", "not_yet", "held"),
            1,
        )
    )

    pdf = samples.refusal(sheet(language), rules=answers)

    assert not overlaps(pdf)
    with pdfium.PdfDocument(pdf) as document:
        assert len(document) == 1
    assert samples.text(pdf).count("미충족") == 9


@pytest.mark.parametrize(
    ("rule", "rules"),
    [
        ("", samples.RULES),
        ("R-01", ()),
        (
            "R-03",
            (RuleResult("R-03", RuleOutcome.NOT_MET, "failed", {"count": 2}, Source.CHIP, NOW),),
        ),
    ],
)
def test_findings_are_never_told(rule: str, rules: tuple[RuleResult, ...]) -> None:
    """Refused for document or face, without a rule, or by a chip that did not hold."""
    printed = samples.text(samples.refusal(sheet(), rule=rule, rules=rules))

    assert "확인이 더 필요합니다" in printed
    for told in ("전자여권", "칩", "미충족", "오늘 확인한 것", "이렇게 하면"):
        assert told not in printed


def test_a_face_picture_that_was_taken_is_told() -> None:
    printed = samples.text(samples.refusal(sheet(), face_taken=True))

    assert "찍은 얼굴 사진은 지웁니다" in printed and "찍지 않았습니다" not in printed
