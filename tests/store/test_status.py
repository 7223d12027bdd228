"""I3: a status index is used once. INVALID is final."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from desk.issuance import audit
from desk.issuance.case import Case
from desk.store import cases, intents, journal, status
from desk.store.database import Store
from desk.store.intents import Draft
from desk.store.journal import Stamp
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import ListFull, StatusFinal
from tests.store.conftest import NOW, template

STAMP = Stamp(NOW, "officer:T-001")


def test_born_suspended(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", "LA-2026-000001")

    with store.read() as session:
        entry = status.entry(session, slot)
        content = status.content(session, "1")

    assert entry.validity is Validity.SUSPENDED
    assert content.values == {slot.index: Validity.SUSPENDED}


def test_invalid_is_final(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", "LA-2026-000001")
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")
        status.set_validity(session, stamp, slot, Validity.INVALID, "revoked")

    for back in (Validity.VALID, Validity.SUSPENDED):
        with pytest.raises(StatusFinal), store.write() as session:
            status.set_validity(session, stamp, slot, back, "undo")


def test_full_list_is_told(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        status.open_list(session, stamp, "1", size=10)
        slots = {status.allocate(session, stamp, "1", f"LA-2026-{n:06d}") for n in range(9)}

    with pytest.raises(ListFull), store.write() as session:
        status.allocate(session, stamp, "1", "LA-2026-000010")

    assert len(slots) == 9


def test_a_full_list_is_closed_and_the_next_one_goes_on(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        first = status.begin_list(session, stamp, size=10)
        slots = [status.take(session, stamp, f"LA-2026-{n:06d}") for n in range(20)]

    with store.read() as session:
        names = status.list_names(session)
        contents = {name: status.content(session, name) for name in names}
        current = status.current_list(session)

    assert [slot.list_name for slot in slots[:9]] == [first] * 9
    assert len({slot.list_name for slot in slots[9:18]}) == 1
    assert {slot.list_name for slot in slots[18:]} == {current}
    assert len(names) == 3
    assert len(set(slots)) == 20
    assert {content.size for content in contents.values()} == {10}


def test_the_first_index_opens_the_first_list(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        slot = status.take(session, stamp, "LA-2026-000001")
        again = status.take(session, stamp, "LA-2026-000002")

    assert slot.list_name == again.list_name
    assert slot.list_name not in {"1", "LA"}


def test_only_changed_lists_are_due_and_signing_again_is_remembered(
    store: Store, stamp: Stamp
) -> None:
    later = Stamp(stamp.at.replace(hour=20), stamp.actor)
    with store.write() as session:
        slots = [status.take(session, stamp, "LA-2026-000001")]
        slots.append(
            status.allocate(session, stamp, status.begin_list(session, stamp), "LA-2026-000002")
        )
        for name in status.list_names(session):
            status.note_published(session, stamp, status.content(session, name))
        assert status.due_lists(session) == ()
        status.set_validity(session, later, slots[0], Validity.VALID, "proven")
        assert status.due_lists(session) == (slots[0].list_name,)
    with store.write() as session:
        other = status.content(session, slots[1].list_name)
        status.note_published(session, later, other)

    with store.read() as session:
        signed = status.content(session, slots[1].list_name)
    assert (other.signed_at, signed.signed_at) == (stamp.at, later.at)
    # Not the stamp's own time: a list opened and grown at one moment has two changes.
    assert signed.published_at == other.changed_at


def test_publishing_follows_changes(store: Store, stamp: Stamp) -> None:
    """Due after a change, not due after publishing, and what changed meanwhile stays due."""
    later = Stamp(stamp.at.replace(hour=20), stamp.actor)
    with store.write() as session:
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", "LA-2026-000001")
    with store.write() as session:
        content = status.content(session, "1")
        status.note_published(session, stamp, content)

    with store.read() as session:
        published = status.content(session, "1")
    with store.write() as session:
        status.set_validity(session, later, slot, Validity.VALID, "proven")
        status.note_published(session, later, content)
    with store.read() as session:
        overtaken = status.content(session, "1")

    assert (content.is_due, published.is_due, overtaken.is_due) == (True, False, True)


EARLIER = Stamp(NOW - timedelta(minutes=1), "officer:T-002")


@pytest.mark.parametrize("stamp", [EARLIER, STAMP], ids=["clock behind", "clock stands"])
def test_a_change_is_due_whatever_the_clock_says(store: Store, stamp: Stamp) -> None:
    """A clock that was corrected, another window's that is behind, a time looked up before the
    writers' lock was had: a suspension was taken for published then, and was not."""
    with store.write() as session:
        status.open_list(session, STAMP, "1", size=64)
        slot = status.allocate(session, STAMP, "1", "LA-2026-000001")
        status.note_published(session, STAMP, status.content(session, "1"))

    with store.write() as session:
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")
    with store.read() as session:
        changed = status.content(session, "1")
        due = status.due_lists(session)
    with store.write() as session:
        status.note_published(session, stamp, changed)
        status.allocate(session, stamp, "1", "LA-2026-000002")
    with store.read() as session:
        grown = status.content(session, "1")

    assert (changed.is_due, due) == (True, ("1",))
    assert (grown.is_due, grown.changed_at > changed.changed_at) == (True, True)


