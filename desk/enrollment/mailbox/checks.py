"""Between the rows of presentation checks and their records."""

from __future__ import annotations

from typing import Any

from desk.enrollment.mailbox.driver import Row
from desk.enrollment.mailbox.tables import from_ms, to_ms
from desk.enrollment.records import CheckView, NewCheck


def check_values(new: NewCheck) -> dict[str, Any]:
    return {
        "check_id": new.check_id,
        "request_object": new.request_object,
        "expires_at": to_ms(new.expires_at),
        "seal_to": new.seal_to,
    }


def check_view(row: Row) -> CheckView:
    received = from_ms(row.received_at) if row.received_at is not None else None
    return CheckView(
        row.check_id,
        row.request_object,
        from_ms(row.expires_at),
        row.seal_to,
        row.response,
        received,
    )
