"""The claim profile: one file, both formats, metadata and queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cbor2 import CBORTag

from desk.credential.claims import (
    DATA_GROUPS,
    DEFAULT_PROFILE,
    ClaimProfile,
    CredentialValues,
    Format,
    Kind,
    load_profile,
)
from desk.credential.troubles import Malformed, ProfileBroken, ValueUnfit

# ISO/IEC TS 23220-4 annex C: the elements without which a photo ID is none.
MANDATORY = {
    "family_name",
    "given_name",
    "birth_date",
    "portrait",
    "issue_date",
    "expiry_date",
    "issuing_authority",
    "issuing_country",
    "age_over_18",
}
Edit = Callable[[str, str], Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """The shipped profile with one piece of text exchanged."""

    def exchange(old: str, new: str) -> Path:
        text = DEFAULT_PROFILE.read_text(encoding="utf-8")
        assert old in text
        changed = tmp_path / "claims.toml"
        changed.write_text(text.replace(old, new, 1), encoding="utf-8")
        return changed

    return exchange


def test_every_mandatory_element_of_the_standard_is_mandatory(profile: ClaimProfile) -> None:
    mandatory = {
        claim.element
        for claim in profile.claims
        if claim.mandatory and claim.namespace == "org.iso.23220.1"
    }

    assert mandatory == MANDATORY


def test_elements_are_of_the_right_cbor_types(
    profile: ClaimProfile, values: CredentialValues
) -> None:
    spaces = profile.mdoc_elements(values)
    elements = dict(spaces["org.iso.23220.1"])

    assert list(spaces) == [
        "org.iso.23220.1",
        "org.iso.23220.photoid.1",
        "org.iso.23220.photoid.KR.1",
    ]
    assert elements["birth_date"] == CBORTag(1004, "1991-03-14")
    assert elements["portrait"] == values.portrait
    assert elements["age_over_18"] is True
    assert elements["sex"] == 2


def test_claims_are_of_the_right_json_types(
    profile: ClaimProfile, values: CredentialValues
) -> None:
    claims = profile.sdjwt_claims(values)

    assert claims["birthdate",] == "1991-03-14"
    assert claims["picture",].startswith("data:image/jpeg;base64,")
    assert claims["age_equal_or_over", "18"] is True
    assert claims["kr", "overseas_number"] == values.overseas_number


@pytest.mark.parametrize("fmt", list(Format))
def test_values_come_back_as_they_went_in(
    profile: ClaimProfile, values: CredentialValues, fmt: Format
) -> None:
    if fmt is Format.MDOC:
        disclosed = {
            (space, element): value
            for space, elements in profile.mdoc_elements(values).items()
            for element, value in elements
        }
    else:
        disclosed = dict(profile.sdjwt_claims(values))

    named = profile.named(fmt, disclosed)

    assert named["birth_date"] == values.birth_date
    assert named["portrait"] == values.portrait
    assert named["name_hangul"] == values.name_hangul
    assert set(named) == {claim.value for claim in profile.claims}


def test_the_resident_number_stays_out_unless_the_profile_says_so(
    profile: ClaimProfile, values: CredentialValues, edit: Edit
) -> None:
    known = replace(values, resident_number="910314-2XXXXXX")
    allowing = load_profile(edit("issue = false", "issue = true"))

    assert "resident_number" not in {c.value for c in profile.claims}
    assert ("kr", "resident_number") not in profile.sdjwt_claims(known)
    assert "resident_number" not in str(profile.credential_configurations())
    assert allowing.sdjwt_claims(known)["kr", "resident_number"] == "910314-2XXXXXX"


def test_the_passports_files_stay_out_unless_chosen(values: CredentialValues) -> None:
    """TS 23220-4 annex C: dg1, dg2 and sod together, with type and zone beside them; in the
    mdoc only, byte for byte."""
    files = {"dg1": b"\x61\x01\x00", "dg2": b"\x75\x01\x00", "sod": b"\x77\x01\x00"}
    known = replace(values, travel_document_type="P", travel_document_mrz="P<UTO", **files)
    plain, chosen = load_profile(), load_profile(options=[DATA_GROUPS])

    elements = chosen.mdoc_elements(known)

    assert "org.iso.23220.datagroups.1" not in plain.mdoc_elements(known)
    assert dict(elements["org.iso.23220.datagroups.1"]) == files
    assert dict(elements["org.iso.23220.photoid.1"])["travel_document_mrz"] == "P<UTO"
    assert chosen.sdjwt_claims(known) == plain.sdjwt_claims(known)
    assert chosen.claims_metadata(Format.SD_JWT) == plain.claims_metadata(Format.SD_JWT)
    assert len(chosen.claims_metadata(Format.MDOC)) == len(plain.claims_metadata(Format.MDOC)) + 5


@pytest.mark.parametrize("missing", ["dg1", "dg2", "sod", "travel_document_mrz"])
def test_some_of_the_passports_files_are_refused(values: CredentialValues, missing: str) -> None:
    files = {"dg1": b"1", "dg2": b"2", "sod": b"3", "travel_document_mrz": "P<UTO"}
    known = replace(values, travel_document_type="P", **{**files, missing: None})

    with pytest.raises(ValueUnfit) as refused:
        load_profile(options=[DATA_GROUPS]).mdoc_elements(known)

    assert refused.value.facts["item"] == missing


def test_an_option_nobody_knows_is_refused() -> None:
    with pytest.raises(ProfileBroken):
        load_profile(options=["passport-data-group"])


def test_a_claim_of_one_format_is_asked_of_that_format_only() -> None:
    chosen = load_profile(options=[DATA_GROUPS])

    asked = chosen.dcql([Format.MDOC], ["dg1", "sod"])["credentials"][0]["claims"]

    assert [claim["path"][1] for claim in asked] == ["dg1", "sod"]
    with pytest.raises(ProfileBroken):
        chosen.dcql(list(Format), ["dg1"])


@pytest.mark.parametrize(
    ("birth", "issued", "adult"),
    [
        (date(2008, 11, 23), date(2026, 11, 22), False),
        (date(2008, 11, 22), date(2026, 11, 22), True),
        (date(2008, 2, 29), date(2026, 2, 28), False),
        (date(2008, 2, 29), date(2026, 3, 1), True),
    ],
)
def test_ages_are_counted_on_the_day_of_issue(
    values: CredentialValues, birth: date, issued: date, adult: bool
) -> None:
    aged = replace(values, birth_date=birth, issue_date=issued)

    assert aged.value("age_over_18") is adult
    assert aged.value("age_in_years") == 18 - (not adult)
    assert aged.value("age_birth_year") == 2008


@pytest.mark.parametrize(
    ("change", "item"),
    [
        ({"family_name": None}, "family_name"),
        ({"family_name": "  "}, "family_name"),
        ({"given_name": "A" * 151}, "given_name"),
        ({"portrait": b"GIF89a"}, "portrait"),
        ({"issuing_country": "Korea"}, "issuing_country"),
        ({"sex": 3}, "sex"),
        ({"sex": True}, "sex"),
        ({"expiry_date": "2030-01-01"}, "expiry_date"),
        ({"overseas_number": None}, "overseas_number"),
    ],
    ids=str,
)
def test_an_unfit_value_is_named(
    profile: ClaimProfile, values: CredentialValues, change: dict[str, Any], item: str
) -> None:
    with pytest.raises(ValueUnfit) as refusal:
        profile.collect(replace(values, **change))

    assert refusal.value.facts["item"] == item


def test_an_optional_value_may_be_missing(profile: ClaimProfile, values: CredentialValues) -> None:
    claims = profile.sdjwt_claims(replace(values, name_hangul=None, sex=None))

    assert ("kr", "name_hangul") not in claims
    assert ("sex",) not in claims


def test_values_do_not_print_themselves(values: CredentialValues) -> None:
    """A traceback must not carry an applicant's data into a log."""
    assert values.family_name not in repr(values)


