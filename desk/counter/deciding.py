"""The eligibility step: gather the facts, let the rules answer, write the verdict down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from desk.counter.document import register_entries
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance import rules
from desk.issuance.case import Act, Case, CaseKind, RegisterFacts, advance
from desk.issuance.eligibility import RuleOutcome, Verdict
from desk.issuance.rules import EligibilityFacts
from desk.store import cases, register, renewals
from desk.trouble import Trouble


class NotEligible(Trouble):
    """A rule is not met, or could not be answered."""

    code = "CASE-05"


def confirm_in_person(station: Station, officer: Officer, case: Case) -> Case:
    """The officer has the applicant in front of the window, no proxy."""
    if case.in_person_at is not None:
        return case
    return station.keep(officer, case, "CASE.IN_PERSON", in_person_at=station.now())


def decide(station: Station, officer: Officer, case: Case) -> Case:
    """Answer every rule with what is known now, and keep the verdict with the case.

    Raises :class:`~desk.store.troubles.OtherHolder` where the passport is not that of the
    person whose credential is to be replaced or resumed, and
    :class:`~desk.store.troubles.FormerPassport` where what is to be resumed names another.
    """
    _demand_same_holder(station, case)
    _demand_same_passport(station, case)
    facts = _facts(station, case)
    verdict = rules.decide(
        station.rules,
        facts,
        timedelta(hours=station.settings.register.fresh_hours),
        station.now(),
    )
    register = _as_it_stands(case.register, facts.found)
    decided = replace(case, verdict=verdict, register=register)
    return station.save(
        officer,
        decided,
        "ELIGIBILITY.DECIDED",
        outcome=verdict.overall.value,
        edition=verdict.edition,
    )


def _as_it_stands(
    entry: RegisterFacts | None, found: tuple[RegisterFacts, ...]
) -> RegisterFacts | None:
    """The entry that the passport was compared with, its status as the rules saw it: what was
    told of it may have changed since the passport was read."""
    now = (one for one in found if entry and one.overseas_number == entry.overseas_number)
    same = next(now, None)
    if entry is None or same is None:
        return entry
    return replace(
        entry,
        status=same.status,
        status_date=same.status_date,
        status_reason=same.status_reason,
    )


def _demand_same_holder(station: Station, case: Case) -> None:
    """Of somebody who is not in the register the rules have more to say."""
    if case.former is None or case.register is None:
        return
    with station.store.read() as session:
        holder = cases.holder_digest(session, case.register.overseas_number)
        renewals.demand_same_holder(session, case.number, holder, case.former)


def _demand_same_passport(station: Station, case: Case) -> None:
    """A resume signs nothing: what the phone has must still be true."""
    if case.kind is CaseKind.RESUME and case.former is not None and case.document is not None:
        with station.store.read() as session:
            renewals.demand_same_passport(session, case.former, case.document.number)


def accept(station: Station, officer: Officer, case: Case) -> Case:
    """ELIGIBLE, when every rule is met. Raises :class:`NotEligible`."""
    if case.verdict is None or case.verdict.overall is not RuleOutcome.MET:
        raise NotEligible(case=case.number)
    return station.save(
        officer, advance(case, Act.FIND_ELIGIBLE, station.now()), "ELIGIBILITY.ACCEPTED"
    )


def first_unmet(verdict: Verdict) -> str:
    """The rule a refusal names: the first in the book's order that is not met; where none
    is, the first that has no answer."""
    unmet = [rule for rule in verdict.rules if rule.outcome is RuleOutcome.NOT_MET]
    unmet += [rule for rule in verdict.rules if rule.outcome is not RuleOutcome.MET]
    return unmet[0].rule_id


def _facts(station: Station, case: Case) -> EligibilityFacts:
    with station.store.read() as session:
        extract = register.state(session)
        held = (
            cases.held_elsewhere(session, case.register.overseas_number, case.number, case.former)
            if case.register is not None
            else None
        )
    return EligibilityFacts(
        post=station.post,
        posts_as_of=station.posts.as_of,
        document=case.document,
        found=register_entries(station, case.document) if case.document else (),
        extract_as_of=extract.as_of if extract else None,
        in_person_at=case.in_person_at,
        held_elsewhere=held,
        former=case.former,
    )
