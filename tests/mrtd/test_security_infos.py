"""desk.mrtd.security_infos: what chips offer, and what is no offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import der, domains, security_infos
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.domains import STANDARDIZED, Agreement
from desk.mrtd.security_infos import Mapping, SecurityInfo
from tests.mrtd import pace_examples
from tests.mrtd.pace_examples import EXAMPLES

_PACE = "0.4.0.127.0.7.2.2.4."


def info(oid: str, *numbers: int) -> SecurityInfo:
    required, *optional = (der.integer(number) for number in numbers)
    return SecurityInfo(oid, required, b"".join(optional))


def parsed(*items: SecurityInfo) -> security_infos.SecurityInfos:
    return security_infos.parse(security_infos.encode(*items))


def test_the_offers_of_the_worked_examples() -> None:
    infos = [security_infos.parse(tlv.encode(der.SET, e.info)).pace[0] for e in EXAMPLES]

    assert [offer.label for offer in infos] == [
        "ECDH-GM AES-128 brainpoolP256r1",
        "DH-GM AES-128 DH 1024/160",
        "ECDH-IM AES-128 brainpoolP256r1",
        "DH-IM AES-128 DH 1024/160",
        "ECDH-CAM AES-128 brainpoolP256r1",
        "ECDH-GM AES-128 brainpoolP256r1",
    ]
    assert all(offer.is_usable and not offer.several for offer in infos)


def test_a_whole_file_with_much_that_a_passport_has_not() -> None:
    """EF.CardAccess of BSI's Worked Example for Extended Access Control, ECDH."""
    infos = security_infos.parse(pace_examples.EAC_CARD_ACCESS)

    assert len(infos.items) == 6
    assert [offer.label for offer in infos.pace] == ["ECDH-GM AES-128 brainpoolP256r1"]
    assert [(way.version, way.key_id) for way in infos.chip_authentication] == [(2, 1)]
    assert infos.terminal_authentication is not None
    assert infos.terminal_authentication.version == 2


def test_the_chip_key_of_the_worked_example() -> None:
    """Doc 9303-11 appendix I: key 13 for the chip authentication mapping."""
    raw = tlv.encode(der.SET, pace_examples.I1_KEY_INFO)

    (key,) = security_infos.parse(raw).chip_keys

    assert (key.key_id, key.agreement) == (13, Agreement.ECDH)
    assert key.key == (STANDARDIZED[13], pace_examples.I1_STATIC_PUBLIC)


@pytest.mark.parametrize(
    ("family", "agreement", "mapping", "group"),
    [
        ("1", Agreement.DH, Mapping.GENERIC, 2),
        ("2", Agreement.ECDH, Mapping.GENERIC, 18),
        ("3", Agreement.DH, Mapping.INTEGRATED, 1),
        ("4", Agreement.ECDH, Mapping.INTEGRATED, 8),
        ("6", Agreement.ECDH, Mapping.CHIP_AUTHENTICATION, 16),
    ],
)
@pytest.mark.parametrize("cipher", SessionCipher)
def test_every_way_of_pace(
    family: str, agreement: Agreement, mapping: Mapping, group: int, cipher: SessionCipher
) -> None:
    """Tables 2 and 3; the chip authentication mapping has no 3DES."""
    infos = parsed(info(f"{_PACE}{family}.{cipher.arc}", 2, group))

    assert infos.offers_pace
    if mapping is Mapping.CHIP_AUTHENTICATION and cipher is SessionCipher.TRIPLE_DES:
        assert infos.pace == ()
        return
    (offer,) = infos.pace
    assert (offer.agreement, offer.mapping, offer.cipher) == (agreement, mapping, cipher)
    assert offer.domain is STANDARDIZED[group]
    assert offer.is_usable


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (info(_PACE + "2.2", 1, 13), "version 1"),
        (info(_PACE + "2.2", 3, 13), "version 3"),
        (info(_PACE + "2.2", 2, 3), "reserved number"),
        (info(_PACE + "2.2", 2), "no number and nothing explicit"),
        (info(_PACE + "2.2", 2, 0), "curve protocol, number of a DH group"),
        (info(_PACE + "1.2", 2, 13), "DH protocol, number of a curve"),
        (info(_PACE + "4.2", 2, 10), "integrated mapping on P-224"),
    ],
)
def test_offers_that_cannot_be_used(item: SecurityInfo, why: str) -> None:
    infos = parsed(item)

    assert infos.offers_pace
    assert [offer.is_usable for offer in infos.pace] == [False], why


def test_no_more_entries_than_any_chip_has() -> None:
    """Each protocol may be tried with each key, and a file has room for a thousand of both."""
    item = info(_PACE + "2.2", 2, 13)

    assert len(parsed(*[item] * security_infos.MAX_INFOS).items) == security_infos.MAX_INFOS
    with pytest.raises(TlvError):
        parsed(*[item] * (security_infos.MAX_INFOS + 1))


@pytest.mark.parametrize("oid", ["5.2", "7.2", "2.0", "2.5", "2.2.1", "2.99"])
def test_unknown_ways_of_pace_offer_nothing(oid: str) -> None:
    infos = parsed(info(_PACE + oid, 2, 13))

    assert infos.offers_pace
    assert infos.pace == ()
    assert len(infos.items) == 1


def explicit(oid: str, algorithm: bytes, *optional: int) -> SecurityInfo:
    return SecurityInfo(_PACE + oid, algorithm, b"".join(der.integer(n) for n in optional))