# Metadata and queries -------------------------------------------------------------


@pytest.mark.parametrize("fmt", list(Format))
def test_metadata_has_what_openid4vci_demands(profile: ClaimProfile, fmt: Format) -> None:
    """OpenID4VCI 1.0, 12.2.4, A.2.2 and A.3.2."""
    entry = profile.configuration(fmt)
    claims = entry["credential_metadata"]["claims"]

    assert entry["format"] == fmt
    assert {shown["locale"] for shown in entry["credential_metadata"]["display"]} == {
        "ko",
        "en",
        "zh",
        "vi",
    }
    assert len(claims) == len(profile.claims)
    assert all(len({d["locale"] for d in claim["display"]}) == 4 for claim in claims)
    assert entry["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]
    if fmt is Format.MDOC:
        assert entry["doctype"] == "org.iso.23220.photoid.1"
        assert entry["credential_signing_alg_values_supported"] == [-7, -35]
        assert all(len(claim["path"]) == 2 for claim in claims)
    else:
        assert entry["vct"] == profile.vct
        assert entry["credential_signing_alg_values_supported"] == ["ES256", "ES384"]


def test_configurations_are_found_by_their_id(profile: ClaimProfile) -> None:
    assert profile.format_of("mdoc") is Format.MDOC
    assert profile.format_of("sd-jwt") is Format.SD_JWT
    with pytest.raises(ProfileBroken):
        profile.format_of("jwt_vc")


def test_a_query_asks_for_the_counter_check_by_default(profile: ClaimProfile) -> None:
    """OpenID4VP 1.0, clause 6."""
    query = profile.dcql([Format.MDOC])

    (entry,) = query["credentials"]
    assert entry["meta"] == {"doctype_value": profile.doctype}
    assert [claim["path"][1] for claim in entry["claims"]] == list(profile.counter_check)
    assert all(claim["intent_to_retain"] is False for claim in entry["claims"])
    assert "credential_sets" not in query


def test_a_query_for_both_formats_takes_either(profile: ClaimProfile) -> None:
    query = profile.dcql(list(Format), ["overseas_number"])

    assert query["credential_sets"] == [{"options": [["mdoc"], ["sd_jwt"]]}]
    assert query["credentials"][1] == {
        "id": "sd_jwt",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [profile.vct]},
        "claims": [{"path": ["kr", "overseas_number"]}],
    }
    with pytest.raises(ProfileBroken):
        profile.dcql([Format.MDOC], ["resident_number"])


