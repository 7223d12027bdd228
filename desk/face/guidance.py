"""What to say to the person before the camera: one sentence at a time, the worst first.

The values are the keys of the sentences in ``resources/words/applicant.toml``, «spoken».
How long a sentence stays is left to the screen.
"""

from __future__ import annotations

from enum import StrEnum


class Guidance(StrEnum):
    """In the order in which they are said; directions are the person's own."""

    NO_FACE = "no_face"
    ONE_PERSON = "one_person"
    CLOSER = "closer"
    BACK = "back"
    HEAD_LEFT = "head_left"
    HEAD_RIGHT = "head_right"
    CHIN_UP = "chin_up"
    GLASSES = "glasses"
    DARK_SIDE = "dark_side"
    HOLD = "hold"
    TAKEN = "taken"

    @property
    def good(self) -> bool:
        """Nothing is to be changed."""
        return self in (Guidance.HOLD, Guidance.TAKEN)
