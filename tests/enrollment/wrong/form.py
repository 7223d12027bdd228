"""What a row of the table is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.enrollment.steps import Steps

Act = Callable[[Steps], httpx.Response]


@dataclass(frozen=True)
class Wrong:
    """One wrong request and its answer."""

    endpoint: str
    clause: str
    name: str
    act: Act
    error: str
    status: int = 400
