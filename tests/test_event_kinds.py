"""The audit log's page says every kind of event in words, and has words for no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import desk
from desk.words import Words

KIND = re.compile(r"(?!EF\.)[A-Z]+\.[A-Z]+(_[A-Z]+)*")
"""``EF.SOD`` and its like are files of a passport's chip."""


def kinds_in_the_code() -> set[str]:
    found = set()
    for file in Path(desk.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if KIND.fullmatch(node.value) else set()
    return found


def test_every_kind_of_event_has_its_words_and_no_words_are_left_over() -> None:
    """A kind without words stands on the page as its code."""
    told = {key.removeprefix("kind.") for key in Words("audit") if key.startswith("kind.")}

    used = kinds_in_the_code()

    assert "SLIP.CAME_OUT" in used
    assert used - told == set()
    assert told - used == set()
