"""Key attestations: OpenID4VCI 1.0 annex D and appendix F.1, F.3."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.credential import jose
from desk.credential.attestation import AttestationPolicy
from desk.credential.attestation_use import AttestationUse
from desk.credential.holder import key_proof
from desk.credential.proof import verify_proofs
from desk.credential.signer import LocalKey
from desk.credential.troubles import ProofRefused
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.enrollment.trouble import CertificateFileUnusable
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from desk.training.wallet_issuer import Manner
from desk.training.wallet_provider import WalletProvider
from desk.training.wallet_trouble import NotUnderstood
from tests.enrollment.conftest import NewPhone, started
from tests.enrollment.counter import PIN, Counter, now
from tests.enrollment.steps import Steps

MODERATE = ("iso_18045_high", "iso_18045_moderate")


@pytest.fixture(scope="module")
def provider() -> WalletProvider:
    return WalletProvider.create(now())


@pytest.fixture(scope="module")
def careful(
    folder: Path, key: StationKey, authority: TrainingAuthority, provider: WalletProvider
) -> Iterator[Counter]:
    """A desk and a service that want keys in hardware that a known provider vouches for."""
    roots = folder / "providers.pem"
    roots.write_bytes(provider.root_pem)
    options = ["--attestation", "required", "--attestation-roots", str(roots)]
    for level in MODERATE:
        options += ["--key-storage", level]
    policy = AttestationPolicy(AttestationUse.REQUIRED, (provider.root,), MODERATE)
    process = started(folder, "careful", *options, "--wait", "8", "--batch", "3")
    with HttpLink(process.url, key) as link:
        yield Counter(link, authority, attestations=policy, batch=3)
    process.stop()


@pytest.fixture
def steps(careful: Counter, web: httpx.Client) -> Steps:
    return Steps(web, careful, careful.place("mdoc"))


def test_metadata_says_what_is_demanded(careful: Counter, web: httpx.Client) -> None:
    """12.2.4: both proof types, and which levels will do."""
    metadata = web.get(f"{careful.link.issuer}/.well-known/openid-credential-issuer").json()

    for entry in metadata["credential_configurations_supported"].values():
        types = entry["proof_types_supported"]
        assert set(types) == {"jwt", "attestation"}
        for kind in types.values():
            assert kind["key_attestations_required"] == {"key_storage": list(MODERATE)}
            assert kind["proof_signing_alg_values_supported"] == ["ES256", "ES384"]


@pytest.mark.parametrize("alone", [False, True])
def test_phone_whose_provider_is_known(
    careful: Counter, new_phone: NewPhone, provider: WalletProvider, alone: bool
) -> None:
    """Three attested keys, three credentials; beside one proof, or without any."""
    offer = careful.place("mdoc")
    phone = new_phone(manner=Manner(keys=3, provider=provider, attestation_alone=alone))

    with careful.answering(offer.offer_id):
        phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)

    keys = {card.verified.key, *(verified.key for _held, verified in card.more)}
    assert len(keys) == 3


def test_phone_without_a_provider(careful: Counter, new_phone: NewPhone) -> None:
    offer, phone = careful.place("mdoc"), new_phone()
    phone.scan(offer.uri)

    with pytest.raises(NotUnderstood) as refused:
        phone.redeem(PIN)

    assert refused.value.facts["error"] == "invalid_proof"


Proofs = Callable[[Steps, WalletProvider, str], dict[str, list[str]]]


def beside(**changed: Any) -> Proofs:
    """A right proof with an attestation that is changed so."""

    def proofs(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
        given = dict(changed)
        keys = given.pop("keys", [steps.key.public])
        attestation = provider.attest(keys, now(), nonce=nonce, **given)
        header = {"key_attestation": attestation}
        return {"jwt": [steps.proof(header=header, claims={"nonce": nonce})]}

    return proofs


def named(kid: Any, *, place: int = 0, **changed: Any) -> Proofs:
    """A proof whose key is the one attested at ``place`` and is named by ``kid`` only."""

    def proofs(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
        given, issuer = dict(changed), changed.get("issuer", provider)
        given.pop("issuer", None)
        keys = [STRANGE_KEY] * place + [steps.key.public]
        attestation = issuer.attest(keys, now(), nonce=nonce, **given)
        header = {"jwk": None, "kid": kid, "key_attestation": attestation}
        return {"jwt": [steps.proof(header=header, claims={"nonce": nonce})]}

    return proofs


def alone(**changed: Any) -> Proofs:
    def proofs(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
        given = {"nonce": nonce, **changed}
        return {"attestation": [provider.attest([steps.key.public], now(), **given)]}

    return proofs


def _stranger(steps: Steps, _provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    return alone()(steps, WalletProvider.create(now()), nonce)


def _root_in_the_chain(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    header = {"x5c": [base64.b64encode(provider.root).decode()]}
    return alone(header=header)(steps, provider, nonce)


def _with_own_kids(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    """The attested keys have names of their own, one of them another key's place."""
    keys = [{**STRANGE_KEY.jwk(), "kid": "x"}, {**steps.key.public.jwk(), "kid": "0"}]
    return named("0", claims={"attested_keys": keys})(steps, provider, nonce)


