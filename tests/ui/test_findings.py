"""desk.ui.findings: what the tree and the verdict tell of findings, in few words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QFontMetricsF

from desk.issuance.case import Case, State
from desk.mrtd.results import Check, Finding, Group, Result
from desk.ui import findings as told
from desk.ui.findings import FindingWords
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.parts.results import Branch, Leaf
from desk.ui.theme import Type
from desk.ui.troubles import TroubleWords
from tests.ui import samples
from tests.ui import scenes_passport as scenes

TROUBLES = TroubleWords()
FINDING = re.compile(r"(DOC|BAC|PACE|CA|AA|PA-[A-Z]+|DG2|HOLD)-\d\d|TRUST-07")
CODES = sorted(code for code in TROUBLES if FINDING.fullmatch(code))
GROUPS_ONLY = {"PA-DG-00", "PA-DG-20"}
"""Told by the numbers of their groups."""
ROOM = 158
"""Pixels beside «Printed = chip» at 1280x720, the least there are."""


@pytest.fixture
def words(look: Look) -> FindingWords:
    return FindingWords(look, TROUBLES)


def case(*findings: Finding, overall: Result = Result.UNDECIDED) -> Case:
    document = samples.document(findings=findings, overall=overall)
    return samples.case(State.DOCUMENT_CHECKED, document=document, compared=scenes.EQUAL)


def leaves(words: FindingWords, one: Case) -> Iterator[Leaf]:
    for side in words.branches(one):
        for branch in side:
            yield from branch.leaves


def branch_of(words: FindingWords, one: Case, name: str) -> Branch:
    return next(b for side in words.branches(one) for b in side if b.name == name)


@pytest.mark.parametrize("code", sorted(set(CODES) - GROUPS_ONLY))
def test_every_finding_has_few_words_that_fit_beside_its_name(look: Look, code: str) -> None:
    facts = {
        "algorithm": "RSA-PSS", "line": 2, "column": 44, "until": "2033-05-02", "zone": "KOR",
        "signer": "KR", "issuer": "CSCA 2020", "age_days": 132, "since": "2026-10-14",
        "asked_days": 132,
        "ended": "2026-10-14", "group": 14, "file": "DG14", "width": 1200, "height": 1600,
        "count": 5, "other": "DE", "items": "",
    }  # fmt: skip
    metrics = QFontMetricsF(look.font(Type.SMALL))

    for language in ("ko", "en"):
        look.set_language(language)
        said = look.say(f"short.{told._kind(code)}", **facts)
        assert said
        assert metrics.horizontalAdvance(said) <= ROOM, said
    look.set_language("ko")


def test_a_question_that_passed_beside_another_has_no_leaf_of_its_own(
    words: FindingWords, look: Look
) -> None:
    clean = case(*samples.CLEAN, overall=Result.PASSED)

    names = [leaf.name for leaf in leaves(words, clean)]
    access = next(leaf for leaf in leaves(words, clean) if leaf.name == look.say("check.access"))

    assert look.say("check.pace") not in names
    assert look.say("check.portrait") not in names
    assert access.evidence == "PACE"


@pytest.mark.parametrize("found", [scenes.DOWN, scenes.BOMB, scenes.DEFECT])
def test_what_speaks_against_the_passport_always_has_a_leaf(
    words: FindingWords, look: Look, found: Finding
) -> None:
    name = look.say(f"check.{found.check.value}")

    shown = [leaf for leaf in leaves(words, case(*samples.findings(found))) if leaf.name == name]

    assert [(leaf.glyph, leaf.code) for leaf in shown] == [(Glyph.UNDECIDED, found.code)]


def test_every_leaf_opens(words: FindingWords) -> None:
    assert all(leaf.code for leaf in leaves(words, case(*samples.GOOD)))


def test_the_gravest_is_named_first_and_the_others_are_counted(words: FindingWords) -> None:
    altered = case(*samples.findings(scenes.WRONG_KEY, scenes.ALTERED), overall=Result.FAILED)

    failed = words.failed(altered)

    assert [finding.code for finding in failed] == ["PA-DG-02", "CA-05"]
    assert "1" in words.reason(failed)
    assert TROUBLES.of("PA-DG-02", "ko", failed[0].facts).title in words.reason(failed)


def test_what_nobody_vouches_for_is_not_established(words: FindingWords) -> None:
    unknown = case(*samples.findings(scenes.UNKNOWN))

    assert not told.is_established(unknown)
    assert told.is_established(case(*samples.CLEAN))


def test_a_needed_check_that_was_not_done_wants_a_closer_look(words: FindingWords) -> None:
    skipped = samples.found("CA-02", Result.NOT_DONE, Group.CHIP, Check.CHIP_AUTHENTICATION)

    unsettled = words.unsettled(case(*samples.findings(skipped), overall=Result.NOT_DONE))

    assert [finding.code for finding in unsettled] == ["CA-02"]


def test_a_proof_within_the_access_counts_as_the_chips(words: FindingWords) -> None:
    """Chip authentication mapping proves the chip while DG14 offers nothing more."""
    mapped = samples.found("CA-11", Result.PASSED, Group.CHIP, Check.CHIP_AUTHENTICATION)

    assert not told.chip_is_unproven(case(*samples.findings(mapped)))
    assert told.chip_is_unproven(case(*samples.findings(scenes.NO_PROOF)))


def test_several_altered_groups_are_listed(words: FindingWords, look: Look) -> None:
    first = samples.found(
        "PA-DG-01", Result.FAILED, Group.CONTENT, Check.DATA_GROUP, group=1, signed="a", read="b"
    )
    bad = case(*samples.findings(scenes.ALTERED, first), overall=Result.FAILED)

    content = branch_of(words, bad, look.say("group.content"))
    data = next(leaf for leaf in content.leaves if leaf.name == look.say("check.data_group"))

    assert data.evidence in ("DG1·2", "DG2·1")
