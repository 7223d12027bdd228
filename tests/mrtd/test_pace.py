"""desk.mrtd.pace: whole runs, as in the worked examples of Doc 9303-11 and against refusals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu
from desk.iso7816.troubles import TransportFailed
from desk.mrtd import der, domains, pace, security_infos
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.domains import STANDARDIZED, Agreement
from desk.mrtd.mrz import MrzKey
from desk.mrtd.pace_steps import CanKey, Password, ProofWrong
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.security_infos import Mapping, PaceInfo, SecurityInfo
from desk.mrtd.troubles import (
    AccessRefused,
    CanRefused,
    PaceNotTaken,
    PasswordBlocked,
    SessionBroken,
)
from tests.mrtd import pace_examples
from tests.mrtd.pace_chip import PaceChip
from tests.mrtd.pace_examples import EAC, G1, G2, H1, H2, I1, Example

MRZ = pace_examples.MRZ_G
DIGITS = pace_examples.DIGITS
CAN = CanKey("500540")
_FAMILIES = {
    (Agreement.DH, Mapping.GENERIC): "1",
    (Agreement.ECDH, Mapping.GENERIC): "2",
    (Agreement.DH, Mapping.INTEGRATED): "3",
    (Agreement.ECDH, Mapping.INTEGRATED): "4",
    (Agreement.ECDH, Mapping.CHIP_AUTHENTICATION): "6",
}


def offer(*entries: tuple[str, int]) -> tuple[PaceInfo, ...]:
    """Offers by family and cipher («2.2») and group."""
    items = (
        SecurityInfo(f"0.4.0.127.0.7.2.2.4.{arcs}", der.integer(2), der.integer(group))
        for arcs, group in entries
    )
    return security_infos.parse(security_infos.encode(*items)).pace


def one(arcs: str = "2.2", group: int = 13) -> PaceInfo:
    return offer((arcs, group))[0]


def info_of(example: Example) -> PaceInfo:
    return security_infos.parse(tlv.encode(der.SET, example.info)).pace[0]


_LARGE = 264
"""Bits of a modulus from which on arithmetic takes long enough to be sparing with runs."""


def every_way() -> Iterator[PaceInfo]:
    """Every standardised group with every mapping, and with every cipher that goes with it.

    Of the ciphers, which know nothing of the group, large ones get those with longer keys.
    """
    for domain, (agreement, mapping), cipher in itertools.product(
        STANDARDIZED.values(), _FAMILIES, SessionCipher
    ):
        large = domain.modulus.bit_length() > _LARGE
        if large and cipher in (SessionCipher.TRIPLE_DES, SessionCipher.AES_128):
            continue
        if domain.agreement is agreement:
            arcs = f"{_FAMILIES[agreement, mapping]}.{cipher.arc}"
            yield from (i for i in offer((arcs, domain.parameter_id)) if i.is_usable)


class Script:
    """A chip that plays answers in order and keeps what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.seen: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.seen.append(apdu)
        return self.answers.pop(0)


def answer(tag: int, value: bytes, *more: bytes) -> bytes:
    return tlv.encode(0x7C, tlv.encode(tag, value), *more) + b"\x90\x00"


OK = b"\x90\x00"


def random_of(example: Example) -> domains.RandomBytes:
    """Makes the terminal draw the example's keys, and its nonce where there is one."""
    keys = [example.map_terminal_private] if example.map_terminal_private else []
    order = STANDARDIZED[example.info[-1]].order
    private = [int.from_bytes(key) % order for key in (*keys, example.terminal_private)]
    nonces = [example.t] if example.t else []

    def random(length: int) -> bytes:
        return nonces.pop(0) if nonces else (private.pop(0) - 1).to_bytes(length)

    return random


def script_of(example: Example, *last: bytes) -> Script:
    return Script(
        OK,
        answer(0x80, example.encrypted_nonce),
        answer(0x82, example.map_chip_public),
        answer(0x84, example.chip_public),
        answer(0x86, example.chip_token, *last),
    )


# What the terminal sends in appendix G.1.
G1_COMMANDS = [
    "0022C1A40F800A04007F00070202040202830101",
    "10860000027C0000",
    "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552"
    "DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
    "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3"
    "B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
    "008600000C7C0A8508C2B0BD78D94BA86600",
]
# Appendix G.2: the chip adds a reference of a certification authority nobody asked for.
G2_REFERENCE = bytes.fromhex("870F444554455354435643413030303033")
# Appendix I: what follows the chip's token.
I1_PROOF = tlv.encode(0x8A, pace_examples.I1_ENCRYPTED_PROOF)


