"""Both formats verified as a stranger would, and refused for every reason there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cbor2 import CBORTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from desk.credential import cbor, cose, holder, jose, sdjwt
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.holder import Held
from desk.credential.keys import Curve, DeviceKey, b64url, from_b64url
from desk.credential.presentation import verify_device_response, verify_key_bound
from desk.credential.signer import LocalKey, LocalSigner
from desk.credential.terms import StatusReference, Terms, Validity
from desk.credential.troubles import (
    ContentAltered,
    CredentialTrouble,
    HolderNotProven,
    IssuerUnknown,
    Malformed,
    NotValidNow,
    SignatureNotGenuine,
    VerificationFailed,
    WrongType,
)
from desk.credential.verify import (
    Trust,
    VerifiedCredential,
    disclosed_claims,
    verify_mdoc,
    verify_sdjwt,
)
from desk.training.authority import TrainingAuthority
from tests.prepared import prepare_unchecked

Issue = Callable[..., Held]
Vectors = Callable[[str], dict[str, Any]]
Check = Callable[[str, Format, Trust], VerifiedCredential]


@pytest.fixture(scope="module")
def check(profile: ClaimProfile) -> Check:
    def verify(credential: str, fmt: Format, trust: Trust) -> VerifiedCredential:
        if fmt is Format.MDOC:
            return verify_mdoc(from_b64url(credential), trust, doctype=profile.doctype)
        return verify_sdjwt(credential, trust, vct=profile.vct)

    return verify


@pytest.mark.parametrize("fmt", list(Format))
def test_an_issued_credential_verifies(
    issue: Issue,
    check: Check,
    profile: ClaimProfile,
    values: CredentialValues,
    trust: Trust,
    status: StatusReference,
    fmt: Format,
) -> None:
    held = issue(fmt)

    verified = check(held.credential, fmt, trust)

    named = profile.named(fmt, verified.disclosed)
    assert named == {claim.value: values.value(claim.value) for claim in profile.claims}
    assert verified.key == held.key.public
    assert verified.status == status
    assert values.family_name not in repr(verified)


@pytest.mark.parametrize("fmt", list(Format))
@pytest.mark.parametrize(
    ("days", "refusal"), [(-2, NotValidNow), (366, NotValidNow), (500, NotValidNow)]
)
def test_a_credential_holds_for_its_time_only(
    issue: Issue, check: Check, trust: Trust, fmt: Format, days: int, refusal: type[Exception]
) -> None:
    at = replace(trust, now=trust.now + timedelta(days=days))

    with pytest.raises(refusal):
        check(issue(fmt).credential, fmt, at)


@pytest.mark.parametrize("fmt", list(Format))
def test_a_strangers_credential_is_refused(
    issue: Issue, check: Check, trust: Trust, now: datetime, fmt: Format
) -> None:
    stranger = TrainingAuthority.create(now)
    theirs = issue(fmt, None, stranger.officers[0].slots[0x9C].signer)

    with pytest.raises(IssuerUnknown):
        check(theirs.credential, fmt, trust)


@pytest.mark.parametrize("fmt", list(Format))
def test_another_key_than_the_certificates_is_refused(
    issue: Issue,
    check: Check,
    trust: Trust,
    profile: ClaimProfile,
    signer: LocalSigner,
    fmt: Format,
) -> None:
    """Signed by one key, shown with the certificate of another."""
    held = issue(fmt)
    forger = LocalKey.generate()
    if fmt is Format.MDOC:
        members = cbor.map_slices(from_b64url(held.credential))
        auth = cose.parse(members["issuerAuth"])
        assert auth.payload is not None
        signature = forger.sign(cose.to_be_signed(auth.protected, auth.payload))
        forged_auth = cbor.encode([auth.protected, auth.unprotected, auth.payload, signature])
        forged = b64url(cbor.join_map({**members, "issuerAuth": forged_auth}))
    else:
        jwt, *rest = held.credential.split("~")
        body = jwt.rsplit(".", 1)[0]
        forged = "~".join((f"{body}.{b64url(forger.sign(body.encode()))}", *rest))

    with pytest.raises(SignatureNotGenuine):
        check(forged, fmt, trust)


@pytest.mark.parametrize("fmt", list(Format))
def test_a_status_signers_certificate_signs_no_credential(
    issue: Issue, check: Check, trust: Trust, authority: TrainingAuthority, fmt: Format
) -> None:
    """Same root, but not a document signer (ISO/IEC 18013-5 annex B.1.4)."""
    held = issue(fmt, None, authority.status_signer)

    with pytest.raises(IssuerUnknown):
        check(held.credential, fmt, trust)
    assert check(held.credential, fmt, replace(trust, country=None))


@pytest.mark.parametrize("fmt", list(Format))
def test_another_country_is_refused(issue: Issue, check: Check, trust: Trust, fmt: Format) -> None:
    with pytest.raises(IssuerUnknown):
        check(issue(fmt).credential, fmt, replace(trust, country="UT"))


@pytest.mark.parametrize("fmt", list(Format))
def test_the_country_inside_must_be_the_certificates(
    check: Check,
    profile: ClaimProfile,
    values: CredentialValues,
    signer: LocalSigner,
    trust: Trust,
    now: datetime,
    fmt: Format,
) -> None:
    validity = Validity.of(now, timedelta(days=9), profile.rounding, signer.certificate_chain[0])
    terms = Terms(LocalKey.generate().public, signer, validity, None)
    abroad = replace(values, issuing_country="US")
    prepared = prepare_unchecked(fmt, profile, abroad, terms)

    with pytest.raises(IssuerUnknown):
        check(prepared.credential(signer.sign(prepared.to_be_signed)), fmt, trust)


def test_another_type_is_refused(issue: Issue, trust: Trust) -> None:
    with pytest.raises(WrongType):
        verify_mdoc(
            from_b64url(issue(Format.MDOC).credential), trust, doctype="org.iso.18013.5.1.mDL"
        )
    with pytest.raises(WrongType):
        verify_sdjwt(issue(Format.SD_JWT).credential, trust, vct="urn:eudi:pid:1")


# mdoc: altered bytes --------------------------------------------------------------


def with_items(credential: str, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    members = cbor.map_slices(from_b64url(credential))
    spaces = cbor.map_slices(members["nameSpaces"])
    first = next(iter(spaces))
    spaces[first] = cbor.join_array(change(cbor.array_slices(spaces[first])))
    return cbor.join_map({**members, "nameSpaces": cbor.join_map(spaces)})


def altered(items: list[bytes]) -> list[bytes]:
    return [items[0].replace(b"HONG", b"KANG"), *items[1:]]


def longer_head(items: list[bytes]) -> list[bytes]:
    """The same content with another length of length: other bytes, other digest."""
    content = cbor.inner(items[0])
    return [b"\xd8\x18\x59" + len(content).to_bytes(2) + content, *items[1:]]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (altered, ContentAltered),
        (longer_head, ContentAltered),
        (lambda items: [*items, items[0]], Malformed),
        (lambda items: [cbor.encode({"digestID": 0}), *items[1:]], Malformed),
        (lambda items: [cbor.encode(CBORTag(24, cbor.encode({}))), *items[1:]], Malformed),
        (lambda items: [cbor.encode(CBORTag(24, "text")), *items[1:]], Malformed),
    ],
    ids=["altered", "other encoding", "twice", "untagged", "empty", "text"],
)
def test_altered_items_are_refused(
    issue: Issue, trust: Trust, profile: ClaimProfile, change: Any, refusal: type[Exception]
) -> None:
    data = with_items(issue(Format.MDOC).credential, change)

    with pytest.raises(refusal):
        verify_mdoc(data, trust, doctype=profile.doctype)


def test_fewer_items_verify(issue: Issue, trust: Trust, profile: ClaimProfile) -> None:
    data = with_items(issue(Format.MDOC).credential, lambda items: items[:1])

    verified = verify_mdoc(data, trust, doctype=profile.doctype)

    spaces = [path for path in verified.disclosed if path[0] == "org.iso.23220.1"]
    assert spaces == [("org.iso.23220.1", "family_name")]


def resigned(
    credential: str, signer: LocalSigner, change: Callable[[dict[str, Any]], None]
) -> bytes:
    """The same mdoc with another security object, genuinely signed."""
    members = cbor.map_slices(from_b64url(credential))
    auth = cose.parse(members["issuerAuth"])
    assert auth.payload is not None
    security_object = cbor.decode(cbor.inner(auth.payload))
    change(security_object)
    payload = cbor.encoded(cbor.encode(security_object))
    signature = signer.sign(cose.to_be_signed(auth.protected, payload))
    made = cbor.encode([auth.protected, auth.unprotected, payload, signature])
    return cbor.join_map({**members, "issuerAuth": made})


def setting(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(target: dict[str, Any]) -> None:
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (setting("digestAlgorithm", value="MD5"), Malformed),
        (setting("valueDigests", value={}), Malformed),
        (setting("valueDigests", value=[]), Malformed),
        (setting("deviceKeyInfo", value={}), Malformed),
        (setting("deviceKeyInfo", "deviceKey", value={1: 2}), Malformed),
        (setting("validityInfo", value=None), Malformed),
        (setting("validityInfo", "signed", value="2026-11-22T00:00:00Z"), Malformed),
        # Before its signer was appointed, though it holds from later on (9.3.1, step 5).
        (
            setting("validityInfo", "signed", value=CBORTag(0, "2020-01-01T00:00:00Z")),
            NotValidNow,
        ),
        (
            setting("validityInfo", "validUntil", value=CBORTag(0, "2001-01-01T00:00:00Z")),
            Malformed,
        ),
        (setting("status", value={"status_list": 1}), Malformed),
        (setting("docType", value="other"), WrongType),
    ],
    ids=str,
)
def test_a_strange_security_object_is_refused(
    issue: Issue,
    trust: Trust,
    profile: ClaimProfile,
    signer: LocalSigner,
    change: Callable[[dict[str, Any]], None],
    refusal: type[Exception],
) -> None:
    data = resigned(issue(Format.MDOC).credential, signer, change)

    with pytest.raises(refusal):
        verify_mdoc(data, trust, doctype=profile.doctype)


@given(st.data())
def test_no_changed_byte_of_an_mdoc_passes_or_breaks(data: st.DataObject) -> None:
    """Each is refused by a coded trouble, or lies in what nobody signs (unprotected map)."""
    credential, trust, doctype = FUZZED["mdoc"]
    place = data.draw(st.integers(0, len(credential) - 1))
    changed = bytearray(credential)
    changed[place] ^= data.draw(st.integers(1, 255))

    try:
        verify_mdoc(bytes(changed), trust, doctype=doctype)
    except CredentialTrouble:
        return
    members = cbor.map_slices(bytes(changed))
    original = cbor.map_slices(credential)
    assert cose.parse(members["issuerAuth"]).payload == cose.parse(original["issuerAuth"]).payload


FUZZED: dict[str, Any] = {}


@pytest.fixture(autouse=True, scope="module")
def fuzzed(issue: Issue, trust: Trust, profile: ClaimProfile) -> None:
    """Hypothesis tests can't take these fixtures themselves."""
    FUZZED["mdoc"] = (from_b64url(issue(Format.MDOC).credential), trust, profile.doctype)
    FUZZED["sdjwt"] = (issue(Format.SD_JWT).credential, trust, profile.vct)


