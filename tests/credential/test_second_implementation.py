"""Other people's libraries (npm) read what we make, and we read what they make.

Run `npm install` in tests/credential/node once; without it these tests skip.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.credential import holder, jose, statuslist
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.holder import Held
from desk.credential.keys import Curve, DeviceKey, from_b64url
from desk.credential.presentation import (
    CheckRequest,
    ResponseMode,
    build_request,
    verify_answer,
)
from desk.credential.signer import LocalKey
from desk.credential.verify import Trust
from desk.training.authority import TrainingAuthority, document_signer

FOLDER = Path(__file__).parent / "node"

Node = Callable[..., Any]
Issue = Callable[..., Held]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip("npm install was not run in tests/credential/node")

    with subprocess.Popen(
        [program, "second.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=FOLDER,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        lines_in, lines_out = process.stdin, process.stdout

        def run(task: str, **given: Any) -> Any:
            lines_in.write(json.dumps({"task": task, **given}) + "\n")
            lines_in.flush()
            answer = json.loads(lines_out.readline())
            assert "error" not in answer, answer["error"]
            return answer["result"]

        yield run
        lines_in.close()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def jwk_with_secret(key: LocalKey) -> dict[str, Any]:
    return jose.private_jwk(key.private)


def session(request: CheckRequest) -> dict[str, Any]:
    private = request.encryption_key
    key = DeviceKey.from_public_key(private.public_key()) if private else None
    return {
        "clientId": request.client_id,
        "nonce": request.nonce,
        "responseUri": request.response_uri,
        "thumbprint": key.thumbprint if key else None,
    }


@pytest.mark.parametrize("curve", list(Curve))
def test_owf_mdoc_verifies_an_issued_mdoc(
    node: Node,
    issue: Issue,
    authority: TrainingAuthority,
    values: CredentialValues,
    now: datetime,
    curve: Curve,
) -> None:
    """@owf/mdoc 0.6.0, keys on both curves for signer and phone."""
    root = authority._roots["iaca"]
    by = document_signer(root, now - timedelta(days=1), curve).signer
    held = issue(Format.MDOC, LocalKey.generate(curve), by)

    read = node("mdoc", credential=held.credential, anchor=b64(authority.iaca))

    assert read["org.iso.23220.1"]["family_name"] == values.family_name
    assert read["org.iso.23220.1"]["portrait"] == {"bytes": b64(values.portrait)}
    assert read["org.iso.23220.photoid.KR.1"]["name_hangul"] == values.name_hangul


@pytest.mark.parametrize("mode", list(ResponseMode))
def test_two_libraries_verify_our_device_response(
    node: Node,
    issue: Issue,
    authority: TrainingAuthority,
    profile: ClaimProfile,
    now: datetime,
    mode: ResponseMode,
) -> None:
    """@owf/mdoc makes its own session transcript; @auth0/mdl gets its bytes."""
    held = issue(Format.MDOC)
    signer = authority.verifier_signer
    request = build_request(profile.dcql([Format.MDOC]), signer, "https://desk.example/r", mode)
    read = holder.read_request(request.object)
    chosen, paths = holder.choose(read, [held])["mdoc"]
    response = holder.present(chosen, paths, read, now)

    verified = node(
        "deviceResponse", response=response, anchor=b64(authority.iaca), **session(request)
    )
    other = node(
        "deviceResponseAuth0",
        response=response,
        anchor=b64(authority.iaca),
        transcript=request.transcript.hex(),
    )

    assert verified["transcript"] == request.transcript.hex()
    assert other["docType"] == profile.doctype


@pytest.mark.parametrize("mode", list(ResponseMode))
def test_we_verify_a_device_response_of_owf_mdoc(
    node: Node,
    issue: Issue,
    authority: TrainingAuthority,
    profile: ClaimProfile,
    trust: Trust,
    mode: ResponseMode,
) -> None:
    held = issue(Format.MDOC)
    signer = authority.verifier_signer
    request = build_request(profile.dcql([Format.MDOC]), signer, "https://desk.example/r", mode)
    spaces: dict[str, dict[str, bool]] = {}
    for value in profile.counter_check:
        claim = profile.claim(value)
        spaces.setdefault(claim.namespace, {})[claim.element] = False

    made = node(
        "showMdoc",
        credential=held.credential,
        privateJwk=jwk_with_secret(held.key),
        docType=profile.doctype,
        namespaces=spaces,
        **session(request),
    )
    members: dict[str, Any] = {"vp_token": {"mdoc": [made["response"]]}, "state": request.state}
    if mode is ResponseMode.ENCRYPTED:
        assert request.secret is not None
        public = {name: request.secret[name] for name in ("kty", "crv", "x", "y")}
        sealed = node("encrypt", jwk=public, payload=json.dumps(members), enc="A128GCM")
        answer = {"response": sealed["token"]}
    else:
        answer = {"vp_token": json.dumps(members["vp_token"]), "state": request.state}

    (shown,) = verify_answer(request, answer, profile, trust)

    assert shown.key_thumbprint == held.key.public.thumbprint
    assert set(shown.values) == set(profile.counter_check)


@pytest.fixture
def status_token(authority: TrainingAuthority, now: datetime) -> str:
    terms = statuslist.ListTerms(
        "https://issuer.example/status/1", now, now + timedelta(days=1), timedelta(minutes=5)
    )
    return statuslist.sign_jwt(statuslist.StatusList(1 << 16), terms, authority.status_signer)


def test_sd_jwt_verifies_an_issued_sdjwt(
    node: Node, issue: Issue, values: CredentialValues, status_token: str
) -> None:
    """@sd-jwt/sd-jwt-vc 0.19.0, which looks the status up as well."""
    held = issue(Format.SD_JWT)

    payload = node("sdjwt", credential=held.credential, statusToken=status_token)["payload"]

    assert payload["family_name"] == values.family_name
    assert payload["kr"]["overseas_number"] == values.overseas_number
    assert payload["age_equal_or_over"] == {"18": True, "19": True}
    assert "_sd" not in payload


def test_sd_jwt_verifies_our_key_binding(
    node: Node,
    issue: Issue,
    authority: TrainingAuthority,
    profile: ClaimProfile,
    now: datetime,
    status_token: str,
) -> None:
    held = issue(Format.SD_JWT)
    request = build_request(
        profile.dcql([Format.SD_JWT], ["family_name", "overseas_number"]),
        authority.verifier_signer,
        "https://desk.example/r",
    )
    read = holder.read_request(request.object)
    chosen, paths = holder.choose(read, [held])["sd_jwt"]
    response = holder.present(chosen, paths, read, now)

    verified = node(
        "sdjwt", credential=response, keyBindingNonce=request.nonce, statusToken=status_token
    )

    assert verified["kb"]["aud"] == request.client_id
    assert set(verified["payload"]) >= {"family_name", "kr"}
    assert "birthdate" not in verified["payload"]
    assert "name_hangul" not in verified["payload"]["kr"]


def test_we_verify_a_presentation_of_sd_jwt(
    node: Node,
    issue: Issue,
    authority: TrainingAuthority,
    profile: ClaimProfile,
    trust: Trust,
    now: datetime,
) -> None:
    held = issue(Format.SD_JWT)
    request = build_request(
        profile.dcql([Format.SD_JWT], ["family_name", "overseas_number"]),
        authority.verifier_signer,
        "https://desk.example/r",
        ResponseMode.CLEAR,
    )

    made = node(
        "showSdjwt",
        credential=held.credential,
        privateJwk=jwk_with_secret(held.key),
        frame={"family_name": True, "kr": {"overseas_number": True}},
        audience=request.client_id,
        nonce=request.nonce,
        now=int(now.astimezone(UTC).timestamp()),
    )
    answer = {"vp_token": json.dumps({"sd_jwt": [made["response"]]}), "state": request.state}
    (shown,) = verify_answer(request, answer, profile, trust)

    assert shown.values == {"family_name": "HONG", "overseas_number": "2026-0000017"}
    assert shown.key_thumbprint == held.key.public.thumbprint


def test_jwt_status_list_reads_our_list(
    node: Node, authority: TrainingAuthority, now: datetime
) -> None:
    """@sd-jwt/jwt-status-list 0.19.0."""
    listed = statuslist.StatusList(1 << 16)
    listed.set(7, statuslist.Status.SUSPENDED)
    listed.set(65_535, statuslist.Status.INVALID)
    terms = statuslist.ListTerms(
        "https://issuer.example/status/1", now, now + timedelta(days=1), timedelta(minutes=5)
    )

    token = statuslist.sign_jwt(listed, terms, authority.status_signer)

    assert node("statusList", token=token, indexes=[0, 7, 65_535])["values"] == [0, 2, 1]


@pytest.mark.parametrize("enc", jose.CONTENT_ENCRYPTIONS)
def test_jose_opens_what_we_encrypt(node: Node, enc: str) -> None:
    """jose 6.1.0."""
    key = LocalKey.generate()

    token = jose.encrypt("정보".encode(), key.public, enc=enc, kid="k")

    opened = node("decrypt", jwk={**jwk_with_secret(key), "alg": "ECDH-ES"}, token=token)
    assert opened["payload"] == "정보"
    assert jose.parse_object(from_b64url(token.split(".")[0]))["kid"] == "k"
