"""desk.mrtd.pace_steps against the worked examples of Doc 9303-11, appendices G to I."""

from __future__ import annotations

import pytest

from desk.iso7816 import tlv
from desk.mrtd import ciphers, der, domains, pace_steps, security_infos
from desk.mrtd.ciphers import AesSuite, SessionCipher
from desk.mrtd.domains import STANDARDIZED, KeyInvalid
from desk.mrtd.pace_steps import CanKey, MappingProof, Password, ProofWrong
from desk.mrtd.security_infos import PaceInfo, SecurityInfo
from desk.mrtd.signatures import Unsupported
from desk.mrtd.troubles import CanMalformed
from tests.mrtd import pace_examples
from tests.mrtd.pace_examples import EXAMPLES, I1, INTEGRATED, NAMES, Example

AES = SessionCipher.AES_128
EACH = pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)


def info_of(example: Example) -> PaceInfo:
    return security_infos.parse(tlv.encode(der.SET, example.info)).pace[0]


@pytest.mark.parametrize(
    ("key", "encoded", "example"),
    [
        (pace_examples.DIGITS, b"123456", pace_examples.EAC),
        (pace_examples.DIGITS, b"123456", pace_examples.H1),
        (pace_examples.MRZ_G, pace_examples.MRZ_G_ENCODED, pace_examples.G1),
        (pace_examples.MRZ_I, pace_examples.MRZ_I_ENCODED, pace_examples.I1),
    ],
)
def test_the_password_becomes_its_key(key: Password, encoded: bytes, example: Example) -> None:
    assert pace_steps.encoded(key) == encoded
    assert pace_steps.password_key(key, AES) == example.password_key


@EACH
def test_the_nonce_is_decrypted(example: Example) -> None:
    assert AES.decrypt(example.password_key, example.encrypted_nonce) == example.nonce
    assert AES.encrypt(example.password_key, example.nonce) == example.encrypted_nonce
    assert pace_steps.is_nonce_length(info_of(example), len(example.nonce))


@pytest.mark.parametrize("example", INTEGRATED, ids=("H.1", "H.2"))
def test_the_pseudo_random_number_of_both_nonces(example: Example) -> None:
    modulus = STANDARDIZED[example.info[-1]].modulus

    number = pace_steps.pseudo_random(AES, example.nonce, example.t, modulus)

    assert number == int.from_bytes(example.reduced)
    assert number == int.from_bytes(example.pseudo_random) % modulus


@pytest.mark.parametrize("cipher", SessionCipher)
def test_the_terminals_nonce_is_as_long_as_a_key(cipher: SessionCipher) -> None:
    for length in (0, 8, cipher.key_length - 1, cipher.key_length + 1, 64):
        with pytest.raises(KeyInvalid):
            pace_steps.pseudo_random(cipher, bytes(32), bytes(length), 997)


@EACH
def test_session_keys_and_tokens(example: Example) -> None:
    info, suite = info_of(example), AES.suite(example.shared)

    assert suite == AesSuite(example.encryption_key, example.mac_key)
    assert pace_steps.token(info, suite, example.chip_public) == example.terminal_token
    assert pace_steps.token(info, suite, example.terminal_public) == example.chip_token


@pytest.mark.parametrize(
    ("example", "plain", "sealed", "code"), pace_examples.EAC_MESSAGING, ids=("ECDH", "DH")
)
def test_first_command_and_answer_after_pace(
    example: Example, plain: str, sealed: str, code: str
) -> None:
    """BSI's worked example: counter 1 encrypts the command, 2 covers the bare answer."""
    suite = AES.suite(example.shared)

    encrypted = suite.encrypt(ciphers.pad(bytes.fromhex(plain), 16), (1).to_bytes(16))

    assert encrypted.hex().upper() == sealed
    assert suite.mac((2).to_bytes(16) + bytes.fromhex("99029000")).hex().upper() == code


def test_the_token_covers_a_public_key_object() -> None:
    """Appendix G.1 and G.2: heads of the input data."""
    curve, group = pace_examples.G1, pace_examples.G2

    over_point = pace_steps.public_key_object(info_of(curve), curve.chip_public)
    over_number = pace_steps.public_key_object(info_of(group), group.chip_public)

    assert over_point.hex().upper().startswith("7F494F060A04007F00070202040202864104")
    assert over_number.hex().upper().startswith("7F49818F060A04007F00070202040102848180")


