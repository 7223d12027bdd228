"""What the three sheets are told: plain values, nothing that a sheet must not show.

Passport number, resident number, birth date, PIN and the applicant's own telephone are not
fields here, so that no sheet can print them. The name comes in full and leaves masked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from desk.issuance.case import CaseKind
from desk.issuance.eligibility import RuleBook, RuleOutcome, RuleResult
from desk.issuance.posts import Post

LANGUAGES = ("en", "zh", "vi")
"""Second languages of a sheet. Korean always stands first."""

HIDDEN = "•"
LONGEST_SURNAME = 24


@dataclass(frozen=True)
class Holder:
    """The applicant. ``hangul`` is empty where the register gave no name."""

    hangul: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    given_names: str = field(default="", repr=False)

    @property
    def masked(self) -> str:
        """``김•늘 KIM H•••••``: enough to tell two sheets at one counter apart."""
        return " ".join(part for part in (self._masked_hangul(), self._masked_latin()) if part)

    def _masked_hangul(self) -> str:
        name = unicodedata.normalize("NFC", self.hangul).strip()
        if len(name) < 3:
            return name[:1] + HIDDEN * (len(name) - 1)
        return name[0] + HIDDEN * (len(name) - 2) + name[-1]

    def _masked_latin(self) -> str:
        given = [letter for letter in self.given_names if letter.isalpha()]
        shown = given[0] + HIDDEN * min(len(given) - 1, 8) if given else ""
        surname = self.surname.strip()
        if len(surname) > LONGEST_SURNAME:
            surname = surname[: LONGEST_SURNAME - 1] + "…"
        return f"{surname} {shown}".strip()


@dataclass(frozen=True)
class LossContact:
    """Numbers for a lost phone, as the post wrote them; empty where it has none."""

    day: str = ""
    night: str = ""


@dataclass(frozen=True)
class ServiceUse:
    """A service that takes the credential: now, from a day, or without a date yet.
    ``announced``: it is said to take it, but has not said itself what it asks for."""

    name: Mapping[str, str]
    usable: bool
    since: date | None = None
    announced: bool = False


@dataclass(frozen=True)
class SheetFacts:
    """What every sheet carries. ``language`` is the applicant's; for Korean the second
    language is English. Opening hours as ``09:00–16:30`` get their days in both languages,
    any other wording is printed as the post wrote it. A sheet of a rehearsal says so."""

    case_number: str
    serial: str
    holder: Holder
    post: Post
    printed_at: datetime
    language: str
    training: bool = False

    @property
    def second(self) -> str:
        return self.language if self.language in LANGUAGES else "en"


@dataclass(frozen=True)
class EnrollmentFacts:
    """``offer_uri`` is what the QR says; it works once, until ``expires_at``."""

    sheet: SheetFacts
    offer_uri: str = field(repr=False)
    expires_at: datetime
    services: tuple[ServiceUse, ...]
    loss: LossContact


@dataclass(frozen=True)
class HandoverFacts:
    """``usable_since`` is empty for a credential that is saved but not proven yet.
    ``help_uri`` is the page for help and loss; without one the sheet has no QR. ``kind`` tells
    what the visit was for. ``proven``: a phone presented it; else two officers made it usable.
    ``barred``: saved, and nothing makes it usable any more."""

    sheet: SheetFacts
    usable_since: datetime | None
    valid_until: date
    services: tuple[ServiceUse, ...]
    loss: LossContact
    help_uri: str = ""
    kind: CaseKind = CaseKind.ISSUE
    proven: bool = True
    barred: bool = False


@dataclass(frozen=True)
class RefusalFacts:
    """``rule`` names the rule that stands behind the refusal; empty for any other reason,
    and then the sheet only says that more has to be looked at. ``rules`` may lack answers:
    what was not asked is shown as not done. ``post_names`` are the names of posts by code and
    language, for a rule that names another post. ``kept_days`` is how long the personal data
    of a closed case are kept."""

    sheet: SheetFacts
    rule: str
    rules: tuple[RuleResult, ...]
    book: RuleBook
    face_taken: bool
    kept_days: int
    post_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def behind(self) -> RuleResult | None:
        """The answer of the rule that stands behind the refusal."""
        for result in self.rules:
            if result.rule_id == self.rule and result.outcome is not RuleOutcome.MET:
                return result
        return None
