"""What the applicant was asked and answered, purpose by purpose.

Answers are added, never changed: a later one stands beside the earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.store import journal
from desk.store.journal import Stamp
from desk.store.models import ConsentRow


@dataclass(frozen=True)
class ConsentAnswer:
    """``purpose`` and ``version`` are keys of the consent text; ``pressed_by`` is
    ``applicant`` or ``officer`` (on the applicant's word)."""

    purpose: str
    version: str
    language: str
    given: bool
    at: datetime
    pressed_by: str = "applicant"


def record(
    session: Session, stamp: Stamp, case_number: str, answers: Sequence[ConsentAnswer]
) -> None:
    for answer in answers:
        session.add(
            ConsentRow(
                case_number=case_number,
                purpose=answer.purpose,
                version=answer.version,
                language=answer.language,
                given=answer.given,
                at=answer.at,
                pressed_by=answer.pressed_by,
            )
        )
        journal.append(
            session,
            stamp,
            "CONSENT.GIVEN" if answer.given else "CONSENT.DECLINED",
            case_number,
            purpose=answer.purpose,
            version=answer.version,
            language=answer.language,
            presser=answer.pressed_by,
        )


def consents_of(session: Session, case_number: str) -> tuple[ConsentAnswer, ...]:
    """All answers of a case, in the order they were given."""
    query = select(ConsentRow).where(ConsentRow.case_number == case_number)
    return tuple(
        ConsentAnswer(
            purpose=row.purpose,
            version=row.version,
            language=row.language,
            given=row.given,
            at=row.at,
            pressed_by=row.pressed_by,
        )
        for row in session.scalars(query.order_by(ConsentRow.id))
    )