def test_explicit_parameters_count_where_they_are_a_standardised_group() -> None:
    """9.2.2: an inspection system must not use parameters that it does not know as secure."""
    known = explicit("2", domains.algorithm_of(STANDARDIZED[12]), 40)
    unknown = explicit("2", tlv.encode(der.SEQUENCE, b"\x06\x01\x05", b"\x05\x00"), 41)

    infos = parsed(known, unknown, info(_PACE + "2.2", 2, 40), info(_PACE + "2.2", 2, 41))

    usable = {offer.parameter_id: offer.is_usable for offer in infos.pace}
    assert usable == {40: True, 41: False}
    assert {offer.domain for offer in infos.pace} == {STANDARDIZED[12], None}
    assert [stated.domain for stated in infos.pace_domains].count(None) == 1


def test_several_groups_must_be_named() -> None:
    """4.4.4.1: data object 84 where more than one set of domain parameters is there."""
    one_group = parsed(info(_PACE + "2.2", 2, 13), info(_PACE + "2.4", 2, 13))
    two_groups = parsed(info(_PACE + "2.2", 2, 13), info(_PACE + "2.2", 2, 12))

    assert [offer.several for offer in one_group.pace] == [False, False]
    assert [offer.several for offer in two_groups.pace] == [True, True]


def test_everything_else_that_a_chip_may_say() -> None:
    key = domains.public_key_info(STANDARDIZED[0], STANDARDIZED[0].public_key(99))
    infos = parsed(
        info("0.4.0.127.0.7.2.2.3.2.4", 1, 7),
        info("0.4.0.127.0.7.2.2.3.1.1", 1),
        SecurityInfo("0.4.0.127.0.7.2.2.1.1", key, der.integer(7)),
        info("0.4.0.127.0.7.2.2.2", 1),
        SecurityInfo(
            "2.23.136.1.1.5",
            der.integer(1),
            tlv.encode(der.OBJECT_ID, der.object_id("0.4.0.127.0.7.1.1.4.1.3")),
        ),
        SecurityInfo("1.2.3.4", tlv.encode(der.SEQUENCE)),
    )

    chosen = {(a.agreement, a.cipher, a.key_id) for a in infos.chip_authentication}
    assert chosen == {
        (Agreement.ECDH, SessionCipher.AES_256, 7),
        (Agreement.DH, SessionCipher.TRIPLE_DES, None),
    }
    assert infos.chip_keys[0].key == (STANDARDIZED[0], STANDARDIZED[0].public_key(99))
    assert infos.chip_keys[0].key_id == 7
    assert infos.terminal_authentication is not None
    assert infos.active_authentication is not None
    assert infos.active_authentication.algorithm == "0.4.0.127.0.7.1.1.4.1.3"
    assert len(infos.items) == 6
    assert not infos.offers_pace
    assert infos.offers_chip_authentication


@pytest.mark.parametrize(
    "item",
    [
        SecurityInfo(_PACE + "2.2", b"\x02\x01\xff", b"\x02\x01\x0d"),
        SecurityInfo(_PACE + "2.2", b"\x02\x00", b"\x02\x01\x0d"),
        SecurityInfo(_PACE + "2.2", b"\x04\x01\x02", b"\x02\x01\x0d"),
        SecurityInfo(_PACE + "2.2", b"\x02\x01\x02", b"\x04\x01\x0d"),
        SecurityInfo("0.4.0.127.0.7.2.2.3.9.2", b"\x02\x01\x01"),
        SecurityInfo("0.4.0.127.0.7.2.2.3.2", b"\x02\x01\x01"),
        SecurityInfo("0.4.0.127.0.7.2.2.1.2", b"\x02\x01\x01"),
        SecurityInfo("2.23.136.1.1.5", b"\x02\x01\x01"),
    ],
)
def test_an_entry_that_is_not_built_as_its_clause_says_offers_nothing(item: SecurityInfo) -> None:
    good = info(_PACE + "2.2", 2, 13)

    infos = parsed(item, good)

    assert len(infos.items) == 2
    assert [offer.parameter_id for offer in infos.pace] == [13]
    assert infos.chip_authentication == infos.chip_keys == ()
    assert infos.active_authentication is None


def test_an_entry_that_the_signed_file_lacks_is_told() -> None:
    weak, strong = info(_PACE + "2.1", 2, 8), info(_PACE + "2.4", 2, 16)

    assert parsed(strong).lacks(parsed(weak, strong)) == (weak,)
    assert parsed(weak, strong).lacks(parsed(strong)) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        tlv.encode(der.SEQUENCE),
        tlv.encode(der.SET, b"\x02\x01\x05"),
        tlv.encode(der.SET, tlv.encode(der.SEQUENCE, b"\x06\x01\x05")),
        tlv.encode(der.SET, tlv.encode(der.SEQUENCE, b"\x06\x01\x05" + b"\x05\x00" * 3)),
        tlv.encode(der.SET, tlv.encode(der.SEQUENCE, b"\x06\x01\x85\x05\x00")),
    ],
)
def test_what_is_no_set_of_infos_is_refused(raw: bytes) -> None:
    with pytest.raises(TlvError):
        security_infos.parse(raw)


@given(st.binary(max_size=120), st.sampled_from(range(5)))
def test_arbitrary_bytes_are_refused_or_kept_raw(noise: bytes, example: int) -> None:
    entry = tlv.parse_one(EXAMPLES[example].info)
    for raw in (
        noise,
        tlv.encode(der.SET, noise),
        tlv.encode(der.SET, tlv.encode(der.SEQUENCE, entry.children[0].raw, noise)),
    ):
        try:
            infos = security_infos.parse(raw)
        except TlvError:
            continue
        assert len(infos.items) >= len(infos.pace)
