"""What is kept of a case beside its steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from desk.counter import intake
from desk.counter.station import Station
from desk.issuance.case import Case
from desk.store import cases
from tests.counter.test_approving import approved_case, crew, opened, station

__all__ = ["opened", "station"]


def test_the_language_is_kept_beside_what_another_act_has_written(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read where it is written: an alarm that comes in between has to wait, and stays."""
    case, officer = approved_case(station), crew()[0].officer
    station.save(None, replace(case, held="read_again"), "CASE.HELD")
    places: list[Session] = []
    load, save = cases.load, cases.save

    def loads(session: Session, number: str) -> Case:
        places.append(session)
        return load(session, number)

    def saves(session: Session, *arguments: object) -> None:
        places.append(session)
        save(session, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cases, "load", loads)
    monkeypatch.setattr(cases, "save", saves)

    kept = intake.keep_language(station, officer, case.number, "vi")

    read, written = places
    assert read is written
    assert (kept.language, kept.held) == ("vi", "read_again")
    assert station.load(case.number) == kept
