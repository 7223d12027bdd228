"""An officer's card seals the log: at sign-in, approval, credential signing and day's close.

The card signs the log's checkpoint with the key it signs in with (9A). A seal comes on top of
what it stands for and never takes it back: where the card or the log refuses, the sign-in or
the approval stays done, the log says that the seal is missing, and the next one covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv_data import Slot
from desk.cards.session import CardSession
from desk.cards.troubles import NoSignInCertificate, OtherCard
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance import notes
from desk.issuance.audit import AuditBroken
from desk.issuance.checkpoints import Checkpoint
from desk.issuance.notes import NoteSignature, SignedNote
from desk.issuance.seals import Purpose, Seal, fingerprint
from desk.store import journal, seals
from desk.store.database import Store
from desk.store.seals import KeptSeal
from desk.trouble import Trouble


class SealMissed(Trouble):
    """The last seal that was due could not be made. Fact: reason (the code of what stopped
    it)."""

    code = "AUDIT-23"


SignText = Callable[[bytes], tuple[bytes, bytes]]
"""Lets a card sign: its 9A certificate (DER) and the signature over the bytes (ASN.1 for
ECDSA, as it is for RSA)."""


@dataclass(frozen=True)
class CardSeal:
    """One card's signature under a checkpoint: who held it, its certificate, the line."""

    officer: Officer
    certificate: bytes
    signature: NoteSignature


def by_session(session: CardSession) -> SignText:
    """A card in whose session the PIN was presented."""

    def sign(data: bytes) -> tuple[bytes, bytes]:
        certificate = session.certificate(Slot.AUTHENTICATION)
        if certificate is None:
            raise NoSignInCertificate(slot="9A")
        return certificate, session.sign(Slot.AUTHENTICATION, data)

    return sign


def next_checkpoint(station: Station) -> Checkpoint:
    """What a card would seal now. Raises what :func:`desk.store.seals.next_checkpoint` does."""
    with station.store.read() as session:
        return seals.next_checkpoint(session)


def sign_checkpoint(checkpoint: Checkpoint, officer: Officer, sign: SignText) -> CardSeal:
    """The signature of this officer's card, verified with its certificate before it counts.

    Raises :class:`~desk.cards.troubles.OtherCard` and the card's troubles,
    :class:`~desk.cards.troubles.SignatureMismatch` among them.
    """
    text = checkpoint.text.encode()
    certificate, signature = sign(text)
    if fingerprint(certificate) != officer.card:
        raise OtherCard
    key = public_key_of(load_certificate(certificate))
    verify_signature(key, signature, text)
    line = notes.sign_with(checkpoint.name, key, signature)
    return CardSeal(officer, certificate, line)


def keep(
    station: Station,
    checkpoint: Checkpoint,
    purpose: Purpose,
    signed: Sequence[CardSeal],
    case_number: str | None = None,
) -> KeptSeal:
    """Store what the cards signed, in the name of the last of them. Raises what
    :func:`desk.store.seals.add` does."""
    stamp = station.stamp(signed[-1].officer)
    seal = Seal(
        note=SignedNote(checkpoint.text, tuple(one.signature for one in signed)),
        purpose=purpose,
        at=stamp.at,
        certificates=tuple(one.certificate for one in signed),
        officers=tuple(one.officer.officer_id for one in signed),
    )
    with station.store.write() as session:
        return seals.add(session, stamp, seal, case_number)


def seal(
    station: Station,
    officer: Officer,
    purpose: Purpose,
    sign: SignText,
    case_number: str | None = None,
) -> KeptSeal:
    """One card seals the log as it stands. Raises what the steps above raise."""
    checkpoint = next_checkpoint(station)
    signed = sign_checkpoint(checkpoint, officer, sign)
    return keep(station, checkpoint, purpose, (signed,), case_number)


def try_to_seal(
    station: Station,
    officer: Officer,
    purpose: Purpose,
    sign: SignText,
    case_number: str | None = None,
) -> KeptSeal | None:
    """As :func:`seal`, for what is done already: a seal that cannot be made leaves its event
    and nothing else. None where it is missing."""
    try:
        return seal(station, officer, purpose, sign, case_number)
    except Trouble as reason:
        facts = {"purpose": purpose.value, "code": reason.code}
        line = reason.line if isinstance(reason, AuditBroken) else None
        with station.store.write() as session:
            stamp = station.stamp(officer)
            journal.append(session, stamp, "AUDIT.SEAL_MISSED", case_number, **facts, seq=line)
        return None


def demand_sealed(store: Store) -> None:
    """The last time a card should seal, it did. Raises :class:`SealMissed`."""
    with store.read() as session:
        last = journal.newest(session, 1, ("AUDIT.SEALED", "AUDIT.SEAL_MISSED"))
        if not last or last[0].kind == "AUDIT.SEALED":
            return
        told = journal.events(session, after=last[0].seq - 1, limit=1)[0]
    raise SealMissed(reason=str(told.facts.get("code")))
