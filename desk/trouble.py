"""The root of every trouble the desk can name.

A trouble is raised: the card was pulled, the service does not answer. A finding
(«signature not genuine») is recorded and never raised. A bug is neither. The
exception carries the code and the facts; the sentences for a code stand in
``resources/troubles/*.toml`` and are made by whoever shows them.
"""

from __future__ import annotations

from typing import ClassVar


class Trouble(Exception):
    """Something outside the program stops this step; the case is kept.

    ``code`` is stable: it stands on the screen, in the log and in the handbook.
    ``facts`` fill the places of the sentence (tries left, line, field); they hold
    no personal data, because they may be logged.
    """

    code: ClassVar[str] = "DESK-00"

    def __init__(self, message: str = "", /, **facts: str | float | None) -> None:
        super().__init__(message or self.code)
        self.facts = facts