@given(st.data())
def test_no_changed_character_of_an_sdjwt_passes(data: st.DataObject) -> None:
    credential, trust, vct = FUZZED["sdjwt"]
    place = data.draw(st.integers(0, len(credential) - 1))
    other = data.draw(st.sampled_from("AZaz09-_~.=é"))
    if credential[place] == other:
        return

    with pytest.raises(VerificationFailed):
        verify_sdjwt(credential[:place] + other + credential[place + 1 :], trust, vct=vct)


# SD-JWT: what RFC 9901 refuses -----------------------------------------------------


def hidden(name: str, value: Any) -> tuple[str, str]:
    text = sdjwt.disclosure("_26bc4LT-ac6q2KI6cBW5es", name, value)
    return sdjwt.digest(text), text


def test_the_rfcs_example_verifies(vectors: Vectors) -> None:
    vector = vectors("rfc9901_section5")
    parts = "".join(vector["presentation"].split()).split("~")

    issued = jose.parse_compact(parts[0])
    issued.verify(DeviceKey.from_jwk(vector["issuer"]))
    jose.parse_compact(parts[-1]).verify(DeviceKey.from_jwk(vector["holder"]))
    claims = disclosed_claims(issued.claims(), parts[1:-1])

    # The processed payload of section 5.2, registered claims left out.
    assert claims == {
        ("family_name",): "Doe",
        ("given_name",): "John",
        ("nationalities",): ["US"],
        ("address", "street_address"): "123 Main St",
        ("address", "locality"): "Anytown",
        ("address", "region"): "Anystate",
        ("address", "country"): "US",
    }


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg", "exp", "cnf", "vct", "status", "seen"])
def test_a_disclosure_may_not_hide_what_must_be_plain(name: str) -> None:
    digest, text = hidden(name, 5)

    with pytest.raises(Malformed):
        disclosed_claims({"_sd": [digest], "seen": 1}, [text])


