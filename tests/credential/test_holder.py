"""The phone's side: what it believes and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from desk.credential import cbor, holder, jose
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.holder import Held
from desk.credential.keys import from_b64url
from desk.credential.presentation import ResponseMode, build_request
from desk.credential.signer import LocalKey, LocalSigner
from desk.credential.troubles import Malformed, RequestRefused
from desk.training.authority import TrainingAuthority

Issue = Callable[..., Held]
URI = "https://desk.example/r"


@pytest.fixture(scope="module")
def verifier(authority: TrainingAuthority) -> LocalSigner:
    return authority.verifier_signer


@pytest.mark.parametrize("fmt", list(Format))
def test_a_phone_sees_all_it_holds(
    issue: Issue, profile: ClaimProfile, values: CredentialValues, fmt: Format
) -> None:
    held = issue(fmt)

    named = profile.named(fmt, held.disclosed)

    assert named["name_hangul"] == values.name_hangul
    assert named["portrait"] == values.portrait
    assert held.type == (profile.doctype if fmt is Format.MDOC else profile.vct)
    assert "HONG" not in repr(held)


def test_only_what_is_chosen_leaves_the_phone(issue: Issue, now: datetime) -> None:
    mdoc, sdjwt = issue(Format.MDOC), issue(Format.SD_JWT)
    path = ("org.iso.23220.1", "family_name")

    response = holder.device_response(
        from_b64url(mdoc.credential), [path], mdoc.key, cbor.encode([None, None, 0])
    )
    shown = holder.sdjwt_presentation(sdjwt, [("kr", "overseas_number")], "aud", "n", now)

    assert b"HONG" in response
    assert b"YUNSEO" not in response
    assert b"org.iso.23220.photoid.KR.1" in response  # among the digests, not the items
    document = cbor.map_slices(cbor.array_slices(cbor.map_slices(response)["documents"])[0])
    spaces = cbor.map_slices(cbor.map_slices(document["issuerSigned"])["nameSpaces"])
    assert list(spaces) == ["org.iso.23220.1"]
    jwt, disclosure, binding = shown.split("~")
    assert jose.parse_json(from_b64url(disclosure))[1] == "overseas_number"
    assert jwt == sdjwt.credential.split("~", maxsplit=1)[0]
    assert jose.parse_compact(binding).header["typ"] == "kb+jwt"


def forged(request: str, signer: LocalSigner, **changes: Any) -> str:
    token = jose.parse_compact(request)
    claims = {**token.claims(), **changes}
    return jose.sign_compact(
        token.header, {name: value for name, value in claims.items() if value != "-"}, signer
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "x509_hash:other"},
        {"client_id": "-"},
        {"aud": "https://other.example"},
        {"nonce": "-"},
        {"response_uri": "-"},
        {"response_mode": "fragment"},
        {"response_mode": "-"},
        {"dcql_query": "-"},
        {"client_metadata": "-"},
        {"client_metadata": []},
        {"client_metadata": {"jwks": {"keys": []}}},
        {"client_metadata": {"jwks": {"keys": [{"alg": "ECDH-ES", "kty": "EC"}]}}},
        {"client_metadata": {"encrypted_response_enc_values_supported": ["A128CBC-HS256"]}},
    ],
    ids=str,
)
def test_a_strange_request_is_refused(
    profile: ClaimProfile, verifier: LocalSigner, changes: dict[str, Any]
) -> None:
    request = build_request(profile.dcql([Format.MDOC]), verifier, URI)

    with pytest.raises(RequestRefused):
        holder.read_request(forged(request.object, verifier, **changes))


def test_a_request_signed_by_another_key_is_refused(
    profile: ClaimProfile, verifier: LocalSigner
) -> None:
    """The certificate of the desk, the key of somebody else."""
    thief = LocalSigner(LocalKey.generate().private, verifier.certificate_chain)
    request = build_request(profile.dcql([Format.MDOC]), verifier, URI)

    with pytest.raises(RequestRefused):
        holder.read_request(forged(request.object, thief))
    for junk in ("", "a.b.c", request.object[:-4]):
        with pytest.raises(RequestRefused):
            holder.read_request(junk)


def test_a_request_is_read(profile: ClaimProfile, verifier: LocalSigner) -> None:
    for mode in ResponseMode:
        request = build_request(profile.dcql(list(Format)), verifier, URI, mode)

        read = holder.read_request(request.object, request.client_id)

        assert read.response_uri == URI
        assert read.signer == verifier.certificate_chain[0]
        assert (read.encryption_key is None) is (mode is ResponseMode.CLEAR)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"credentials": 5},
        {"credentials": [{"id": "a"}]},
        {"credentials": [{"id": "a", "format": "mso_mdoc", "meta": {}, "claims": []}]},
        {"credentials": [{"format": "mso_mdoc", "meta": {"doctype_value": "x"}}]},
        {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["x"]}}]},
    ],
    ids=str,
)
def test_what_is_not_held_is_not_answered(
    issue: Issue, profile: ClaimProfile, verifier: LocalSigner, query: dict[str, Any]
) -> None:
    read = holder.read_request(build_request(query, verifier, URI).object)

    with pytest.raises(RequestRefused):
        holder.choose(read, [issue(Format.MDOC), issue(Format.SD_JWT)])


@pytest.mark.parametrize(("wanted", "fits"), [("HONG", True), ("KANG", False)])
def test_values_asked_for_are_compared(
    issue: Issue, profile: ClaimProfile, verifier: LocalSigner, wanted: str, fits: bool
) -> None:
    query = profile.dcql([Format.SD_JWT], ["family_name"])
    query["credentials"][0]["claims"][0]["values"] = [wanted]
    read = holder.read_request(build_request(query, verifier, URI).object)

    if fits:
        assert holder.choose(read, [issue(Format.SD_JWT)])
    else:
        with pytest.raises(RequestRefused):
            holder.choose(read, [issue(Format.SD_JWT)])


def test_an_optional_set_may_stay_unanswered(
    issue: Issue, profile: ClaimProfile, verifier: LocalSigner
) -> None:
    query = profile.dcql(list(Format))
    query["credential_sets"] = [
        {"options": [["mdoc"]]},
        {"options": [["sd_jwt"]], "required": False},
    ]
    read = holder.read_request(build_request(query, verifier, URI).object)

    assert set(holder.choose(read, [issue(Format.MDOC)])) == {"mdoc"}
    with pytest.raises(RequestRefused):
        holder.choose(read, [issue(Format.SD_JWT)])


def test_broken_credentials_are_malformed() -> None:
    key = LocalKey.generate()
    for fmt, text in (
        (Format.MDOC, "AAAA"),
        (Format.MDOC, "?"),
        (Format.SD_JWT, "a"),
        (Format.SD_JWT, "a~"),
    ):
        with pytest.raises(Malformed):
            _ = Held(fmt, text, key).disclosed
