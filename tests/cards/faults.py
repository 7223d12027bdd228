"""A proxy between client and card that fails at one chosen command, and a table of what came.

    python -m tests.cards.faults

prints, for every command of signing in, of signing and of making a card ready, what each
fault ends in: the code of the trouble, or «ok» where the desk came to a right result all the
same. Each cell was checked before it is printed (`Point.require`).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from desk.cards import piv
from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv_data import KeyType, Slot
from desk.cards.revocation import Revocations
from desk.cards.session import CardSession
from desk.cards.signer import CardSigner
from desk.cards.troubles import CardReset, PinTrouble
from desk.counter import officers, provisioning
from desk.counter.officers import Officer, SignIn
from desk.counter.provisioning import Roots, State
from desk.iso7816.connection import INS_GET_RESPONSE
from desk.iso7816.troubles import CardRemoved, TransportFailed
from desk.issuance.roles import Role
from desk.store import key_ring
from desk.store.key import RecordsKey
from desk.store.key_ring import CardKind, OpenedRing, Ring
from desk.training.authority import TrainingAuthority
from desk.training.card_authority import certify
from desk.training.piv_card import TRAINING_MANAGEMENT_KEY, PivCard
from desk.trouble import Trouble
from tests.cards.issue import NOW, PIN, card_with, pin, sessions

NOTHING_OF_THE_KIND = b"\x7f" * 9 + b"\x90\x00"


class Fault(Enum):
    """What happens to one command and its answer."""

    DROPPED = "dropped"
    LOST = "lost"
    REMOVED = "removed"
    LATE_RESET = "late"
    ONE_BYTE = "1 byte"
    HALF = "half"
    EMPTY_OK = "empty"
    PREVIOUS = "previous"
    NONSENSE = "nonsense"
    SW_6982 = "6982"
    SW_63C0 = "63C0"
    SW_63C1 = "63C1"
    SW_63C2 = "63C2"
    SW_6983 = "6983"
    SW_6F00 = "6F00"
    SWAPPED = "swapped"
    RELAYED = "relayed"

    @property
    def is_transport(self) -> bool:
        """Bytes were lost, and the client must be told so: never that a PIN was wrong."""
        return self in _TRANSPORT


MEANING = {
    Fault.DROPPED: "the card never sees the command",
    Fault.LOST: "the card acts, its answer is lost",
    Fault.REMOVED: "the card is pulled at this command",
    Fault.LATE_RESET: "the answer comes so late that the service has restarted the chip",
    Fault.ONE_BYTE: "one byte of the answer arrives",
    Fault.HALF: "the answer is cut in its middle, 9000 behind it",
    Fault.EMPTY_OK: "9000 without data, the card sees nothing",
    Fault.PREVIOUS: "the answer to the command before comes once more",
    Fault.NONSENSE: "bytes of something else",
    Fault.SWAPPED: "another card, just put in, answers from here on",
    Fault.RELAYED: "another card with the same PIN, open already, answers from here on",
}
_TRANSPORT = {Fault.DROPPED, Fault.LOST, Fault.REMOVED, Fault.LATE_RESET, Fault.ONE_BYTE}


class FaultProxy:
    """A card seen through a proxy that fails once, at command number ``at`` (-1: never)."""

    def __init__(self, card: PivCard, other: PivCard | None = None, digits: str = PIN) -> None:
        self.card = card
        self.other = other
        self.commands: list[str] = []
        self._digits = digits
        self._serving = card
        self._at, self._fault = -1, Fault.DROPPED
        self._previous = b"\x90\x00"
        self._restarted = False

    @property
    def atr(self) -> bytes:
        return self.card.atr

    def arm(self, at: int, fault: Fault) -> None:
        """Begin anew with the first card, and fail at command ``at``."""
        self.commands.clear()
        self._serving, self._restarted = self.card, False
        self._at, self._fault = at, fault

    def reset(self) -> None:
        """The power goes with every new session; the chip in the reader stays."""
        self._restarted = False
        self._serving.reset()

    def transmit(self, apdu: bytes) -> bytes:
        if self._restarted:
            raise CardReset
        number = len(self.commands)
        self.commands.append(name_of(apdu))
        answer = self._spoilt(apdu) if number == self._at else self._serving.transmit(apdu)
        self._previous = answer
        return answer

    def _spoilt(self, apdu: bytes) -> bytes:
        fault = self._fault
        if fault is Fault.DROPPED:
            raise TransportFailed
        if fault is Fault.REMOVED:
            raise CardRemoved
        if fault in (Fault.SWAPPED, Fault.RELAYED):
            return self._swap(apdu)
        if fault in _ANSWERS:
            return self._previous if fault is Fault.PREVIOUS else _ANSWERS[fault]
        answer = self._serving.transmit(apdu)
        if fault is Fault.LOST:
            raise TransportFailed
        if fault is Fault.LATE_RESET:
            self._restarted = True
            self._serving.reset()
            raise CardReset
        return answer[:1] if fault is Fault.ONE_BYTE else answer[: len(answer) // 2] + b"\x90\x00"

    def _swap(self, apdu: bytes) -> bytes:
        assert self.other is not None
        self._serving = self.other
        self.other.reset()
        if self._fault is Fault.RELAYED:
            session = piv.PivSession(self.other)
            session.select()
            session.verify_pin(pin(self._digits))
        return self.other.transmit(apdu)


_ANSWERS = {
    Fault.EMPTY_OK: b"\x90\x00",
    Fault.NONSENSE: NOTHING_OF_THE_KIND,
    Fault.PREVIOUS: b"",
} | {fault: bytes.fromhex(fault.value) for fault in Fault if fault.name.startswith("SW_6")}


# What is done -----------------------------------------------------------------------


def sign_in(proxy: FaultProxy) -> None:
    """As the sign-in page does it: list, PIN, challenge."""
    known = officer_of(proxy.card)
    with sessions(proxy)() as session:
        signed_in = officers.sign_in(session, pin(), {known.card: known}, "LA", lambda: NOW)
    assert signed_in.officer == known


def open_records(proxy: FaultProxy) -> None:
    """Signing in, and in the same session the card opens the ring of the records' key."""
    known, ring = officer_of(proxy.card), ring_for(proxy.card)
    found: list[OpenedRing] = []

    def take(session: CardSession, _signed_in: SignIn) -> None:
        found.append(key_ring.open_ring(ring, session))

    with sessions(proxy)() as session:
        officers.sign_in(
            session,
            pin(),
            {known.card: known},
            "LA",
            lambda: NOW,
            before_pin=lambda card: key_ring.admit(ring, card),
            after_pin=take,
        )
    assert found[0].key == RECORDS_KEY