def test_the_commands_of_the_first_worked_example() -> None:
    chip = script_of(G1)

    pace.open_session(chip, info_of(G1), MRZ, random_of(G1))

    assert [apdu.hex().upper() for apdu in chip.seen] == G1_COMMANDS


@pytest.mark.parametrize(
    ("example", "password", "last"),
    [
        (G1, MRZ, ()),
        (G2, MRZ, (G2_REFERENCE,)),
        (I1, pace_examples.MRZ_I, (I1_PROOF,)),
        (EAC, DIGITS, ()),
    ],
    ids=("G.1", "G.2", "I.1", "EAC"),
)
def test_whole_runs_of_the_worked_examples(
    example: Example, password: Password, last: tuple[bytes, ...]
) -> None:
    chip = script_of(example, *last)

    opened = pace.open_session(chip, info_of(example), password, random_of(example))

    sent = [CommandApdu.parse(apdu).data for apdu in chip.seen]
    assert sent[2] == tlv.encode(0x7C, tlv.encode(0x81, example.map_terminal_public))
    assert sent[3] == tlv.encode(0x7C, tlv.encode(0x83, example.terminal_public))
    assert sent[4] == tlv.encode(0x7C, tlv.encode(0x85, example.terminal_token))
    assert opened.messaging.counter == bytes(16)
    expected = SecureMessaging(SessionCipher.AES_128.suite(example.shared))
    command = CommandApdu(0x00, 0xB0, 0x9C, 0x00, le=8)
    assert opened.messaging.protect(command) == expected.protect(command)
    assert (opened.proof is None) == (example is not I1)


@pytest.mark.parametrize("example", [H1, H2], ids=("H.1", "H.2"))
def test_whole_runs_with_integrated_mapping(example: Example) -> None:
    chip = script_of(example)

    opened = pace.open_session(chip, info_of(example), DIGITS, random_of(example))

    sent = [CommandApdu.parse(apdu).data for apdu in chip.seen]
    assert sent[2] == tlv.encode(0x7C, tlv.encode(0x81, example.t))
    assert sent[3] == tlv.encode(0x7C, tlv.encode(0x83, example.terminal_public))
    assert sent[4] == tlv.encode(0x7C, tlv.encode(0x85, example.terminal_token))
    assert opened.proof is None


def test_the_proof_of_the_worked_example_is_the_chips() -> None:
    chip = script_of(I1, I1_PROOF)

    opened = pace.open_session(chip, info_of(I1), pace_examples.MRZ_I, random_of(I1))

    signed = security_infos.parse(tlv.encode(der.SET, pace_examples.I1_KEY_INFO))
    assert opened.proof is not None
    opened.proof.verify(signed)


@pytest.mark.parametrize("info", [*every_way()], ids=lambda info: info.label)
def test_every_way_opens_a_session_that_both_sides_share(info: PaceInfo) -> None:
    password: Password = CAN if info.cipher is SessionCipher.AES_192 else MRZ
    chip = PaceChip(info, password, static=4711)

    opened = pace.open_session(chip, info, password)

    assert chip.messaging is not None
    command = CommandApdu(0x00, 0xB0, 0x81, 0x00, le=100)
    assert chip.messaging.unprotect_command(opened.messaging.protect(command)) == command
    if info.mapping is Mapping.CHIP_AUTHENTICATION:
        assert opened.proof is not None
        assert opened.proof.map_public == chip.domain.public_key(chip.map_private)


REPRESENTATIVE = [
    one("1.2", 0),
    one("2.1", 12),
    one("2.2", 13),
    one("2.4", 11),
    one("3.4", 0),
    one("4.1", 9),
    one("6.3", 8),
]
EACH = pytest.mark.parametrize("info", REPRESENTATIVE, ids=lambda info: info.label)


@EACH
@pytest.mark.parametrize(
    ("right", "typed", "trouble", "code"),
    [
        (MRZ, MrzKey("T22000129", "640812", "101131"), AccessRefused, "CHIP-03"),
        (CAN, CanKey("500541"), CanRefused, "CHIP-30"),
    ],
)
def test_a_wrong_password_is_refused_by_the_chip(
    info: PaceInfo, right: Password, typed: Password, trouble: type[AccessRefused], code: str
) -> None:
    chip = PaceChip(info, right, static=5)

    with pytest.raises(trouble) as caught:
        pace.open_session(chip, info, typed)

    assert (caught.value.code, caught.value.facts) == (code, {"sw": "6300"})
    assert chip.messaging is None


