"""desk.mrtd.lds: files to values, and what is no such file."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import lds
from desk.mrtd.mrz import Mrz, MrzCheckDigit
from desk.mrtd.security_infos import Mapping
from desk.mrtd.signatures import Unsupported
from desk.mrtd.troubles import FileMalformed
from desk.training import chip_files
from desk.training.chip_features import Features, Keys, PaceOffer
from desk.training.csca import TrainingCsca
from tests.mrtd import named_curve, pace_examples

# ICAO Doc 9303-10 clause 4.6.1.1: example of EF.COM with DG1, DG2, DG4 and DG12.
COM = bytes.fromhex("60165F0104303130375F36063034303030305C046175766C")
# Doc 9303-11 appendix D.4: EF.COM of the worked example.
COM_OF_THE_EXAMPLE = bytes.fromhex("60145F0104303130365F36063034303030305C026175")
# Doc 9303-4 appendix B: zone of the specimen.
ZONE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"


def test_the_lists_of_the_standard() -> None:
    common = lds.parse_com(COM)

    assert (common.lds_version, common.unicode_version) == ("0107", "040000")
    assert common.groups == (1, 2, 4, 12)
    assert lds.parse_com(COM_OF_THE_EXAMPLE).groups == (1, 2)


def test_dg1_gives_the_zone_and_what_does_not_fit() -> None:
    zone, errors = lds.parse_dg1(tlv.encode(0x61, tlv.encode(0x5F1F, ZONE.encode())))
    assert zone.surname == "ERIKSSON"
    assert errors == ()

    broken = ZONE.replace("L898902C36", "L898902C35")
    zone, errors = lds.parse_dg1(tlv.encode(0x61, tlv.encode(0x5F1F, broken.encode())))
    assert zone.document_number == "L898902C3"
    assert isinstance(errors[0], MrzCheckDigit)


def test_dg14_names_what_the_chip_can_prove() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    infos = lds.parse_dg14(named_curve.dg14(key))

    assert infos.offers_chip_authentication
    assert not infos.offers_pace
    assert infos.active_authentication is None
    assert {item.oid for item in infos.items} == {
        "0.4.0.127.0.7.2.2.3.2.2",
        "0.4.0.127.0.7.2.2.1.2",
    }
    assert infos.chip_keys[0].spki == named_curve.spki(key)


def test_dg14_with_pace_and_active_authentication() -> None:
    """Doc 9303-11 clause 9.2: PACEInfo and ActiveAuthenticationInfo."""
    pace = bytes.fromhex("3012060A04007F0007020204020202010202010D")
    active = bytes.fromhex("301506066781080101050201 0106082A8648CE3D040302".replace(" ", ""))
    active = b"\x30" + bytes([len(active) - 2]) + active[2:]

    infos = lds.parse_dg14(tlv.encode(0x6E, tlv.encode(0x31, pace, active)))

    assert infos.offers_pace
    assert not infos.offers_chip_authentication
    assert infos.active_authentication is not None


def test_card_access_is_the_bare_set() -> None:
    """EF.CardAccess of BSI's Worked Example for Extended Access Control."""
    infos = lds.parse_card_access(pace_examples.EAC_CARD_ACCESS)

    assert infos.offers_pace
    with pytest.raises(FileMalformed):
        lds.parse_card_access(tlv.encode(0x6E, pace_examples.EAC_CARD_ACCESS))


def test_card_security_is_signed_data_over_the_set(country: TrainingCsca) -> None:
    features = Features(pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION),))
    raw = country.root_files(features, Keys.draw(features))["CardSecurity"]

    message, infos = lds.parse_card_security(raw)

    message.verify_digest()
    assert message.signer_certificate is not None
    assert [key.key_id for key in infos.chip_keys] == [infos.pace[0].parameter_id]


def test_signed_data_of_another_kind_are_no_card_security(
    country: TrainingCsca, holder: Mrz, jpeg: bytes
) -> None:
    """An EF.SOD, signed by the same hand, says nothing about keys."""
    sod = country.files(holder.lines, jpeg)["SOD"]

    for raw in (sod, tlv.parse_one(sod).value, b"", pace_examples.EAC_CARD_ACCESS):
        with pytest.raises(FileMalformed) as caught:
            lds.parse_card_security(raw)
        assert caught.value.facts["file"] == "CardSecurity"


def test_dg15_gives_the_key() -> None:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()

    assert lds.parse_dg15(chip_files.dg15(key)) == key


def test_dg15_of_another_kind_of_key_is_unsupported() -> None:
    with pytest.raises(Unsupported):
        lds.parse_dg15(tlv.encode(0x6F, tlv.encode(0x30, b"")))


@pytest.mark.parametrize("parse", [lds.parse_com, lds.parse_dg1, lds.parse_dg14, lds.parse_dg15])
@given(noise=st.binary(max_size=120))
def test_arbitrary_bytes_are_refused_by_name(parse: object, noise: bytes) -> None:
    for raw in (noise, *(tlv.encode(tag, noise) for tag in (0x60, 0x61, 0x6E, 0x6F))):
        try:
            parse(raw)  # type: ignore[operator]
        except (FileMalformed, Unsupported) as refusal:
            assert str(refusal)


@pytest.mark.parametrize("parse", [lds.parse_com, lds.parse_dg1, lds.parse_dg14])
def test_deep_nesting_is_refused(parse: object) -> None:
    raw = b""
    for _ in range(5000):
        raw = tlv.encode(0x31, raw)
        if len(raw) > 60_000:
            break

    with pytest.raises(FileMalformed):
        parse(tlv.encode(0x6E, raw))  # type: ignore[operator]
