"""desk.mrtd.kept: only what the issuer signed on this very passport is used again."""

from __future__ import annotations

import pytest

from desk.mrtd.kept import Kept
from desk.mrtd.mrz import MrzKey
from desk.mrtd.troubles import ChipLost
from tests.mrtd.reading_kit import (
    BY_BAC,
    GONE,
    KEY,
    Tilted,
    fetch,
    passport_of,
)


def test_another_zone_lets_go_of_what_was_kept() -> None:
    passport, kept = passport_of(BY_BAC), Kept()
    with pytest.raises(ChipLost):
        fetch(passport.chip, Tilted(passport.chip, passport.commands - 1, GONE), kept=kept)

    kept.begin(MrzKey("M999A9999", "910314", "330502"))

    assert kept.is_empty
    assert kept.of("DG1") == b""


def test_what_was_kept_and_is_not_what_was_signed_is_read_again() -> None:
    passport, kept = passport_of(BY_BAC), Kept()
    kept.begin(KEY)
    kept.compare(passport.content.files["SOD"])
    kept.keep({"DG1": b"\x61\x03\x5f\x1f\x00", "DG2": bytes(300)})

    content = fetch(passport.chip, passport.chip, kept=kept)

    assert content.files == passport.content.files


def test_nothing_personal_shows() -> None:
    kept = Kept()
    kept.begin(KEY)
    kept.compare(b"sod")
    kept.keep({"DG1": b"KIM", "COM": b"`"})

    assert repr(kept) == "Kept(['DG1'])"
