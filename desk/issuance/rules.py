"""Deciding who may receive the credential: facts in, one answer a rule out.

Pure: what the answer needs is gathered by the caller, who asks register, ledger and
officer. A fact that is missing leaves its rule not done, one that is too old or ambiguous
leaves it undecided; neither ever counts as met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from desk.issuance.case import Document, RegisterFacts
from desk.issuance.eligibility import (
    Rule,
    RuleBook,
    RuleCheck,
    RuleOutcome,
    RuleResult,
    Verdict,
)
from desk.issuance.posts import Post
from desk.mrtd.results import Result

ALIVE = "alive"
STRUCK_OFF = "struck_off"
# X000000 stands for «born abroad, no number»; extracts also write a digit for the X.
_NO_NUMBER = re.compile(r"(\d{6}-?)?[0-9X]000000")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class EligibilityFacts:
    """What is known at the moment of the decision.

    ``found`` are the register entries that may be this person; ``extract_as_of`` is when
    the extract was true (``None``: there is none). ``held_elsewhere`` are the cases that
    gave this person a standing credential (``None``: not searched), without ``former``, whose
    credential this case replaces or resumes. ``posts_as_of`` is the age of the list of posts.
    """

    post: Post
    posts_as_of: datetime
    document: Document | None
    found: tuple[RegisterFacts, ...]
    extract_as_of: datetime | None
    in_person_at: datetime | None
    held_elsewhere: tuple[str, ...] | None
    former: str | None = None


@dataclass(frozen=True)
class _Question:
    rule: Rule
    facts: EligibilityFacts
    fresh: timedelta
    at: datetime

    @property
    def today(self) -> date:
        """The day at the post, by which ages and dates count."""
        return self.facts.post.local(self.at).date()

    def answer(
        self,
        outcome: RuleOutcome,
        fact: str,
        source_at: datetime | None,
        places: Mapping[str, str | int] | None = None,
    ) -> RuleResult:
        return RuleResult(
            self.rule.id, outcome, fact, dict(places or {}), self.rule.source, source_at
        )


def decide(book: RuleBook, facts: EligibilityFacts, fresh: timedelta, at: datetime) -> Verdict:
    """Answer every rule of the book. ``fresh`` is how old the register extract may be."""
    questions = (_Question(rule, facts, fresh, at) for rule in book.rules)
    answers = tuple(_CHECKS[question.rule.check](question) for question in questions)
    return Verdict(answers, book.edition, at)


def age_on(birth: date, day: date) -> int:
    """Completed years; born on 29 February, one turns older on 1 March of other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _registered(ask: _Question) -> RuleResult:
    doubt = _register_doubt(ask)
    if doubt is not None:
        return doubt
    as_of = ask.facts.extract_as_of
    if not ask.facts.found:
        return ask.answer(RuleOutcome.NOT_MET, "absent", as_of)
    entry = ask.facts.found[0]
    if entry.status == ALIVE:
        return ask.answer(RuleOutcome.MET, "alive", as_of, {"number": entry.overseas_number})
    if entry.status == STRUCK_OFF:
        day = entry.status_date.isoformat() if entry.status_date else "–"
        places = {"date": day, "reason": entry.status_reason or "–"}
        return ask.answer(RuleOutcome.NOT_MET, "struck_off", as_of, places)
    return ask.answer(RuleOutcome.UNDECIDED, "unknown_status", as_of)


def _resident_number(ask: _Question) -> RuleResult:
    doubt = _register_doubt(ask)
    if doubt is not None:
        return doubt
    as_of = ask.facts.extract_as_of
    if not ask.facts.found:
        return ask.answer(RuleOutcome.NOT_DONE, "not_registered", as_of)
    number = ask.facts.found[0].resident_number
    if not number:
        return ask.answer(RuleOutcome.NOT_MET, "none", as_of)
    if _NO_NUMBER.fullmatch(number):
        return ask.answer(RuleOutcome.NOT_MET, "x000000", as_of)
    return ask.answer(RuleOutcome.MET, "held", as_of, {"masked": masked_resident_number(number)})


def _passport(ask: _Question) -> RuleResult:
    document = ask.facts.document
    if document is None:
        return ask.answer(RuleOutcome.NOT_DONE, "not_read", None)
    read_at, day = document.read_at, document.expiry_date.isoformat()
    failed = sum(finding.result is Result.FAILED for finding in document.findings)
    if document.issuing_state != ask.rule.state or not document.document_code.startswith("P"):
        return ask.answer(RuleOutcome.NOT_MET, "other_state", read_at)
    if document.expiry_date < ask.today:
        return ask.answer(RuleOutcome.NOT_MET, "expired", read_at, {"date": day})
    if failed or document.overall is Result.FAILED:
        return ask.answer(RuleOutcome.NOT_MET, "failed", read_at, {"count": max(failed, 1)})
    if not _chip_proves(ask.rule, document):
        return ask.answer(RuleOutcome.UNDECIDED, "undecided", read_at)
    places = {"masked": _masked_passport(document.number), "date": day}
    return ask.answer(RuleOutcome.MET, "valid", read_at, places)


