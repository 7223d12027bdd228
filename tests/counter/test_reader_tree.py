"""Where it stops: each fault at its own line, nothing behind it taken for asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.app.compose import AuthorityIncomplete
from desk.cards.fault_tree import Fault, Met
from desk.cards.machine import Machine
from desk.cards.revocation import Revocations
from desk.cards.troubles import ModuleMissing
from desk.cards.watcher import CardWorld, ReaderState
from desk.counter import card_checks
from desk.counter.board import CheckState
from desk.counter.provisioning import Roots
from desk.counter.reader_tree import Branch, stopped_at, tree
from desk.counter.readers import ReaderRoles
from desk.counter.settings import ReaderSettings
from desk.training.bench import CARD_READER, PASSPORT_READER, Bench
from desk.training.piv_card import PivCard
from tests.ui.scenes_setup import BOTH, CARD, PASSPORT, seen

READY, BROKEN, UNASKED = CheckState.READY, CheckState.UNUSABLE, CheckState.NOT_DONE


def states(what: card_checks.Seen) -> list[CheckState]:
    return [line.state for line in tree(what)]


def test_a_fine_desk_is_ready_from_top_to_bottom() -> None:
    lines = tree(seen())

    assert [line.branch for line in lines] == list(Branch)
    assert {line.state for line in lines} == {READY}
    assert stopped_at(lines) is None


@pytest.mark.parametrize(
    ("world", "met", "branch", "fault"),
    [
        (CardWorld(False), Met.NOT_TRIED, Branch.SERVICE, Fault.SERVICE_STOPPED),
        (CardWorld(False, denied=True), Met.NOT_TRIED, Branch.SERVICE, Fault.DENIED),
        (CardWorld(True), Met.NOT_TRIED, Branch.READERS, Fault.NO_DRIVER),
        (BOTH, Met.HELD, Branch.OFFICER, Fault.HELD),
        (
            CardWorld(True, (ReaderState(PASSPORT, False), ReaderState(CARD, False))),
            Met.NOT_TRIED,
            Branch.CARD,
            Fault.EMPTY,
        ),
        (BOTH, Met.MUTE, Branch.ANSWERS, Fault.MUTE_OR_UPSIDE_DOWN),
        (BOTH, Met.UNSUPPORTED, Branch.ANSWERS, Fault.UNSUPPORTED),
        (BOTH, Met.UNKNOWN, Branch.KNOWN, Fault.UNKNOWN),
    ],
)
def test_each_fault_stops_at_its_own_line_and_nothing_behind_it_is_taken_for_asked(
    world: CardWorld, met: Met, branch: Branch, fault: Fault
) -> None:
    lines = {line.branch: line for line in tree(seen(world, met))}
    order = list(Branch)
    # The passport reader is a branch of its own beside the officer's.
    behind = [one for one in order[order.index(branch) + 1 :] if one is not Branch.PASSPORT]

    assert (lines[branch].state, lines[branch].code) == (BROKEN, fault.value)
    assert {lines[one].state for one in behind} <= {UNASKED}
    assert stopped_at(tuple(lines.values())) == lines[branch]


def test_without_readers_the_passport_reader_was_not_asked_either() -> None:
    lines = {line.branch: line for line in tree(seen(CardWorld(True), Met.NOT_TRIED))}

    assert lines[Branch.PASSPORT].state is UNASKED


def test_a_mute_passport_wants_attention_and_does_not_stop_the_card() -> None:
    world = CardWorld(True, (ReaderState(PASSPORT, True, mute=True), ReaderState(CARD, True)))

    lines = {line.branch: line for line in tree(seen(world))}

    assert (lines[Branch.PASSPORT].state, lines[Branch.PASSPORT].code) == (
        CheckState.ATTENTION,
        "READER-03",
    )
    assert lines[Branch.SIGNER].state is READY


def test_one_reader_alone_is_told_at_the_passport_reader() -> None:
    world = CardWorld(True, (ReaderState(CARD, True),))

    stop = stopped_at(tree(seen(world)))

    assert stop is not None
    assert (stop.branch, stop.code) == (Branch.PASSPORT, "READER-38")


def test_a_certificate_that_ends_soon_wants_attention_and_is_counted_down() -> None:
    stop = stopped_at(tree(seen(days=41)))

    assert stop is not None
    assert (stop.branch, stop.state, stop.code) == (Branch.SIGNER, CheckState.ATTENTION, "CARD-30")
    assert stop.facts["days"] == 41


def test_a_card_without_certificates_is_told_by_its_certificates() -> None:
    bench = Bench()
    bench.put(CARD_READER, PivCard())

    lines = {line.branch: line for line in tree(looked_at(bench))}

    assert lines[Branch.KNOWN].state is READY
    assert (lines[Branch.SIGN_IN].state, lines[Branch.SIGN_IN].code) == (BROKEN, "CARD-13")
    assert lines[Branch.SIGNER].state is BROKEN


def test_a_missing_authority_is_told_where_the_certificates_would_be_judged() -> None:
    bench = Bench()
    bench.put(CARD_READER, PivCard())

    lines = {line.branch: line for line in tree(looked_at(bench, missing))}

    assert lines[Branch.KNOWN].state is READY
    assert lines[Branch.SIGN_IN].code == "AUTH-01"
    assert lines[Branch.SIGNER].state is UNASKED


def test_what_kept_the_card_from_being_opened_is_told_before_the_question_it_failed(
    tmp_path: Path,
) -> None:
    """A vendor's module that is not there looks like an empty reader."""
    settings = ReaderSettings(passport="", officer="", module=str(tmp_path / "none.so"))
    bench = Bench()

    what = card_checks.look(
        ReaderRoles(bench, settings), bench.world(), Machine(), roots, datetime.now(UTC)
    )
    stop = stopped_at(tree(what))

    assert isinstance(what.trouble, ModuleMissing)
    assert stop is not None
    assert stop.code == ModuleMissing.code
    assert PASSPORT_READER in {one.name for one in what.world.readers}


def looked_at(bench: Bench, known=None) -> card_checks.Seen:  # type: ignore[no-untyped-def]
    settings = ReaderSettings(passport="", officer="")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    roles = ReaderRoles(bench, settings)
    return card_checks.look(roles, bench.world(), Machine(plugged=2), known or roots, now)


def roots() -> Roots:
    return Roots((), (), "KR", Revocations(Path("none"), ()))


def missing() -> Roots:
    raise AuthorityIncomplete(file="iaca.pem")