def test_a_list_that_went_out_as_it_was_in_the_future_is_due_after_a_change(
    store: Store,
) -> None:
    """The clock had run ahead and was set right again."""
    ahead = Stamp(NOW + timedelta(days=400), "officer:T-001")
    with store.write() as session:
        status.open_list(session, STAMP, "1", size=64)
        slot = status.allocate(session, ahead, "1", "LA-2026-000001")
        status.note_published(session, ahead, status.content(session, "1"))
        assert status.due_lists(session) == ()
        status.set_validity(session, STAMP, slot, Validity.VALID, "proven")

        assert status.due_lists(session) == ("1",)
        status.note_published(session, STAMP, status.content(session, "1"))
        assert status.due_lists(session) == ()


def test_where_credentials_that_count_say_that_their_list_is(
    store: Store, stamp: Stamp, case: Case
) -> None:
    """Neither what was ended or has run out, nor what no phone ever had."""
    ends = stamp.at + timedelta(days=365)

    def issued(key: str, uri: str, validity: Validity = Validity.VALID) -> str:
        slot = status.take(session, stamp, case.number)
        draft = Draft(case.number, "o", "r", "mdoc", key, slot, b"bytes", b"material", ends, uri)
        intent = intents.write(session, stamp, draft)
        status.set_validity(session, stamp, slot, validity, "test")
        return intent.id

    with store.write() as session:
        cases.add(session, stamp, case)
        for key in ("one", "two"):
            intents.mark_signed(session, stamp, issued(key, "https://a.example"), b"s", b"c")
        intents.mark_signed(
            session, stamp, issued("three", "https://b.example", Validity.SUSPENDED), b"s", b"c"
        )
        intents.mark_signed(
            session, stamp, issued("four", "https://c.example", Validity.INVALID), b"s", b"c"
        )
        issued("five", "https://d.example")

    with store.read() as session:
        found = status.pointing(session, stamp.at)
        counts = [status.standing_at(session, stamp.at, [one.uri]) for one in found]
        later = status.pointing(session, ends)
        over = status.standing_at(session, ends, [one.uri for one in found])
    assert [one.uri for one in found] == [f"https://{host}.example" for host in "abc"]
    assert counts == [2, 1, 0]
    assert (later, over) == ((), 0)


def test_indexes_do_not_follow_each_other(store: Store, stamp: Stamp) -> None:
    """Drawn at random over the whole list: neither in order nor close together."""
    with store.write() as session:
        status.open_list(session, stamp, "1")
        drawn = [status.allocate(session, stamp, "1", f"LA-2026-{n:06d}").index for n in range(40)]

    assert drawn != sorted(drawn)
    assert max(drawn) - min(drawn) > status.DEFAULT_SIZE // 4


class StatusAndChain(RuleBasedStateMachine):
    """Any order of allocating, changing, failing half-way and starting again: no index twice,
    INVALID stays, and the exported log verifies to the head the records name."""

    slots: Bundle[StatusSlot] = Bundle("slots")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "records.db"
        content, self.key = template()
        self.path.write_bytes(content)
        self.store = Store.open(self.path, self.key, kind=None)
        self.given: dict[StatusSlot, Validity] = {}
        self.count = 1
        with self.store.write() as session:
            status.open_list(session, STAMP, "1", size=40)

    @rule(target=slots)
    def allocate(self) -> StatusSlot:
        slot = StatusSlot("none", -1)
        try:
            with self.store.write() as session:
                slot = status.allocate(session, STAMP, "1", "LA-2026-000001")
                journal.append(session, STAMP, "CRED.INTENT", position=slot.index)
        except ListFull:
            assert len(self.given) == 36
            return slot
        assert slot not in self.given
        self.given[slot] = Validity.SUSPENDED
        self.count += 1
        return slot

    @rule()
    def allocate_and_fail(self) -> None:
        with pytest.raises((RuntimeError, ListFull)), self.store.write() as session:
            status.allocate(session, STAMP, "1", "LA-2026-000001")
            journal.append(session, STAMP, "CRED.INTENT")
            raise RuntimeError("cut off")

    @rule(slot=slots, validity=st.sampled_from(Validity))
    def change(self, slot: StatusSlot, validity: Validity) -> None:
        before = self.given.get(slot)
        if before is None:
            return
        try:
            with self.store.write() as session:
                status.set_validity(session, STAMP, slot, validity, "test")
        except StatusFinal:
            assert before is Validity.INVALID
            return
        self.count += before is not validity
        self.given[slot] = validity

    @rule()
    def start_again(self) -> None:
        self.store.close()
        self.store = Store.open(self.path, self.key, kind=None)

    @invariant()
    def list_says_what_was_set(self) -> None:
        with self.store.read() as session:
            values = status.content(session, "1").values
        told = {s.index: v for s, v in self.given.items() if v is not Validity.VALID}
        assert values == told

    @invariant()
    def chain_verifies(self) -> None:
        with self.store.read() as session:
            lines = [line.encode() + b"\n" for line in journal.lines(session, NOW)]
            head = journal.head(session)
        assert audit.verify(lines) == head
        assert head.count == self.count

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


StatusAndChain.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStatusAndChain = StatusAndChain.TestCase
