"""The desk's request and the answers to it, from its own holder functions and from forgers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from desk.credential import cbor, holder, jose
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.holder import Held
from desk.credential.keys import DeviceKey, b64url, from_b64url
from desk.credential.presentation import (
    CheckRequest,
    ResponseMode,
    build_request,
    open_answer,
    request_link,
    verify_answer,
)
from desk.credential.signer import LocalKey, LocalSigner
from desk.credential.transcript import session_transcript
from desk.credential.troubles import (
    ClaimsMissing,
    ContentAltered,
    CredentialTrouble,
    HolderNotProven,
    IssuerUnknown,
    Malformed,
    OtherRequest,
    PresentationDeclined,
    PresentationRefused,
    RequestRefused,
    Undecryptable,
)
from desk.credential.verify import Trust
from desk.training.authority import TrainingAuthority
from tests.jwes import jwe_with

Issue = Callable[..., Held]
Ask = Callable[..., CheckRequest]
Vectors = Callable[[str], dict[str, Any]]
URI = "https://desk.example/check/7/response"


@pytest.fixture(scope="module")
def verifier(authority: TrainingAuthority) -> LocalSigner:
    return authority.verifier_signer


@pytest.fixture(scope="module")
def ask(profile: ClaimProfile, verifier: LocalSigner) -> Ask:
    def request(
        *formats: Format, mode: ResponseMode = ResponseMode.ENCRYPTED, **more: Any
    ) -> CheckRequest:
        return build_request(profile.dcql(formats or list(Format), **more), verifier, URI, mode)

    return request


def answer(request: CheckRequest, *held: Held, now: datetime) -> dict[str, str]:
    read = holder.read_request(request.object)
    return holder.answer(read, holder.choose(read, held), now)


def test_the_transcript_is_the_published_one(vectors: Vectors) -> None:
    vector = vectors("small")["handover"]
    key = DeviceKey.from_jwk(vector["jwk"])

    made = session_transcript(vector["client_id"], vector["nonce"], key, vector["response_uri"])

    assert key.thumbprint_bytes.hex() == vector["thumbprint"]
    assert made.hex() == vector["transcript"]


def test_a_request_has_what_openid4vp_demands(ask: Ask, verifier: LocalSigner) -> None:
    """OpenID4VP 1.0, 5 and 8.3; HAIP 1.0, 5."""
    request = ask(Format.MDOC)
    token = jose.parse_compact(request.object)
    claims = token.claims()

    token.verify(verifier.public)
    digest = hashlib.sha256(verifier.certificate_chain[0]).digest()
    assert token.header["typ"] == "oauth-authz-req+jwt"
    assert claims["client_id"] == request.client_id == "x509_hash:" + b64url(digest)
    assert claims["response_mode"] == "direct_post.jwt"
    assert claims["aud"] == "https://self-issued.me/v2"
    assert len(claims["nonce"]) >= 22
    (key,) = claims["client_metadata"]["jwks"]["keys"]
    assert key["alg"] == "ECDH-ES"
    assert "d" not in key
    assert claims["client_metadata"]["encrypted_response_enc_values_supported"] == [
        "A128GCM",
        "A256GCM",
    ]
    assert request.secret is not None and request.secret["d"] not in request.object
    assert request.secret["d"] not in repr(request)


def test_every_request_is_new(ask: Ask) -> None:
    one, other = ask(), ask()

    assert one.nonce != other.nonce
    assert one.state != other.state
    assert one.secret != other.secret


def test_a_link_carries_client_and_place() -> None:
    parts = urlsplit(request_link("x509_hash:abc", "https://desk.example/check/7"))

    assert parts.scheme == "openid4vp"
    assert parse_qs(parts.query) == {
        "client_id": ["x509_hash:abc"],
        "request_uri": ["https://desk.example/check/7"],
    }


@pytest.mark.parametrize("mode", list(ResponseMode))
@pytest.mark.parametrize("fmt", list(Format))
def test_the_key_just_issued_comes_back(
    issue: Issue,
    ask: Ask,
    profile: ClaimProfile,
    values: CredentialValues,
    trust: Trust,
    now: datetime,
    fmt: Format,
    mode: ResponseMode,
) -> None:
    held = issue(fmt)
    request = CheckRequest.from_bytes(ask(fmt, mode=mode).to_bytes())

    (shown,) = verify_answer(request, answer(request, held, now=now), profile, trust)

    assert shown.format is fmt
    assert shown.key_thumbprint == held.key.public.thumbprint
    assert shown.status is not None and shown.status.index == 41_007
    assert shown.values == {name: values.value(name) for name in profile.counter_check}
    assert "HONG" not in repr(shown)


def test_both_credentials_come_back_where_both_are_asked(
    issue: Issue, profile: ClaimProfile, verifier: LocalSigner, trust: Trust, now: datetime
) -> None:
    query = profile.dcql(list(Format))
    del query["credential_sets"]
    request = build_request(query, verifier, URI)
    mdoc, sdjwt = issue(Format.MDOC), issue(Format.SD_JWT)

    shown = verify_answer(request, answer(request, mdoc, sdjwt, now=now), profile, trust)

    assert [one.key_thumbprint for one in shown] == [
        mdoc.key.public.thumbprint,
        sdjwt.key.public.thumbprint,
    ]


def test_either_credential_answers_where_either_is_asked(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    for fmt in Format:
        request = ask()
        (shown,) = verify_answer(request, answer(request, issue(fmt), now=now), profile, trust)
        assert shown.format is fmt


def test_the_answer_is_read_as_the_service_keeps_it(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    """A bare JWE, or JSON whose vp_token is an object or still a string."""
    held = issue(Format.SD_JWT)
    sealed = ask(Format.SD_JWT)
    clear = ask(Format.SD_JWT, mode=ResponseMode.CLEAR)
    form = answer(clear, held, now=now)
    loose = {**form, "vp_token": json.loads(form["vp_token"])}

    for request, text in (
        (sealed, answer(sealed, held, now=now)["response"]),
        (clear, json.dumps(form)),
        (clear, json.dumps(loose)),
    ):
        assert verify_answer(request, text, profile, trust)


# Refusals -------------------------------------------------------------------------


def clear_answer(request: CheckRequest, fmt: Format, entry: Any) -> dict[str, str]:
    query_id = request.query["credentials"][0]["id"]
    return {"vp_token": json.dumps({query_id: entry}), "state": request.state}


@pytest.mark.parametrize("fmt", list(Format))
def test_an_answer_to_another_request_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime, fmt: Format
) -> None:
    """A replayed presentation, even with the right state."""
    held = issue(fmt)
    first, second = (ask(fmt, mode=ResponseMode.CLEAR) for _ in range(2))
    form = answer(first, held, now=now)

    with pytest.raises(OtherRequest):
        verify_answer(second, form, profile, trust)
    with pytest.raises((OtherRequest, HolderNotProven)):
        verify_answer(second, {**form, "state": second.state}, profile, trust)


@pytest.mark.parametrize("fmt", list(Format))
def test_a_copied_credential_without_its_key_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime, fmt: Format
) -> None:
    thief = replace(issue(fmt), key=LocalKey.generate())
    request = ask(fmt)

    with pytest.raises(HolderNotProven):
        verify_answer(request, answer(request, thief, now=now), profile, trust)


@pytest.mark.parametrize("fmt", list(Format))
def test_a_strangers_credential_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime, fmt: Format
) -> None:
    stranger = TrainingAuthority.create(now).officers[0].slots[0x9C].signer
    request = ask(fmt)

    with pytest.raises(IssuerUnknown):
        verify_answer(request, answer(request, issue(fmt, None, stranger), now=now), profile, trust)


def test_an_answer_re_encrypted_by_somebody_else_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    """The transcript names the key the phone encrypted to (OpenID4VP 1.0, B.2.6.2)."""
    honest, middle = ask(Format.MDOC), LocalKey.generate()
    read = replace(holder.read_request(honest.object), encryption=dict(middle.public.jwk()))
    sealed = holder.answer(read, holder.choose(read, [issue(Format.MDOC)]), now)["response"]
    opened = jose.decrypt(sealed, middle.private)
    assert honest.encryption_key is not None
    own = DeviceKey.from_public_key(honest.encryption_key.public_key())

    with pytest.raises(HolderNotProven):
        verify_answer(honest, {"response": jose.encrypt(opened, own)}, profile, trust)


@pytest.mark.parametrize("fmt", list(Format))
def test_an_answer_with_more_in_its_header(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime, fmt: Format
) -> None:
    """RFC 7516, 4: what nobody knows is left alone, except where it is critical."""
    request = ask(fmt)
    assert request.encryption_key is not None
    own = DeviceKey.from_public_key(request.encryption_key.public_key())
    read = holder.read_request(request.object)
    sealed = holder.answer(read, holder.choose(read, [issue(fmt)]), now)["response"]
    opened = jose.decrypt(sealed, request.encryption_key)

    def sent(**header: Any) -> str:
        return jwe_with(header, opened, own)

    (shown,) = verify_answer(request, {"response": sent(iss="w", foo=1)}, profile, trust)

    assert shown.format is fmt
    with pytest.raises(Undecryptable):
        verify_answer(request, {"response": sent(crit=["foo"], foo="x")}, profile, trust)


def test_fewer_claims_than_asked_are_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    for fmt in Format:
        request = ask(fmt)
        read = holder.read_request(request.object)
        ((query_id, (held, paths)),) = holder.choose(read, [issue(fmt)]).items()
        fewer = sorted(paths)[1:]

        with pytest.raises(ClaimsMissing) as refusal:
            verify_answer(
                request, holder.answer(read, {query_id: (held, fewer)}, now), profile, trust
            )
        assert refusal.value.facts["item"] == sorted(paths)[0][-1]


def test_more_claims_than_asked_are_not_handed_on(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    for fmt in Format:
        request = ask(fmt, values=["family_name"])
        read = holder.read_request(request.object)
        ((query_id, (held, _)),) = holder.choose(read, [issue(fmt)]).items()
        everything = list(held.disclosed)

        (shown,) = verify_answer(
            request, holder.answer(read, {query_id: (held, everything)}, now), profile, trust
        )
        assert shown.values == {"family_name": "HONG"}


def test_a_phones_refusal_is_told_apart(ask: Ask) -> None:
    for mode in ResponseMode:
        request = ask(mode=mode)
        read = holder.read_request(request.object)

        with pytest.raises(PresentationDeclined) as refusal:
            open_answer(request, holder.refusal(read))
        assert refusal.value.facts["error"] == "access_denied"
        with pytest.raises(PresentationDeclined) as noisy:
            open_answer(request, json.dumps({"error": "<b>이름\n" + "x" * 99}))
        assert str(noisy.value.facts["error"]).startswith("?b????")
        assert len(str(noisy.value.facts["error"])) == 40


def test_clear_and_encrypted_are_not_mixed_up(issue: Issue, ask: Ask, now: datetime) -> None:
    held = issue(Format.MDOC)
    sealed, clear = ask(Format.MDOC), ask(Format.MDOC, mode=ResponseMode.CLEAR)

    with pytest.raises(Undecryptable):
        open_answer(sealed, {**answer(clear, held, now=now), "state": sealed.state})
    with pytest.raises(Undecryptable):
        open_answer(clear, answer(sealed, held, now=now))
    with pytest.raises(Undecryptable):
        open_answer(ask(Format.MDOC), answer(sealed, held, now=now))


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        [],
        [5],
        ["a", "b"],
        [""],
        ["a.b.c~d.e.f"],
        [b64url(b"junk")],
        [b64url(cbor.encode({}))],
        [b64url(cbor.encode({"version": "1.0", "documents": [], "status": 0}))],
        [b64url(cbor.encode({"version": "1.0", "documents": [{}], "status": 0}))],
        [b64url(cbor.encode({"version": "1.0", "documents": [{}], "status": 10}))],
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize("fmt", list(Format))
def test_junk_is_refused_by_a_coded_trouble(
    ask: Ask, profile: ClaimProfile, trust: Trust, fmt: Format, entry: Any
) -> None:
    request = ask(fmt, mode=ResponseMode.CLEAR)

    with pytest.raises(CredentialTrouble):
        verify_answer(request, clear_answer(request, fmt, entry), profile, trust)


@pytest.mark.parametrize(
    "form",
    [{}, {"vp_token": "[]"}, {"vp_token": "{"}, {"vp_token": ""}, {"vp_token": "5"}],
    ids=str,
)
def test_a_form_without_a_token_is_refused(ask: Ask, form: Mapping[str, str]) -> None:
    request = ask(mode=ResponseMode.CLEAR)

    with pytest.raises(PresentationRefused):
        open_answer(request, {**form, "state": request.state})
    with pytest.raises(OtherRequest):
        open_answer(request, form)


def test_an_element_altered_on_the_way_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    request = ask(Format.MDOC, mode=ResponseMode.CLEAR)
    read = holder.read_request(request.object)
    chosen, paths = holder.choose(read, [issue(Format.MDOC)])["mdoc"]
    response = from_b64url(holder.present(chosen, paths, read, now)).replace(b"HONG", b"KANG")

    with pytest.raises(ContentAltered):
        verify_answer(
            request, clear_answer(request, Format.MDOC, [b64url(response)]), profile, trust
        )


@pytest.mark.parametrize(
    ("header", "claims", "refusal"),
    [
        ({"typ": "JWT"}, {}, HolderNotProven),
        ({"alg": "none"}, {}, HolderNotProven),
        ({}, {"sd_hash": "other"}, HolderNotProven),
        ({}, {"sd_hash": None}, HolderNotProven),
        ({}, {"nonce": "other"}, OtherRequest),
        ({}, {"aud": "x509_hash:other"}, OtherRequest),
        ({}, {"iat": None}, HolderNotProven),
        ({}, {"iat": 1_700_000_000}, HolderNotProven),
        ({}, {"iat": True}, HolderNotProven),
        ({}, {"iat": 1e300}, HolderNotProven),
    ],
    ids=str,
)
def test_a_strange_key_binding_is_refused(
    issue: Issue,
    ask: Ask,
    profile: ClaimProfile,
    trust: Trust,
    now: datetime,
    header: dict[str, Any],
    claims: dict[str, Any],
    refusal: type[Exception],
) -> None:
    held = issue(Format.SD_JWT)
    request = ask(Format.SD_JWT, mode=ResponseMode.CLEAR)
    read = holder.read_request(request.object)
    _, paths = holder.choose(read, [held])["sd_jwt"]
    shown, _, binding = holder.present(held, paths, read, now).rpartition("~")
    good = jose.parse_compact(binding)
    made = jose.sign_compact({**good.header, **header}, {**good.claims(), **claims}, held.key)

    with pytest.raises(refusal):
        verify_answer(
            request, clear_answer(request, Format.SD_JWT, [f"{shown}~{made}"]), profile, trust
        )


def key_bound(held: Held, request: CheckRequest, now: datetime, iat: str) -> str:
    """What ``held`` shows, its key binding made at ``iat`` as JSON has it."""
    read = holder.read_request(request.object)
    _, paths = holder.choose(read, [held])["sd_jwt"]
    shown, _, binding = holder.present(held, paths, read, now).rpartition("~")
    good = jose.parse_compact(binding)
    claims = json.dumps({**good.claims(), "iat": 0}).replace('"iat": 0', f'"iat": {iat}')
    header = b64url(jose.compact_json(good.header))
    signed = f"{header}.{b64url(claims.encode())}"
    return f"{shown}~{signed}.{b64url(held.key.sign(signed.encode()))}"


def test_a_key_binding_may_have_a_part_of_a_second(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    """RFC 9901 4.3 by way of RFC 7519 2: a NumericDate need not be whole."""
    request = ask(Format.SD_JWT, mode=ResponseMode.CLEAR)
    shown = key_bound(issue(Format.SD_JWT), request, now, f"{now.timestamp():.3f}")

    (presented,) = verify_answer(
        request, clear_answer(request, Format.SD_JWT, [shown]), profile, trust
    )

    assert presented.format is Format.SD_JWT


def test_a_key_binding_of_a_time_beyond_all_numbers_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    request = ask(Format.SD_JWT, mode=ResponseMode.CLEAR)
    shown = key_bound(issue(Format.SD_JWT), request, now, "1" + "0" * 400)

    with pytest.raises(HolderNotProven):
        verify_answer(request, clear_answer(request, Format.SD_JWT, [shown]), profile, trust)


def test_a_disclosure_that_is_no_text_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    """Half a surrogate pair passes through JSON as an escape and cannot be hashed."""
    request = ask(Format.SD_JWT, mode=ResponseMode.CLEAR)
    shown = key_bound(issue(Format.SD_JWT), request, now, str(int(now.timestamp())))
    jwt, rest = shown.split("~", 1)
    form = clear_answer(request, Format.SD_JWT, [f"{jwt}~\ud800~{rest}"])

    for answered in (form, json.dumps(form)):
        with pytest.raises((PresentationRefused, Malformed)):
            verify_answer(request, answered, profile, trust)


def test_a_disclosure_added_after_signing_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    """sd_hash covers what was disclosed."""
    held = issue(Format.SD_JWT)
    request = ask(Format.SD_JWT, mode=ResponseMode.CLEAR)
    read = holder.read_request(request.object)
    _, paths = holder.choose(read, [held])["sd_jwt"]
    shown, _, binding = holder.present(held, paths, read, now).rpartition("~")
    hidden = next(text for text in held.credential.split("~")[1:-1] if text not in shown)

    with pytest.raises(HolderNotProven):
        verify_answer(
            request,
            clear_answer(request, Format.SD_JWT, [f"{shown}~{hidden}~{binding}"]),
            profile,
            trust,
        )


def test_a_kept_request_must_be_whole() -> None:
    for data in (b"", b"{}", b'{"object": 1}', b"[]"):
        with pytest.raises(Malformed):
            CheckRequest.from_bytes(data)


def test_an_old_answer_is_refused(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    request = ask(Format.SD_JWT)
    form = answer(request, issue(Format.SD_JWT), now=now - timedelta(minutes=11))

    with pytest.raises(HolderNotProven):
        verify_answer(request, form, profile, trust)


def test_refusals_name_no_applicant(
    issue: Issue, ask: Ask, profile: ClaimProfile, trust: Trust, now: datetime
) -> None:
    request = ask(Format.SD_JWT)
    held = replace(issue(Format.SD_JWT), key=LocalKey.generate())

    with pytest.raises(CredentialTrouble) as refusal:
        verify_answer(request, answer(request, held, now=now), profile, trust)

    text = f"{refusal.value} {refusal.value.facts} {held}"
    assert "HONG" not in text
    with pytest.raises(RequestRefused):
        holder.read_request(request.object, client_id="x509_hash:other")


def test_an_answer_with_two_large_portraits_opens(
    profile: ClaimProfile,
    values: CredentialValues,
    issue: Issue,
    verifier: LocalSigner,
    now: datetime,
    trust: Trust,
) -> None:
    """The largest picture that the settings allow (100,000 bytes), in both formats at once: one
    JWE of nearly half a megabyte."""
    large = replace(values, portrait=values.portrait.ljust(100_000, b"\0"))
    query = profile.dcql(list(Format))
    del query["credential_sets"]
    request = build_request(query, verifier, URI)
    held = [issue(fmt, of=large) for fmt in Format]

    posted = answer(request, *held, now=now)
    shown = verify_answer(request, posted, profile, trust)

    assert len(posted["response"]) > 400_000
    assert [one.values["portrait"] for one in shown] == [large.portrait] * 2
