"""Cards that open records in the tests of this folder; keys are made once for a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from desk.cards.piv import PivSession
from desk.cards.piv_data import KeyType
from desk.store import unlocking
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.vault import FileVault
from desk.training.piv_card import PivCard
from tests.cards.issue import card_with, pin


@cache
def _state(name: str, key_type: KeyType) -> dict[str, object]:
    return dict(card_with(key_type).state())


def card(name: str, key_type: KeyType = KeyType.P256) -> PivCard:
    """The card called ``name``: always the same keys within one run."""
    return PivCard.from_state(_state(name, key_type))  # type: ignore[arg-type]


@contextmanager
def verified(one: PivCard) -> Iterator[PivSession]:
    """A session in which the PIN was presented."""
    with one:
        session = PivSession(one)
        session.select()
        session.verify_pin(pin())
        yield session


def vault_in(folder: Path, content: bytes | None = None) -> FileVault:
    """Records and ring in ``folder``."""
    if content is not None:
        (folder / "records.db").write_bytes(content)
    return FileVault(folder / "records.db", StoreKind.TRAINING)


def begun(vault: FileVault, officer: PivCard, recovery: PivCard, stamp: Stamp) -> Store:
    """New records with these two cards, as a post begins."""
    with verified(officer) as session:
        opened = unlocking.begin(vault, session, "T-001", stamp)
    with verified(recovery) as session:
        return unlocking.conclude(vault, opened, session, stamp)
