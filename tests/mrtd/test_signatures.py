"""desk.mrtd.signatures and curves: explicit parameters, odd algorithms, and forgeries by them."""

from __future__ import annotations

import pytest
from asn1crypto import algos, keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import signatures
from desk.mrtd.curves import CURVES, Domain
from desk.mrtd.signatures import Kind, Scheme, SignatureWrong, Unsupported

DOMAINS = [(curve.name, domain) for domain, curve in CURVES.items()]


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def explicit(domain: Domain, point: bytes, *, compressed: bool = False, cofactor: int = 1) -> bytes:
    """A key whose curve is spelled out (SEC 1 annex C.2)."""
    size = (domain.prime.bit_length() + 7) // 8
    base = b"\x04" + domain.x.to_bytes(size) + domain.y.to_bytes(size)
    if compressed:
        base = bytes([2 + domain.y % 2]) + domain.x.to_bytes(size)
    parameters = tlv.encode(
        0x30,
        integer(1),
        tlv.encode(0x30, bytes.fromhex("06072A8648CE3D0101"), integer(domain.prime)),
        tlv.encode(
            0x30,
            tlv.encode(0x04, domain.a.to_bytes(size)),
            tlv.encode(0x04, domain.b.to_bytes(size)),
        ),
        tlv.encode(0x04, base),
        integer(domain.order),
        integer(cofactor),
    )
    algorithm = tlv.encode(0x30, bytes.fromhex("06072A8648CE3D0201"), parameters)
    return tlv.encode(0x30, algorithm, tlv.encode(0x03, b"\x00", point))


