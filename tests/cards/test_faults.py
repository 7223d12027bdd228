"""Every command of sign-in, signing and provisioning, with the transport failing at it.

Whatever fails: it ends in a named trouble or in a signature that verifies; no try is lost
to a failed transport with the right PIN; and the next attempt works. The points and their
table are `tests.cards.faults`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv import INS_VERIFY
from desk.cards.piv_data import Slot
from desk.cards.signer import CardSigner
from desk.cards.troubles import LastTry
from desk.iso7816.troubles import TransportFailed
from desk.training.piv_card import PivCard
from desk.trouble import Trouble
from tests.cards import faults
from tests.cards.faults import Fault
from tests.cards.issue import NOW, card_with, pin, sessions

# A changed byte may make a certificate odd in ways the library warns about before refusing.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


# Loading RSA keys anew for each point takes minutes: the module's own run has them.
QUICK = [act for act in faults.ACTS if "RSA" not in act]


@pytest.mark.parametrize("act", QUICK)
def test_every_fault_at_every_command(act: str) -> None:
    """The table is printed (pytest -s, or python -m tests.cards.faults)."""
    # Thirty commands to make a card ready: the module's own run has all columns of them.
    kinds = FEW if act == "make a card ready" else tuple(Fault)

    found = list(faults.points(act, kinds))

    print(faults.table(found))
    for point in found:
        point.require()
    assert {point.fault for point in found} == set(kinds)


FEW = (Fault.DROPPED, Fault.LOST, Fault.SW_6F00, Fault.RELAYED)


class Faulty:
    """A connection that treats command number ``at`` in a way of its own."""

    def __init__(self, card: PivCard, at: int, spoil: Callable[[PivCard, bytes], bytes]) -> None:
        self.card = card
        self.count = 0
        self.at = at
        self._spoil = spoil

    def transmit(self, apdu: bytes) -> bytes:
        self.count += 1
        if self.count - 1 == self.at:
            return self._spoil(self.card, apdu)
        return self.card.transmit(apdu)

    def reset(self) -> None:
        self.card.reset()


def sign_in(connection: Faulty) -> None:
    with sessions(connection)() as session:
        session.chuid()
        der = session.certificate(Slot.AUTHENTICATION)
        session.verify_pin(pin())
        assert session.prove() == der


def sign(connection: Faulty) -> None:
    with CardSigner(sessions(connection), now=lambda: NOW) as signer:
        signer.unlock(pin())
        signature = signer.sign(b"one credential")
    assert len(signature) == 64


ACTS = [sign_in, sign]


def commands_of(act: Callable[[Faulty], None], card: PivCard) -> int:
    counting = Faulty(card, -1, PivCard.transmit)
    act(counting)
    return counting.count


def lose_answer(card: PivCard, apdu: bytes) -> bytes:
    card.transmit(apdu)
    raise TransportFailed


@pytest.mark.parametrize("act", ACTS)
def test_any_changed_byte_ends_in_a_trouble_or_in_a_good_signature(
    act: Callable[[Faulty], None],
) -> None:
    """The acts check their own result; nothing else than a trouble may come out of them."""
    card = card_with()
    for at in range(commands_of(act, card)):
        for place in _places_in_answer(act, card, at):
            connection = Faulty(card, at, _flip(place))
            try:
                act(connection)
            except Trouble as trouble:
                assert trouble.code, (at, place)
            assert card.pin_tries == 3, (at, place)


def test_wrong_pin_and_lost_answers_never_reach_the_last_try() -> None:
    """The desk cannot see these tries; the card's count guards the last one all the same."""
    card = card_with()
    lost = 0
    for _ in range(6):
        connection = _LosesVerify(card)
        try:
            with sessions(connection)() as session:
                session.verify_pin(pin("000000"))
        except LastTry:
            continue
        except TransportFailed:
            lost += 1

    assert lost == 2
    assert card.pin_tries == 1


def test_signature_after_a_lost_answer_signs_the_same_bytes_again() -> None:
    """The signer keeps the PIN after a failed transport: the same intent is signed again."""
    card = card_with()
    connection = Faulty(card, -1, lose_answer)
    with CardSigner(sessions(connection), now=lambda: NOW) as signer:
        signer.unlock(pin())
        connection.at = connection.count + 4  # select, identity, discovery, tries, VERIFY
        with pytest.raises(TransportFailed):
            signer.sign(b"intent")
        assert len(signer.sign(b"intent")) == 64
        leaf = signer.certificate_chain[0]
        with sessions(card)() as session:
            der = session.verify_and_sign(Slot.SIGNATURE, b"intent", pin())
        verify_signature(public_key_of(load_certificate(leaf)), der, b"intent")


class _LosesVerify:
    """Loses the answer of every VERIFY that carries a PIN."""

    def __init__(self, card: PivCard) -> None:
        self._card = card

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._card.transmit(apdu)
        if apdu[1] == INS_VERIFY and len(apdu) > 5:
            raise TransportFailed
        return answer

    def reset(self) -> None:
        self._card.reset()


def _flip(place: int) -> Callable[[PivCard, bytes], bytes]:
    def spoil(card: PivCard, apdu: bytes) -> bytes:
        answer = bytearray(card.transmit(apdu))
        if place < len(answer):
            answer[place] ^= 0x15
        return bytes(answer)

    return spoil


def _places_in_answer(act: Callable[[Faulty], None], card: PivCard, at: int) -> range:
    """All bytes of a short answer, every eleventh of a long one."""
    length = 0

    def measure(inner: PivCard, apdu: bytes) -> bytes:
        nonlocal length
        answer = inner.transmit(apdu)
        length = len(answer)
        return answer

    act(Faulty(card, at, measure))
    return range(0, length, 1 if length < 40 else 11)
