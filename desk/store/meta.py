"""Small facts about the records themselves, by name."""

from __future__ import annotations

from sqlalchemy.orm import Session

from desk.store.models import MetaRow


def value(session: Session, name: str) -> str | None:
    row = session.get(MetaRow, name)
    return None if row is None else row.value


def put(session: Session, name: str, text: str) -> None:
    session.merge(MetaRow(name=name, value=text))
    session.flush()
