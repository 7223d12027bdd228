"""I1: at most one live intent a case. I2: the intent is there before the signature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from desk.issuance.case import Case, RegisterFacts
from desk.store import cases, intents, journal, status
from desk.store.database import Store
from desk.store.intents import Draft, IntentState
from desk.store.journal import Stamp
from desk.store.status import Validity
from desk.store.troubles import HeldElsewhere, IntentEnded, IntentStands


@pytest.fixture
def draft(store: Store, stamp: Stamp, case: Case) -> Draft:
    with store.write() as session:
        cases.add(session, stamp, case)
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", case.number)
    return Draft(
        case_number=case.number,
        offer_id="offer-1",
        request_id="request-1",
        format="mdoc",
        device_key="thumbprint",
        slot=slot,
        to_be_signed=b"exact bytes",
        material=b"how to finish",
    )


def test_way_of_an_intent(store: Store, stamp: Stamp, draft: Draft) -> None:
    """Written, signed, delivered; each step has its event, and the bytes stay the same."""
    with store.write() as session:
        written = intents.write(session, stamp, draft)
    with store.write() as session:
        intents.mark_signed(session, stamp, written.id, b"signature", b"credential")
    with store.write() as session:
        delivered = intents.mark_delivered(session, stamp, written.id)

    assert written.state is IntentState.LIVE
    assert delivered.state is IntentState.DELIVERED
    assert delivered.draft == draft
    with store.read() as session:
        kinds = [event.kind for event in journal.events(session, after=2)]
        assert kinds == ["CRED.INTENT", "CRED.SIGNED", "CRED.DELIVERED"]
        assert intents.unfinished(session) == ()


def test_second_live_intent_is_refused(store: Store, stamp: Stamp, draft: Draft) -> None:
    """Not even for the other format, while the first may be under the card."""
    with store.write() as session:
        intents.write(session, stamp, draft)

    with pytest.raises(IntentStands), store.write() as session:
        slot = status.allocate(session, stamp, "1", draft.case_number)
        intents.write(session, stamp, other_request(draft, format="sd-jwt", slot=slot))

    with store.read() as session:
        assert len(intents.standing(session, draft.case_number)) == 1
        assert len(status.entries_of(session, draft.case_number)) == 1


def test_keys_of_one_request_stand_together(store: Store, stamp: Stamp, draft: Draft) -> None:
    """A batch: one intent and one index a key, live at the same time; a key only once."""
    with store.write() as session:
        for number in range(10):
            slot = status.allocate(session, stamp, "1", draft.case_number)
            intents.write(session, stamp, replace(draft, device_key=f"key-{number}", slot=slot))

    with pytest.raises(IntentStands), store.write() as session:
        slot = status.allocate(session, stamp, "1", draft.case_number)
        intents.write(session, stamp, replace(draft, device_key="key-3", slot=slot))
    with store.read() as session:
        standing = intents.standing(session, draft.case_number)
        assert {one.draft.device_key for one in standing} == {f"key-{n}" for n in range(10)}
        assert len({one.draft.slot.index for one in standing}) == 10


def test_other_key_of_another_request_is_refused(store: Store, stamp: Stamp, draft: Draft) -> None:
    """A second phone gets nothing beside the first, live or signed."""
    with store.write() as session:
        first = intents.write(session, stamp, draft)
        slot = status.allocate(session, stamp, "1", draft.case_number)
    second = other_request(draft, device_key="other", slot=slot)
    with pytest.raises(IntentStands), store.write() as session:
        intents.write(session, stamp, second)

    with store.write() as session:
        intents.mark_signed(session, stamp, first.id, b"s", b"c")
    with pytest.raises(IntentStands), store.write() as session:
        intents.write(session, stamp, second)


def other_request(draft: Draft, **changed: Any) -> Draft:
    return replace(draft, **{"request_id": "request-2", **changed})


def test_table_itself_refuses_a_second(store: Store, stamp: Stamp, draft: Draft) -> None:
    """I1 does not hang on any code: the file refuses."""
    with store.write() as session:
        intents.write(session, stamp, draft)

    copy = (
        "INSERT INTO intents SELECT 'other', case_number, offer_id, 'request-2', 'sd-jwt',"
        " 'other', list_name, position + 1, state, to_be_signed, to_be_signed_sha256,"
        " material, signature, credential, written_at, signed_at, ended_at, end_reason,"
        " valid_until, status_uri, nonce_hash FROM intents"
    )
    with pytest.raises(IntegrityError), store.load() as connection:
        connection.execute(text(copy))


def test_other_format_follows_the_signature(store: Store, stamp: Stamp, draft: Draft) -> None:
    with store.write() as session:
        first = intents.write(session, stamp, draft)
        intents.mark_signed(session, stamp, first.id, b"s", b"c")
    with store.write() as session:
        slot = status.allocate(session, stamp, "1", draft.case_number)
        intents.write(session, stamp, other_request(draft, format="sd-jwt", slot=slot))

    with store.read() as session:
        formats = [one.draft.format for one in intents.standing(session, draft.case_number)]

    assert formats == ["mdoc", "sd-jwt"]


def test_same_format_only_after_voiding(store: Store, stamp: Stamp, draft: Draft) -> None:
    """A signed credential is not made a second time; voiding takes its index with it."""
    with store.write() as session:
        first = intents.write(session, stamp, draft)
        intents.mark_signed(session, stamp, first.id, b"s", b"c")
        second_slot = status.allocate(session, stamp, "1", draft.case_number)
    again = replace(draft, slot=second_slot)
    with pytest.raises(IntentStands), store.write() as session:
        intents.write(session, stamp, again)

    with store.write() as session:
        intents.void(session, stamp, first.id, "new_qr")
        intents.write(session, stamp, again)

    with store.read() as session:
        assert status.entry(session, draft.slot).validity is Validity.INVALID
        assert status.entry(session, second_slot).validity is Validity.SUSPENDED


def test_slot_serves_one_intent(store: Store, stamp: Stamp, draft: Draft) -> None:
    with store.write() as session:
        first = intents.write(session, stamp, draft)
        intents.mark_signed(session, stamp, first.id, b"s", b"c")

    with pytest.raises(IntentStands), store.write() as session:
        intents.write(session, stamp, replace(draft, format="sd-jwt"))


def test_two_windows_give_one_person_one_credential(
    store: Store, stamp: Stamp, draft: Draft, case: Case, register_facts: RegisterFacts
) -> None:
    """Both cases were found eligible; the second to write its intent is refused."""
    first = replace(case, register=register_facts)
    second = replace(first, number="LA-2026-000002")
    with store.write() as session:
        cases.save(session, stamp, first, "ELIGIBILITY.ACCEPTED")
        cases.add(session, stamp, second)
        intents.write(session, stamp, draft)

    with pytest.raises(HeldElsewhere) as refused, store.write() as session:
        slot = status.allocate(session, stamp, "1", second.number)
        intents.write(session, stamp, replace(draft, case_number=second.number, slot=slot))

    assert refused.value.facts == {"case": second.number, "other": first.number}


def test_signature_for_an_ended_intent_is_refused(store: Store, stamp: Stamp, draft: Draft) -> None:
    """A late answer of the card does not bring a voided credential back."""
    with store.write() as session:
        intent = intents.write(session, stamp, draft)
        intents.void(session, stamp, intent.id, "cancelled")

    with pytest.raises(IntentEnded), store.write() as session:
        intents.mark_signed(session, stamp, intent.id, b"late", b"late")


def test_delivery_without_signature_is_refused(store: Store, stamp: Stamp, draft: Draft) -> None:
    with store.write() as session:
        intent = intents.write(session, stamp, draft)

    with pytest.raises(IntentEnded), store.write() as session:
        intents.mark_delivered(session, stamp, intent.id)


def test_voiding_twice_is_once(store: Store, stamp: Stamp, draft: Draft) -> None:
    with store.write() as session:
        intent = intents.write(session, stamp, draft)
        intents.void(session, stamp, intent.id, "cancelled")
    with store.read() as session:
        before = journal.head(session)

    with store.write() as session:
        intents.void(session, stamp, intent.id, "cancelled")

    with store.read() as session:
        assert journal.head(session) == before


def test_after_a_cut_the_intent_is_found(store: Store, stamp: Stamp, draft: Draft) -> None:
    """What a start has to settle: the live intent, with the exact bytes."""
    with store.write() as session:
        intents.write(session, stamp, draft)

    with store.read() as session:
        (left,) = intents.unfinished(session)

    assert left.state is IntentState.LIVE
    assert left.draft.to_be_signed == b"exact bytes"
