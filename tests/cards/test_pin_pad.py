"""PIN pads: structures by the published layout, and every answer of the reader named."""

from __future__ import annotations

import pytest

from desk.cards import pin_pad
from desk.cards.pin_pad import PinPad
from desk.cards.piv import PIN_LENGTHS, PivSession
from desk.cards.piv_data import KeyType, Slot
from desk.cards.signer import CardSigner
from desk.cards.troubles import (
    LastTry,
    NewPinsDiffer,
    NoPinPad,
    PinBlocked,
    PinFormat,
    PinNotTyped,
    WrongPin,
    WrongPuk,
)
from desk.iso7816.troubles import TransportFailed
from desk.training.piv_card import PivCard
from tests.cards.issue import NOW, PIN, PUK, card_with, pin, session_with, sessions
from tests.cards.pad import PROPERTIES_CODE, VERIFY_CODE, PadReader

# Written out by the layout of PC/SC part 10, 2.5.2 and 2.5.3, field by field. Sizes (19 and 24
# bytes before the command), byte order, offsets and message indexes are also those of OpenSC's
# reader driver (public repository OpenSC/OpenSC, src/libopensc/reader-pcsc.c).
VERIFY = "1E1E82080008060201090400000000" + "0D000000" + "0020008008FFFFFFFFFFFFFFFF"
MODIFY = (
    "1E1E820800000808060302030904000102000000"
    + "15000000"
    + "0024008010FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
)


def types(**typed: str | None) -> PadReader:
    return PadReader(card_with(), typed.get)


def test_verify_structure_has_the_published_layout() -> None:
    frame = bytes.fromhex("0020008008FFFFFFFFFFFFFFFF")

    assert pin_pad.verify_structure(frame, PIN_LENGTHS).hex().upper() == VERIFY


def test_modify_structure_has_the_published_layout() -> None:
    frame = bytes.fromhex("0024008010") + b"\xff" * 16

    assert pin_pad.modify_structure(frame, PIN_LENGTHS).hex().upper() == MODIFY


def test_features_as_a_reader_lists_them() -> None:
    """Made by part 10, 2.2: tag, length 4, control code in network order."""
    answer = bytes.fromhex("060442330006" + "070442330007" + "0A044233000A")

    assert pin_pad.parse_features(answer) == {6: 0x42330006, 7: 0x42330007, 10: 0x4233000A}
    assert pin_pad.parse_features(b"") == {}
    for broken in (answer[:-1], b"\x06\x03" + bytes(4)):
        with pytest.raises(TransportFailed):
            pin_pad.parse_features(broken)


def test_pin_is_typed_on_the_reader() -> None:
    reader = types(pin=PIN)
    session = session_with(reader)

    session.verify_pin(None)

    assert session.has_pin_pad()
    assert reader.asked == ["pin"]
    assert reader.lengths == (6, 8)
    session.prove()


def test_wrong_pin_on_the_pad_counts_as_any_other() -> None:
    reader = types(pin="000000")
    session = session_with(reader)

    for left in (2, 1):
        with pytest.raises(WrongPin) as caught:
            session.verify_pin(None)
        assert caught.value.tries_left == left
    with pytest.raises(LastTry):
        session.verify_pin(None)
    assert reader.asked == ["pin", "pin"]
    with pytest.raises(PinBlocked):
        session.verify_pin(None, allow_last_try=True)


@pytest.mark.parametrize(
    ("typed", "trouble"), [(None, PinNotTyped), ("12345", PinFormat), ("123456789", PinFormat)]
)
def test_what_the_pad_refuses_costs_no_try(typed: str | None, trouble: type[Exception]) -> None:
    reader = types(pin=typed)

    with pytest.raises(trouble):
        session_with(reader).verify_pin(None)

    assert reader.card.pin_tries == 3


def test_pin_is_changed_on_the_reader() -> None:
    reader = types(old=PIN, new="135790", again="135790")
    session = session_with(reader)

    session.change_pin(None, None)

    session.verify_pin(pin("135790"))


def test_new_pins_that_differ_change_nothing() -> None:
    reader = types(old=PIN, new="135790", again="135791")
    session = session_with(reader)

    with pytest.raises(NewPinsDiffer):
        session.change_pin(None, None)

    session.verify_pin(pin())


def test_card_is_unblocked_on_the_reader() -> None:
    reader = types(old=PUK, new="135790", again="135790")
    session = session_with(reader)

    session.unblock(None, None)

    session.verify_pin(pin("135790"))
    with pytest.raises(WrongPuk):
        session_with(types(old="00000000", new=PIN, again=PIN)).unblock(None, None)


def test_reader_without_keys_says_so() -> None:
    session = session_with(card_with())
    no_change = session_with(PadReader(card_with(), lambda _: PIN, can_change=False))

    assert not session.has_pin_pad()
    with pytest.raises(NoPinPad):
        session.verify_pin(None)
    with pytest.raises(NoPinPad):
        no_change.change_pin(None, None)


def test_reader_with_other_features_only_has_no_pad() -> None:
    class Display(PadReader):
        def features(self) -> bytes:
            return bytes.fromhex("120442330012")

    assert PinPad.of(Display(card_with(), lambda _: PIN), PIN_LENGTHS) is None


def test_pad_that_takes_fewer_digits_narrows_the_range() -> None:
    """bMaxPINSize 7, bMinPINSize 4 (part 10, 2.6.14): what card and pad both take."""
    reader = PadReader(card_with(), lambda _: PIN, properties=bytes.fromhex("060104070107"))

    session_with(reader).verify_pin(None)

    assert reader.lengths == (6, 7)
    assert reader.control(PROPERTIES_CODE, b"")


def test_lost_reader_is_a_transport_that_failed() -> None:
    class Lost(PadReader):
        def control(self, code: int, data: bytes) -> bytes:
            if code == VERIFY_CODE:
                return b""
            return super().control(code, data)

    reader = Lost(card_with(), lambda _: PIN)
    with pytest.raises(TransportFailed):
        session_with(reader).verify_pin(None)

    assert reader.card.pin_tries == 3


def test_credential_is_signed_with_the_pin_typed_on_the_reader() -> None:
    """Nothing is kept between the signatures: a strict card has it typed before each."""
    reader = types(pin=PIN)
    with CardSigner(sessions(reader), now=lambda: NOW) as signer:
        signer.unlock(None)
        assert reader.asked == []
        signer.sign_all([b"mdoc", b"sd-jwt"])

    assert reader.asked == ["pin", "pin"]


def test_card_that_holds_the_pin_has_it_typed_once() -> None:
    reader = PadReader(card_with(strict=False), lambda _: PIN)
    with CardSigner(sessions(reader), now=lambda: NOW) as signer:
        signer.unlock(None)
        signer.sign_all([b"mdoc", b"sd-jwt"])

    assert reader.asked == ["pin"]


def test_signer_without_a_pad_wants_a_pin() -> None:
    with CardSigner(sessions(card_with()), now=lambda: NOW) as signer, pytest.raises(NoPinPad):
        signer.unlock(None)


def test_pad_signs_with_any_key_of_the_card() -> None:
    session = PivSession(PadReader(PivCard(), lambda _: PIN))
    session.select()
    card = card_with(KeyType.RSA2048)
    session = session_with(PadReader(card, lambda _: PIN))

    assert len(session.verify_and_sign(Slot.SIGNATURE, b"data", None)) == 256