def ring_for(card: PivCard) -> Ring:
    """A ring that the card alone opens."""
    session = piv.PivSession(card)
    session.select()
    entry = key_ring.enrolled(session, CardKind.OFFICER, "", NOW, "test")
    card.reset()
    return key_ring.new_ring("ab" * 16, RECORDS_KEY, [entry], NOW)


def sign(proxy: FaultProxy) -> None:
    """One credential, as the phone page does it."""
    with CardSigner(sessions(proxy), now=lambda: NOW) as signer:
        signer.unlock(pin())
        require_signed_by(proxy.card, b"one credential", signer.sign(b"one credential"))


def sign_two(proxy: FaultProxy) -> None:
    """Both credentials of a case in one session with the card."""
    with CardSigner(sessions(proxy), now=lambda: NOW) as signer:
        signer.unlock(pin())
        both = signer.sign_all((b"mdoc", b"sd-jwt"))
    for data, signature in zip((b"mdoc", b"sd-jwt"), both, strict=True):
        require_signed_by(proxy.card, data, signature)


def require_signed_by(card: PivCard, data: bytes, raw: bytes) -> None:
    """The signature is the first card's own; raises SignatureMismatch."""
    session = piv.PivSession(card)
    session.select()
    key = public_key_of(load_certificate(session.certificate(Slot.SIGNATURE) or b""))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    verify_signature(key, encode_dss_signature(r, s), data)


def officer_of(card: PivCard) -> Officer:
    session = piv.PivSession(card)
    session.select()
    der = session.certificate(Slot.AUTHENTICATION) or b""
    card.reset()
    digest = hashlib.sha256(der).hexdigest()
    return Officer("T-001", "담당자", "Officer", "영사", "Consul", Role.OFFICER, "LA", digest)


def make_ready(proxy: FaultProxy) -> None:
    """A new signer key in the card, its request, its certificate on the card."""
    slot, key = Slot.SIGNATURE, TRAINING_MANAGEMENT_KEY
    with sessions(proxy)() as session:
        subject = provisioning.subject_for(slot, "KR", "", "Signer")
        made = provisioning.request(
            session, slot, KeyType.P256, subject, pin(), key, NOW, over_old=True
        )
    issued = x509.load_pem_x509_certificate(certify(AUTHORITY, made.der, NOW))
    der = issued.public_bytes(serialization.Encoding.DER)
    with sessions(proxy)() as session:
        status = provisioning.install(session, slot, der, ROOTS, pin(), key, NOW)
    assert status.state is State.READY


RECORDS_KEY = RecordsKey(bytes(range(32)))
AUTHORITY = TrainingAuthority.create(NOW)
ROOTS = Roots((AUTHORITY.iaca,), (), "KR", Revocations(Path("no such folder"), ()))