@pytest.mark.parametrize(
    ("claims", "entry"),
    [
        ({}, ["salt", "name", 1]),
        ({"_sd": "text"}, None),
        ({"_sd": [5]}, None),
        ({"_sd": ["a", "a"]}, None),
        ({"_sd_alg": "md5"}, None),
        ({"inner": {"...": "x", "y": 1}}, None),
        ({"_sd": ["*"]}, ["salt", "name"]),
        ({"_sd": ["*"]}, ["salt", 5, 1]),
        ({"_sd": ["*"]}, [5, "name", 1]),
        ({"_sd": ["*"]}, {"name": 1}),
        ({"list": [{"...": "*"}]}, ["salt", "name", 1]),
        ({"_sd": ["*"], "inner": {"_sd": ["*"]}}, ["salt", "name", 1]),
    ],
    ids=str,
)
def test_strange_digests_and_disclosures_are_refused(claims: dict[str, Any], entry: Any) -> None:
    text = b64url(jose.compact_json(entry))
    given_claims = json.loads(json.dumps(claims).replace("*", sdjwt.digest(text)))

    with pytest.raises((Malformed, ContentAltered)):
        disclosed_claims(given_claims, [text] if entry is not None else [])


def test_a_disclosure_given_twice_is_refused() -> None:
    digest, text = hidden("name", 1)

    with pytest.raises(Malformed):
        disclosed_claims({"_sd": [digest]}, [text, text])


