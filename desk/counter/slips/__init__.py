"""The three sheets of paper that the counter gives away, each one page of A4 as PDF.

Enrollment: the QR for the phone, with a stub that stays at the post. Hand-over: since when
the credential is usable and what to do when the phone is lost. Refusal: why not, and what
would make it yes. Korean and one more language stand side by side.

The package draws; numbering, voiding and keeping a sheet are ``desk.counter.closing``'s,
the print queue is the screen's.
"""

from __future__ import annotations

from desk.counter.slips.enrollment import enrollment_slip
from desk.counter.slips.facts import (
    EnrollmentFacts,
    HandoverFacts,
    Holder,
    LossContact,
    RefusalFacts,
    ServiceUse,
    SheetFacts,
)
from desk.counter.slips.fonts import load
from desk.counter.slips.handover import handover_slip
from desk.counter.slips.refusal import refusal_slip
from desk.counter.slips.troubles import (
    CodeTooLong,
    DoesNotFit,
    GlyphMissing,
    NewOfferNeeded,
    SlipTrouble,
)

__all__ = [
    "CodeTooLong",
    "DoesNotFit",
    "EnrollmentFacts",
    "GlyphMissing",
    "HandoverFacts",
    "Holder",
    "LossContact",
    "NewOfferNeeded",
    "RefusalFacts",
    "ServiceUse",
    "SheetFacts",
    "SlipTrouble",
    "enrollment_slip",
    "handover_slip",
    "load",
    "refusal_slip",
]
