"""The cards that open the records of a rehearsal: the trainees' and a recovery card.

At a post the first officer and the head of post begin the records with their two cards. Here
all training cards are let in at once, and the recovery card lies in a file like the others.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from desk.cards.piv import PivSession
from desk.cards.piv_data import Slot
from desk.cards.troubles import KeyUnusable
from desk.counter.station import Station
from desk.store import key_ring, unlocking
from desk.store.key import new_key
from desk.store.key_ring import CardKind, EnrolledCard, Ring
from desk.store.vault import Vault
from desk.training.authority import TrainingAuthority
from desk.training.piv_card import PivCard

RECOVERY_FILE = "card-recovery.json"
ACTOR = "rehearsal"


def enrol(
    vault: Vault, cards: Mapping[str, PivCard], recovery: PivCard, pin: str, now: datetime
) -> None:
    """Let ``cards`` (by their officers' ids) and ``recovery`` in, as far as they are not yet:
    at the first start all of them, later those that were made anew."""
    entries = []
    for holder, card in cards.items():
        # A trainee may have emptied a slot: that card opens nothing.
        with suppress(KeyUnusable):
            entries.append(_entry(card, CardKind.OFFICER, holder, now))
    kept = _entry(recovery, CardKind.RECOVERY, "", now)
    ring = unlocking.read_ring(vault)
    if ring is None:
        _begin(vault, [*entries, kept], now)
    elif any(ring.card(one.fingerprint) is None for one in entries):
        _add(vault, ring, entries, recovery, pin)


def _begin(vault: Vault, entries: list[EnrolledCard], now: datetime) -> None:
    key = vault.former_key() or new_key()
    ring = key_ring.new_ring(secrets.token_hex(16), key, entries, now)
    vault.put_ring(key_ring.to_bytes(key_ring.sealed(replace(ring, begun=vault.exist()), key)))


def _add(
    vault: Vault, ring: Ring, entries: list[EnrolledCard], recovery: PivCard, pin: str
) -> None:
    with opening(recovery, pin) as session:
        opened = key_ring.open_ring(ring, session)
    if opened.following is None:
        for entry in entries:
            if ring.card(entry.fingerprint) is None:
                ring = key_ring.with_card(ring, opened.key, entry)
        vault.put_ring(key_ring.to_bytes(ring))


def open_whole(station: Station, recovery: PivCard, pin: str) -> None:
    """Open the records without anybody who signs in."""
    with opening(recovery, pin) as session:
        if station.records.open(session, "", station.stamp()):
            station.prepare(station)


def recovery_card(authority: TrainingAuthority, folder: Path, pin: str, now: datetime) -> PivCard:
    """The recovery card, as it was left; it stays the same when the authority is made anew,
    because the records do."""
    file = folder / RECOVERY_FILE

    def keep() -> None:
        write_private(file, json.dumps(card.state()).encode())

    if file.exists():
        return PivCard.from_state(json.loads(file.read_bytes()), keep)
    made = authority.issue_card("recovery", now)
    card = PivCard(
        {Slot(slot): pair.private for slot, pair in made.slots.items()},
        {Slot(slot): pair.der for slot, pair in made.slots.items()},
        pin=pin,
        on_change=keep,
    )
    keep()
    return card


@contextmanager
def opening(card: PivCard, pin: str) -> Iterator[PivSession]:
    """A session with a training card that lies in no reader, its PIN presented."""
    with card:
        session = PivSession(card)
        session.select()
        session.verify_pin(bytearray(pin, "ascii"))
        yield session


def _entry(card: PivCard, kind: CardKind, holder: str, now: datetime) -> EnrolledCard:
    with card:
        session = PivSession(card)
        session.select()
        return key_ring.enrolled(session, kind, holder, now, ACTOR)


def write_private(path: Path, data: bytes) -> None:
    """Replace ``path`` by a file that only its owner may read."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    new.replace(path)
