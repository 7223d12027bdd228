"""What the table of today's cases says of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desk.counter.board import CaseRow, RowState, Since
from desk.issuance.case import State
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.board import case_state
from tests.ui import samples

ROW = CaseRow(
    number="LA-2026-001839",
    name="오은우",
    state=State.DELIVERED,
    row_state=RowState.NOT_PROVEN,
    held="not_proven",
    opened_at=samples.local("09:51"),
    closed_at=None,
    officer_name="이서준",
    window="3",
)


@pytest.mark.parametrize(
    ("row", "glyph", "words"),
    [
        (ROW, Glyph.ATTENTION, "delivered"),
        (replace(ROW, state=State.PROVEN, row_state=RowState.USABLE), Glyph.PASSED, "proven"),
        (
            replace(ROW, state=State.PROVEN, row_state=RowState.USABLE, since=Since.SUSPENDED),
            Glyph.ATTENTION,
            "since_suspended",
        ),
        (
            replace(ROW, state=State.CANCELLED, row_state=RowState.ENDED, held="qr_read_twice"),
            Glyph.FAILED,
            "cancelled",
        ),
        (
            replace(
                ROW, state=State.APPROVED, row_state=RowState.IN_PROGRESS, held="qr_read_twice"
            ),
            Glyph.ATTENTION,
            "held",
        ),
    ],
)
def test_only_what_somebody_must_look_into_is_said_to_be_held(
    look: Look, row: CaseRow, glyph: Glyph, words: str
) -> None:
    """Records of a time when nothing took the mark off again keep it; usable, suspended and
    cancelled cases were said to be held."""
    said = look.say(f"case_state.{words}")

    assert case_state(look, row, samples.here()) == (glyph, said)
