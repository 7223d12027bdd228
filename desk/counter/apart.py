"""One thing of a round that fails keeps nothing else of it from being done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from desk.trouble import Trouble


@contextmanager
def apart(log: logging.Logger, what: str) -> Iterator[None]:
    """Whatever the block raises ends here, as a line that says ``what`` is not done: a trouble
    by its code, a bug with where it arose. ``what`` names no person."""
    try:
        yield
    except Trouble as reason:
        log.warning("%s: %s", what, reason.code)
    except Exception:
        log.exception("%s", what)
