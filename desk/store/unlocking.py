"""Opening the records with a card, and changing which cards open them.

The steps are ordered so that a kill anywhere leaves records that a card of the ring opens:
a new ring is durable before what needs it, and while the key is being replaced the ring
holds both keys. What a kill left half done is finished by the next opening. The log has
every change of the ring: :func:`log_ring` compares the ring with what was logged last, so a
change that was cut off before its event is logged then.

Who may do this, and that a card is an officer's, is left to the caller.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import replace

from sqlalchemy.orm import Session

from desk.cards import key_wrap
from desk.cards.session import CardSession
from desk.store import journal, key_ring, meta
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.key_ring import CardKind, EnrolledCard, OpenedRing, Ring
from desk.store.troubles import (
    AlreadyBegun,
    AlreadyEnrolled,
    Busy,
    KeyMissing,
    LastOfItsKind,
    NoSuchCard,
    NotBegun,
    NotOpened,
    RecordsGone,
    StoreTrouble,
)
from desk.store.vault import Vault

LOGGED = "key_ring"
"""Name of the fact that says which ring was logged last."""


# Opening --------------------------------------------------------------------------------


def admit(vault: Vault, session: CardSession) -> CardKind:
    """What kind of card it is that could open the records; asks for no PIN. A card that will
    take over a key that lay in a file is an officer's.

    Raises CardNotEnrolled, NotBegun, KeyMissing, KeyUnsound, KeyUnusable.
    """
    ring = read_ring(vault)
    if ring is not None:
        return key_ring.admit(ring, session).kind
    if not vault.exist():
        raise NotBegun()
    if vault.former_key() is None:
        raise KeyMissing()
    key_wrap.recipient_key(session)
    return CardKind.OFFICER


def unlock(vault: Vault, session: CardSession, holder: str, stamp: Stamp) -> Store:
    """Open the records with a card whose PIN was presented; ``holder`` is its officer's id,
    ``stamp`` says who opens.

    Finishes what a kill left half done, takes over a key that lay in a file, and logs what
    the log does not have yet. Raises what :func:`admit` raises, NotForThisCard, RingAltered,
    and the records' own troubles.
    """
    opened = authorise(vault, session, holder, stamp)
    former = vault.former_key()
    taken_over = former == opened.key
    if taken_over and opened.following is None:
        # A key that lay in a file may have been copied with the disk.
        opened = _under_way(vault, opened, stamp)
    store = _settled(vault, opened)
    try:
        _log(store, vault, stamp, taken_over)
    except BaseException:
        store.close()
        raise
    if former is not None:
        vault.destroy_former_key()
    return store


def authorise(vault: Vault, session: CardSession, holder: str, stamp: Stamp) -> OpenedRing:
    """Let the card open the ring alone: what every change of the ring needs."""
    ring = read_ring(vault)
    if ring is None:
        ring = _taken_over(vault, session, holder, stamp)
    if ring.begun and not vault.exist():
        raise RecordsGone()
    return key_ring.open_ring(ring, session)


def read_ring(vault: Vault) -> Ring | None:
    """Raises KeyUnsound, Unwritable."""
    content = vault.ring()
    return None if content is None else key_ring.from_bytes(content)


def _taken_over(vault: Vault, session: CardSession, holder: str, stamp: Stamp) -> Ring:
    """A ring for records whose key lay in a file; without a recovery card yet."""
    admit(vault, session)
    key = vault.former_key()
    if key is None:
        raise KeyMissing()
    vault.open(key).close()
    card = key_ring.enrolled(session, CardKind.OFFICER, holder, stamp.at, stamp.actor)
    ring = replace(key_ring.new_ring(_new_name(), key, [card], stamp.at), begun=True)
    _put(vault, key_ring.sealed(ring, key))
    return key_ring.sealed(ring, key)


def _settled(vault: Vault, opened: OpenedRing) -> Store:
    """The open records, with one key in the ring: a replacement under way is finished."""
    following = opened.following
    if following is None:
        store = vault.open(opened.key)
        if not opened.ring.begun:
            _put(vault, key_ring.sealed(replace(opened.ring, begun=True), opened.key))
        return store
    try:
        vault.open(opened.key).close()
        vault.rekey(opened.key, following)
    except NotOpened:
        pass  # The records are encrypted with the following key already.
    except Busy:
        # Somebody else has them open: the next opening goes on.
        return vault.open(opened.key)
    store = vault.open(following)
    _put(vault, key_ring.settled(opened.ring, following))
    return store


def _put(vault: Vault, ring: Ring) -> None:
    vault.put_ring(key_ring.to_bytes(ring))


def _new_name() -> str:
    return secrets.token_hex(16)


# Beginning ------------------------------------------------------------------------------


def begin(vault: Vault, session: CardSession, holder: str, stamp: Stamp) -> OpenedRing:
    """The first officer's card, its PIN presented, gets a new key; nothing is stored yet.

    Raises AlreadyBegun, KeyUnusable.
    """
    require_none(vault)
    key = new_key()
    card = key_ring.enrolled(session, CardKind.OFFICER, holder, stamp.at, stamp.actor)
    ring = key_ring.new_ring(_new_name(), key, [card], stamp.at)
    return key_ring.open_ring(ring, session)


def require_none(vault: Vault) -> None:
    """Raises AlreadyBegun where records or their ring are here."""
    if vault.exist() or vault.ring() is not None:
        raise AlreadyBegun()


def conclude(vault: Vault, begun: OpenedRing, session: CardSession, stamp: Stamp) -> Store:
    """The recovery card, its PIN presented, gets the same key; then records are made.

    Raises AlreadyEnrolled where it is the officer's card again.
    """
    ring = _with_proven(begun, session, CardKind.RECOVERY, "", stamp)
    _put(vault, ring)
    store = vault.open(begun.key)
    _put(vault, key_ring.sealed(replace(ring, begun=True), begun.key))
    _log(store, vault, stamp)
    return store


# Changing -------------------------------------------------------------------------------


def add_card(
    vault: Vault,
    store: Store,
    opened: OpenedRing,
    session: CardSession,
    kind: CardKind,
    holder: str,
    stamp: Stamp,
) -> EnrolledCard:
    """Let the card of ``session`` in, its PIN presented; it must show that it opens the ring.

    Raises AlreadyEnrolled, NotForThisCard, KeyUnusable.
    """
    with store.write() as records:
        # Behind the write lock nobody else changes the ring.
        present = replace(opened, ring=_present_ring(vault, opened))
        ring = _with_proven(present, session, kind, holder, stamp)
        _put(vault, ring)
        log_ring(records, ring, stamp)
    return ring.cards[-1]


def replace_key(vault: Vault, opened: OpenedRing, stamp: Stamp, without: str = "") -> RecordsKey:
    """A new key for the records, wrapped to every card of the ring but ``without``; nobody
    may have the records open. The key that is in force now.

    Raises NoSuchCard, LastOfItsKind, Busy (nothing has changed then).
    """
    ring = _present_ring(vault, opened)
    _require_removable(ring, without)
    moving = _under_way(vault, replace(opened, ring=ring), stamp, without)
    following = moving.following
    assert following is not None
    try:
        vault.rekey(opened.key, following)
    except StoreTrouble:
        # Only where the records say so themselves is the old key still the one in force.
        with suppress(StoreTrouble):
            vault.open(opened.key).close()
            _put(vault, ring)
        raise
    store = vault.open(following)
    try:
        _put(vault, key_ring.settled(moving.ring, following))
        _log(store, vault, stamp)
    finally:
        store.close()
    return following


def _with_proven(
    opened: OpenedRing, session: CardSession, kind: CardKind, holder: str, stamp: Stamp
) -> Ring:
    """The ring with the card of ``session``, which has opened it."""
    card = key_ring.enrolled(session, kind, holder, stamp.at, stamp.actor)
    if opened.ring.card(card.fingerprint) is not None:
        raise AlreadyEnrolled()
    ring = key_ring.with_card(opened.ring, opened.key, card)
    key_ring.open_ring(ring, session)
    return ring


def _present_ring(vault: Vault, opened: OpenedRing) -> Ring:
    """The ring as it is now, which may have got cards since it was opened. Raises Busy where
    its key was replaced meanwhile or is being replaced."""
    ring = read_ring(vault)
    if ring is None or ring.following or ring.present.key_id != opened.key.key_id:
        raise Busy("ring")
    key_ring.require_seal(ring, opened.key)
    return ring


def _require_removable(ring: Ring, fingerprint: str) -> None:
    if not fingerprint:
        return
    card = ring.card(fingerprint)
    if card is None:
        raise NoSuchCard()
    if len(ring.of_kind(card.kind)) == 1:
        raise LastOfItsKind(kind=card.kind.value)


def _under_way(vault: Vault, opened: OpenedRing, stamp: Stamp, without: str = "") -> OpenedRing:
    """Another key is coming: the ring holds both from here on."""
    following = new_key()
    ring = key_ring.with_following(opened.ring, opened.key, following, stamp.at, without)
    _put(vault, ring)
    return OpenedRing(ring, opened.key, following)


# The log --------------------------------------------------------------------------------


def _log(store: Store, vault: Vault, stamp: Stamp, taken_over: bool = False) -> None:
    ring = read_ring(vault)
    assert ring is not None
    with store.read() as records:
        known = meta.value(records, LOGGED)
    if taken_over or known != _logged_form(ring):
        with store.write() as records:
            if taken_over:
                journal.append(records, stamp, "RECORDS.KEY_TAKEN_OVER")
            log_ring(records, ring, stamp)


def log_ring(records: Session, ring: Ring, stamp: Stamp) -> None:
    """One event for each difference between the ring and what was logged last."""
    known = json.loads(meta.value(records, LOGGED) or '{"kid": "", "cards": {}}')
    before: dict[str, str] = known["cards"]
    after = {card.fingerprint: card.kind.value for card in ring.cards}
    if known["kid"] != ring.present.key_id:
        kind = "RECORDS.KEY_REPLACED" if known["kid"] else "RECORDS.KEY_MADE"
        journal.append(records, stamp, kind, None, key_id=ring.present.key_id)
    for card in sorted(after.keys() - before.keys()):
        journal.append(records, stamp, "RECORDS.CARD_ADDED", None, card=card, kind=after[card])
    for card in sorted(before.keys() - after.keys()):
        journal.append(records, stamp, "RECORDS.CARD_REMOVED", None, card=card, kind=before[card])
    meta.put(records, LOGGED, _logged_form(ring))


def _logged_form(ring: Ring) -> str:
    cards = {card.fingerprint: card.kind.value for card in ring.cards}
    return json.dumps({"kid": ring.present.key_id, "cards": cards}, sort_keys=True)