def _age(ask: _Question) -> RuleResult:
    document = ask.facts.document
    if document is None:
        return ask.answer(RuleOutcome.NOT_DONE, "not_known", None)
    birth, least = document.birth_date, ask.rule.least_years
    years = age_on(birth, ask.today)
    if years >= least:
        places: dict[str, str | int] = {"years": years, "date": birth.isoformat()}
        return ask.answer(RuleOutcome.MET, "old_enough", document.read_at, places)
    places = {"years": max(years, 0), "from": _birthday(birth, least).isoformat()}
    return ask.answer(RuleOutcome.NOT_MET, "too_young", document.read_at, places)


def _in_person(ask: _Question) -> RuleResult:
    seen = ask.facts.in_person_at
    if seen is None:
        return ask.answer(RuleOutcome.NOT_DONE, "not_seen", None)
    return ask.answer(RuleOutcome.MET, "present", seen)


def _jurisdiction(ask: _Question) -> RuleResult:
    doubt = _register_doubt(ask)
    if doubt is not None:
        return doubt
    as_of = ask.facts.extract_as_of
    if not ask.facts.found:
        return ask.answer(RuleOutcome.NOT_DONE, "not_registered", as_of)
    entry = ask.facts.found[0]
    if entry.status != ALIVE:
        return ask.answer(RuleOutcome.NOT_DONE, "struck_off", as_of)
    here = entry.post in ask.facts.post.serves
    outcome = RuleOutcome.MET if here else RuleOutcome.NOT_MET
    return ask.answer(outcome, "here" if here else "elsewhere", as_of, {"post": entry.post})


def _live(ask: _Question) -> RuleResult:
    post = ask.facts.post
    places: dict[str, str | int] = {"wave": post.wave, "date": post.live_from.isoformat()}
    if post.live_on(ask.today):
        return ask.answer(RuleOutcome.MET, "live", ask.facts.posts_as_of, places)
    return ask.answer(RuleOutcome.NOT_MET, "not_yet", ask.facts.posts_as_of, places)


def _one_phone(ask: _Question) -> RuleResult:
    held = ask.facts.held_elsewhere
    if held is None:
        return ask.answer(RuleOutcome.NOT_DONE, "not_asked", None)
    if held:
        return ask.answer(RuleOutcome.NOT_MET, "held", ask.at, {"case": held[0]})
    if ask.facts.former is not None:
        return ask.answer(RuleOutcome.MET, "renewed", ask.at, {"case": ask.facts.former})
    return ask.answer(RuleOutcome.MET, "free", ask.at)


_CHECKS: Mapping[RuleCheck, Callable[[_Question], RuleResult]] = {
    RuleCheck.REGISTERED: _registered,
    RuleCheck.RESIDENT_NUMBER: _resident_number,
    RuleCheck.PASSPORT: _passport,
    RuleCheck.AGE: _age,
    RuleCheck.IN_PERSON: _in_person,
    RuleCheck.JURISDICTION: _jurisdiction,
    RuleCheck.LIVE: _live,
    RuleCheck.ONE_PHONE: _one_phone,
}


def _register_doubt(ask: _Question) -> RuleResult | None:
    """Why the register can't answer at all: none here, too old, or several entries."""
    as_of = ask.facts.extract_as_of
    if as_of is None:
        return ask.answer(RuleOutcome.NOT_DONE, "no_extract", None)
    age = ask.at - as_of
    if age > ask.fresh:
        places = {"age_hours": age // _HOUR, "limit_hours": ask.fresh // _HOUR}
        return ask.answer(RuleOutcome.UNDECIDED, "stale", as_of, places)
    count = _people(ask.facts.found)
    if count > 1:
        # Only the rule on the registration itself has a sentence with the count.
        places = {"count": count} if ask.rule.check is RuleCheck.REGISTERED else {}
        return ask.answer(RuleOutcome.UNDECIDED, "several", as_of, places)
    return None


def _people(found: tuple[RegisterFacts, ...]) -> int:
    """How many entries compete. One alive among struck-off ones is a new registration of
    the same person and stands alone."""
    alive = sum(entry.status == ALIVE for entry in found)
    return alive or len(found)


def _chip_proves(rule: Rule, document: Document) -> bool:
    """Every needed check was made at least once and passed each time."""
    for check in rule.needs:
        results = [finding.result for finding in document.findings if finding.check is check]
        if not results or any(result is not Result.PASSED for result in results):
            return False
    return True


def masked_resident_number(number: str) -> str:
    """``910314-2••••••``: birth date and first digit only."""
    digits = number.replace("-", "")
    return f"{digits[:6]}-{digits[6:7]}{'•' * 6}"


def _masked_passport(number: str) -> str:
    return number[:2] + "•" * max(len(number) - 4, 0) + number[-2:]


def _birthday(birth: date, years: int) -> date:
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)
