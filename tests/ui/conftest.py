"""A dressed look for the tests of the officer's window."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from desk.ui import theme
from desk.ui.look import Look


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> Look:
    """The bundled fonts and the light sheet, once: each costs a good part of a second."""
    theme.load_fonts()
    made = Look()
    made.dress()
    return made


@pytest.fixture
def look(dressed: Look) -> Look:
    """Light colours, Korean, and an arc that stands still."""
    made = Look()
    made.reduced_motion = True
    return made