def test_disclosures_may_stand_in_disclosures_but_not_without_end() -> None:
    digest, text = hidden("inner", "value")
    outer_digest, outer = hidden("outer", {"_sd": [digest]})
    assert disclosed_claims({"_sd": [outer_digest]}, [text, outer]) == {("outer", "inner"): "value"}

    chain = []
    for _ in range(40):
        digest, text = hidden("x", {"_sd": [digest]})
        chain.append(text)
    with pytest.raises(Malformed):
        disclosed_claims({"_sd": [digest]}, chain)


def test_undisclosed_elements_of_an_array_are_left_out() -> None:
    text = b64url(jose.compact_json(["salt", "KR"]))

    claims = disclosed_claims(
        {"nationalities": [{"...": sdjwt.digest(text)}, {"...": "other"}, "US"]}, [text]
    )

    assert claims == {("nationalities",): ["KR", "US"]}


@pytest.mark.parametrize(
    ("header", "payload", "refusal"),
    [
        ({"typ": "JWT"}, {}, WrongType),
        ({"alg": "none"}, {}, SignatureNotGenuine),
        ({"alg": "HS256"}, {}, SignatureNotGenuine),
        ({"x5c": []}, {}, Malformed),
        ({"x5c": ["?"]}, {}, Malformed),
        ({"x5c": ["AAAA"]}, {}, Malformed),
        ({"crit": ["b64"]}, {}, Malformed),
        ({}, {"vct": "other"}, WrongType),
        ({}, {"exp": None}, Malformed),
        ({}, {"nbf": "now"}, Malformed),
        ({}, {"exp": 10**18}, Malformed),
        ({}, {"cnf": None}, Malformed),
        ({}, {"cnf": {"jwk": {"kty": "oct"}}}, Malformed),
        ({}, {"cnf": {"jkt": "thumbprint"}}, Malformed),
        ({}, {"status": []}, Malformed),
    ],
    ids=str,
)
def test_a_strange_token_is_refused(
    issue: Issue,
    trust: Trust,
    profile: ClaimProfile,
    signer: LocalSigner,
    header: dict[str, Any],
    payload: dict[str, Any],
    refusal: type[Exception],
) -> None:
    """Genuinely signed each time, so that only the named thing is wrong."""
    jwt, *rest = issue(Format.SD_JWT).credential.split("~")
    token = jose.parse_compact(jwt)
    made = jose.sign_compact({**token.header, **header}, {**token.claims(), **payload}, signer)

    with pytest.raises(refusal):
        verify_sdjwt("~".join((made, *rest)), trust, vct=profile.vct)


