"""Prepared credentials: every byte made once, kept over a crash, signed as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import cbor2
import pytest
from cbor2 import CBORTag
from cryptography import x509

from desk.credential import cbor, cose, intent, jose, sdjwt
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.keys import Curve, from_b64url
from desk.credential.signer import LocalKey, LocalSigner
from desk.credential.terms import StatusReference, Validity
from desk.credential.troubles import Malformed, SignatureRefused, SignerUnfit, ValueUnfit
from desk.credential.verify import Trust, verify_sdjwt
from desk.training.authority import SIGNATURE, TrainingAuthority, document_signer
from tests.prepared import prepare as prepared_for

Prepare = Callable[[Format], intent.Prepared]


@pytest.fixture
def prepare(
    profile: ClaimProfile,
    values: CredentialValues,
    signer: LocalSigner,
    now: datetime,
    status: StatusReference,
) -> Prepare:
    validity = Validity.of(now, timedelta(days=365), profile.rounding, signer.certificate_chain[0])
    key = LocalKey.generate().public
    return lambda fmt: prepared_for(
        fmt, profile, values, key=key, issuer=signer, validity=validity, status=status
    )


@pytest.mark.parametrize("fmt", list(Format))
def test_the_very_same_bytes_are_signed_after_a_crash(
    prepare: Prepare, signer: LocalSigner, fmt: Format
) -> None:
    prepared = prepare(fmt)

    again = intent.restore(prepared.to_bytes())

    assert again == prepared
    assert again.to_be_signed == prepared.to_be_signed
    assert again.valid_until == prepared.valid_until
    signature = signer.sign(again.to_be_signed)
    assert again.credential(signature) == prepared.credential(signature)


@pytest.mark.parametrize("fmt", list(Format))
def test_preparing_twice_gives_other_bytes(prepare: Prepare, fmt: Format) -> None:
    """Salts and digest ids are new each time: the intent has to be kept, not remade."""
    assert prepare(fmt).to_be_signed != prepare(fmt).to_be_signed


@pytest.mark.parametrize("fmt", list(Format))
def test_what_was_said_serves_one_credential(
    profile: ClaimProfile, values: CredentialValues, signer: LocalSigner, now: datetime, fmt: Format
) -> None:
    """Prepared for one key, also with a signer who was refused before; never for a second."""
    said = intent.Said(fmt, profile, values)
    leaf = signer.certificate_chain[0]
    validity = Validity.of(now, timedelta(days=30), profile.rounding, leaf)

    def prepared(issuer: LocalSigner) -> intent.Prepared:
        key = LocalKey.generate().public
        return said.prepare(key=key, issuer=issuer, validity=validity, status=None)

    with pytest.raises(SignerUnfit):
        prepared(LocalSigner(signer.private, ()))
    once = prepared(signer)

    assert intent.restore(once.to_bytes()) == once
    with pytest.raises(ValueError, match="another key"):
        prepared(signer)


@pytest.mark.parametrize("fmt", list(Format))
def test_a_wrong_signature_makes_no_credential(
    prepare: Prepare, authority: TrainingAuthority, fmt: Format
) -> None:
    """As when another officer's card is in the reader after a crash."""
    prepared = prepare(fmt)
    other = authority.officers[1].slots[SIGNATURE].signer

    with pytest.raises(SignatureRefused):
        prepared.credential(other.sign(prepared.to_be_signed))
    with pytest.raises(SignatureRefused):
        prepared.credential(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        cbor.encode({}),
        cbor.encode({"version": 1, "format": "jwt_vc_json"}),
        cbor.encode({"version": 2, "format": "mso_mdoc"}),
        cbor.encode({"version": 1, "format": "mso_mdoc"}),
        cbor.encode({"version": 2, "format": "dc+sd-jwt"}),
        cbor.encode({"version": 1, "format": "dc+sd-jwt", "to_be_signed": b""}),
    ],
)
def test_a_strange_intent_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        intent.restore(data)


def test_an_mdoc_has_the_form_of_the_standard(prepare: Prepare, signer: LocalSigner) -> None:
    """ISO/IEC 18013-5 9.1.2.4: protected alg only, one certificate as bytes, tdate."""
    prepared = prepare(Format.MDOC)
    credential = from_b64url(prepared.credential(signer.sign(prepared.to_be_signed)))

    members = cbor.map_slices(credential)
    auth = cose.parse(members["issuerAuth"])
    assert list(members) == ["nameSpaces", "issuerAuth"]
    assert auth.headers == {1: -7}
    assert auth.unprotected == {33: signer.certificate_chain[0]}
    assert auth.payload is not None
    security_object = cbor.decode(cbor.inner(auth.payload))
    assert security_object["version"] == "1.0"
    assert security_object["validityInfo"]["signed"].tag == 0
    assert security_object["validityInfo"]["signed"].value.endswith(":00:00Z")
    assert security_object["status"]["status_list"]["idx"] == 41_007
    for space, digests in security_object["valueDigests"].items():
        items = cbor.array_slices(cbor.map_slices(members["nameSpaces"])[space])
        assert list(digests) == list(range(len(items)))
        for item in items:
            content = cbor.decode(cbor.inner(item))
            names = ["digestID", "random", "elementIdentifier", "elementValue"]
            assert list(content) == names and len(content["random"]) == 32
            assert item == cbor2.dumps(CBORTag(24, cbor2.dumps(content)))
            assert sha256(item).digest() == digests[content["digestID"]]