def test_the_proof_of_the_chip_authentication_mapping() -> None:
    """Appendix I: encrypted data, what they are, and that they fit the chip's static key."""
    domain, suite = STANDARDIZED[13], AES.suite(I1.shared)
    infos = security_infos.parse(tlv.encode(der.SET, pace_examples.I1_KEY_INFO))

    number = pace_steps.unseal_proof(domain, suite, pace_examples.I1_ENCRYPTED_PROOF)

    assert number == int.from_bytes(pace_examples.I1_PROOF)
    assert pace_steps.seal_proof(domain, suite, number) == pace_examples.I1_ENCRYPTED_PROOF
    MappingProof(domain, 13, I1.map_chip_public, number).verify(infos)


def chip_keys(*numbered: tuple[int | None, int, int]) -> security_infos.SecurityInfos:
    """Keys by number, group and private key."""
    items = []
    for number, group, private in numbered:
        domain = STANDARDIZED[group]
        info = domains.public_key_info(domain, domain.public_key(private))
        optional = b"" if number is None else der.integer(number)
        items.append(SecurityInfo("0.4.0.127.0.7.2.2.1.2", info, optional))
    return security_infos.parse(security_infos.encode(*items))


def proof(static: int, *, group: int = 13, claimed: int | None = None) -> MappingProof:
    domain, map_private = STANDARDIZED[group], 0x1234567
    number = pace_steps.proof_number(domain, claimed or static, map_private)
    return MappingProof(domain, group, domain.public_key(map_private), number)


@pytest.mark.parametrize("group", [8, 12, 13, 18])
def test_a_chip_with_the_key_proves_it(group: int) -> None:
    proof(99, group=group).verify(chip_keys((group, group, 99)))
    proof(99, group=group).verify(chip_keys((7, 12, 5), (None, group, 99)))


@pytest.mark.parametrize("numbered", [(13, 13, 98), (None, 13, 98)])
def test_a_chip_without_the_key_proves_nothing(numbered: tuple[int | None, int, int]) -> None:
    with pytest.raises(ProofWrong):
        proof(99).verify(chip_keys(numbered))


@pytest.mark.parametrize("numbered", [(), ((12, 13, 99),), ((13, 12, 99),)])
def test_without_a_fitting_key_nothing_is_decided(
    numbered: tuple[tuple[int | None, int, int], ...],
) -> None:
    with pytest.raises(Unsupported):
        proof(99).verify(chip_keys(*numbered))


def test_no_data_are_no_proof() -> None:
    domain = STANDARDIZED[13]

    with pytest.raises(ProofWrong):
        MappingProof(domain, 13, domain.public_key(5), None).verify(chip_keys((13, 13, 99)))


@pytest.mark.parametrize("sealed", [b"", b"\x01" * 15, b"\x01" * 16, b"\x01" * 48])
def test_unreadable_proofs(sealed: bytes) -> None:
    with pytest.raises(ProofWrong):
        pace_steps.unseal_proof(STANDARDIZED[13], AES.suite(I1.shared), sealed)


def test_proofs_out_of_range() -> None:
    domain, suite = STANDARDIZED[13], AES.suite(I1.shared)
    for number in (0, domain.order, domain.order + 1):
        with pytest.raises(ProofWrong):
            pace_steps.unseal_proof(domain, suite, pace_steps.seal_proof(domain, suite, number))


@pytest.mark.parametrize(
    ("cipher", "generic", "integrated"),
    [
        (SessionCipher.TRIPLE_DES, {8, 16, 24, 32}, {16}),
        (SessionCipher.AES_128, {16, 32}, {16}),
        (SessionCipher.AES_192, {16, 32}, {32}),
        (SessionCipher.AES_256, {16, 32}, {32}),
    ],
)
def test_lengths_of_the_nonce(
    cipher: SessionCipher, generic: set[int], integrated: set[int]
) -> None:
    """4.4.3.3: whole blocks; for the integrated mapping the fewest that hold a key."""
    for family, allowed in (("2", generic), ("4", integrated)):
        entry = SecurityInfo(
            f"0.4.0.127.0.7.2.2.4.{family}.{cipher.arc}", b"\x02\x01\x02", b"\x02\x01\x0d"
        )
        info = security_infos.parse(security_infos.encode(entry)).pace[0]

        assert {n for n in range(34) if pace_steps.is_nonce_length(info, n)} == allowed
        assert not pace_steps.is_nonce_length(info, 4096)


def test_the_access_number_is_its_own_encoding() -> None:
    """Table 14: the characters of the CAN."""
    assert pace_steps.encoded(CanKey("500540")) == b"500540"
    assert pace_steps.reference(CanKey("500540")) == 2
    assert pace_steps.reference(pace_examples.MRZ_G) == 1
    assert "500540" not in repr(CanKey("500540"))


@pytest.mark.parametrize(
    "digits", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", " 12345", "123456\n"]
)
def test_what_is_no_access_number(digits: str) -> None:
    with pytest.raises(CanMalformed) as caught:
        CanKey(digits)

    assert digits == "" or digits not in str(caught.value)
