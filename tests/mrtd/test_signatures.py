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
from desk.mrtd.curves import CURVES, SMALL, Domain
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
    for wrong in (b"", signature[:-1], signature[:-1] + bytes([signature[-1] ^ 1])):
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


# Origin: made for this test by OpenSSL 3.0.19 (`ecparam`, `ec -param_enc explicit
# -conv_form compressed`, `dgst -sign` over the four bytes «data»); the keys are thrown away.
SMALL_CURVES = [
    (
        "prime192v1",
        "sha256",
        "3049301306072a8648ce3d020106082a8648ce3d0301010332000422465468684a8d4ffe018b03978dce"
        "2ac337eb694372cf49d3bb71351255fdbd32e18121c5cc63c872b8bf3382a4c116",
        "3081da3081bb06072a8648ce3d02013081af020101302406072a8648ce3d0101021900ffffffffffffff"
        "fffffffffffffffffeffffffffffffffff304b0418fffffffffffffffffffffffffffffffeffffffffff"
        "fffffc041864210519e59c80e70fa7e9ab72243049feb8deecc146b9b10315003045ae6fc8422f64ed57"
        "9528d38120eae12196d5041903188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012021900ffff"
        "ffffffffffffffffffff99def836146bc9b1b4d22831020101031a000222465468684a8d4ffe018b0397"
        "8dce2ac337eb694372cf49",
        "3035021900cfa673d812076bdeafe52dc236b70e9efadb6b8bb700b7e10218040327326bc7f3daa058ab"
        "27352899d77a53d0ba1dda0599",
    ),
    (
        "brainpoolP192r1",
        "sha1",
        "304a301406072a8648ce3d020106092b24030302080101030332000496a37147922f8642c8f589ce7fe1"
        "f19d00bd48ad5fbcae384ecfe26e000fb86615de1f040e64fc334b5abd896ca57659",
        "3081c33081a406072a8648ce3d0201308198020101302406072a8648ce3d0101021900c302f41d932a36"
        "cda7a3463093d18db78fce476de1a86297303404186a91174076b1e0e19c39c031fe8685c1cae040e5c6"
        "9a28ef0418469a28ef7c28cca3dc721d044f4496bcca7ef4146fbf25c9041903c0a0647eaab6a48753b0"
        "33c56cb0f0900a2f5c4853375fd6021900c302f41d932a36cda7a3462f9e9e916b5be8f1029ac4acc102"
        "0101031a000396a37147922f8642c8f589ce7fe1f19d00bd48ad5fbcae38",
        "303402183fe18609a60a4c8799b1364d1024b743d9682e4aad590d3602185886bfbd403a2c7da2ba420e"
        "9a7d989996e4559b650edda4",
    ),
    (
        "brainpoolP224r1",
        "sha224",
        "3052301406072a8648ce3d020106092b2403030208010105033a00048963d25c8375bc6550d69bc5e956"
        "9a5d7496250a45de09bf2508c6f10c0159fbc849a3260b81d167ae0f2f0772e2f169690c33b04f734aa3",
        "3081db3081b806072a8648ce3d02013081ac020101302806072a8648ce3d0101021d00d7c134aa264366"
        "862a18302575d1d787b09f075797da89f57ec8c0ff303c041c68a5e62ca9ce6c1c299803a6c1530b514e"
        "182ad8b0042a59cad29f43041c2580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400b04"
        "1d030d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07d021d00d7c134aa264366862a"
        "18302575d0fb98d116bc4b6ddebca3a5a7939f020101031e00038963d25c8375bc6550d69bc5e9569a5d"
        "7496250a45de09bf2508c6f1",
        "303c021c27a57738b6a782d42d55db3d8d5747957ca044266329780e80712b93021c46bbcc7aec5fba2d"
        "5fcf9f340ba6248ed02ba900b7ff21ecf8ca2394",
    ),
    (
        "brainpoolP320r1",
        "sha384",
        "306a301406072a8648ce3d020106092b2403030208010109035200040dc50dd1d004d16d379760238f87"
        "61a8e7071b668ce8f4c64b37b930bba2a820146a226c349e4562374e994b69495a35b5f99e199ff06d2c"
        "57af99d5b6cd4ea28b993f50775d4097150d3d10f5478287",
        "308201233081f406072a8648ce3d02013081e8020101303406072a8648ce3d0101022900d35e472036bc"
        "4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27305404283ee30b56"
        "8fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4042852088394"
        "9dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a604290343bd7e"
        "9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611022900d35e"
        "472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c5931102010103"
        "2a00030dc50dd1d004d16d379760238f8761a8e7071b668ce8f4c64b37b930bba2a820146a226c349e45"
        "62",
        "305402282e546a4bd8ff5a927adc1b0e8baf72783ec174320148f47c6743cde935cef2f4ccd41383b7e1"
        "289f02287af409ecd5e36f265032536a5c6db5f5d5974bd55150557445a0226ae71f76035c12d95a4ffd"
        "3f0b",
    ),
]


@pytest.mark.parametrize(("curve", "hash_name", "named", "spelt_out", "signature"), SMALL_CURVES)
def test_curves_of_first_generation_passports_verify(
    curve: str, hash_name: str, named: str, spelt_out: str, signature: str
) -> None:
    """Named, and spelt out with a compressed base point; signatures plain and in DER."""
    key = signatures.public_key(bytes.fromhex(named))
    made = bytes.fromhex(signature)
    r, s = decode_dss_signature(made)
    size = (key.key_size + 7) // 8
    plain = r.to_bytes(size) + s.to_bytes(size)

    assert key == signatures.public_key(bytes.fromhex(spelt_out))
    signatures.verify(key, Scheme(Kind.ECDSA, hash_name), made, b"data")
    signatures.verify(key, Scheme(Kind.PLAIN_ECDSA, hash_name), plain, b"data")
    for kind, wrong in (
        (Kind.ECDSA, made[:-1] + bytes([made[-1] ^ 1])),
        (Kind.ECDSA, plain),
        (Kind.ECDSA, b""),
        (Kind.PLAIN_ECDSA, bytes(2 * size)),
        (Kind.PLAIN_ECDSA, b"\xff" * (2 * size)),
    ):
        with pytest.raises(SignatureWrong):
            signatures.verify(key, Scheme(kind, hash_name), wrong, b"data")
    with pytest.raises(SignatureWrong):
        signatures.verify(key, Scheme(Kind.ECDSA, hash_name), made, b"other")
    with pytest.raises(Unsupported):
        signatures.verify(key, Scheme(Kind.PSS, hash_name, hash_name, 20), made, b"data")


@pytest.mark.parametrize("domain", SMALL)
def test_small_curves_that_only_resemble_a_known_one_are_refused(domain: Domain) -> None:
    size = (domain.prime.bit_length() + 7) // 8
    base = b"\x04" + domain.x.to_bytes(size) + domain.y.to_bytes(size)
    other = Domain(domain.prime, domain.a, domain.b, domain.x, domain.y, domain.order + 2)
    off = base[:-1] + bytes([base[-1] ^ 1])

    assert signatures.public_key(explicit(domain, base))
    for stated, point in ((other, base), (domain, off), (domain, b"\x00"), (domain, b"")):
        with pytest.raises(Unsupported):
            signatures.public_key(explicit(stated, point))
