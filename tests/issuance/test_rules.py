"""Each rule met, not met, undecided and not done; nothing unknown is ever met."""

from __future__ import annotations

import string
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.issuance.case import Document, RegisterFacts
from desk.issuance.eligibility import (
    RuleOutcome,
    RuleResult,
    RulesUnsound,
    Verdict,
    load_rules,
)
from desk.issuance.posts import load_posts
from desk.issuance.rules import EligibilityFacts, age_on, decide, masked_resident_number
from desk.mrtd.results import Check, Finding, Group, Result
from desk.resources import resource
from tests import samples

NOW = datetime(2026, 11, 23, 18, 28, tzinfo=UTC)
FRESH = timedelta(hours=24)
POSTS = load_posts()
BOOK = load_rules()


def finding(check: Check, result: Result = Result.PASSED) -> Finding:
    return Finding("TEST-01", result, Group.CHIP, check)


PROVEN_CHIP = tuple(
    finding(check) for check in (Check.SOD_SIGNATURE, Check.SIGNER_CHAIN, Check.DATA_GROUP)
)

ENTRY = replace(samples.ENTRY, as_of=NOW - timedelta(hours=4))
PASSPORT = replace(samples.PASSPORT, findings=PROVEN_CHIP, read_at=NOW - timedelta(minutes=2))
FACTS = EligibilityFacts(
    post=POSTS.post("LA"),
    posts_as_of=POSTS.as_of,
    document=PASSPORT,
    found=(ENTRY,),
    extract_as_of=ENTRY.as_of,
    in_person_at=NOW,
    held_elsewhere=(),
)


def verdict(**changes: object) -> Verdict:
    return decide(BOOK, replace(FACTS, **changes), FRESH, NOW)  # type: ignore[arg-type]


def answer(rule_id: str, **changes: object) -> RuleResult:
    return next(rule for rule in verdict(**changes).rules if rule.rule_id == rule_id)


def passport(**changes: object) -> Document:
    return replace(PASSPORT, **changes)  # type: ignore[arg-type]


def entry(**changes: object) -> tuple[RegisterFacts, ...]:
    return (replace(ENTRY, **changes),)  # type: ignore[arg-type]


def test_all_met() -> None:
    decided = verdict()

    assert [rule.rule_id for rule in decided.rules] == [f"R-0{n}" for n in range(1, 9)]
    assert decided.overall is RuleOutcome.MET


def test_every_answer_names_source_and_age() -> None:
    ages = {rule.rule_id: rule.source_at for rule in verdict().rules}

    assert ages["R-01"] == ENTRY.as_of
    assert ages["R-03"] == PASSPORT.read_at
    assert ages["R-07"] == POSTS.as_of
    assert None not in ages.values()


