"""Searching the history among many cases: the first look, a look while typing, one change.

    python -m tests.bench.history [CASES] [RUNS] [--database URL]

Cases are invented: a few hundred names, dates of birth over sixty years, one in ten without a
credential, a third purged, as a post keeps them. The index is made once when the page is
opened; every key typed afterwards asks it. ``URL`` names an empty database of a PostgreSQL to
lay the cases into, where every name is sealed; without it they lie in an encrypted file.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy.orm import Session

from desk.issuance.case import Case, State, Step, open_case
from desk.store import cases, journal, status
from desk.store.database import Store, StoreKind
from desk.store.history import HistoryIndex, PastCase, Wanted
from desk.store.journal import Stamp
from desk.store.key import new_key
from desk.store.models import CaseRow
from desk.store.postgres import SharedDatabase
from desk.store.status import Validity
from tests.samples import ENTRY, PASSPORT

SURNAMES = (("김", "KIM"), ("이", "LEE"), ("박", "PARK"), ("최", "CHOI"), ("정", "JUNG"))
FIRST = (("하", "HA"), ("서", "SEO"), ("민", "MIN"), ("도", "DO"), ("지", "JI"), ("예", "YE"))
SECOND = (("늘", "NEUL"), ("준", "JUN"), ("우", "WOO"), ("윤", "YUN"), ("린", "RIN"))
START = datetime(2026, 1, 5, 17, tzinfo=UTC)
TYPED = ("김", "김하", "김하늘", "KIM", "KIM HA", "1991", "1991-03", "LA-2026-0042", "")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        place = SharedDatabase.at(options.database) if options.database else Path(folder) / "r.db"
        store = Store.open(place, new_key(), StoreKind.TRAINING)
        _fill(store, options.cases)
        _measure(store, options.cases, options.runs)
        store.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=int, nargs="?", default=10_000)
    parser.add_argument("runs", type=int, nargs="?", default=50)
    parser.add_argument("--database", default="")
    return parser.parse_args()


def _measure(store: Store, count: int, runs: int) -> None:
    index = HistoryIndex()
    first = _timed(lambda: index.refresh(store))
    print(f"{count:,} cases: index made in {first:.2f} s")
    for typed in TYPED:
        looks = [_timed(partial(_look, index, store, typed)) * 1000 for _ in range(runs)]
        found, p99 = len(_look(index, store, typed)), quantiles(looks, n=100)[98]
        print(f"  {typed!r:16} {found:6,} found  {median(looks):6.2f} ms  p99 {p99:6.2f} ms")
    with store.write() as session:
        stamp = Stamp(START, "station:bench")
        journal.append(session, stamp, "CASE.FILE_KEPT", "LA-2026-000001", kind="portrait")
    print(f"  one change taken in {_timed(lambda: index.refresh(store)) * 1000:.2f} ms")


def _look(index: HistoryIndex, store: Store, typed: str) -> list[PastCase]:
    """What a key typed in the search field asks for."""
    index.refresh(store)
    return index.search(Wanted(typed))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _fill(store: Store, count: int) -> None:
    """In a few transactions; the acts of a case are not what is measured here."""
    chance = random.Random(2026)
    for begin in range(0, count, 500):
        with store.write() as session:
            stamp = Stamp(START, "officer:T-001")
            for number in range(begin, min(begin + 500, count)):
                _lay(session, stamp, number, chance)


def _lay(session: Session, stamp: Stamp, number: int, chance: random.Random) -> None:
    case = _case(number, chance)
    cases.add(session, stamp, case)
    if case.state is State.PROVEN:
        slot = status.take(session, stamp, case.number)
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")
    if number % 3 == 0:
        row = session.get_one(CaseRow, case.number)
        row.record, row.person, row.purged_at = None, None, stamp.at


def _case(number: int, chance: random.Random) -> Case:
    surname, first, second = (chance.choice(part) for part in (SURNAMES, FIRST, SECOND))
    born = date(1946, 1, 1) + timedelta(days=chance.randrange(60 * 365))
    entry = replace(
        ENTRY,
        overseas_number=f"LA-{number}",
        name_hangul=surname[0] + first[0] + second[0],
        surname=surname[1],
        given_names=first[1] + second[1],
        birth_date=born,
    )
    at = START + timedelta(minutes=15 * number)
    case = open_case(f"LA-2026-{number:06d}", "LA", "3", "T-001", "이서준", at)
    state = State.CANCELLED if number % 10 == 0 else State.PROVEN
    steps = (*case.history, Step(State.APPROVED, at), Step(state, at))
    return replace(case, state=state, document=PASSPORT, register=entry, history=steps)


if __name__ == "__main__":
    main()
