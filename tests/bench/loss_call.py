"""A loss call among many holders: finding one, suspending, and the list that goes out.

    python -m tests.bench.loss_call [HOLDERS] [RUNS]

Holders are invented, a third of their cases purged, in an encrypted file as a post keeps it.
Found is by the desk's own function, with its event; suspended with the list of a million
entries signed in both forms and laid into memory instead of being sent.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from desk.counter import aftercare, holdings
from desk.counter.holdings import Standing
from desk.counter.station import Station
from desk.issuance.aftercare import SuspendReason
from desk.issuance.case import State, Step, open_case
from desk.store import cases, intents, retention, status
from desk.store.intents import Draft
from desk.store.status import DEFAULT_SIZE, Validity
from tests.bench.history import FIRST, SECOND, SURNAMES
from tests.counter.holding_cases import desk_in, place_of
from tests.counter.test_approving import crew
from tests.samples import ENTRY, PASSPORT

Holder = tuple[str, str, str, date]
"""Case number, name in Hangul, name in Latin letters, birth date."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("holders", type=int, nargs="?", default=10_000)
    parser.add_argument("runs", type=int, nargs="?", default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, desk_in(Path(folder), DEFAULT_SIZE) as station:
        chance = random.Random(2026)
        people = _fill(station, options.holders, chance)
        _measure(station, chance.sample(people, options.runs))


def _measure(station: Station, callers: list[Holder]) -> None:
    officer = crew()[0].officer
    found, missed, suspended = [], [], []
    for number, hangul, latin, born in callers:
        for name in (hangul, latin):
            took, hits = _timed(partial(holdings.find, station, officer, name, born))
            assert number in [one.number for one in hits]
            found.append(took)
        took, _ = _timed(partial(holdings.find, station, officer, hangul, date(1900, 1, 1)))
        missed.append(took)
        reason = SuspendReason.LOSS_CALL
        took, one = _timed(partial(aftercare.suspend, station, officer, number, reason))
        assert (one.standing, one.published) == (Standing.SUSPENDED, True)
        suspended.append(took)
    _say("found by name and birth date", found)
    _say("nobody found", missed)
    _say("suspended, list published", suspended)
    print(f"  lists published: {place_of(station).published}")


def _say(what: str, seconds: list[float]) -> None:
    print(
        f"  {what:32} median {median(seconds) * 1000:7.1f} ms  most {max(seconds) * 1000:7.1f} ms"
    )


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result


def _fill(station: Station, count: int, chance: random.Random) -> list[Holder]:
    people: list[Holder] = []
    for begin in range(0, count, 500):
        with station.store.write() as session:
            for number in range(begin, min(begin + 500, count)):
                people.append(_lay(station, session, number, chance))
    print(f"{count:,} holders")
    return people


def _lay(station: Station, session: Any, number: int, chance: random.Random) -> Holder:
    stamp = station.stamp()
    surname, first, second = (chance.choice(part) for part in (SURNAMES, FIRST, SECOND))
    born = date(1946, 1, 1) + timedelta(days=chance.randrange(60 * 365))
    hangul, given = surname[0] + first[0] + second[0], first[1] + second[1]
    entry = replace(
        ENTRY, overseas_number=f"LA-{number}", name_hangul=hangul, surname=surname[1],
        given_names=given, birth_date=born,
    )  # fmt: skip
    passport = replace(PASSPORT, surname=surname[1], given_names=given, birth_date=born)
    case = open_case(f"LA-2026-{number:06d}", "LA", "3", "T-001", "이서준", stamp.at)
    steps = (*case.history, Step(State.PROVEN, stamp.at))
    case = replace(case, state=State.PROVEN, history=steps, document=passport, register=entry)
    cases.add(session, stamp, case)
    slot = status.take(session, stamp, case.number)
    draft = Draft(case.number, "o", "r", "mdoc", f"key-{number}", slot, b"bytes", b"material")
    intent = intents.write(session, stamp, draft)
    intents.mark_signed(session, stamp, intent.id, b"signature", b"credential")
    intents.mark_delivered(session, stamp, intent.id)
    status.set_validity(session, stamp, slot, Validity.VALID, "proven")
    if number % 3 == 0:
        retention.purge_case(session, stamp, case.number)
    return case.number, hangul, f"{surname[1]} {given}", born


if __name__ == "__main__":
    main()
