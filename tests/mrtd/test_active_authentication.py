"""desk.mrtd.active_authentication against published vectors, and what it refuses."""

from __future__ import annotations

import hashlib
from itertools import product

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816.apdu import CommandApdu
from desk.mrtd.active_authentication import Answer, ask_chip, sign_ecdsa, sign_rsa, verify
from desk.mrtd.signatures import SignatureWrong, Unsupported

# Doc 9303-11 appendix F (worked example of active authentication): challenge, the chip's
# random part and the representative F. The example prints no key.
CHALLENGE = bytes.fromhex("F173589974BF40C6")
RECOVERABLE = bytes.fromhex(
    "9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C552"
    "4CF23A5303CD6C98599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA91A"
    "6E86F5C71AEA978264C4A207446DAD4E7292E2DCDA3024B47DA8"
)
REPRESENTATIVE = bytes.fromhex(
    "6A9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C5"
    "524CF23A5303CD6C98599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA9"
    "1A6E86F5C71AEA978264C4A207446DAD4E7292E2DCDA3024B47DA8C063AA1E6D22FBD976AB0FE73D"
    "94D2D9C6D88127BC"
)
# Bouncy Castle, core/src/test/java/org/bouncycastle/crypto/test/ISO9796Test.java, doTest13
# (an answer to INTERNAL AUTHENTICATE with the challenge of eight zero bytes), its modulus,
# exponents and signature.
MODULUS = int(
    "CDCBDABBF93BE8E8294E32B055256BBD0397735189BF75816341BB0D488D05D627991221DF7D5983"
    "5C76A4BB4808ADEEB779E7794504E956ADC2A661B46904CDC71337DD29DDDD454124EF79CFDD7BC2"
    "C21952573CEFBA485CC38C6BD2428809B5A31A898A6B5648CAA4ED678D9743B589134B7187478996"
    "300EDBA16271A861",
    16,
)
PRIVATE_EXPONENT = int(
    "4BA6432AD42C74AA5AFCB6DF60FD57846CBC909489994ABD9C59FE439CC6D23D6DE2F3EA65B8335E"
    "796FD7904CA37C248367997257AFBD82B26F1A30525C447A236C65E6ADE43ECAAF7283584B2570FA"
    "07B340D9C9380D88EAACFFAEEFE7F472DBC9735C3FF3A3211E8A6BBFD94456B6A33C17A2C4EC18CE"
    "6335150548ED126D",
    16,
)
SIGNATURE = bytes.fromhex(
    "482E20D1EDDED34359C38F5E7C01203F9D6B2641CDCA5C404D49ADAEDE034C7481D781D043722587"
    "761C90468DE69C6585A1E8B9C322F90E1B580EEDAB3F6007D0C366CF92B4DB8B41C8314929DCE2BE"
    "889C0129123484D2FD3D12763D2EBFD12AC8E51D7061AFCA1A53DEDEC7B9A617472A78C952CCC724"
    "67AE008E5F132994"
)
HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
CURVES = (ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP384R1)


