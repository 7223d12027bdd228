"""The training card at the byte level: SP 800-73-4 part 2, with hand-made commands."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.cards.piv_data import KeyType, Slot
from desk.iso7816 import tlv
from desk.training.piv_card import TRAINING_ATR, PivCard, generate_key

SELECT = "00A4040009A00000030800001000"
PIN = "313233343536FFFF"
WRONG = "303030303030FFFF"
PUK = "3132333435363738"


class Contacts:
    """Commands and answers in hexadecimal."""

    def __init__(self, card: PivCard) -> None:
        self.card = card

    def __call__(self, command: str) -> str:
        return self.card.transmit(bytes.fromhex(command)).hex().upper()


def selected(card: PivCard | None = None) -> Contacts:
    contacts = Contacts(card or card_with_keys())
    assert contacts(SELECT).endswith("9000")
    return contacts


def card_with_keys(*, strict: bool = True) -> PivCard:
    slots = (Slot.AUTHENTICATION, Slot.SIGNATURE, Slot.KEY_MANAGEMENT, Slot.CARD_AUTHENTICATION)
    return PivCard({slot: generate_key(KeyType.P256) for slot in slots}, strict=strict)


def sign_with(slot: str) -> str:
    """GENERAL AUTHENTICATE of a 32-byte hash with a P-256 key (part 2, appendix A.3)."""
    return f"008711{slot}267C2482008120" + "5A" * 32 + "00"


def test_answer_to_reset_is_well_formed() -> None:
    """TS, T0 with eleven historical bytes, T=1 and a checksum that comes to zero (ISO 7816-3)."""
    check = 0
    for octet in TRAINING_ATR[1:]:
        check ^= octet

    assert TRAINING_ATR[:3].hex() == "3b8b01"
    assert len(TRAINING_ATR) == 3 + 11 + 1
    assert check == 0


def test_select_answers_with_the_application_template() -> None:
    """61 with 4F (PIX) and 79/4F (part 2, table 3)."""
    contacts = Contacts(card_with_keys())

    answer = bytes.fromhex(contacts(SELECT))

    template = tlv.parse_one(answer[:-2], 0x61)
    assert template.get(0x4F).hex() == "000010000100"
    assert template.get(0x79, 0x4F).hex() == "a000000308"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A4040007A0000002471001", "6A82"),  # the passport's application
        ("00A4040002A000", "6A82"),
        ("00A4000009A00000030800001000", "6A86"),
        ("0020008000", "6985"),  # nothing selected yet
        ("80A4040009A00000030800001000", "6E00"),
        ("00A40400", "6A82"),
        ("00A404", "6700"),
    ],
)
def test_refusals_before_selection(command: str, sw: str) -> None:
    assert Contacts(card_with_keys())(command) == sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00B0000000", "6D00"),
        ("00FD000000", "6D00"),  # a vendor's command: a strict card knows none
        ("00CB3FFF055C035FC1FF00", "6A82"),
        ("00CB3F00055C035FC10200", "6A86"),
        ("00CB3FFF0200", "6700"),
        ("00CB3FFF0130", "6A80"),
        ("00CB3FFF055C035FC10900", "6982"),  # printed information wants the PIN
        ("0020000000", "6A88"),  # no global PIN
        ("0020018000", "6A86"),
        ("002000800831323334FFFFFFFF", "6A80"),  # four digits: no try lost
        ("0020008004313233", "6700"),
        ("00870A9C" + "04" + "7C028000" + "00", "6A86"),
        ("0087119B" + "04" + "7C028000" + "00", "6A86"),
        ("00871133" + "04" + "7C028000" + "00", "6A86"),
        ("0047009A05AC03800111" + "00", "6982"),
        ("00DB3FFF085C035FC105530101", "6982"),
    ],
)
def test_refusals_after_selection(command: str, sw: str) -> None:
    contacts = selected()

    assert contacts(command) == sw
    assert contacts.card.pin_tries == 3


def test_tries_are_told_and_counted() -> None:
    """VERIFY without data: 63CX, 6983 when blocked, 9000 when verified (part 2, 3.2.1)."""
    contacts = selected()

    answers = [contacts("00200080")]
    answers += [contacts("0020008008" + WRONG) for _ in range(3)]
    answers += [contacts("00200080"), contacts("0020008008" + PIN)]

    assert answers == ["63C3", "63C2", "63C1", "63C0", "6983", "6983"]


def test_right_pin_refills_the_tries() -> None:
    contacts = selected()
    contacts("0020008008" + WRONG)

    assert contacts("0020008008" + PIN) == "9000"
    assert contacts("00200080") == "9000"
    assert contacts("0020FF80") == "9000"  # P1 FF resets the status
    assert contacts("00200080") == "63C3"


def test_wrong_pin_takes_the_verification_away() -> None:
    contacts = selected()
    contacts("0020008008" + PIN)

    contacts("0020008008" + WRONG)

    assert contacts(sign_with("9A")) == "6982"


def test_puk_sets_a_new_pin() -> None:
    contacts = selected()
    for _ in range(3):
        contacts("0020008008" + WRONG)

    assert contacts("002C008010" + WRONG + "393837363534FFFF") == "63C2"
    assert contacts("002C008010" + PUK + "393837363534FFFF") == "9000"
    assert contacts("0020008008" + "393837363534FFFF") == "9000"
    assert contacts.card.puk_tries == 3


def test_references_are_changed_and_their_form_is_watched() -> None:
    contacts = selected()

    assert contacts("0024008010" + PIN + "313100000000FFFF") == "9000"
    assert contacts("0024008010" + PIN + "3131FFFFFFFFFFFF") == "6A80"
    assert contacts("0024008110" + WRONG + PUK) == "63C2"
    assert contacts("0024008208" + PIN) == "6A88"
    assert contacts("0024008008" + PIN) == "6A80"


def test_signature_slot_wants_verify_as_the_command_before() -> None:
    """PIN always: any command between VERIFY and 9C, even a harmless one, is one too many."""
    contacts = selected()

    assert contacts(sign_with("9C")) == "6982"
    contacts("0020008008" + PIN)
    assert contacts(sign_with("9C")).endswith("9000")
    assert contacts(sign_with("9C")) == "6982"
    contacts("0020008008" + PIN)
    contacts("00CB3FFF055C035FC10200")
    assert contacts(sign_with("9C")) == "6982"


def test_lenient_card_signs_on() -> None:
    contacts = selected(card_with_keys(strict=False))
    contacts("0020008008" + PIN)

    assert contacts(sign_with("9C")).endswith("9000")
    assert contacts(sign_with("9C")).endswith("9000")


def test_chained_signature_counts_as_one_command() -> None:
    contacts = selected()
    whole = "7C2482008120" + "5A" * 32
    contacts("0020008008" + PIN)

    assert contacts("1087119C10" + whole[:32]) == "9000"
    assert contacts("0087119C16" + whole[32:] + "00").endswith("9000")


def test_broken_chain_is_forgotten() -> None:
    contacts = selected()
    contacts("0020008008" + PIN)
    contacts("1087119A10" + "7C2482008120" + "5A" * 10)

    assert contacts("0087119C16" + "5A" * 22 + "00") == "6A80"


def test_other_slots_want_the_pin_once_or_never() -> None:
    contacts = selected()

    assert contacts(sign_with("9E")).endswith("9000")
    assert contacts(sign_with("9A")) == "6982"
    contacts("0020008008" + PIN)
    assert contacts(sign_with("9A")).endswith("9000")
    assert contacts(sign_with("9A")).endswith("9000")
    assert contacts(sign_with("9D")) == "6A80"  # key management does not sign


@pytest.mark.parametrize(
    "data",
    [
        "7C2282008120" + "5A" * 31,
        "7C2382008120" + "5A" * 31,
        "7C22" + "8120" + "5A" * 32,
        "7C258200812100" + "5A" * 32,
        "7C00",
        "00",
    ],
)
def test_malformed_templates_are_refused(data: str) -> None:
    contacts = selected()
    contacts("0020008008" + PIN)

    assert contacts(f"0087119A{len(data) // 2:02X}{data}00") == "6A80"


def test_reset_forgets_what_was_proven() -> None:
    contacts = selected()
    contacts("0020008008" + PIN)

    contacts.card.reset()

    assert contacts(sign_with("9A")) == "6985"
    contacts(SELECT)
    assert contacts(sign_with("9A")) == "6982"


def test_one_sided_management_authentication() -> None:
    """The older form, challenge from the card only; a wrong answer ends it."""
    contacts = selected()
    challenge = contacts("00870A9B047C02810000")

    assert challenge.startswith("7C128110") and challenge.endswith("9000")
    assert contacts("00870A9B147C128210" + "00" * 16) == "6982"
    assert contacts("00870A9B147C128010" + "00" * 16) == "6982"


def test_answers_longer_than_a_short_one_come_in_pieces() -> None:
    card = PivCard(certificates={Slot.SIGNATURE: bytes(700)})
    contacts = selected(card)

    first = contacts("00CB3FFF055C035FC10A00")
    second = contacts("00C0000000")
    third = contacts("00C00000C9")

    assert (len(first), first[-4:]) == (258 * 2, "6100")
    assert (len(second), second[-4:]) == (258 * 2, "61C9")
    assert third.endswith("9000")
    whole = bytes.fromhex(first[:-4] + second[:-4] + third[:-4])
    assert tlv.parse_one(whole, 0x53)


def test_extended_length_brings_it_whole() -> None:
    contacts = selected(PivCard(certificates={Slot.SIGNATURE: bytes(700)}))

    assert contacts("00CB3FFF0000055C035FC10A0000").endswith("9000")


def test_endless_chain_is_stopped() -> None:
    contacts = selected()
    answers = {contacts("10DB3FFFFF" + "00" * 255) for _ in range(40)}

    assert answers == {"9000", "6700"}


def test_discovery_object_names_the_application_pin() -> None:
    """Part 1, 3.3.2: 7E with AID and PIN usage policy 4000."""
    answer = selected()("00CB3FFF035C017E00")

    assert answer == "7E124F0BA0000003080000100001005F2F0240009000"


# --- what survives ----------------------------------------------------------------------


def test_state_survives_a_restart_by_way_of_json() -> None:
    """Tries, PIN, keys and objects are the same after the program began again."""
    card = card_with_keys()
    contacts = selected(card)
    contacts("0024008010" + PIN + "393837363534FFFF")
    contacts("0020008008" + WRONG)
    contacts("002C008010" + WRONG + PIN)

    again = PivCard.from_state(json.loads(json.dumps(card.state())))

    assert again.state() == card.state()
    assert (again.pin_tries, again.puk_tries) == (2, 2)
    contacts = selected(again)
    assert contacts("0020008008" + "393837363534FFFF") == "9000"
    assert contacts(sign_with("9C")).endswith("9000")


def test_every_try_is_durable_before_its_answer() -> None:
    """Killing the program after a wrong PIN gives no try back."""
    saved: list[int] = []
    card = card_with_keys()
    card.on_change = lambda: saved.append(card.pin_tries)
    contacts = selected(card)

    for _ in range(3):
        contacts("0020008008" + WRONG)
    contacts("002C008010" + PUK + PIN)

    assert saved[:3] == [2, 1, 0]
    assert saved[-1] == 3


def test_use_without_change_saves_nothing() -> None:
    saved: list[None] = []
    card = card_with_keys()
    card.on_change = lambda: saved.append(None)
    contacts = selected(card)

    contacts("0020008008" + PIN)
    contacts(sign_with("9C"))

    assert not saved


@pytest.mark.parametrize("spoil", ["keys", "management", "tries"])
def test_state_of_another_structure_is_refused(spoil: str) -> None:
    state = card_with_keys().state()
    state[spoil] = "nothing of the kind"

    with pytest.raises(ValueError):
        PivCard.from_state(state)


def test_install_replaces_and_removes() -> None:
    card = card_with_keys()
    card.install(Slot.SIGNATURE, generate_key(KeyType.P384), b"certificate")
    contacts = selected(card)
    assert contacts("00CB3FFF055C035FC10A00").endswith("9000")

    card.install(Slot.SIGNATURE, None, None)

    assert contacts("00CB3FFF055C035FC10A00") == "6A82"


@settings(deadline=None)
@given(command=st.binary(max_size=300))
def test_any_bytes_get_a_status_word(command: bytes) -> None:
    """Nothing a reader may send makes the card raise."""
    assert len(_shared().transmit(command)) >= 2


@settings(deadline=None)
@given(
    ins=st.sampled_from([0x20, 0x24, 0x2C, 0x47, 0x87, 0xA4, 0xC0, 0xCB, 0xDB]),
    p1=st.sampled_from([0x00, 0x04, 0x3F, 0xFF, 0x11, 0x0A]),
    p2=st.sampled_from([0x00, 0x80, 0x81, 0x9A, 0x9B, 0x9C, 0x9D, 0xFF]),
    data=st.binary(max_size=60) | st.binary(max_size=40).map(lambda b: tlv.encode(0x7C, b)),
)
def test_any_data_for_known_commands_gets_a_status_word(
    ins: int, p1: int, p2: int, data: bytes
) -> None:
    card = _shared()
    card.transmit(bytes.fromhex(SELECT))

    answer = card.transmit(bytes([0, ins, p1, p2, len(data)]) + data)

    assert len(answer) >= 2


def _once(make: Callable[[], PivCard]) -> Callable[[], PivCard]:
    made: list[PivCard] = []

    def get() -> PivCard:
        if not made:
            made.append(make())
        return made[0]

    return get


_shared = _once(card_with_keys)