def _four_keys(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    keys = [LocalKey.generate().public for _ in range(4)]
    return {"attestation": [provider.attest(keys, now(), nonce=nonce)]}


def _two_attestations(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    one = provider.attest([steps.key.public], now(), nonce=nonce)
    two = provider.attest([LocalKey.generate().public], now(), nonce=nonce)
    return {"attestation": [one, two]}


def _kid_alone(steps: Steps, _provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    return {"jwt": [steps.proof(header={"jwk": None, "kid": "0"}, claims={"nonce": nonce})]}


def _kid_and_key(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    header = {
        "kid": "0",
        "key_attestation": provider.attest([steps.key.public], now(), nonce=nonce),
    }
    return {"jwt": [steps.proof(header=header, claims={"nonce": nonce})]}


def _changed(steps: Steps, provider: WalletProvider, nonce: str) -> dict[str, list[str]]:
    """The keys of one under the signature of another."""
    one = provider.attest([steps.key.public], now(), nonce=nonce).split(".")
    two = provider.attest([LocalKey.generate().public], now(), nonce=nonce).split(".")
    return {"attestation": [f"{one[0]}.{one[1]}.{two[2]}"]}


STRANGE_KEY = LocalKey.generate().public


@pytest.mark.parametrize(
    ("proofs", "credentials"),
    [
        (named("0"), 1),
        (named("1", place=1), 2),
        (_with_own_kids, 2),
        # The nonce beside a proof is the wallet's choice, as libraries make it.
        (named("0", claims={"nonce": None}), 1),
    ],
    ids=["first place", "second place", "its own kid before a place", "without a nonce"],
)
def test_proof_names_its_key_by_kid(
    careful: Counter, steps: Steps, provider: WalletProvider, proofs: Proofs, credentials: int
) -> None:
    """F.1 lets a proof name its key so, and shows it with an attestation: the place among the
    attested keys. Believed by the service and by the desk."""
    with careful.answering(steps.offer.offer_id):
        answer = steps.credential(proofs=proofs(steps, provider, steps.nonce()))

    assert answer.status_code == 200
    assert len(answer.json()["credentials"]) == credentials


def test_more_attested_keys_than_the_batch(
    careful: Counter, steps: Steps, provider: WalletProvider
) -> None:
    """8.3: fewer credentials than keys are the issuer's right; the first keys get them."""
    with careful.answering(steps.offer.offer_id):
        answer = steps.credential(proofs=_four_keys(steps, provider, steps.nonce()))

    assert answer.status_code == 200
    assert len(answer.json()["credentials"]) == 3


@pytest.fixture(scope="module")
def roomy(
    folder: Path, key: StationKey, authority: TrainingAuthority, provider: WalletProvider
) -> Iterator[Counter]:
    """A desk at a service that defers at once and takes ten keys a request."""
    roots = folder / "roomy-providers.pem"
    roots.write_bytes(provider.root_pem)
    options = ["--attestation", "required", "--attestation-roots", str(roots), "--wait", "0"]
    process = started(folder, "roomy", *options)
    with HttpLink(process.url, key) as link:
        yield Counter(link, authority)
    process.stop()


@pytest.mark.parametrize("way", ["plain", "encrypted", "deflated"])
def test_batch_of_ten_with_its_attestation(
    roomy: Counter, web: httpx.Client, provider: WalletProvider, way: str
) -> None:
    """Each proof brings the attestation of all ten: that is what the metadata allow."""
    steps = Steps(web, roomy, roomy.place("mdoc"))
    keys, nonce = [LocalKey.generate() for _ in range(10)], steps.nonce()
    named = [{**one.public.jwk(), "kid": one.public.thumbprint, "use": "sig"} for one in keys]
    # As long as a provider's second certificate.
    said = {"attested_keys": named, "certification": "https://p.example/" + "c" * 1200}
    attestation = provider.attest([], now(), nonce=nonce, claims=said)
    header, claims = {"key_attestation": attestation}, {"nonce": nonce}
    proofs = [steps.proof(key=one, header=header, claims=claims) for one in keys]
    body, token = steps.request_body(proofs={"jwt": proofs}), steps.token()
    assert len(jose.compact_json(body)) > 64 * 1024

    if way == "plain":
        answer = steps.post("credential", token, json=body)
    else:
        answer = steps.encrypted(token, body, deflate=way == "deflated")

    assert answer.status_code == 202
    (request,) = roomy.link.requests(steps.offer.offer_id)
    assert len(request.proofs) == 10


WRONG: dict[str, tuple[Proofs, str]] = {
    "none at all": (lambda s, p, n: {"jwt": [s.proof(claims={"nonce": n})]}, "invalid_proof"),
    "not a JWT": (lambda s, p, n: {"attestation": ["x"]}, "invalid_proof"),
    "a provider nobody knows": (_stranger, "invalid_proof"),
    "the anchor itself": (_root_in_the_chain, "invalid_proof"),
    "changed": (_changed, "invalid_proof"),
    "two of them": (_two_attestations, "invalid_proof"),
    "another type": (alone(header={"typ": "JWT"}), "invalid_proof"),
    "no chain": (alone(header={"x5c": None}), "invalid_proof"),
    "no keys": (alone(claims={"attested_keys": []}), "invalid_proof"),
    "keys are text": (alone(claims={"attested_keys": ["x"]}), "invalid_proof"),
    "one key twice": (alone(claims={"attested_keys": [STRANGE_KEY.jwk()] * 2}), "invalid_proof"),
    "no iat": (alone(claims={"iat": None}), "invalid_proof"),
    "iat to come": (alone(claims={"iat": 9_999_999_999}), "invalid_proof"),
    "expired": (alone(claims={"exp": 1_000_000}), "invalid_proof"),
    "exp as text": (alone(claims={"exp": "x"}), "invalid_proof"),
    "no exp beside a proof": (beside(claims={"exp": None}), "invalid_proof"),
    "weaker storage": (alone(claims={"key_storage": ["iso_18045_basic"]}), "invalid_proof"),
    "no storage level": (alone(claims={"key_storage": None}), "invalid_proof"),
    "another key beside the proof": (beside(keys=[STRANGE_KEY]), "invalid_proof"),
    "to come": (alone(claims={"nbf": 9_999_999_999}), "invalid_proof"),
    "nbf as text": (alone(claims={"nbf": "x"}), "invalid_proof"),
    "no such place": (named("1"), "invalid_proof"),
    "place below nothing": (named("-1"), "invalid_proof"),
    "place of another key": (named("0", place=1), "invalid_proof"),
    "place as number": (named(0), "invalid_proof"),
    "place in other figures": (named("٠"), "invalid_proof"),
    "kid that no key has": (named("x"), "invalid_proof"),
    "kid by a provider nobody knows": (
        named("0", issuer=WalletProvider.create(now())),
        "invalid_proof",
    ),
    "kid of an attestation run out": (named("0", claims={"exp": 1_000_000}), "invalid_proof"),
    "kid without attestation": (_kid_alone, "invalid_proof"),
    "kid beside the key": (_kid_and_key, "invalid_proof"),
    "no nonce": (alone(nonce=None), "invalid_proof"),
    "nonce of nobody": (alone(nonce="x" * 43), "invalid_nonce"),
    "another nonce beside the proof": (beside(claims={"nonce": "x"}), "invalid_nonce"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_attestation(steps: Steps, provider: WalletProvider, name: str) -> None:
    """Each check of annex D: refused, and nothing reaches the desk."""
    proofs, error = WRONG[name]

    answer = steps.credential(proofs=proofs(steps, provider, steps.nonce()))

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert steps.counter.link.requests(steps.offer.offer_id) == ()


def test_desk_checks_by_itself(careful: Counter, steps: Steps, provider: WalletProvider) -> None:
    """What a service in wrong hands lets through, a desk with other roots does not take."""
    nonce = steps.nonce()
    asked = threading.Thread(
        target=lambda: steps.credential(proofs=alone()(steps, provider, nonce))
    )
    asked.start()
    careful.wait_for(steps.offer.offer_id, EventKind.KEY_RECEIVED)
    (request,) = careful.link.requests(steps.offer.offer_id)
    elsewhere = AttestationPolicy(AttestationUse.REQUIRED, (WalletProvider.create(now()).root,))
    assert request.proof_type == "attestation"
    with pytest.raises(Exception, match="CRED-30"):
        replace(careful, attestations=elsewhere).credentials(request)
    assert len(careful.credentials(request)) == 1
    careful.link.deny(request.request_id, "invalid_proof")
    asked.join()


def test_optional(folder: Path, provider: WalletProvider) -> None:
    """Checked where it is brought, not missed where it is not, refused where it is wrong."""
    policy = AttestationPolicy(AttestationUse.OPTIONAL, (provider.root,))
    key, other, issuer, at = LocalKey.generate(), LocalKey.generate(), "https://i.example", now()
    older = {"typ": "keyattestation+jwt"}
    right = provider.attest([key.public, other.public], at, header=older)

    def keys(attestation: str | None) -> int:
        proof = key_proof(key, issuer, "n", at, attestation)
        found = verify_proofs(
            {"jwt": [proof]}, audience=issuer, nonce="n", now=at, most=5, attestations=policy
        )
        return len(found)

    assert keys(None) == 1
    assert keys(right) == 2
    with pytest.raises(ProofRefused):
        keys(WalletProvider.create(at).attest([key.public], at))


def test_service_without_roots_does_not_start(folder: Path) -> None:
    order = ServiceOrder(
        folder / "rootless.sqlite",
        folder / "station.key",
        folder / "rootless.log",
        extra=("--attestation", "required"),
    )

    with pytest.raises(CertificateFileUnusable):
        ServiceProcess(order).start()
