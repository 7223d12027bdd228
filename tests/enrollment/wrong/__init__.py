"""Wrong requests, endpoint by endpoint: the rule each one breaks and the standard's error.

    python -m tests.enrollment.wrong

prints them as a table. «VCI» is OpenID4VCI 1.0 final. Rules without a clause of a standard
are this service's own and say so.
"""

from __future__ import annotations

from tests.enrollment.wrong.credentials import CREDENTIAL
from tests.enrollment.wrong.form import Wrong
from tests.enrollment.wrong.later import LATER, delivered
from tests.enrollment.wrong.tokens import TOKEN

__all__ = ["TABLE", "Wrong", "delivered", "table"]

TABLE: tuple[Wrong, ...] = (*TOKEN, *CREDENTIAL, *LATER)


def table() -> str:
    """The table in Markdown, in the order of an issuance."""
    lines = ["| endpoint | rule | request | status | error |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.endpoint} | {one.clause} | {one.name} | {one.status} | {one.error} |"
        for one in TABLE
    ]
    return "\n".join([*lines, f"{len(TABLE)} wrong requests"])
