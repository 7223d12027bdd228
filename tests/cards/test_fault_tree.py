"""Every branch of the fault tree ends in its own code, and asks nothing behind the fault."""

from __future__ import annotations

import pytest

from desk.cards.fault_tree import (
    Answer,
    Evidence,
    Fault,
    Met,
    MuteMemory,
    Question,
    judge,
    passport_fault,
)
from desk.cards.machine import Machine
from desk.cards.watcher import CardWorld, ReaderState
from desk.words import TroubleWords

LOCAL = Machine(remote=False, plugged=2)
STOPPED = CardWorld(service_running=False)
NONE = CardWorld(True)
CARD = ReaderState("Card", True, b"\x3b\x00")
EMPTY = ReaderState("Card", False)
OTHER = ReaderState("Passport", False)


def world(*readers: ReaderState) -> CardWorld:
    return CardWorld(True, readers)


def met(how: Met, state: ReaderState = CARD, **more: bool) -> Evidence:
    return Evidence(world(state, OTHER), LOCAL, "", "Card", how, **more)


BRANCHES = [
    (Evidence(STOPPED, LOCAL), Question.SERVICE, Fault.SERVICE_STOPPED),
    (
        Evidence(STOPPED, Machine(False, None, stops_service=True)),
        Question.SERVICE,
        Fault.STOPPED_OR_NO_READER,
    ),
    (Evidence(STOPPED, Machine(remote=True)), Question.SERVICE, Fault.REMOTE),
    (Evidence(CardWorld(False, denied=True), LOCAL), Question.SERVICE, Fault.DENIED),
    (
        Evidence(CardWorld(False, denied=True), Machine(remote=True)),
        Question.SERVICE,
        Fault.REMOTE,
    ),
    (Evidence(NONE, Machine(False, 0)), Question.READERS, Fault.NO_READER),
    (Evidence(NONE, Machine(False, 1)), Question.READERS, Fault.NO_DRIVER),
    (Evidence(NONE, Machine(None, None)), Question.READERS, Fault.UNPLUGGED_OR_NO_DRIVER),
    (Evidence(NONE, Machine(True, 1)), Question.READERS, Fault.REMOTE),
    (Evidence(world(OTHER), LOCAL, "Card", "Card"), Question.READERS, Fault.OTHER_READERS),
    (met(Met.HELD), Question.FREE, Fault.HELD),
    (met(Met.NOT_TRIED, ReaderState("Card", True, held=True)), Question.FREE, Fault.HELD),
    (met(Met.NOT_TRIED, EMPTY), Question.CARD, Fault.EMPTY),
    (Evidence(world(EMPTY, OTHER), LOCAL), Question.CARD, Fault.EMPTY),
    (met(Met.MUTE), Question.ANSWERS, Fault.MUTE_OR_UPSIDE_DOWN),
    (met(Met.MUTE, put_in_again=True), Question.ANSWERS, Fault.STILL_MUTE),
    (
        met(Met.NOT_TRIED, ReaderState("Card", True, mute=True)),
        Question.ANSWERS,
        Fault.MUTE_OR_UPSIDE_DOWN,
    ),
    (met(Met.UNSUPPORTED), Question.ANSWERS, Fault.UNSUPPORTED),
    (met(Met.BROKEN), Question.ANSWERS, Fault.CUT_OFF),
    (met(Met.UNKNOWN), Question.KNOWN, Fault.UNKNOWN),
]


@pytest.mark.parametrize(("evidence", "question", "fault"), BRANCHES)
def test_each_branch_names_its_fault(evidence: Evidence, question: Question, fault: Fault) -> None:
    judged = judge(evidence)

    assert judged.fault is fault
    order = list(Question)
    place = order.index(question)
    assert [said for _, said in judged.answers] == (
        [Answer.YES] * place + [Answer.NO] + [Answer.NOT_ASKED] * (len(order) - place - 1)
    )


def test_a_known_card_answers_every_question_with_yes() -> None:
    judged = judge(met(Met.KNOWN))

    assert judged.fault is None
    assert {said for _, said in judged.answers} == {Answer.YES}


def test_every_fault_is_reached_and_has_its_own_words() -> None:
    """No branch without a test; no two faults share a code; what cannot be told apart says so."""
    reached = {fault for _, _, fault in BRANCHES}
    words = TroubleWords()

    assert set(Fault) - reached == {Fault.ONE_READER, Fault.NO_CHIP}, "passport reader only"
    assert len({fault.value for fault in Fault}) == len(Fault)
    assert all(words.of(fault.value, "ko").next for fault in Fault)
    for fault in (
        Fault.MUTE_OR_UPSIDE_DOWN,
        Fault.UNPLUGGED_OR_NO_DRIVER,
        Fault.STOPPED_OR_NO_READER,
    ):
        assert "구별" in words.of(fault.value, "ko").text
        assert "told" in words.of(fault.value, "en").text


@pytest.mark.parametrize(
    ("seen", "others", "fault"),
    [
        (STOPPED, False, Fault.SERVICE_STOPPED),
        (NONE, False, Fault.NO_DRIVER),
        (world(CARD), False, Fault.ONE_READER),
        (world(CARD, ReaderState("Passport", True, held=True)), True, Fault.HELD),
        (world(CARD, ReaderState("Passport", True, mute=True)), True, Fault.NO_CHIP),
        (world(CARD, OTHER), True, None),
    ],
)
def test_the_passport_reader_may_be_empty_but_must_be_there(
    seen: CardWorld, others: bool, fault: Fault | None
) -> None:
    assert passport_fault(Evidence(seen, LOCAL, "", "Passport"), others) is fault


def test_a_card_counts_as_put_in_again_only_after_it_was_out() -> None:
    """The service's count of comings and goings tells; an answering card ends the memory."""
    memory = MuteMemory()
    mute = [ReaderState("Card", True, mute=True, events=events) for events in range(6)]

    assert not memory.put_in_again(mute[1])
    assert not memory.put_in_again(mute[1]), "looked at twice, not moved"
    assert not memory.put_in_again(ReaderState("Card", False, events=2))
    assert memory.put_in_again(mute[3])
    assert not memory.put_in_again(ReaderState("Card", True, b"\x3b", events=5))
    assert not memory.put_in_again(mute[5])
