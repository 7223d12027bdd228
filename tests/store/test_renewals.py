"""One phone a person while a credential is renewed, on either kind of database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from desk.issuance.case import Act, Case, CaseKind, IssuedCredential, RegisterFacts, State, advance
from desk.store import cases, intents, journal, renewals, retention, status
from desk.store.database import Store, StoreKind
from desk.store.intents import Draft
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.postgres import SharedDatabase
from desk.store.renewals import UnderWay
from desk.store.status import Validity
from desk.store.troubles import CaseMissing, HeldElsewhere, OtherHolder

URI = "https://id.example.org/status/1"
END = date(2029, 11, 22)


def draft(store: Store, stamp: Stamp, case: Case, key: str = "phone-1") -> Draft:
    with store.write() as session:
        slot = status.allocate(session, stamp, "1", case.number)
        journal.append(session, stamp, "TEST.EVENT")
    return Draft(
        case_number=case.number,
        offer_id=f"offer of {case.number}",
        request_id=f"request of {case.number}",
        format="mdoc",
        device_key=key,
        slot=slot,
        to_be_signed=b"exact bytes",
        material=b"how to finish",
        valid_until=stamp.at + timedelta(days=365),
        status_uri=URI,
    )


@pytest.fixture
def held(store: Store, stamp: Stamp, case: Case, register_facts: RegisterFacts) -> Case:
    """A case that is proven, with one credential that is valid."""
    opened = replace(case, register=register_facts, expiry_date=END)
    with store.write() as session:
        status.open_list(session, stamp, "1", size=64)
        cases.add(session, stamp, opened)
    prepared = draft(store, stamp, opened)
    issued = IssuedCredential(
        "mdoc", "phone-1", URI, prepared.slot.index, stamp.at, stamp.at + timedelta(days=365),
        status_list="1", delivered_at=stamp.at,
    )  # fmt: skip
    proven = replace(opened, state=State.PROVEN, issued=(issued,), closed_at=stamp.at)
    with store.write() as session:
        intent = intents.write(session, stamp, prepared)
        intents.mark_signed(session, stamp, intent.id, b"signature", b"credential")
        intents.mark_delivered(session, stamp, intent.id)
        status.set_validity(session, stamp, prepared.slot, Validity.VALID, "proven")
        cases.save(session, stamp, proven, "PROOF.GIVEN")
    return proven


def renewal_of(held: Case, number: str, kind: CaseKind = CaseKind.REISSUE) -> Case:
    return replace(
        held,
        number=number,
        state=State.OPENED,
        kind=kind,
        former=held.number,
        renewal_reason="new_phone",
        issued=(),
        closed_at=None,
    )


def test_the_replaced_case_does_not_count_and_a_third_one_does(
    store: Store, stamp: Stamp, held: Case, register_facts: RegisterFacts
) -> None:
    """Of two reissues, however they came to be, one writes its intent."""
    first, second = (renewal_of(held, f"LA-2026-00000{n}") for n in (2, 3))
    with store.write() as session:
        cases.add(session, stamp, first)
        cases.add(session, stamp, second)
    mine, others = draft(store, stamp, first, "phone-2"), draft(store, stamp, second, "phone-3")

    number = register_facts.overseas_number
    with store.read() as session:
        before = cases.held_elsewhere(session, number, "LA-2026-000009", held.number)
    with pytest.raises(HeldElsewhere) as refused, store.write() as session:
        intents.write(session, stamp, others)

    # An index that is taken counts at once: whoever wrote it is about to sign.
    assert before == (first.number, second.number)
    assert refused.value.facts["other"] == first.number
    with store.write() as session:
        status.set_validity(session, stamp, others.slot, Validity.INVALID, "taken_back")
        intents.write(session, stamp, mine)


def test_another_persons_case_is_never_replaced(
    store: Store, stamp: Stamp, held: Case, register_facts: RegisterFacts
) -> None:
    """Asked again at the last durable step before a signature."""
    somebody = replace(register_facts, overseas_number="LA-2020-000001")
    case = replace(renewal_of(held, "LA-2026-000002"), register=somebody)
    with store.write() as session:
        cases.add(session, stamp, case)
    prepared = draft(store, stamp, case, "phone-2")

    with pytest.raises(OtherHolder), store.write() as session:
        intents.write(session, stamp, prepared)


def test_what_a_renewal_needs_outlives_the_purge(store: Store, stamp: Stamp, held: Case) -> None:
    with store.read() as session:
        before = renewals.former(session, held.number)
    assert retention.purge(store, stamp, stamp.at + timedelta(days=1)) == (held.number,)

    with store.read() as session:
        after = renewals.former(session, held.number)
        with pytest.raises(CaseMissing):
            renewals.former(session, "LA-2026-000009")

    assert before.issued == held.issued
    assert after == before
    assert after.expires_on == END
    assert [one.validity for one in after.entries] == [Validity.VALID]


def test_what_was_revoked_is_not_among_it(store: Store, stamp: Stamp, held: Case) -> None:
    with store.write() as session:
        for entry in status.entries_of(session, held.number):
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, "lost")

    with store.read() as session:
        found = renewals.former(session, held.number)

    assert (found.issued, found.entries) == ((), ())


def test_only_an_open_case_is_under_way(store: Store, stamp: Stamp, held: Case) -> None:
    case = renewal_of(held, "LA-2026-000002", CaseKind.RESUME)
    with store.write() as session:
        cases.add(session, stamp, case)
    with store.read() as session:
        opened = renewals.under_way(session, held.number)
    with store.write() as session:
        cancelled = advance(case, Act.CANCEL, stamp.at)
        cases.save(session, stamp, cancelled, "CASE.CANCELLED")

    with store.read() as session:
        assert opened == UnderWay(case.number, case.window)
        assert renewals.under_way(session, held.number) is None


def test_two_desks_find_one_under_way(
    store: Store, place: Path | SharedDatabase, key: RecordsKey, stamp: Stamp, held: Case
) -> None:
    """Whoever writes is alone with the records: what the one found, the other cannot miss."""
    both = threading.Barrier(2)
    desks = [store, Store.open(place, key, StoreKind.TRAINING)]

    def ask(desk: Store, number: str) -> bool:
        both.wait()
        with desk.write() as session:
            if renewals.under_way(session, held.number) is not None:
                return False
            cases.add(session, stamp, renewal_of(held, number))
            return True

    with ThreadPoolExecutor(2) as windows:
        numbers = ("LA-2026-000002", "LA-2026-000003")
        opened = list(windows.map(ask, desks, numbers))
    desks[1].close()

    assert sorted(opened) == [False, True]
