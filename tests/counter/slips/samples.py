"""Invented applicants and sheets, and what is read back from a printed page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pypdfium2 as pdfium

from desk.counter import slips
from desk.issuance.eligibility import RuleOutcome, RuleResult, Source, load_rules
from desk.issuance.posts import Contact, Posts, load_posts

NOW = datetime(2026, 11, 23, 18, 38, tzinfo=UTC)
EXPIRES = NOW + timedelta(minutes=10)
OFFER_URI = (
    "openid-credential-offer://?credential_offer_uri="
    "https%3A%2F%2Fissue.example.org%2Foffers%2FkJ2f8Qw1xYz0aBcDeFgHiJkLmNoPqRsT"
)
HELP_URI = "https://example.org/help/loss"
# Numbers that the telephone authorities keep free for stories; none is anybody's.
CONTACT = Contact("+1 213 555 0142", "3243 Sample Blvd, Los Angeles, CA 90010", "09:00–16:30")
HOLDER = slips.Holder("김하늘", "KIM", "HANEUL")
SERVICES = (
    slips.ServiceUse(
        {"ko": "정부24", "en": "Government24", "zh": "政府24", "vi": "Chính phủ 24"}, True
    ),
    slips.ServiceUse(
        {"ko": "재외동포365민원포털", "en": "Overseas Koreans 365 portal"}, False, announced=True
    ),
    slips.ServiceUse({"ko": "e-아포스티유", "en": "e-Apostille"}, False, date(2027, 1, 4)),
    slips.ServiceUse({"ko": "전자가족관계등록시스템", "en": "Family register online"}, False),
)
LOSS = slips.LossContact("+1 213 555 0142", "+82 2 0000 0142")
RULES = (
    RuleResult(
        "R-01",
        RuleOutcome.NOT_MET,
        "struck_off",
        {"date": "2025-09-30", "reason": "등록지에 183일 이상 살지 않음"},
        Source.REGISTER,
        NOW - timedelta(hours=3),
    ),
    RuleResult("R-02", RuleOutcome.MET, "held", {"masked": "910314-2••••••"}),
    RuleResult(
        "R-03", RuleOutcome.MET, "valid", {"masked": "M1•••••67", "date": "2033-05-02"}, Source.CHIP
    ),
    RuleResult("R-04", RuleOutcome.MET, "old_enough", {"years": 35, "date": "1991-03-14"}),
    RuleResult("R-05", RuleOutcome.MET, "present"),
    RuleResult("R-06", RuleOutcome.NOT_DONE, "struck_off"),
    RuleResult("R-07", RuleOutcome.MET, "live"),
)


@cache
def posts() -> Posts:
    return load_posts()


def sheet(language: str = "en", code: str = "LA", **changes: object) -> slips.SheetFacts:
    facts = slips.SheetFacts(
        case_number=f"{code}-2026-001842",
        serial=f"{code}03-000416",
        holder=HOLDER,
        post=replace(posts().post(code), contact=CONTACT),
        printed_at=NOW,
        language=language,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def enrollment(facts: slips.SheetFacts, **changes: object) -> bytes:
    whole = slips.EnrollmentFacts(facts, OFFER_URI, EXPIRES, SERVICES, LOSS)
    return slips.enrollment_slip(replace(whole, **changes))  # type: ignore[arg-type]


def handover(facts: slips.SheetFacts, **changes: object) -> bytes:
    whole = slips.HandoverFacts(facts, NOW, date(2029, 11, 22), SERVICES, LOSS)
    return slips.handover_slip(replace(whole, **changes))  # type: ignore[arg-type]


def refusal(facts: slips.SheetFacts, **changes: object) -> bytes:
    names = {post.code: post.name for post in posts().posts}
    whole = slips.RefusalFacts(facts, "R-01", RULES, load_rules(), False, 30, names)
    return slips.refusal_slip(replace(whole, **changes))  # type: ignore[arg-type]


SHEETS = {"enrollment": enrollment, "handover": handover, "refusal": refusal}


def text(pdf: bytes) -> str:
    """Every letter of the page, as another program reads it."""
    with (
        closing(pdfium.PdfDocument(pdf)) as document,
        closing(document[0]) as page,
        closing(page.get_textpage()) as letters,
    ):
        return str(letters.get_text_bounded()).replace("\r\n", "\n")


def picture(pdf: bytes, dpi: int) -> np.ndarray:
    """The page in grey, rows × columns."""
    with closing(pdfium.PdfDocument(pdf)) as document, closing(document[0]) as page:
        bitmap = page.render(scale=dpi / 72, grayscale=True)
        return np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width)


def words_on(pdf: bytes) -> Iterator[tuple[float, float, float, float]]:
    """Boxes (left, bottom, right, top; points) of the pieces of text on the page."""
    with (
        closing(pdfium.PdfDocument(pdf)) as document,
        closing(document[0]) as page,
        closing(page.get_textpage()) as letters,
    ):
        for position in range(letters.count_rects()):
            yield letters.get_rect(position)
