"""desk.counter.document: what is done with a zone that the chip holds and that is wrong."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from desk.counter import document
from desk.store import register
from tests.samples import PASSPORT


def test_the_register_is_asked_about_a_chip_whose_zone_has_a_wrong_digit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wrong digit is a finding by then; it must not look as if the officer had mistyped."""
    first, second = PASSPORT.mrz
    wrong = replace(
        PASSPORT, mrz=(first, second[:9] + str((int(second[9]) + 1) % 10) + second[10:])
    )
    station: Any = SimpleNamespace(store=SimpleNamespace(read=lambda: nullcontext(None)))
    monkeypatch.setattr(register, "find", lambda *_, cut: ("found", cut))

    assert document.register_entries(station, wrong) == ("found", False)