@pytest.mark.parametrize("text", ["", "~", "a~b", "a.b.c~", "jwt", "~~~"])
def test_what_is_no_sdjwt_is_refused(text: str, trust: Trust, profile: ClaimProfile) -> None:
    with pytest.raises(Malformed):
        verify_sdjwt(text, trust, vct=profile.vct)


def test_a_key_binding_is_not_taken_for_none(issue: Issue, trust: Trust) -> None:
    with pytest.raises(HolderNotProven):
        verify_key_bound(issue(Format.SD_JWT).credential, "aud", "nonce", "vct", trust)


# ISO/IEC 18013-5 annex D ----------------------------------------------------------


def annex_d(vector: dict[str, Any]) -> bytes:
    items = cbor.join_array([bytes.fromhex(item) for item in vector["items"]])
    return cbor.join_map(
        {
            "nameSpaces": cbor.join_map({vector["namespace"]: items}),
            "issuerAuth": bytes.fromhex(vector["issuer_auth"]),
        }
    )


def test_the_standards_example_verifies(vectors: Vectors) -> None:
    """Country US and its root: the signer profile holds as well."""
    vector = vectors("iso18013_annex_d")
    trust = Trust([bytes.fromhex(vector["root"])], vector["valid_at"], country="US")

    verified = verify_mdoc(annex_d(vector), trust, doctype=vector["doctype"])

    space = vector["namespace"]
    assert verified.disclosed[space, "family_name"] == "Doe"
    assert verified.disclosed[space, "issue_date"] == CBORTag(1004, "2019-10-20")
    assert len(verified.disclosed) == 5
    assert verified.validity.valid_until.isoformat() == "2021-10-01T13:30:02+00:00"
    with pytest.raises(NotValidNow):
        verify_mdoc(
            annex_d(vector),
            replace(trust, now=trust.now + timedelta(days=365)),
            doctype=vector["doctype"],
        )


def test_the_standards_device_key_presents(vectors: Vectors) -> None:
    """The example's own key signs for our transcript; a MAC as in the example is refused."""
    vector = vectors("iso18013_annex_d")
    trust = Trust([bytes.fromhex(vector["root"])], vector["valid_at"], country="US")
    private = ec.derive_private_key(int(vector["device_key"], 16), Curve.P256.group)
    session = cbor.encode([None, None, "session"])
    paths = [(vector["namespace"], "family_name")]

    response = holder.device_response(annex_d(vector), paths, LocalKey(private), session)

    shown = verify_device_response(response, session, vector["doctype"], trust)
    assert shown.disclosed == {paths[0]: "Doe"}
    with pytest.raises(HolderNotProven):
        verify_device_response(response, cbor.encode([None]), vector["doctype"], trust)
    maced = response.replace(b"deviceSignature", b"deviceSignaturX")
    with pytest.raises(HolderNotProven):
        verify_device_response(maced, session, vector["doctype"], trust)
