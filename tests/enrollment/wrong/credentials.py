"""Wrong requests for a credential: VCI 8 and 10, RFC 6750, RFC 9449."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from desk.credential import jose
from desk.credential.keys import Curve
from desk.credential.signer import LocalKey
from tests.enrollment.counter import now
from tests.enrollment.steps import Steps
from tests.enrollment.wrong.form import Act, Wrong


def _with_auth(value: str | None) -> Act:
    def act(steps: Steps) -> httpx.Response:
        headers = {"Authorization": value} if value is not None else {}
        return steps.web.post(f"{steps.issuer}/credential", json={}, headers=headers)

    return act


def _raw_credential(content: bytes, kind: str = "application/json") -> Act:
    return lambda s: s.post(
        "credential", s.token(), content=content, headers={"Content-Type": kind}
    )


def _with_proof(header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> Act:
    return lambda s: s.credential(proofs={"jwt": [s.proof(header=header, claims=claims)]})


def _private_key_in_header(steps: Steps) -> httpx.Response:
    header = {"jwk": jose.private_jwk(steps.key.private)}
    return steps.credential(proofs={"jwt": [steps.proof(header=header)]})


def _key_of_another(steps: Steps) -> httpx.Response:
    header = {"jwk": LocalKey.generate().public.jwk()}
    return steps.credential(proofs={"jwt": [steps.proof(header=header)]})


def _curve_and_algorithm_differ(steps: Steps) -> httpx.Response:
    key = LocalKey.generate(Curve.P384)
    return steps.credential(proofs={"jwt": [steps.proof(key=key, header={"alg": "ES256"})]})


def _unsigned(steps: Steps) -> httpx.Response:
    head, body, _ = steps.proof(header={"alg": "none"}).split(".")
    return steps.credential(proofs={"jwt": [f"{head}.{body}."]})


def _nonce_used_before(steps: Steps) -> httpx.Response:
    token, nonce = steps.token(), steps.nonce()
    steps.credential(token, proofs={"jwt": [steps.proof(claims={"nonce": nonce})]})
    again = steps.proof(claims={"nonce": nonce, "iat": int(now().timestamp()) - 5})
    return steps.credential(token, proofs={"jwt": [again]})


def _nonce_of_another_offer(steps: Steps) -> httpx.Response:
    nonce = steps.nonce()
    other = Steps(steps.web, steps.counter, steps.counter.place("mdoc"))
    other.credential(proofs={"jwt": [other.proof(claims={"nonce": nonce})]})
    return steps.credential(proofs={"jwt": [steps.proof(claims={"nonce": nonce})]})


def _second_key(steps: Steps) -> httpx.Response:
    token = steps.token()
    steps.credential(token)
    return steps.credential(token, proofs={"jwt": [steps.proof(key=LocalKey.generate())]})


def _same_key_twice(steps: Steps) -> httpx.Response:
    proof = steps.proof()
    return steps.credential(proofs={"jwt": [proof, proof]})


def _two_nonces(steps: Steps) -> httpx.Response:
    other = steps.proof(key=LocalKey.generate())
    return steps.credential(proofs={"jwt": [steps.proof(), other]})


def _two_nonces_one_of_nobody(steps: Steps) -> httpx.Response:
    other = steps.proof(key=LocalKey.generate(), claims={"nonce": "x" * 43})
    return steps.credential(proofs={"jwt": [steps.proof(), other]})


def _after_void(steps: Steps) -> httpx.Response:
    token = steps.token()
    steps.counter.link.void_offer(steps.offer.offer_id, "officer")
    return steps.credential(token)


def _encrypted(
    response: Any = "right",
    *,
    enc: str = "A256GCM",
    jwk: dict[str, Any] | None = None,
    **changed: Any,
) -> Act:
    def act(steps: Steps) -> httpx.Response:
        token, body = steps.token(), steps.request_body(**changed)
        return steps.encrypted(token, body, response=response, enc=enc, jwk=jwk)

    return act


def _terms(**changed: Any) -> Act:
    """A right encrypted request whose credential_response_encryption is changed so."""

    def act(steps: Steps) -> httpx.Response:
        terms = {**steps.answer_to(steps.key), **changed}
        return _encrypted({k: v for k, v in terms.items() if v is not None})(steps)

    return act


def _answer_key(**changed: Any) -> Act:
    return lambda s: _encrypted(s.answer_to(s.key, **changed))(s)


def _private_answer_key(steps: Steps) -> httpx.Response:
    return _encrypted(steps.answer_to(steps.key, d=jose.private_jwk(steps.key.private)["d"]))(steps)


def _other_request_key(steps: Steps) -> httpx.Response:
    return _encrypted(jwk={**LocalKey.generate().public.jwk(), "kid": "x"})(steps)


def _other_key_same_kid(steps: Steps) -> httpx.Response:
    metadata = steps.web.get(f"{steps.issuer}/.well-known/openid-credential-issuer").json()
    kid = metadata["credential_request_encryption"]["jwks"]["keys"][0]["kid"]
    return _encrypted(jwk={**LocalKey.generate().public.jwk(), "kid": kid})(steps)


def _bomb(steps: Steps) -> httpx.Response:
    """Some kilobytes that inflate to ten megabytes."""
    body = steps.request_body(filler=" " * 10_000_000)
    return steps.encrypted(steps.token(), body, deflate=True)


def _not_an_object(steps: Steps) -> httpx.Response:
    return steps.encrypted(steps.token(), ["x"], response=None)  # type: ignore[arg-type]


def _jws_instead(steps: Steps) -> httpx.Response:
    return _raw_credential(steps.proof().encode(), "application/jwt")(steps)


def _clear_terms(steps: Steps) -> httpx.Response:
    return steps.credential(credential_response_encryption=steps.answer_to(steps.key))


def bound(path: str, **claims: Any) -> Act:
    """A bound token with a wrong proof."""

    def act(steps: Steps) -> httpx.Response:
        token = steps.bound_token()
        headers = {"Authorization": f"DPoP {token}", "DPoP": steps.dpop(path, token, **claims)}
        return steps.post(path, headers=headers, json={})

    return act


def bound_as_bearer(path: str) -> Act:
    return lambda s: s.post(path, s.bound_token(), json={})


_credential = partial(Wrong, "credential")
TOKEN_RULE, _BODY, _WHICH = "RFC 6750 3.1", "VCI 8.2, 8.3.1.2", "VCI 8.2"
_PROOF, _ENC, DPOP_RULE = "VCI 8.2.1, F.1, F.4", "VCI 8.2, 10", "RFC 9449 7.1"
_NAN = float("nan")
BAD_REQUEST, BAD_ENCRYPTION = "invalid_credential_request", "invalid_encryption_parameters"
CREDENTIAL = [
    _credential(TOKEN_RULE, "no token", _with_auth(None), "invalid_token", 401),
    _credential(TOKEN_RULE, "another scheme", _with_auth("Basic eDp5"), "invalid_token", 401),
    _credential(TOKEN_RULE, "no token after Bearer", _with_auth("Bearer"), "invalid_token", 401),
    _credential(
        TOKEN_RULE, "unknown token", _with_auth("Bearer " + "x" * 43), "invalid_token", 401
    ),
    _credential(
        TOKEN_RULE, "endless token", _with_auth("Bearer " + "x" * 5000), "invalid_token", 401
    ),
    _credential(
        DPOP_RULE, "DPoP token that is none", _with_auth("DPoP " + "x" * 43), "invalid_token", 401
    ),
    _credential(
        DPOP_RULE, "bound token as Bearer", bound_as_bearer("credential"), "invalid_token", 401
    ),
    _credential(
        DPOP_RULE, "proof without ath", bound("credential", ath=None), "invalid_dpop_proof", 401
    ),
    _credential(
        DPOP_RULE, "proof of another token", bound("credential", ath="x"), "invalid_dpop_proof", 401
    ),
    _credential(
        DPOP_RULE,
        "proof for another method",
        bound("credential", htm="GET"),
        "invalid_dpop_proof",
        401,
    ),
    _credential(
        "RFC 9449 9", "proof without nonce", bound("credential", nonce=None), "use_dpop_nonce", 401
    ),
    _credential(_BODY, "not JSON", _raw_credential(b"{"), BAD_REQUEST),
    _credential(_BODY, "no object", _raw_credential(b"[]"), BAD_REQUEST),
    _credential(_BODY, "a name twice", _raw_credential(b'{"a":1,"a":2}'), BAD_REQUEST),
    _credential(_BODY, "NaN", _raw_credential(b'{"a":NaN}'), BAD_REQUEST),
    _credential("own: depth", "deep JSON", _raw_credential(b"[" * 60_000), BAD_REQUEST),
    _credential(_BODY, "not UTF-8", _raw_credential(b'{"a":"\xff"}'), BAD_REQUEST),
    _credential("own: size", "too large", _raw_credential(b" " * 300_000), "invalid_request", 413),
    _credential(_BODY, "another media type", _raw_credential(b"{}", "text/plain"), BAD_REQUEST),
    _credential(
        _WHICH,
        "no configuration",
        lambda s: s.credential(credential_configuration_id=None),
        BAD_REQUEST,
    ),
    _credential(
        _WHICH,
        "configuration and identifier",
        lambda s: s.credential(credential_identifier="x"),
        BAD_REQUEST,
    ),
    _credential(
        _WHICH,
        "unknown identifier",
        lambda s: s.credential(credential_configuration_id=None, credential_identifier="x"),
        "unknown_credential_identifier",
    ),
    _credential(
        _WHICH,
        "identifier is a number",
        lambda s: s.credential(credential_configuration_id=None, credential_identifier=7),
        "unknown_credential_identifier",
    ),
    _credential(
        _WHICH,
        "unknown configuration",
        lambda s: s.credential(credential_configuration_id="passport"),
        "unknown_credential_configuration",
    ),
    _credential(
        _WHICH,
        "configuration is an object",
        lambda s: s.credential(credential_configuration_id={}),
        "unknown_credential_configuration",
    ),
    _credential(
        "RFC 6750 3.1",
        "configuration that was not offered",
        lambda s: s.credential(credential_configuration_id="sd-jwt"),
        "insufficient_scope",
        403,
    ),
    _credential(_ENC, "key for the answer in a clear request", _clear_terms, BAD_ENCRYPTION),
    _credential(
        _ENC, "encrypted: not a JWE", _raw_credential(b"x", "application/jwt"), BAD_ENCRYPTION
    ),
    _credential(_ENC, "encrypted: a JWS", _jws_instead, BAD_ENCRYPTION),
    _credential(_ENC, "encrypted to another key", _other_request_key, BAD_ENCRYPTION),
    _credential(
        _ENC, "encrypted to another key of the same kid", _other_key_same_kid, BAD_ENCRYPTION
    ),
    _credential(_ENC, "encrypted: no object inside", _not_an_object, BAD_REQUEST),
    # Told by its size, not as if it could not be decrypted: its wallet can do something about it.
    _credential("own: size", "encrypted: bomb", _bomb, "invalid_request", 413),
    _credential(_ENC, "terms: not an object", _encrypted("x"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: no enc", _terms(enc=None), BAD_ENCRYPTION),
    _credential(_ENC, "terms: unknown enc", _terms(enc="A128CBC-HS256"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: unknown zip", _terms(zip="LZMA"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: no key", _terms(jwk=None), BAD_ENCRYPTION),
    _credential(_ENC, "terms: key without alg", _answer_key(alg=None), BAD_ENCRYPTION),
    _credential(_ENC, "terms: key of another alg", _answer_key(alg="RSA-OAEP"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: key to sign with", _answer_key(use="sig"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: key of another curve", _answer_key(crv="P-521"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: point off the curve", _answer_key(x="AA"), BAD_ENCRYPTION),
    _credential(_ENC, "terms: private key", _private_answer_key, BAD_ENCRYPTION),
    _credential(_ENC, "terms: kid is a number", _answer_key(kid=7), BAD_ENCRYPTION),
    _credential(_PROOF, "no proofs", lambda s: s.credential(proofs=None), "invalid_proof"),
    _credential(_PROOF, "no proofs, encrypted", _encrypted(proofs=None), "invalid_proof"),
    _credential(_PROOF, "proofs is an array", lambda s: s.credential(proofs=[]), "invalid_proof"),
    _credential(_PROOF, "proofs is empty", lambda s: s.credential(proofs={}), "invalid_proof"),
    _credential(_PROOF, "empty array", lambda s: s.credential(proofs={"jwt": []}), "invalid_proof"),
    _credential(
        _PROOF, "number as proof", lambda s: s.credential(proofs={"jwt": [7]}), "invalid_proof"
    ),
    _credential(_PROOF, "no JWT", lambda s: s.credential(proofs={"jwt": ["a.b"]}), "invalid_proof"),
    _credential(
        "own: length",
        "huge proof",
        lambda s: s.credential(proofs={"jwt": ["a" * 20_000]}),
        "invalid_proof",
    ),
    _credential(
        "VCI 8.2",
        "the singular proof of older drafts",
        lambda s: s.credential(proofs=None, proof={"proof_type": "jwt", "jwt": s.proof()}),
        "invalid_proof",
    ),
    _credential(
        _PROOF,
        "two proof types",
        lambda s: s.credential(proofs={"jwt": [s.proof()], "attestation": ["x"]}),
        "invalid_proof",
    ),
    _credential(
        "VCI F.2", "di_vp", lambda s: s.credential(proofs={"di_vp": [{}]}), "invalid_proof"
    ),
    _credential(
        "VCI F.3",
        "attestation where none is read",
        lambda s: s.credential(proofs={"attestation": [s.proof()]}),
        "invalid_proof",
    ),
    _credential(
        "VCI 12.2.4",
        "more proofs than the batch",
        lambda s: s.credential(proofs={"jwt": ["a"] * 3}),
        "invalid_proof",
    ),
    _credential("VCI 8.2", "one key twice", _same_key_twice, "invalid_proof"),
    _credential("own: one nonce", "two nonces", _two_nonces, "invalid_proof"),
    _credential(_PROOF, "no typ", _with_proof({"typ": None}), "invalid_proof"),
    _credential(_PROOF, "typ of another token", _with_proof({"typ": "JWT"}), "invalid_proof"),
    _credential(_PROOF, "no key", _with_proof({"jwk": None}), "invalid_proof"),
    _credential(_PROOF, "key and kid", _with_proof({"kid": "did:example:1"}), "invalid_proof"),
    _credential(
        _PROOF, "kid only", _with_proof({"jwk": None, "kid": "did:example:1"}), "invalid_proof"
    ),
    _credential(
        "RFC 7515 4.1.11", "critical header", _with_proof({"crit": ["x"], "x": 1}), "invalid_proof"
    ),
    _credential(_PROOF, "private key in the header", _private_key_in_header, "invalid_proof"),
    _credential(_PROOF, "signed by another key", _key_of_another, "invalid_proof"),
    _credential(_PROOF, "algorithm of another curve", _curve_and_algorithm_differ, "invalid_proof"),
    _credential(_PROOF, "MAC", _with_proof({"alg": "HS256"}), "invalid_proof"),
    _credential(_PROOF, "alg none", _unsigned, "invalid_proof"),
    _credential(_PROOF, "no audience", _with_proof(claims={"aud": None}), "invalid_proof"),
    _credential(
        _PROOF, "other audience", _with_proof(claims={"aud": "https://x.example"}), "invalid_proof"
    ),
    _credential(_PROOF, "no iat", _with_proof(claims={"iat": None}), "invalid_proof"),
    _credential(_PROOF, "old iat", _with_proof(claims={"iat": 1_000_000}), "invalid_proof"),
    _credential(_PROOF, "iat to come", _with_proof(claims={"iat": 9_999_999_999}), "invalid_proof"),
    _credential(_PROOF, "iat as text", _with_proof(claims={"iat": "now"}), "invalid_proof"),
    _credential(_PROOF, "iat not a number", _with_proof(claims={"iat": _NAN}), "invalid_proof"),
    _credential(_PROOF, "run out", _with_proof(claims={"exp": 1_000_000}), "invalid_proof"),
    _credential("VCI 8.3.1.2", "no nonce", _with_proof(claims={"nonce": None}), "invalid_proof"),
    _credential(
        "VCI 8.3.1.2", "nonce is a number", _with_proof(claims={"nonce": 7}), "invalid_proof"
    ),
    _credential(
        "VCI 8.3.1.2", "nonce of nobody", _with_proof(claims={"nonce": "x" * 43}), "invalid_nonce"
    ),
    _credential(
        "VCI 8.3.1.2", "endless nonce", _with_proof(claims={"nonce": "x" * 200}), "invalid_nonce"
    ),
    _credential(
        "VCI 8.3.1.2", "nonce in Hangul", _with_proof(claims={"nonce": "가" * 43}), "invalid_nonce"
    ),
    _credential(
        "VCI 8.3.1.2",
        "two nonces, one of them of nobody",
        _two_nonces_one_of_nobody,
        "invalid_nonce",
    ),
    _credential("VCI 7, 13.5", "nonce used before", _nonce_used_before, "invalid_nonce"),
    _credential("VCI 7, 13.5", "nonce of another offer", _nonce_of_another_offer, "invalid_nonce"),
    _credential(
        "VCI 8.3.1.2", "second key for one offer", _second_key, "credential_request_denied"
    ),
    _credential(
        "VCI 8.3.1.2", "after the offer was withdrawn", _after_void, "credential_request_denied"
    ),
    _credential(
        "VCI 8.2", "by GET", lambda s: s.web.get(f"{s.issuer}/credential"), "invalid_request", 405
    ),
]