def integer(number: int) -> bytes:
    return tlv.encode(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def point_of(key: ec.EllipticCurvePublicKey, *, compressed: bool = False) -> bytes:
    form = serialization.PublicFormat
    return key.public_bytes(
        serialization.Encoding.X962,
        form.CompressedPoint if compressed else form.UncompressedPoint,
    )


@pytest.mark.parametrize(("name", "domain"), DOMAINS)
def test_the_numbers_are_the_standards(name: str, domain: Domain) -> None:
    """One times and minus one times the base point, by an implementation not written here."""
    curve = CURVES[domain]

    first = ec.derive_private_key(1, curve).public_key().public_numbers()
    last = ec.derive_private_key(domain.order - 1, curve).public_key().public_numbers()

    assert (first.x, first.y) == (domain.x, domain.y)
    assert (last.x, last.y) == (domain.x, domain.prime - domain.y)
    assert (domain.y**2 - domain.x**3 - domain.a * domain.x - domain.b) % domain.prime == 0


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(("name", "domain"), DOMAINS)
def test_explicit_parameters_are_the_named_curve(
    name: str, domain: Domain, compressed: bool
) -> None:
    private = ec.generate_private_key(CURVES[domain])
    point = point_of(private.public_key(), compressed=compressed)

    key = signatures.public_key(explicit(domain, point, compressed=compressed))

    assert key == private.public_key()
    assert key == signatures.public_key(spki(private.public_key()))


@pytest.mark.parametrize("field", ["a", "b", "x", "y", "order"])
def test_a_curve_that_only_resembles_a_known_one_is_refused(field: str) -> None:
    """A chosen base point lets anyone sign for a known public key (CVE-2020-0601)."""
    domain = DOMAINS[1][1]
    changed = Domain(**{name: getattr(domain, name) + (name == field) for name in Domain.__slots__})
    point = point_of(ec.generate_private_key(ec.SECP256R1()).public_key())

    with pytest.raises(Unsupported):
        signatures.public_key(explicit(changed, point))


def test_another_cofactor_or_prime_is_refused() -> None:
    domain = DOMAINS[1][1]
    point = point_of(ec.generate_private_key(ec.SECP256R1()).public_key())

    with pytest.raises(Unsupported):
        signatures.public_key(explicit(domain, point, cofactor=2))
    other = Domain(domain.prime + 2, domain.a, domain.b, domain.x, domain.y, domain.order)
    with pytest.raises(Unsupported):
        signatures.public_key(explicit(other, point))


def test_a_point_off_the_curve_is_refused() -> None:
    point = bytearray(point_of(ec.generate_private_key(ec.SECP256R1()).public_key()))
    point[-1] ^= 1

    with pytest.raises(Unsupported):
        signatures.public_key(explicit(DOMAINS[1][1], bytes(point)))


@pytest.mark.parametrize(
    ("bits", "exponent", "reason"),
    [(60_000, 65537, "key of 60000"), (4096, (1 << 4000) + 1, "exponent of 4001")],
)
def test_rsa_keys_that_cost_hours_are_refused(bits: int, exponent: int, reason: str) -> None:
    numbers = keys.RSAPublicKey({"modulus": (1 << bits) - 1, "public_exponent": exponent})
    raw = keys.PublicKeyInfo.wrap(numbers, "rsa").dump()

    with pytest.raises(Unsupported, match=reason):
        signatures.public_key(raw)


def test_short_rsa_keys_are_refused() -> None:
    # 512-bit modulus, product of two known primes; far below MIN_RSA_BITS.
    modulus = (2**255 - 19) * (2**255 - 31)
    info = keys.PublicKeyInfo.wrap(
        keys.RSAPublicKey({"modulus": modulus, "public_exponent": 65537}), "rsa"
    )

    with pytest.raises(Unsupported):
        signatures.public_key(info.dump())


def test_plain_ecdsa_is_r_and_s_joined() -> None:
    """BSI TR-03111 clause 5.2.1."""
    private = ec.generate_private_key(ec.BrainpoolP256R1())
    r, s = decode_dss_signature(private.sign(b"data", ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32) + s.to_bytes(32)
    how = signatures.scheme(
        algos.SignedDigestAlgorithm({"algorithm": "0.4.0.127.0.7.1.1.4.1.3"}), ""
    )

    assert how == Scheme(Kind.PLAIN_ECDSA, "sha256")
    signatures.verify(private.public_key(), how, signature, b"data")
    for wrong in (b"", signature[:-1], signature[:-1] + b"\x00"):
        with pytest.raises(SignatureWrong):
            signatures.verify(private.public_key(), how, wrong, b"data")


def test_a_scheme_of_another_kind_than_the_key_is_unsupported() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    for kind in (Kind.PKCS1, Kind.PSS):
        with pytest.raises(Unsupported):
            signatures.verify(key, Scheme(kind, "sha256", "sha256", 32), b"x" * 64, b"data")


@pytest.mark.parametrize("algorithm", ["md5_rsa", "sha256_dsa", "ed25519", "1.2.3.4"])
def test_other_algorithms_are_unsupported(algorithm: str) -> None:
    with pytest.raises(Unsupported):
        signatures.scheme(algos.SignedDigestAlgorithm({"algorithm": algorithm}), "sha256")


def test_an_algorithm_that_names_only_the_key_takes_the_digests_hash() -> None:
    rsa_only = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})

    assert signatures.scheme(rsa_only, "sha384") == Scheme(Kind.PKCS1, "sha384")
    with pytest.raises(Unsupported):
        signatures.scheme(rsa_only, "md5")


def test_pss_without_parameters_is_sha1() -> None:
    """RFC 4055 clause 3.1: SHA-1, MGF1 with SHA-1, salt of 20 bytes."""
    raw = tlv.encode(0x30, bytes.fromhex("06092A864886F70D01010A"), b"\x30\x00")

    assert signatures.scheme_of_der(raw) == Scheme(Kind.PSS, "sha1", "sha1", 20)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_key_and_no_algorithm(noise: bytes) -> None:
    for raw in (noise, tlv.encode(0x30, noise)):
        with pytest.raises(Unsupported):
            signatures.public_key(raw)
        with pytest.raises(Unsupported):
            signatures.scheme_of_der(raw)