def test_an_sdjwt_has_the_form_of_the_standard(prepare: Prepare, signer: LocalSigner) -> None:
    """SD-JWT VC 2.2; HAIP 1.0 6.1: compact, x5c, cnf.jwk, no claim in clear but its own."""
    prepared = prepare(Format.SD_JWT)
    compact = prepared.credential(signer.sign(prepared.to_be_signed))

    token = jose.parse_compact(compact.split("~")[0])
    claims = token.claims()
    assert compact.endswith("~")
    assert token.header["typ"] == "dc+sd-jwt"
    assert jose.x5c(token.header) == signer.certificate_chain
    assert set(claims) == {
        "vct",
        "vct#integrity",
        "iat",
        "nbf",
        "exp",
        "cnf",
        "status",
        "_sd",
        "_sd_alg",
        "age_equal_or_over",
        "kr",
    }
    assert claims["_sd"] == sorted(claims["_sd"])
    assert set(claims["kr"]) == {"_sd"}
    assert claims["iat"] % 3600 == 0
    assert "HONG" not in token.payload.decode()


@pytest.mark.parametrize("fmt", list(Format))
def test_times_are_inside_of_the_certificates_life(
    profile: ClaimProfile, authority: TrainingAuthority, now: datetime, fmt: Format
) -> None:
    """A certificate made within this hour: rounding down must not leave its validity."""
    root = authority._roots["iaca"]
    young = document_signer(root, now - timedelta(seconds=2), life=timedelta(days=90)).signer
    leaf = young.certificate_chain[0]

    validity = Validity.of(now, timedelta(days=365), profile.rounding, leaf)

    assert now - timedelta(seconds=4) <= validity.signed <= now
    assert validity.valid_until <= now + timedelta(days=90)


def test_a_p384_card_signs_with_its_own_algorithm(
    profile: ClaimProfile,
    values: CredentialValues,
    authority: TrainingAuthority,
    now: datetime,
) -> None:
    pair = document_signer(authority._roots["iaca"], now - timedelta(days=1), Curve.P384)
    signer = pair.signer
    validity = Validity.of(now, timedelta(days=30), profile.rounding, signer.certificate_chain[0])
    for fmt in Format:
        prepared = prepared_for(
            fmt,
            profile,
            values,
            key=LocalKey.generate(Curve.P384).public,
            issuer=signer,
            validity=validity,
            status=None,
        )

        assert signer.algorithm == "ES384"
        assert prepared.credential(signer.sign(prepared.to_be_signed))


URI, DNS = x509.UniformResourceIdentifier, x509.DNSName


@pytest.mark.parametrize(
    ("issuer", "names", "stands"),
    [
        ("https://issue.example/kr", [URI("https://issue.example/kr")], True),
        ("https://issue.example/kr", [DNS("issue.example")], True),
        ("https://issue.example/kr", [DNS("other.example"), DNS("issue.example")], True),
        ("https://issue.example/kr", [URI("https://issue.example")], False),
        ("https://issue.example/kr", [DNS("example")], False),
        ("https://issue.example/kr", [], False),
        ("http://127.0.0.1:8443", [URI("http://127.0.0.1:8443")], False),
        ("", [DNS("issue.example")], False),
    ],
)
def test_iss_stands_where_the_certificate_confirms_it(
    profile: ClaimProfile,
    values: CredentialValues,
    authority: TrainingAuthority,
    trust: Trust,
    now: datetime,
    issuer: str,
    names: list[x509.GeneralName],
    stands: bool,
) -> None:
    """SD-JWT VC 2.2.2.3: optional beside x5c, an https address, never to be disclosed."""
    pair = document_signer(authority._roots["iaca"], now - timedelta(days=1), names=names)
    validity = Validity.of(now, timedelta(days=30), profile.rounding, pair.der)
    prepared = prepared_for(
        Format.SD_JWT,
        profile,
        values,
        key=LocalKey.generate().public,
        issuer=pair.signer,
        validity=validity,
        status=None,
        issuer_uri=issuer,
    )

    credential = prepared.credential(pair.signer.sign(prepared.to_be_signed))

    claims = jose.parse_compact(sdjwt.split(credential)[0]).claims()
    assert claims.get("iss") == (issuer if stands else None)
    verified = verify_sdjwt(credential, trust, vct=profile.vct)
    assert ("iss",) not in verified.disclosed


def test_nothing_is_prepared_without_a_mandatory_value(
    profile: ClaimProfile, values: CredentialValues, signer: LocalSigner, now: datetime
) -> None:
    validity = Validity.of(now, timedelta(days=30), profile.rounding, signer.certificate_chain[0])
    for fmt in Format:
        with pytest.raises(ValueUnfit):
            prepared_for(
                fmt,
                profile,
                replace(values, overseas_number=""),
                key=LocalKey.generate().public,
                issuer=signer,
                validity=validity,
                status=None,
            )


def test_an_unfit_signer_prepares_nothing(
    profile: ClaimProfile,
    values: CredentialValues,
    authority: TrainingAuthority,
    signer: LocalSigner,
    now: datetime,
) -> None:
    """Before the card is asked: another kind of certificate, another country."""
    validity = Validity.of(now, timedelta(days=30), profile.rounding, signer.certificate_chain[0])
    for issuer, shown in (
        (authority.status_signer, values),
        (authority.officers[0].slots[0x9A].signer, values),
        (signer, replace(values, issuing_country="US")),
    ):
        with pytest.raises(SignerUnfit):
            prepared_for(
                Format.MDOC,
                profile,
                shown,
                key=LocalKey.generate().public,
                issuer=issuer,
                validity=validity,
                status=None,
            )
