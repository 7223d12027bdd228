"""desk.mrtd.chip_authentication against published numbers, chips and copies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import ask
from desk.mrtd import der, domains, security_infos
from desk.mrtd.chip_authentication import Attempt, authenticate, best_offer, session
from desk.mrtd.ciphers import SessionCipher, aes_keys, triple_des_keys
from desk.mrtd.domains import STANDARDIZED, Agreement, DomainParameters, KeyInvalid, public_key_info
from desk.mrtd.secure_messaging import SecureChannel, SecureMessaging
from desk.mrtd.security_infos import SecurityInfo, SecurityInfos
from desk.mrtd.signatures import Unsupported
from desk.mrtd.troubles import SessionBroken

READ = CommandApdu(0x00, 0xB0, 0x82, 0x00, le=8)
CONTENT = bytes(range(8))


@dataclass(frozen=True)
class Published:
    """One side's keys of each, what both agree on, and the session keys of version 2."""

    parameter_id: int
    chip_private: str
    chip_public: str
    terminal_private: str
    terminal_public: str
    secret: str
    nonce: str
    encryption_key: str
    mac_key: str


# BSI, Worked Example for Extended Access Control, version 1.0, as printed in the self-tests
# of OpenPACE (src/eactest.c, tc_ecdh_ca_* and tc_dh_ca_*). Its session keys are those of
# version 2, whose derivation takes the chip's nonce as well.
EXAMPLES = [
    Published(
        13,
        "7984674CF3B3A524BF929CE8A67FCF22173DA0BAD595EED6DEB72D22C542FA9D",
        "04A44EBE5451DF7AADB01E459B8C928A87746A57927C8C28A6775C97A7E1FE8D9A46FF4A1CC7E4D1"
        "389AEA19758E4F75C28C598FD734AEBEB135337CF95BE12E94",
        "A6A4D255C5BF7A77EC3D0553DB74F693CF044E18C98364D4977A296108AF19BD",
        "045A7A377FC9CAFC03AC7FF45441A8B2909D88EAB8E6B0173847AB49B949DF3799A34EE57EC55268"
        "CF8B1C3EC489F8BF4CF4C68D3FD9670E89C0D5D3FFF1AAF89F",
        "791DA04273CCFE862E52DF60347E2557192E1F8D7517822CE3D306056C1CDEB4",
        "4287B3072A3EDC60",
        "94ABCD271AB7D9A5590BA52CB518B831",
        "78B5709E7ABEDB185B424D0EE3A82499",
    ),
    Published(
        0,
        "D0E5A95ECA541DEF4FE92B9FF9920D49A454C297",
        "1B3345F8DC04341BF8B2C97F652FA680E5D4FA4C146AE4B839431A644A79BC368C4822C89CD018A5"
        "7F953644BEDA679C5B532902320E83E13B80DEEF8C18AF3E7D493AE3F88196101B9F78EAFE4B3025"
        "EF8BFF916B2FC02D762D0838DEA29C09B485591C2F47F87C71F530BB358F56AF6459D86DBF85EAF9"
        "EDBD962CD364F7B8",
        "A2CFFD06C34AFD622EEE0FC31F093FDFDA609C67121CACF0A8F52291DE6853BB5C93CF76705775EC"
        "F408A74302613BEECB381447D36494C9E18951EC17252DD2A807AAE09FA4DC30183339013D9C9191"
        "303CACEE3C91E926A36D014A5CFA94950CADB37B534F32A9BF76B37980979304C5663871BD746EB9"
        "E95A47CA471B4EDE",
        "A2830947A6FCAACDE2FCB88B29AB38E07C3453ABC4BCB466087E11C79F32A19E6EF22BE108F8DD18"
        "FE8249C960951511200DC985AA3EC0CCAD59A5F9BBCC33EE5F1577E20330B4DD10EB06B740277C97"
        "A189180EDE52BEE9D429F10FB77F180F05D6A99C499CB5E1ECEEB8E92284F66EA98479674CE73F53"
        "C567A03B0D297833",
        "2A4FC2D11490DF4773DDFA6FF705557C51F4AD4533E8D8A66A3001BFDD271DB87BE3C1CAC22A05E8"
        "AF1A066DD0298E75DB928AAFDF00EB4BFB1BD12F372313C1CA649056517305638515D5A4FBE0AC59"
        "BDC80E8C5A5F46254D231916EA77F80AC58E6B63A26198EE4387F10981E8E46FFBA23790C81E6793"
        "63C589587D30BBB3",
        "1A1AC1AB04D96965",
        "E813D09DF69FFCC63763C537F828985C",
        "066721F3EBEA787B4F1C6DCA431EC229",
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=["ECDH", "DH"])
def test_both_sides_agree_as_in_the_worked_example(example: Published) -> None:
    domain = STANDARDIZED[example.parameter_id]
    chip, terminal = int(example.chip_private, 16), int(example.terminal_private, 16)
    chip_public = bytes.fromhex(example.chip_public)
    terminal_public = bytes.fromhex(example.terminal_public)

    secret = domain.shared_secret(terminal, chip_public)

    assert domain.public_key(chip) == chip_public
    assert domain.public_key(terminal) == terminal_public
    assert secret == domain.shared_secret(chip, terminal_public) == bytes.fromhex(example.secret)
    keys = aes_keys(secret + bytes.fromhex(example.nonce), 16)
    assert keys.encryption_key == bytes.fromhex(example.encryption_key)
    assert keys.mac_key == bytes.fromhex(example.mac_key)


class Chip:
    """Knows its private key (or, ``copied``, another), and how it is asked.

    ``kat`` and ``at`` tell which of the two command sequences it takes.
    """

    def __init__(
        self,
        domain: DomainParameters,
        cipher: SessionCipher,
        *,
        copied: bool = False,
        kat: bool = True,
        at: bool = True,
    ) -> None:
        self.domain, self.cipher = domain, cipher
        self.private = domain.draw()
        self.public = domain.public_key(self.private)
        if copied:
            self.private = domain.draw()
        self.kat, self.at = kat, at
        self.messaging = first_session()
        self.seen: list[CommandApdu] = []
        self.chained = b""
        self.noise = b""

    def transmit(self, apdu: bytes) -> bytes:
        if self.noise:
            return self.noise + b"\x90\x00"
        try:
            plain = self.messaging.unprotect_command(CommandApdu.parse(apdu))
        except SessionBroken:
            return b"\x69\x88"
        self.seen.append(plain)
        current = self.messaging
        answer = self.answer(plain)
        return current.protect_response(answer, plain.ins).encode()

    def answer(self, command: CommandApdu) -> ResponseApdu:
        if command.is_chained:
            self.chained += command.data
            return ResponseApdu(b"", 0x9000)
        data, self.chained = self.chained + command.data, b""
        if command.ins == 0x22 and command.p2 == 0xA6:
            return self.agree(tlv.parse(data)[0].value) if self.kat else ResponseApdu(b"", 0x6A80)
        if command.ins == 0x22:
            return ResponseApdu(b"", 0x9000 if self.at else 0x6A80)
        if command.ins == 0x86:
            return self.agree(tlv.get(tlv.parse(data), 0x7C, 0x80), b"\x7c\x00")
        return ResponseApdu(CONTENT, 0x9000)

    def agree(self, ephemeral: bytes, data: bytes = b"") -> ResponseApdu:
        self.messaging = session(self.cipher, self.domain, self.private, ephemeral)
        return ResponseApdu(data, 0x9000)


def first_session() -> SecureMessaging:
    return SecureMessaging(triple_des_keys(bytes(16)), bytes(8))


def arcs(domain: DomainParameters) -> str:
    return "1" if domain.agreement is Agreement.DH else "2"


def key_info(domain: DomainParameters, public: bytes, key_id: int | None = None) -> SecurityInfo:
    return SecurityInfo(
        f"0.4.0.127.0.7.2.2.1.{arcs(domain)}",
        public_key_info(domain, public),
        b"" if key_id is None else der.integer(key_id),
    )


def protocol_info(
    domain: DomainParameters, cipher: SessionCipher, key_id: int | None = None, version: int = 1
) -> SecurityInfo:
    return SecurityInfo(
        f"0.4.0.127.0.7.2.2.3.{arcs(domain)}.{cipher.arc}",
        der.integer(version),
        b"" if key_id is None else der.integer(key_id),
    )


def stating(*items: SecurityInfo) -> SecurityInfos:
    return security_infos.parse(security_infos.encode(*items))


def offered(chip: Chip, key_id: int | None = None) -> SecurityInfos:
    return stating(
        key_info(chip.domain, chip.public, key_id),
        protocol_info(chip.domain, chip.cipher, key_id),
    )


def opened(chip: Chip) -> SecureChannel:
    return SecureChannel(chip, first_session())


@pytest.mark.parametrize(
    ("parameter_id", "cipher"),
    [*product([0, 13], SessionCipher), *product([8, 11, 12, 14, 18], [SessionCipher.AES_128])],
)
def test_a_chip_that_knows_its_key(parameter_id: int, cipher: SessionCipher) -> None:
    chip = Chip(STANDARDIZED[parameter_id], cipher)
    channel = opened(chip)

    attempt = authenticate(channel, offered(chip))

    assert attempt is not None
    before = attempt.is_confirmed
    assert ask(channel, READ) == CONTENT
    assert (before, attempt.is_confirmed) == (False, True)
    assert attempt.algorithm == f"{chip.domain.agreement.value} {cipher.value} {chip.domain.label}"


@pytest.mark.parametrize("cipher", list(SessionCipher))
def test_a_copy_without_the_key_never_confirms(cipher: SessionCipher) -> None:
    chip = Chip(STANDARDIZED[13], cipher, copied=True)
    channel = opened(chip)

    attempt = authenticate(channel, offered(chip))
    answer = channel.transmit(READ.encode())

    assert attempt is not None
    assert answer == b"\x69\x88"
    assert channel.broken
    assert not attempt.is_confirmed


def test_a_copy_that_answers_at_random_never_confirms() -> None:
    chip = Chip(STANDARDIZED[13], SessionCipher.AES_128)
    channel = opened(chip)

    attempt = authenticate(channel, offered(chip))
    chip.noise = bytes(32)

    assert attempt is not None
    with pytest.raises(SessionBroken):
        ask(channel, READ)
    assert not attempt.is_confirmed


def test_the_commands_with_aes() -> None:
    """Doc 9303-11 clause 6.2.4.2: MSE:Set AT, then GENERAL AUTHENTICATE."""
    chip = Chip(STANDARDIZED[13], SessionCipher.AES_256)

    authenticate(opened(chip), offered(chip, key_id=0xC3), lambda size: bytes(size - 1) + b"\x01")

    manage, general = chip.seen
    assert manage.header.hex() == "002241a4"
    assert manage.data.hex() == "800a04007f000702020302048401c3"
    assert manage.le is None
    assert general.header.hex() == "00860000"
    assert general.data[:4].hex() == "7c438041"
    # One and the private key 2 of this random: twice the base point.
    assert general.data[4:] == STANDARDIZED[13].public_key(2)
    assert general.le == 256


def test_the_command_with_3des() -> None:
    """Clause 6.2.4.1: MSE:Set KAT and no more; the key's number only where it is stated."""
    chip = Chip(STANDARDIZED[12], SessionCipher.TRIPLE_DES)

    authenticate(opened(chip), offered(chip))

    (manage,) = chip.seen
    assert manage.header.hex() == "002241a6"
    assert manage.data[:2].hex() == "9141"
    assert len(manage.data) == 2 + 65


def test_a_first_generation_chip_states_its_key_alone() -> None:
    chip = Chip(STANDARDIZED[12], SessionCipher.TRIPLE_DES)
    channel = opened(chip)

    attempt = authenticate(channel, stating(key_info(chip.domain, chip.public, 2)))

    assert attempt is not None
    assert ask(channel, READ) == CONTENT
    assert attempt.is_confirmed
    assert chip.seen[0].data[-3:].hex() == "840102"


def test_3des_by_the_newer_commands_where_the_older_are_refused() -> None:
    chip = Chip(STANDARDIZED[12], SessionCipher.TRIPLE_DES, kat=False)
    channel = opened(chip)

    attempt = authenticate(channel, offered(chip))

    assert attempt is not None
    assert ask(channel, READ) == CONTENT
    assert attempt.is_confirmed
    assert [command.ins for command in chip.seen] == [0x22, 0x22, 0x86, 0xB0]


@pytest.mark.parametrize("extended", [False, True])
def test_a_long_key_travels_chained_or_extended(extended: bool) -> None:
    chip = Chip(STANDARDIZED[2], SessionCipher.AES_128)
    channel = opened(chip)

    attempt = authenticate(channel, offered(chip), extended=extended)

    assert attempt is not None
    assert ask(channel, READ) == CONTENT
    assert attempt.is_confirmed
    assert [command.is_chained for command in chip.seen[1:-1]] == (
        [False] if extended else [True, False]
    )


@pytest.mark.parametrize("cipher", [SessionCipher.TRIPLE_DES, SessionCipher.AES_128])
def test_a_chip_that_refuses(cipher: SessionCipher) -> None:
    chip = Chip(STANDARDIZED[13], cipher, kat=False, at=False)
    channel = opened(chip)

    attempt = authenticate(channel, offered(chip))

    assert attempt is not None
    assert attempt.sw == 0x6A80
    assert not attempt.is_confirmed
    assert ask(channel, READ) == CONTENT  # the old session goes on


def test_the_strongest_offer_is_taken() -> None:
    """AES-256 before AES-128, an elliptic curve before DH, the key its protocol names."""
    curve, group = STANDARDIZED[13], STANDARDIZED[0]
    keys = [curve.public_key(number) for number in (5, 6)]
    infos = stating(
        key_info(curve, keys[0], 1),
        key_info(curve, keys[1], 2),
        key_info(group, group.public_key(7), 3),
        protocol_info(curve, SessionCipher.AES_128, 1),
        protocol_info(curve, SessionCipher.AES_256, 2),
        protocol_info(group, SessionCipher.AES_256, 3),
    )

    offer = best_offer(infos)

    assert offer is not None
    assert (offer.public, offer.key_id) == (keys[1], 2)
    assert offer.label == "ECDH AES-256 brainpoolP256r1"


def test_a_key_of_an_unknown_group_is_passed_over() -> None:
    curve = STANDARDIZED[12]
    unknown = SecurityInfo(
        "0.4.0.127.0.7.2.2.1.2",
        public_key_info(curve, curve.public_key(3)).replace(der.integer(12), der.integer(99), 1),
    )
    good = key_info(curve, curve.public_key(4))
    protocol = protocol_info(curve, SessionCipher.AES_128)

    offer = best_offer(stating(unknown, good, protocol))

    assert offer is not None
    assert offer.public == curve.public_key(4)
    with pytest.raises(Unsupported):
        best_offer(stating(unknown, protocol))


def test_a_key_is_looked_at_once_however_many_protocols_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    curve, looked_at = STANDARDIZED[12], []
    keys = [key_info(curve, curve.public_key(n), n) for n in (3, 4)]
    protocols = [protocol_info(curve, SessionCipher.AES_128, n) for n in (3, 4)] * 10
    infos = stating(*keys, *protocols)
    real = domains.of_public_key
    monkeypatch.setattr(domains, "of_public_key", lambda spki: looked_at.append(spki) or real(spki))

    offer = best_offer(infos)

    assert offer is not None
    assert len(looked_at) == 2


def test_nothing_offered_is_nothing_done() -> None:
    channel = opened(Chip(STANDARDIZED[13], SessionCipher.AES_128))

    assert authenticate(channel, stating()) is None


@pytest.mark.parametrize("what", ["no key", "another version", "another key", "point"])
def test_what_cannot_be_tried_says_so(what: str) -> None:
    chip = Chip(STANDARDIZED[13], SessionCipher.AES_128)
    key = key_info(chip.domain, chip.public, 1)
    protocol = protocol_info(chip.domain, chip.cipher, 1)
    spoilt = key.required[:-1] + bytes([key.required[-1] ^ 1])
    off_curve = SecurityInfo(key.oid, spoilt, key.optional)
    infos = {
        "no key": stating(protocol),
        "another version": stating(key, protocol_info(chip.domain, chip.cipher, 1, version=3)),
        "another key": stating(key, protocol_info(chip.domain, chip.cipher, 2)),
        "point": stating(off_curve, protocol),
    }[what]

    attempt = authenticate(opened(chip), infos)

    assert isinstance(attempt, Attempt)
    assert attempt.reason
    assert not attempt.is_confirmed
    assert chip.seen == []


def test_a_broken_old_session_is_told() -> None:
    chip = Chip(STANDARDIZED[13], SessionCipher.AES_128)
    chip.noise = bytes(20)

    with pytest.raises(SessionBroken):
        authenticate(opened(chip), offered(chip))


def test_the_chip_refuses_a_key_that_is_no_point() -> None:
    with pytest.raises(KeyInvalid):
        session(SessionCipher.AES_128, STANDARDIZED[13], 5, b"\x04" + bytes(64))