@pytest.mark.parametrize(
    ("rule_id", "changes", "outcome", "fact"),
    [
        ("R-01", {"found": ()}, "not_met", "absent"),
        (
            "R-01",
            {"found": entry(status="struck_off", status_date=date(2025, 9, 30))},
            "not_met",
            "struck_off",
        ),
        ("R-01", {"found": entry(status="moved")}, "undecided", "unknown_status"),
        ("R-01", {"found": (ENTRY, ENTRY)}, "undecided", "several"),
        ("R-01", {"extract_as_of": NOW - timedelta(hours=25)}, "undecided", "stale"),
        ("R-01", {"extract_as_of": None, "found": ()}, "not_done", "no_extract"),
        ("R-02", {"found": entry(resident_number="")}, "not_met", "none"),
        ("R-02", {"found": entry(resident_number="X000000")}, "not_met", "x000000"),
        ("R-02", {"found": entry(resident_number="040719-X000000")}, "not_met", "x000000"),
        ("R-02", {"found": entry(resident_number="040719X000000")}, "not_met", "x000000"),
        ("R-02", {"found": entry(resident_number="040719-4000000")}, "not_met", "x000000"),
        ("R-02", {"found": ()}, "not_done", "not_registered"),
        ("R-02", {"extract_as_of": NOW - timedelta(hours=25)}, "undecided", "stale"),
        ("R-02", {"extract_as_of": None}, "not_done", "no_extract"),
        ("R-03", {"document": None}, "not_done", "not_read"),
        ("R-03", {"document": passport(expiry_date=date(2026, 11, 22))}, "not_met", "expired"),
        ("R-03", {"document": passport(expiry_date=date(2026, 11, 23))}, "met", "valid"),
        ("R-03", {"document": passport(issuing_state="USA")}, "not_met", "other_state"),
        ("R-03", {"document": passport(document_code="ID")}, "not_met", "other_state"),
        ("R-03", {"document": passport(overall=Result.FAILED)}, "not_met", "failed"),
        (
            "R-03",
            {"document": passport(findings=(*PROVEN_CHIP, finding(Check.PACE, Result.FAILED)))},
            "not_met",
            "failed",
        ),
        ("R-03", {"document": passport(findings=())}, "undecided", "undecided"),
        ("R-03", {"document": passport(findings=PROVEN_CHIP[:2])}, "undecided", "undecided"),
        (
            "R-03",
            {
                "document": passport(
                    findings=(*PROVEN_CHIP, finding(Check.DATA_GROUP, Result.NOT_DONE))
                )
            },
            "undecided",
            "undecided",
        ),
        (
            "R-03",
            {
                "document": passport(
                    overall=Result.UNDECIDED,
                    findings=(*PROVEN_CHIP, finding(Check.REVOCATION, Result.UNDECIDED)),
                )
            },
            "met",
            "valid",
        ),
        ("R-04", {"document": None}, "not_done", "not_known"),
        ("R-04", {"document": passport(birth_date=date(2012, 11, 23))}, "met", "old_enough"),
        ("R-04", {"document": passport(birth_date=date(2012, 11, 24))}, "not_met", "too_young"),
        ("R-05", {"in_person_at": None}, "not_done", "not_seen"),
        ("R-06", {"found": entry(post="VN")}, "not_met", "elsewhere"),
        ("R-06", {"found": entry(status="struck_off")}, "not_done", "struck_off"),
        ("R-06", {"found": ()}, "not_done", "not_registered"),
        ("R-06", {"extract_as_of": NOW - timedelta(hours=25)}, "undecided", "stale"),
        (
            "R-07",
            {"post": replace(POSTS.post("LA"), live_from=date(2026, 11, 24))},
            "not_met",
            "not_yet",
        ),
        ("R-07", {"post": replace(POSTS.post("LA"), live_from=date(2026, 11, 23))}, "met", "live"),
        ("R-08", {"held_elsewhere": None}, "not_done", "not_asked"),
        ("R-08", {"held_elsewhere": ("LA-2026-000007",)}, "not_met", "held"),
        ("R-08", {"former": "LA-2026-000007"}, "met", "renewed"),
        (
            "R-08",
            {"former": "LA-2026-000007", "held_elsewhere": ("LA-2026-000009",)},
            "not_met",
            "held",
        ),
    ],
)
def test_rule(rule_id: str, changes: dict[str, object], outcome: str, fact: str) -> None:
    found = answer(rule_id, **changes)

    assert (found.outcome, found.fact) == (RuleOutcome(outcome), fact)


def test_only_met_makes_the_whole_met() -> None:
    """One answer that is not «met» keeps the verdict from being met; the worst shows."""
    assert verdict(found=()).overall is RuleOutcome.NOT_MET
    assert verdict(extract_as_of=NOW - timedelta(days=3)).overall is RuleOutcome.UNDECIDED
    assert verdict(in_person_at=None).overall is RuleOutcome.NOT_DONE


@given(
    document=st.sampled_from([None, PASSPORT, passport(findings=())]),
    found=st.sampled_from([(), (ENTRY,), (ENTRY, ENTRY), entry(status="struck_off")]),
    age=st.sampled_from([None, 0, 24, 25, 1000]),
    in_person=st.booleans(),
    held=st.sampled_from([None, (), ("LA-2026-000007",)]),
)
def test_met_only_with_every_fact(
    document: Document | None,
    found: tuple[RegisterFacts, ...],
    age: int | None,
    in_person: bool,
    held: tuple[str, ...] | None,
) -> None:
    """Whatever is missing, doubled, old or unproven: only the one good combination is met."""
    decided = verdict(
        document=document,
        found=found,
        extract_as_of=None if age is None else NOW - timedelta(hours=age),
        in_person_at=NOW if in_person else None,
        held_elsewhere=held,
    )

    good = document == PASSPORT and found == (ENTRY,) and age in {0, 24} and in_person
    assert (decided.overall is RuleOutcome.MET) == (good and held == ())


def test_new_registration_beside_a_struck_off_one() -> None:
    """Who registered again has two entries; the living one stands alone."""
    struck = replace(ENTRY, overseas_number="LA-2010-000001", status="struck_off")

    assert answer("R-01", found=(ENTRY, struck)).outcome is RuleOutcome.MET


def test_the_day_is_the_posts_own() -> None:
    """At 07:30 UTC it is still the 23rd in Los Angeles and already the 24th in Auckland."""
    morning = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    turns_14_on_the_24th = replace(FACTS, document=passport(birth_date=date(2012, 11, 24)))

    here = decide(BOOK, turns_14_on_the_24th, FRESH, morning)
    there = decide(BOOK, replace(turns_14_on_the_24th, post=POSTS.post("AKL")), FRESH, morning)

    assert here.rules[3].outcome is RuleOutcome.NOT_MET
    assert there.rules[3].outcome is RuleOutcome.MET