def flipped(message_number: int, place: int, bit: int) -> Callable[[int, bytes], bytes]:
    """Turns one bit of one message that has data, leaving the others alone."""

    def tamper(number: int, message: bytes) -> bytes:
        if number != message_number or not message:
            return message
        altered = bytearray(message)
        altered[place % len(altered)] ^= 1 << bit
        return bytes(altered)

    return tamper


# The numbers of a run's messages with data, commands even and answers odd: MSE 0, nonce 2
# and 3, mapping 4 and 5, key agreement 6 and 7, tokens 8 and 9.
MESSAGES = (0, 2, 3, 4, 5, 6, 7, 8, 9)
_HEADER = 5


@EACH
@settings(max_examples=10, deadline=None)
@given(st.sampled_from(MESSAGES), st.integers(0, 10_000), st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(info: PaceInfo, number: int, place: int, bit: int) -> None:
    """Either the run is refused by name, or both sides still hold the very same keys.

    The latter for bits that carry nothing: an Le, the parity of a DES key.
    """
    chip = PaceChip(info, MRZ, flipped(number, place, bit), static=5)

    try:
        opened = pace.open_session(chip, info, MRZ)
    except (AccessRefused, PaceNotTaken, SessionBroken, TransportFailed):
        return
    command = CommandApdu(0x00, 0xB0, 0x81, 0x00, le=100)
    assert chip.messaging is not None
    assert chip.messaging.unprotect_command(opened.messaging.protect(command)) == command
    if opened.proof is not None and number in (5, 9):
        assert number == 9


def messages_ending_in_a_value(info: PaceInfo) -> list[int]:
    """Without the empty mapping data of the integrated mapping, and the proof, judged later."""
    left_out = {Mapping.INTEGRATED: 5, Mapping.CHIP_AUTHENTICATION: 9}.get(info.mapping)
    return [number for number in range(3, 10) if number != left_out]


@pytest.mark.parametrize(
    ("info", "number"),
    [(info, number) for info in REPRESENTATIVE for number in messages_ending_in_a_value(info)],
    ids=lambda value: getattr(value, "label", str(value)),
)
def test_a_changed_value_is_always_refused(info: PaceInfo, number: int) -> None:
    """The last byte of a message's data, which is part of a nonce, key or token.

    Not its lowest bit: in a nonce that becomes a DES key it is parity and carries nothing.
    """
    last = -2 if number % 2 == 0 else -1
    chip = PaceChip(info, MRZ, flipped(number, last, 1), static=5)

    with pytest.raises((AccessRefused, PaceNotTaken, SessionBroken)):
        pace.open_session(chip, info, MRZ)


@pytest.mark.parametrize("place", [-1, -20, -40])
def test_a_changed_proof_proves_nothing(place: int) -> None:
    info = one("6.2", 13)
    chip = PaceChip(info, MRZ, flipped(9, place, 3), static=5)
    domain = STANDARDIZED[13]
    key = domains.public_key_info(domain, domain.public_key(5))
    entry = SecurityInfo("0.4.0.127.0.7.2.2.1.2", key, der.integer(13))
    signed = security_infos.parse(security_infos.encode(entry))

    opened = pace.open_session(chip, info, MRZ)

    assert opened.proof is not None
    with pytest.raises(ProofWrong):
        opened.proof.verify(signed)


def test_a_chip_that_leaves_its_proof_out_proves_nothing() -> None:
    opened = pace.open_session(script_of(I1), info_of(I1), pace_examples.MRZ_I, random_of(I1))

    signed = security_infos.parse(tlv.encode(der.SET, pace_examples.I1_KEY_INFO))
    assert opened.proof is not None
    with pytest.raises(ProofWrong):
        opened.proof.verify(signed)


def test_a_proof_without_its_mapping_is_refused() -> None:
    """4.4.5: encrypted chip authentication data must not be present otherwise."""
    with pytest.raises(SessionBroken):
        pace.open_session(script_of(G1, I1_PROOF), info_of(G1), MRZ, random_of(G1))


def replaced(index: int, answered: bytes) -> Script:
    """The first worked example with one answer of the chip replaced."""
    chip = script_of(G1)
    chip.answers[index] = answered
    return chip


_SMALL = STANDARDIZED[13].public_key(2)
_SHORT_NONCE, _LONG_NONCE = b"\x01" * 15, b"\x01" * 80


@pytest.mark.parametrize(
    ("index", "answered", "why"),
    [
        (1, answer(0x80, b""), "no nonce"),
        (1, answer(0x80, _SHORT_NONCE), "nonce of no whole blocks"),
        (1, answer(0x80, _LONG_NONCE), "nonce too long"),
        (1, answer(0x82, G1.encrypted_nonce), "another data object"),
        (1, b"\x7c\x00" + OK, "no data object"),
        (1, G1.encrypted_nonce + OK, "no template"),
        (1, OK, "nothing"),
        (1, answer(0x80, G1.encrypted_nonce)[:-2] * 2 + OK, "two templates"),
        (1, answer(0x80, G1.encrypted_nonce, tlv.encode(0x80, b"")), "object twice"),
        (2, answer(0x82, b"\x00"), "point at infinity"),
        (2, answer(0x82, G1.map_chip_public[:-1]), "point cut short"),
        (2, answer(0x82, G1.map_chip_public[:-1] + b"\x00"), "point off the curve"),
        (2, answer(0x82, b"\x02" + G1.map_chip_public[1:33]), "compressed point"),
        (2, answer(0x82, G1.map_terminal_public), "our own mapping key"),
        (3, answer(0x84, G1.terminal_public), "our own ephemeral key"),
        (3, answer(0x84, STANDARDIZED[12].public_key(9)), "point of another curve"),
        (3, answer(0x84, _SMALL[:-1] + b"\x00"), "point off the curve"),
        (3, answer(0x83, G1.chip_public), "tag of the command"),
        (4, answer(0x86, b""), "empty token"),
        (4, answer(0x86, G1.chip_token[:-1]), "token cut short"),
        (4, answer(0x86, G1.chip_token + b"\x00"), "token too long"),
        (4, answer(0x86, G1.terminal_token), "our own token"),
        (4, answer(0x87, G1.chip_token), "no token"),
        (4, b"\x7c\x7f" + OK, "length beyond the end"),
    ],
)
def test_a_chip_that_departs_from_the_protocol(index: int, answered: bytes, why: str) -> None:
    with pytest.raises(SessionBroken):
        pace.open_session(replaced(index, answered), info_of(G1), MRZ, random_of(G1))


@pytest.mark.parametrize("data", [b"\x01", H1.t, H1.chip_public])
def test_integrated_mapping_takes_no_data_of_the_chip(data: bytes) -> None:
    chip = script_of(H1)
    chip.answers[2] = answer(0x82, data)

    with pytest.raises(SessionBroken):
        pace.open_session(chip, info_of(H1), DIGITS, random_of(H1))


def test_integrated_mapping_works_without_the_empty_object() -> None:
    """4.4.5.2.2 wants it there and empty; left out it says the same."""
    chip = script_of(H1)
    chip.answers[2] = b"\x7c\x00" + OK

    assert pace.open_session(chip, info_of(H1), DIGITS, random_of(H1)).proof is None


def test_dh_keys_outside_the_subgroup_are_refused() -> None:
    prime = STANDARDIZED[0].modulus
    for value in (0, 1, 2, prime - 1, prime + 1):
        chip = script_of(G2)
        chip.answers[2] = answer(0x82, domains.unsigned(value))
        with pytest.raises(SessionBroken):
            pace.open_session(chip, info_of(G2), MRZ, random_of(G2))


@pytest.mark.parametrize("index", [0, 1, 2, 3])
@pytest.mark.parametrize("sw", ["6A80", "6A88", "6985", "6D00", "6300", "6700"])
def test_a_chip_that_refuses_what_it_offers(index: int, sw: str) -> None:
    chip = replaced(index, bytes.fromhex(sw))
    chip.answers.insert(index + 1, bytes.fromhex(sw))  # for the second try with a group

    with pytest.raises(PaceNotTaken) as caught:
        pace.open_session(chip, info_of(G1), MRZ, random_of(G1))

    step = ("choose", "nonce", "map", "agree")[index]
    assert caught.value.facts == {"step": step, "sw": sw}


@pytest.mark.parametrize(
    ("sw", "facts"),
    [
        ("6300", {"sw": "6300"}),
        ("63C2", {"sw": "63C2", "tries": 2}),
        ("6A80", {"sw": "6A80"}),
        ("6982", {"sw": "6982"}),
    ],
)
def test_a_refused_token_tells_the_tries_that_are_left(sw: str, facts: object) -> None:
    with pytest.raises(AccessRefused) as caught:
        pace.open_session(replaced(4, bytes.fromhex(sw)), info_of(G1), MRZ, random_of(G1))

    assert type(caught.value) is AccessRefused
    assert caught.value.facts == facts


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("sw", ["63C0", "6983"])
def test_a_blocked_password(index: int, sw: str) -> None:
    with pytest.raises(PasswordBlocked) as caught:
        pace.open_session(replaced(index, bytes.fromhex(sw)), info_of(G1), MRZ, random_of(G1))

    assert (caught.value.code, caught.value.facts) == ("CHIP-31", {"sw": sw})


def test_a_warning_of_few_tries_does_not_stop_the_run() -> None:
    chip = replaced(0, b"\x63\xc1")

    assert pace.open_session(chip, info_of(G1), MRZ, random_of(G1)).proof is None


def test_several_groups_are_named() -> None:
    """4.4.4.1: data object 84 where the domain parameters are ambiguous."""
    both = offer(("2.2", 13), ("2.2", 12))
    chip = PaceChip(both[0], CAN)

    pace.open_session(chip, both[0], CAN)

    number = f"{both[0].parameter_id:02X}"
    expected = f"800A04007F000702020402028301028401{number}"
    assert chip.commands[0].data.hex().upper() == expected


@pytest.mark.parametrize("sw", [b"\x6a\x80", b"\x6a\x87", b"\x6a\x88"])
def test_a_chip_that_wants_its_only_group_named(sw: bytes) -> None:
    """6A87 is what Ukrainian passports of before 2022 say (gmrtd, issue 108)."""
    chip = script_of(G1)
    chip.answers.insert(0, sw)

    pace.open_session(chip, info_of(G1), MRZ, random_of(G1))

    assert chip.seen[0].hex().upper() == G1_COMMANDS[0]
    assert chip.seen[1].hex().upper() == "0022C1A412800A04007F0007020204020283010184010D"


def test_long_dh_keys_travel_in_extended_commands() -> None:
    """9.3.1.2: GENERAL AUTHENTICATE may, whatever the chip says of its buffers."""
    info = one("1.4", 2)
    chip = PaceChip(info, MRZ)

    pace.open_session(chip, info, MRZ)

    assert [command.is_extended for command in chip.commands] == [False, False, True, True, False]
    assert [command.cla for command in chip.commands] == [0x00, 0x10, 0x10, 0x10, 0x00]


def test_an_offer_that_the_desk_does_not_know_is_not_tried() -> None:
    chip = Script()

    with pytest.raises(PaceNotTaken):
        pace.open_session(chip, one("4.2", 10), MRZ)

    assert chip.seen == []


def test_the_best_offer() -> None:
    """Appendix J.1: the chip authentication mapping saves time; then strength."""

    def best(*entries: tuple[str, int]) -> str:
        items = (
            SecurityInfo(f"0.4.0.127.0.7.2.2.4.{arcs}", der.integer(2), der.integer(group))
            for arcs, group in entries
        )
        chosen = pace.best(security_infos.parse(security_infos.encode(*items)))
        return "" if chosen is None else chosen.label

    assert best(("2.4", 17), ("6.2", 13)) == "ECDH-CAM AES-128 brainpoolP256r1"
    assert best(("1.4", 2), ("2.2", 12)) == "ECDH-GM AES-128 secp256r1"
    assert best(("4.2", 13), ("2.1", 13)) == "ECDH-GM 3DES brainpoolP256r1"
    assert best(("2.1", 13), ("2.3", 13), ("2.2", 13)) == "ECDH-GM AES-192 brainpoolP256r1"
    assert best(("2.2", 8), ("2.2", 18), ("2.2", 12)) == "ECDH-GM AES-128 secp256r1"
    assert best(("2.2", 8), ("2.2", 11)) == "ECDH-GM AES-128 brainpoolP224r1"
    assert best(("4.2", 10)) == best(("2.9", 13)) == ""


def test_secrets_stay_out_of_repr() -> None:
    chip = script_of(I1, I1_PROOF)

    shown = repr(pace.open_session(chip, info_of(I1), pace_examples.MRZ_I, random_of(I1)))

    assert pace_examples.I1_PROOF.hex() not in shown.lower()
    assert str(int.from_bytes(pace_examples.I1_PROOF)) not in shown
