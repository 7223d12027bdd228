"""Every trick of a forger is named first on the officer's page, and whole in the check log."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import jsonschema
import pytest

from desk.issuance.case import State
from desk.mrtd import check_log
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.mrz import parse
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import Result
from desk.mrtd.troubles import PassportTrouble
from desk.mrtd.trust import TrustStore
from desk.training import csca, forgeries
from desk.training.forgeries import Forgery, Workshop
from desk.ui.findings import FindingWords, is_established
from desk.ui.look import Look
from desk.ui.troubles import TroubleWords
from tests.training.test_forgeries import BOOK, NOW
from tests.ui import samples
from tests.ui import scenes_passport as scenes

WORDS = TroubleWords()
Read = Callable[[Forgery], PassportReading | None]


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop.create(csca.create(NOW, seed=b"told"), NOW)


@pytest.fixture(scope="module")
def trust(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> AnchorSet:
    store = TrustStore(tmp_path_factory.mktemp("trust"))
    workshop.country.trust_in(store, NOW)
    workshop.trust_in(store, NOW)
    return store.anchors()


@pytest.fixture(scope="module")
def read(workshop: Workshop, trust: AnchorSet) -> Read:
    """Each forgery read once; None where a trouble stops it and there are no findings."""

    @cache
    def reading(forgery: Forgery) -> PassportReading | None:
        chip = forgeries.forge(forgery, workshop, BOOK)
        zone = parse("\n".join(forgeries.printed(forgery, BOOK.mrz_lines)))
        try:
            return read_passport(chip, zone.key, trust, NOW, typed=zone, atr=chip.atr)
        except PassportTrouble as trouble:
            assert trouble.code == forgery.code
            return None

    return reading


@pytest.mark.parametrize("forgery", Forgery, ids=lambda one: one.key)
def test_a_forgery_is_what_the_officer_is_told_first(
    forgery: Forgery, read: Read, look: Look
) -> None:
    reading = read(forgery)
    if reading is None:
        assert WORDS.of(forgery.code, "ko").next
        return
    words = FindingWords(look, WORDS)
    document = samples.document(findings=reading.findings, overall=reading.overall)
    case = samples.case(State.DOCUMENT_CHECKED, document=document, compared=scenes.EQUAL)

    first = (words.failed(case) or words.unsettled(case))[0]

    assert first.code == forgery.code
    left, right = words.branches(case)
    leaves = [leaf for branch in (*left, *right) for leaf in branch.leaves]
    assert forgery.code in {leaf.code for leaf in leaves}
    assert bool(words.failed(case)) is (forgery.ends is Result.FAILED)
    if forgery is Forgery.SIGNER_UNKNOWN:
        assert not is_established(case)


@pytest.mark.parametrize("forgery", Forgery, ids=lambda one: one.key)
def test_the_check_log_of_a_forgery_is_whole_and_tells_nothing_of_its_holder(
    forgery: Forgery, read: Read
) -> None:
    reading = read(forgery)
    if reading is None:
        return

    log = check_log.compose(check_log.of_reading(reading), WORDS, NOW)

    jsonschema.Draft202012Validator(check_log.schema()).validate(json.loads(json.dumps(log)))
    facts = {name for finding in reading.findings for name in finding.facts}
    assert facts <= check_log.named_facts()
    text = json.dumps(log, ensure_ascii=False)
    zone = reading.mrz
    for personal in (zone.document_number, zone.surname, zone.given_names.split()[0], zone.birth):
        assert personal not in text