Act = Callable[[FaultProxy], None]
ACTS: dict[str, tuple[Act, Callable[[], PivCard]]] = {
    "sign in, strict card": (sign_in, card_with),
    "sign in, card that wants its global PIN": (sign_in, lambda: card_with(global_pin=PIN)),
    "open the records, strict card": (open_records, card_with),
    "open the records, RSA card": (open_records, lambda: card_with(KeyType.RSA2048)),
    "sign one, strict card": (sign, card_with),
    "sign two, strict card": (sign_two, card_with),
    "sign two, card that holds the PIN": (sign_two, lambda: card_with(strict=False)),
    "make a card ready": (make_ready, card_with),
}


# Every point ------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """One fault at one command of one act, and what it ended in."""

    act: str
    number: int
    command: str
    fault: Fault
    trouble: Trouble | None
    tries: frozenset[int]
    repeated: Trouble | None

    @property
    def outcome(self) -> str:
        return self.trouble.code if self.trouble else "ok"

    def require(self) -> None:
        """What must hold at every point. A wrong signature raises inside the act itself."""
        where = (self.act, self.number, self.command, self.fault.value, self.trouble)
        assert self.tries == {3}, where
        assert self.repeated is None, (where, self.repeated)
        if self.fault.is_transport:
            assert isinstance(self.trouble, TransportFailed), where
        if self.fault in (Fault.DROPPED, Fault.LOST, Fault.REMOVED, Fault.LATE_RESET):
            assert not isinstance(self.trouble, PinTrouble), where


def points(act_name: str, kinds: Sequence[Fault] = tuple(Fault)) -> Iterator[Point]:
    """Every fault at every command, each with the same two cards, both full of tries."""
    act, make = ACTS[act_name]
    first, second = make().state(), make().state()
    proxy = FaultProxy(PivCard.from_state(first))
    act(proxy)
    for number, command in enumerate(tuple(proxy.commands)):
        for fault in kinds:
            proxy = FaultProxy(PivCard.from_state(first), PivCard.from_state(second))
            proxy.arm(number, fault)
            trouble = _trouble(act, proxy)
            assert proxy.commands[number] == command and proxy.other is not None
            tries = frozenset(proxy.card.tries + proxy.other.tries)
            proxy.arm(-1, fault)
            yield Point(act_name, number, command, fault, trouble, tries, _trouble(act, proxy))


def _trouble(act: Act, proxy: FaultProxy) -> Trouble | None:
    try:
        act(proxy)
    except Trouble as trouble:
        return trouble
    return None


_NAMES = {
    piv.INS_SELECT: "SELECT",
    piv.INS_GET_DATA: "GET DATA",
    piv.INS_GENERAL_AUTHENTICATE: "GENERAL AUTHENTICATE",
    piv.INS_GENERATE: "GENERATE",
    piv.INS_PUT_DATA: "PUT DATA",
    INS_GET_RESPONSE: "GET RESPONSE",
}


def name_of(apdu: bytes) -> str:
    """A command in words, with what tells it from others of its kind."""
    if apdu[1] == piv.INS_VERIFY:
        return "VERIFY" if len(apdu) > 5 else "VERIFY (tries?)"
    name = _NAMES.get(apdu[1], f"{apdu[1]:02X}")
    if apdu[1] == piv.INS_GET_DATA:
        return f"{name} {apdu[7 : 5 + apdu[4]].hex().upper()}"
    if apdu[1] == piv.INS_GENERAL_AUTHENTICATE:
        return f"{name} {apdu[3]:02X}"
    return name


def table(found: list[Point]) -> str:
    """Rows: commands in their order; columns: faults; cells: what it ended in."""
    faults = list(dict.fromkeys(point.fault for point in found))
    width = max(len(f"{point.number} {point.command}") for point in found)
    head = " " * width + " ".join(f"{fault.value:>9}" for fault in faults)
    lines = [found[0].act, head]
    for begin in range(0, len(found), len(faults)):
        row = found[begin : begin + len(faults)]
        title = f"{row[0].number} {row[0].command}"
        lines.append(f"{title:<{width}}" + " ".join(f"{point.outcome:>9}" for point in row))
    return "\n".join(lines)


def main() -> int:
    count = 0
    for name in ACTS:
        found = list(points(name))
        for point in found:
            point.require()
        count += len(found)
        sys.stdout.write(table(found) + "\n\n")
    for fault, meaning in MEANING.items():
        sys.stdout.write(f"{fault.value:>9}: {meaning}\n")
    sys.stdout.write(f"\n{count} fault points: no wrong signature, no try lost, all repeated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
