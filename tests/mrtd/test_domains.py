"""desk.mrtd.domains: arithmetic against the worked examples and other implementations."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import der, domains
from desk.mrtd.curves import CURVES
from desk.mrtd.domains import (
    STANDARDIZED,
    CurveDomain,
    DomainParameters,
    KeyInvalid,
    ModpDomain,
)
from desk.mrtd.signatures import Unsupported
from tests.mrtd import pace_examples
from tests.mrtd.pace_examples import EXAMPLES, GENERIC, INTEGRATED, Example

ALL = pytest.mark.parametrize("domain", STANDARDIZED.values(), ids=lambda d: str(d.label))
CURVES_ONLY = [d for d in STANDARDIZED.values() if isinstance(d, CurveDomain)]
GROUPS_ONLY = [d for d in STANDARDIZED.values() if isinstance(d, ModpDomain)]


def domain_of(example: Example) -> DomainParameters:
    return STANDARDIZED[example.info[-1]]


def number(octets: bytes) -> int:
    return int.from_bytes(octets)


@pytest.mark.parametrize("example", GENERIC, ids=("G.1", "G.2", "I.1", "EAC"))
def test_generic_mapping_as_in_the_worked_examples(example: Example) -> None:
    domain = domain_of(example)

    public = domain.public_key(number(example.map_terminal_private))
    agreed = domain.agree(number(example.map_terminal_private), example.map_chip_public)

    assert public == example.map_terminal_public
    assert domain.public_key(number(example.map_chip_private)) == example.map_chip_public
    assert agreed == example.map_shared
    assert domain.agree(number(example.map_chip_private), public) == agreed
    assert domain.generic(example.nonce, agreed) == example.mapped


@pytest.mark.parametrize("example", INTEGRATED, ids=("H.1", "H.2"))
def test_integrated_mapping_as_in_the_worked_examples(example: Example) -> None:
    domain = domain_of(example)

    assert domain.integrated(number(example.reduced)) == example.mapped
    assert domain.integrated(number(example.pseudo_random)) == example.mapped


@pytest.mark.parametrize("example", EXAMPLES, ids=pace_examples.NAMES)
def test_agreement_on_the_mapped_generator_as_in_the_worked_examples(example: Example) -> None:
    domain = domain_of(example)
    terminal, chip = number(example.terminal_private), number(example.chip_private)

    assert domain.public_key(terminal, example.mapped) == example.terminal_public
    assert domain.public_key(chip, example.mapped) == example.chip_public
    assert domain.shared_secret(terminal, example.chip_public) == example.shared
    assert domain.shared_secret(chip, example.terminal_public) == example.shared


@ALL
def test_both_sides_agree_on_a_mapped_generator(domain: DomainParameters) -> None:
    one, other = domain.draw(), domain.draw()
    agreed = domain.agree(one, domain.public_key(other))
    mapped = domain.generic(b"\x05" * 16, agreed)

    left, right = domain.public_key(one, mapped), domain.public_key(other, mapped)

    assert domain.agree(other, domain.public_key(one)) == agreed
    assert mapped != domain.public_key(1)
    assert domain.shared_secret(one, right) == domain.shared_secret(other, left)
    assert len(domain.shared_secret(one, right)) == (domain.modulus.bit_length() + 7) // 8


@ALL
def test_the_generator_has_the_order_that_is_stated(domain: DomainParameters) -> None:
    base = domain.public_key(1)

    assert domain.validated(base) == base
    assert domain.public_key(domain.order + 1) == base
    with pytest.raises(KeyInvalid):
        domain.public_key(domain.order)


@pytest.mark.parametrize(
    "domain", [d for d in CURVES_ONLY if d.numbers in CURVES], ids=lambda d: str(d.label)
)
def test_curves_are_those_of_another_implementation(domain: CurveDomain) -> None:
    """The numbers that certificates are compared with, and key agreement by OpenSSL."""
    curve = CURVES[domain.numbers]
    own, peer = domain.draw(), ec.generate_private_key(curve)
    point = peer.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve, domain.public_key(own))

    secret = peer.exchange(ec.ECDH(), public)
    assert curve.name == domain.label
    assert domain.shared_secret(own, point) == secret
    assert domain.agree(own, point)[1 : 1 + len(secret)] == secret
    assert domain.public_key(own, domain.public_key(1)) == domain.public_key(own)


@pytest.mark.parametrize("domain", CURVES_ONLY, ids=lambda d: str(d.label))
def test_what_is_no_point_of_the_curve_is_refused(domain: CurveDomain) -> None:
    good = domain.public_key(domain.draw())
    size = (len(good) - 1) // 2
    beyond = (domain.modulus + number(good[1 : 1 + size])).to_bytes(size + 1)
    refused = {
        "empty": b"",
        "infinity": b"\x00",
        "compressed": bytes([2 + good[-1] % 2]) + good[1 : 1 + size],
        "hybrid": bytes([6 + good[-1] % 2]) + good[1:],
        "short": good[:-1],
        "long": good + b"\x00",
        "off the curve": good[:-1] + bytes([good[-1] ^ 1]),
        "zeros": b"\x04" + bytes(2 * size),
    }
    if beyond[0] == 0:
        refused["coordinate beyond the prime"] = b"\x04" + beyond[1:] + good[1 + size :]

    for why, encoded in refused.items():
        with pytest.raises(KeyInvalid):
            pytest.fail(f"{why}: {domain.agree(5, encoded).hex()}")


@pytest.mark.parametrize("domain", GROUPS_ONLY, ids=lambda d: str(d.label))
def test_what_is_outside_the_subgroup_is_refused(domain: ModpDomain) -> None:
    """RFC 2631 clause 2.1.5; 2 generates far more than the subgroup."""
    prime = domain.modulus
    for value in (0, 1, 2, prime - 1, prime, prime + 1, domain.generator * 2 % prime):
        with pytest.raises(KeyInvalid):
            domain.agree(5, domains.unsigned(value))
    with pytest.raises(KeyInvalid):
        domain.agree(5, b"\x00" + domain.generator.to_bytes(prime.bit_length() // 8))


def test_numbers_lose_their_leading_zeros() -> None:
    """9.4.3: a public value may be shorter than the prime; the secret never is (PKCS#3)."""
    domain = STANDARDIZED[0]
    short = next(key for key in range(1, 5000) if len(domain.public_key(key)) < 128)
    public = domain.public_key(short)

    assert domain.validated(b"\x00" * (128 - len(public)) + public) == public
    assert len(domain.shared_secret(1, public)) == 128


@ALL
def test_private_keys_are_drawn_from_the_whole_range(domain: DomainParameters) -> None:
    def repeat(octet: bytes) -> domains.RandomBytes:
        return lambda length: octet * length

    for octet in (b"\x00", b"\x01", b"\xfe", b"\xff"):
        assert 1 <= domain.draw(repeat(octet)) < domain.order
    wanted = domain.order - 1
    assert domain.draw((wanted - 1).to_bytes) == wanted


def test_p224_has_no_integrated_mapping() -> None:
    """Table 12's footnote: its prime is 1 modulo 4."""
    assert not STANDARDIZED[10].maps_integrated
    with pytest.raises(Unsupported):
        STANDARDIZED[10].integrated(5)


@pytest.mark.parametrize("t", [0, 1, -1])
def test_integrated_mapping_of_the_few_numbers_without_inverse(t: int) -> None:
    """Appendix B leaves them undefined: nothing but a point of the curve may come out."""
    domain = STANDARDIZED[13]

    with pytest.raises(KeyInvalid):
        domain.integrated(t % domain.modulus)


def test_integrated_mapping_to_the_neutral_element_is_refused() -> None:
    """4.4.3.3.2: implementations must check that it is not one."""
    domain = STANDARDIZED[0]
    for value in (0, 1, domain.modulus - 1):
        with pytest.raises(KeyInvalid):
            domain.integrated(value)


@ALL
def test_nonces_at_the_edge_of_the_group(domain: DomainParameters) -> None:
    """None of the elliptic curve's special cases leads anywhere else: nothing, itself, round."""
    agreed = domain.public_key(12345)

    assert domain.generic(bytes(16), agreed) == agreed
    assert domain.generic((12345).to_bytes(16), agreed) == domain.public_key(2 * 12345)
    assert domain.generic(domain.order.to_bytes(80), agreed) == agreed


def test_a_nonce_that_cancels_the_agreed_element_is_refused() -> None:
    for domain in (STANDARDIZED[0], STANDARDIZED[13]):
        with pytest.raises(KeyInvalid):
            domain.generic((domain.order - 7).to_bytes(32), domain.public_key(7))


@ALL
def test_a_public_key_info_comes_back(domain: DomainParameters) -> None:
    public = domain.public_key(domain.draw())

    assert domains.of_public_key(domains.public_key_info(domain, public)) == (domain, public)


def test_the_key_of_the_worked_example() -> None:
    """Doc 9303-11 appendix I: standardised domain parameters inside the key."""
    info = tlv.parse_one(pace_examples.I1_KEY_INFO).children[1].raw

    domain, public = domains.of_public_key(info)

    assert (domain.label, public) == ("brainpoolP256r1", pace_examples.I1_STATIC_PUBLIC)
    assert domains.public_key_info(domain, public) == info


@pytest.mark.parametrize("curve", CURVES.values(), ids=lambda c: str(c.name))
def test_named_curves_are_known(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve).public_key()
    info = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    domain, public = domains.of_public_key(info)

    assert domain.label == curve.name
    assert number(public[1 : 1 + (len(public) - 1) // 2]) == key.public_numbers().x


# Doc 9303-11 appendix G.1: brainpoolP256r1 spelled out as an AlgorithmIdentifier.
EXPLICIT_P256R1 = bytes.fromhex(
    "3081EC06072A8648CE3D02013081E0020101302C06072A8648CE3D0101022100A9FB57DBA1EEA9BC3E660A909D83"
    "8D726E3BF623D52620282013481D1F6E5377304404207D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6C"
    "E94A4B44F330B5D9042026DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B60441048B"
    "D2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262547EF835C3DAC4FD97F8461A14611D"
    "C9C27745132DED8E545C1D54C72F046997022100A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E"
    "0E82974856A7020101"
)


def test_explicit_parameters_of_the_worked_example() -> None:
    assert domains.of_algorithm(EXPLICIT_P256R1).label == "brainpoolP256r1"


@pytest.mark.parametrize("place", [100, 140, 170, 200, 230, len(EXPLICIT_P256R1) - 1])
def test_explicit_parameters_that_only_resemble_a_curve_are_refused(place: int) -> None:
    altered = bytearray(EXPLICIT_P256R1)
    altered[place] ^= 2

    with pytest.raises(Unsupported):
        domains.of_algorithm(bytes(altered))


def dh_algorithm(oid: str, *numbers: int) -> bytes:
    parameters = tlv.encode(0x30, *(der.integer(value) for value in numbers))
    return tlv.encode(0x30, tlv.encode(0x06, der.object_id(oid)), parameters)


X942, PKCS3 = "1.2.840.10046.2.1", "1.2.840.113549.1.3.1"


@pytest.mark.parametrize("domain", GROUPS_ONLY, ids=lambda d: str(d.label))
def test_groups_spelled_out_are_known(domain: ModpDomain) -> None:
    p, g, q = domain.modulus, domain.generator, domain.order

    assert domains.of_algorithm(dh_algorithm(X942, p, g, q)) == domain
    assert domains.of_algorithm(dh_algorithm(PKCS3, p, g)) == domain
    assert domains.of_algorithm(dh_algorithm(PKCS3, p, g, 160)) == domain
    for wrong in ((p, g + 1, q), (p + 2, g, q), (p, g, q + 2), (p, g)):
        with pytest.raises(Unsupported):
            domains.of_algorithm(dh_algorithm(X942, *wrong))


def test_what_is_no_standardised_group_is_unsupported() -> None:
    for parameter_id in (3, 7, 19, 31, 255):
        with pytest.raises(Unsupported):
            domains.standardized(parameter_id)
    for algorithm in (
        dh_algorithm("1.2.840.113549.1.1.1", 5),
        tlv.encode(0x30, tlv.encode(0x06, der.object_id(X942))),
        tlv.encode(0x30),
    ):
        with pytest.raises(Unsupported):
            domains.of_algorithm(algorithm)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_by_name(noise: bytes) -> None:
    for read in (domains.of_algorithm, domains.of_public_key):
        for raw in (noise, tlv.encode(0x30, noise), tlv.encode(0x30, EXPLICIT_P256R1, noise)):
            with pytest.raises((Unsupported, KeyInvalid)):
                read(raw)  # type: ignore[operator]
    for domain in (STANDARDIZED[0], STANDARDIZED[13]):
        with pytest.raises(KeyInvalid):
            domain.validated(noise)