def test_too_young_says_from_when() -> None:
    assert answer("R-04", document=passport(birth_date=date(2016, 2, 29))).facts == {
        "years": 10,
        "from": "2030-03-01",
    }


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(2012, 11, 23), date(2026, 11, 23), 14),
        (date(2012, 11, 24), date(2026, 11, 23), 13),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_age(birth: date, day: date, years: int) -> None:
    assert age_on(birth, day) == years


def test_numbers_are_masked() -> None:
    """No full passport or resident number leaves the rules."""
    told = repr(verdict())

    assert masked_resident_number("910314-2987654") == "910314-2••••••"
    assert "987654" not in told
    assert PASSPORT.number not in told


class TestWords:
    def test_every_answer_can_be_said(self) -> None:
        """Each outcome of each rule has its sentence in both languages, all places filled."""
        situations: list[dict[str, object]] = [
            {},
            {"found": ()},
            {"found": (ENTRY, ENTRY)},
            {"found": entry(status="struck_off", post="VN", resident_number="")},
            {"found": entry(post="VN", resident_number="X000000", status="moved")},
            {"extract_as_of": NOW - timedelta(days=3)},
            {"extract_as_of": None},
            {"document": None, "in_person_at": None, "held_elsewhere": None},
            {"document": passport(expiry_date=date(2020, 1, 1), birth_date=date(2020, 1, 1))},
            {"document": passport(issuing_state="USA"), "held_elsewhere": ("LA-2026-000007",)},
            {"document": passport(overall=Result.FAILED), "former": "LA-2026-000007"},
            {"document": passport(findings=())},
            {"post": replace(POSTS.post("LA"), live_from=date(2099, 1, 1))},
        ]

        for situation in situations:
            for result in verdict(**situation).rules:
                rule = BOOK.rule(result.rule_id)
                for language in ("ko", "en"):
                    assert "{" not in rule.sentence(result, language)

    def test_every_sentence_has_both_languages_and_the_same_places(self) -> None:
        for rule in BOOK.rules:
            for words in rule.facts.values():
                places = {
                    language: {name for _, name, _, _ in string.Formatter().parse(text) if name}
                    for language, text in words.items()
                }
                assert places["ko"] == places["en"]

    def test_names_and_advice_in_four_languages(self) -> None:
        for rule in BOOK.rules:
            assert set(rule.name) == {"ko", "en", "zh", "vi"}
            assert rule.possible
            for step in rule.possible:
                for words in (step.title, *step.points):
                    assert set(words) == {"ko", "en", "zh", "vi"}

    def test_every_code_has_its_words(self) -> None:
        told = tomllib.loads(resource("troubles", "records.toml").read_text(encoding="utf-8"))

        assert {rule.code for rule in BOOK.rules} <= set(told)


class TestRuleBook:
    def changed(self, tmp_path: Path, old: str, new: str) -> Path:
        content = resource("eligibility.toml").read_text(encoding="utf-8")
        assert old in content
        file = tmp_path / "eligibility.toml"
        file.write_text(content.replace(old, new, 1), encoding="utf-8")
        return file

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('check = "one_phone"', 'check = "age"'),
            ('check = "one_phone"', 'check = "weather"'),
            ('source = "ledger"', 'source = "rumour"'),
            ('needs = ["sod_signature", "signer_chain", "data_group"]', "needs = []"),
            ('"signer_chain"', '"nonsense"'),
            ('edition = "2026-11"', ""),
            ('edition = "2026-11"', "edition = "),
            ("least_years = 14", "lest_years = 14"),
        ],
    )
    def test_unsound_book_stops_everything(self, tmp_path: Path, old: str, new: str) -> None:
        """A rule that fell out by a slip of the pen would let everybody through."""
        with pytest.raises(RulesUnsound):
            load_rules(self.changed(tmp_path, old, new))

    def test_rule_taken_out(self, tmp_path: Path) -> None:
        content = resource("eligibility.toml").read_text(encoding="utf-8")
        file = tmp_path / "eligibility.toml"
        file.write_text(content[: content.rindex("[[rule]]")], encoding="utf-8")

        with pytest.raises(RulesUnsound):
            load_rules(file)

    def test_age_is_a_parameter(self, tmp_path: Path) -> None:
        book = load_rules(self.changed(tmp_path, "least_years = 14", "least_years = 60"))

        decided = decide(book, FACTS, FRESH, NOW)

        assert decided.rules[3].outcome is RuleOutcome.NOT_MET