@pytest.fixture(scope="module")
def published_key() -> rsa.RSAPrivateKey:
    p, q = rsa.rsa_recover_prime_factors(MODULUS, 65537, PRIVATE_EXPONENT)
    dmp1, dmq1 = PRIVATE_EXPONENT % (p - 1), PRIVATE_EXPONENT % (q - 1)
    public = rsa.RSAPublicNumbers(65537, MODULUS)
    numbers = rsa.RSAPrivateNumbers(
        p, q, PRIVATE_EXPONENT, dmp1, dmq1, rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key()


def signed_as_is(key: rsa.RSAPrivateKey, representative: bytes) -> bytes:
    numbers = key.private_numbers()
    opened = int.from_bytes(representative)
    signed = pow(opened, numbers.d, numbers.public_numbers.n)
    return signed.to_bytes(key.key_size // 8)


def represent(
    challenge: bytes, trailer: str, digest: str = "sha1", header: bytes = b"\x6a"
) -> bytes:
    """A representative of 1024 bits with any header and trailer."""
    end = bytes.fromhex(trailer)
    size = 128 - len(header) - len(end) - hashlib.new(digest).digest_size
    recoverable = bytes(range(1, size + 1))
    return header + recoverable + hashlib.new(digest, recoverable + challenge).digest() + end


def test_the_worked_example_of_the_standard(published_key: rsa.RSAPrivateKey) -> None:
    signature = sign_rsa(published_key, CHALLENGE, random=lambda _: RECOVERABLE)

    assert signature == signed_as_is(published_key, REPRESENTATIVE)
    label = verify(published_key.public_key(), Answer(CHALLENGE, signature))
    assert label == "RSA ISO 9796-2 SHA-1"


def test_the_published_answer_to_internal_authenticate(published_key: rsa.RSAPrivateKey) -> None:
    label = verify(published_key.public_key(), Answer(bytes(8), SIGNATURE))

    assert label == "RSA ISO 9796-2 SHA-1"


def test_the_published_answer_is_none_to_another_challenge(
    published_key: rsa.RSAPrivateKey,
) -> None:
    with pytest.raises(SignatureWrong):
        verify(published_key.public_key(), Answer(CHALLENGE, SIGNATURE))


@pytest.mark.parametrize("hash_name", HASHES)
def test_every_trailer_with_partial_hash(published_key: rsa.RSAPrivateKey, hash_name: str) -> None:
    signature = sign_rsa(published_key, CHALLENGE, hash_name)

    label = verify(published_key.public_key(), Answer(CHALLENGE, signature))

    assert label == f"RSA ISO 9796-2 SHA-{hash_name[3:]}"


def test_sha1_named_by_an_explicit_trailer(published_key: rsa.RSAPrivateKey) -> None:
    signature = signed_as_is(published_key, represent(CHALLENGE, "33CC"))

    verify(published_key.public_key(), Answer(CHALLENGE, signature))


def test_the_smaller_of_signature_and_complement(published_key: rsa.RSAPrivateKey) -> None:
    """ISO/IEC 9796-2 annex B.7: either of s and n - s may be sent."""
    signature = sign_rsa(published_key, CHALLENGE)
    complement = (MODULUS - int.from_bytes(signature)).to_bytes(128)

    verify(published_key.public_key(), Answer(CHALLENGE, complement))


@pytest.mark.parametrize("header", ["6BBA", "6BBBBBBA"])
def test_padding_in_front_of_the_recoverable_part(
    published_key: rsa.RSAPrivateKey, header: str
) -> None:
    representative = represent(CHALLENGE, "34CC", "sha256", bytes.fromhex(header))

    verify(
        published_key.public_key(), Answer(CHALLENGE, signed_as_is(published_key, representative))
    )


@pytest.mark.parametrize(
    ("header", "trailer"),
    [
        ("4A", "BC"),  # full recovery: the challenge would not be signed
        ("6B", "BC"),  # padding without its end
        ("006A", "BC"),  # shorter than the modulus
        ("6A", "BD"),
        ("6A", "34CC"),  # names another hash than the one inside
        ("6A", "0C"),
    ],
)
def test_other_forms_are_refused(
    published_key: rsa.RSAPrivateKey, header: str, trailer: str
) -> None:
    representative = represent(CHALLENGE, trailer, header=bytes.fromhex(header))

    with pytest.raises(SignatureWrong):
        verify(
            published_key.public_key(),
            Answer(CHALLENGE, signed_as_is(published_key, representative)),
        )


@pytest.mark.parametrize("trailer", ["BC", "CC", "34CC"])
def test_a_representative_that_is_padding_alone_is_refused(
    published_key: rsa.RSAPrivateKey, trailer: str
) -> None:
    """A chip made for it knows its own private key, and may sign whatever it likes."""
    padding = "6" + "B" * (256 - 2 - len(trailer)) + "A"
    signature = signed_as_is(published_key, bytes.fromhex(padding + trailer))

    with pytest.raises(SignatureWrong):
        verify(published_key.public_key(), Answer(CHALLENGE, signature))


def test_an_unknown_hash_is_not_decided(published_key: rsa.RSAPrivateKey) -> None:
    """31 is RIPEMD-160, which the desk does not have."""
    signature = signed_as_is(published_key, represent(CHALLENGE, "31CC"))

    with pytest.raises(Unsupported):
        verify(published_key.public_key(), Answer(CHALLENGE, signature))


@pytest.mark.parametrize("bits", [1024, 1280, 2048])
def test_keys_of_other_lengths(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)

    verify(key.public_key(), Answer(CHALLENGE, sign_rsa(key, CHALLENGE, "sha256")))


@pytest.mark.parametrize(("bits", "exponent"), [(100_000, 65537), (2048, (1 << 1999) + 1)])
def test_a_key_that_would_take_the_desks_time_is_refused(bits: int, exponent: int) -> None:
    key = rsa.RSAPublicNumbers(exponent, (1 << bits) - 1).public_key()

    with pytest.raises(Unsupported):
        verify(key, Answer(CHALLENGE, b"\x01"))


@given(st.binary(max_size=140))
def test_arbitrary_bytes_are_no_rsa_signature(noise: bytes) -> None:
    key = rsa.RSAPublicNumbers(65537, MODULUS).public_key()

    with pytest.raises(SignatureWrong):
        verify(key, Answer(CHALLENGE, noise))


@pytest.mark.parametrize(
    ("curve", "hash_name", "der"), list(product(CURVES, HASHES, (False, True)))
)
def test_ecdsa_plain_and_der_with_every_hash(
    curve: type[ec.EllipticCurve], hash_name: str, der: bool
) -> None:
    """DG14 may name no hash or another one than the chip uses."""
    key = ec.generate_private_key(curve())
    answer = Answer(CHALLENGE, sign_ecdsa(key, CHALLENGE, hash_name, der=der))

    kind = "ECDSA" if der else "ECDSA plain"
    assert verify(key.public_key(), answer, "sha384") == f"{kind} SHA-{hash_name[3:]}"


def test_ecdsa_over_another_challenge() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    answer = Answer(bytes(8), sign_ecdsa(key, CHALLENGE, "sha256"))

    with pytest.raises(SignatureWrong):
        verify(key.public_key(), answer)


@given(st.binary(max_size=80), st.sampled_from(["", "sha256", "ripemd160"]))
def test_arbitrary_bytes_are_no_ecdsa_signature(noise: bytes, stated: str) -> None:
    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()

    with pytest.raises(SignatureWrong):
        verify(key, Answer(CHALLENGE, noise), stated)


class Chip:
    """Signs every challenge, or answers with a status word."""

    def __init__(self, key: rsa.RSAPrivateKey, sw: str = "9000") -> None:
        self.key, self.sw = key, bytes.fromhex(sw)
        self.seen: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.seen.append(apdu)
        if self.sw != b"\x90\x00":
            return self.sw
        return sign_rsa(self.key, CommandApdu.parse(apdu).data) + self.sw


def test_the_chip_is_asked_with_a_fresh_challenge(published_key: rsa.RSAPrivateKey) -> None:
    chip = Chip(published_key)

    first, second = ask_chip(chip), ask_chip(chip)

    assert first.challenge != second.challenge
    assert chip.seen[0] == bytes.fromhex("0088000008") + first.challenge + b"\x00"
    verify(published_key.public_key(), first)
    with pytest.raises(SignatureWrong):
        verify(published_key.public_key(), Answer(second.challenge, first.signature))


def test_the_command_of_the_worked_example(published_key: rsa.RSAPrivateKey) -> None:
    chip = Chip(published_key)

    ask_chip(chip, lambda _: CHALLENGE)
    ask_chip(chip, lambda _: CHALLENGE, extended=True)

    assert chip.seen[0].hex().upper() == "0088000008F173589974BF40C600"
    assert chip.seen[1].hex().upper() == "00880000000008F173589974BF40C60000"


def test_a_chip_that_refuses(published_key: rsa.RSAPrivateKey) -> None:
    answer = ask_chip(Chip(published_key, "6985"))

    assert (answer.sw, answer.signature) == (0x6985, b"")