# The file -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1", "version"),
        ('doctype = "org', 'type = "org'),
        ('value = "sex"', 'value = "shoe_size"'),
        ('kind = "flag"', 'kind = "colour"'),
        ('zh = "姓（拉丁字母）", ', ""),
        ('element = "given_name"', 'element = "family_name"'),
        ('path = ["given_name"]', 'path = ["family_name"]'),
        ('path = ["sex"]', 'path = ["kr"]'),
        ('path = ["sex"]', "path = []"),
        ("rounding_minutes = 60", "rounding_minutes = 0"),
        ('counter_check = ["', 'counter_check = ["resident_number", "'),
        ('text_color = "#FFFFFF"', ""),
        ("[configurations]", "[configuration]"),
    ],
    ids=lambda text: text[:24],
)
def test_a_broken_profile_is_refused(edit: Edit, old: str, new: str) -> None:
    with pytest.raises(ProfileBroken):
        load_profile(edit(old, new))


def test_a_missing_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileBroken):
        load_profile(tmp_path / "claims.toml")


def test_a_value_of_another_form_is_refused_when_read(profile: ClaimProfile) -> None:
    for value in ("yesterday", 5, None):
        with pytest.raises(Malformed):
            profile.claim("birth_date").read(value)
    with pytest.raises(Malformed):
        profile.claim("portrait").read("data:image/jpeg;base64,?")
    assert profile.claim("portrait").kind is Kind.PICTURE
