"""Wallets of other people obtain, verify and present both formats at the running service.

@openid4vc/openid4vci 0.4.6 and openid4vp 0.4.6 of the Open Wallet Foundation, with jose for
encryption; @owf/mdoc 0.6.0, @auth0/mdl 3.0.1 and @sd-jwt/sd-jwt-vc 0.19.0 verify. And Credo
0.6.3, a whole wallet framework.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.credential import jose, presentation
from desk.credential.attestation import AttestationPolicy, AttestationUse
from desk.credential.claims import Format
from desk.credential.keys import Curve
from desk.credential.statuslist import Status
from desk.credential.verify import Trust
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.issuance.ports import CheckOrder, EventKind
from desk.training.authority import TrainingAuthority
from desk.training.wallet_provider import WalletProvider
from tests.enrollment.conftest import started
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.wallets import ForeignWallet, node_version, pem_file

BOTH = ["mso_mdoc", "dc+sd-jwt"]
NEWER = 20
"""Node from which Credo's dependencies load and CompressionStream knows raw DEFLATE; Debian 12
has 18."""
ENCRYPTED = {"enc": "A256GCM", "zip": None}
PROGRAMS = {"owf": "wallet.mjs", "credo": "credo.mjs"}


@pytest.fixture(scope="module")
def wallets(
    counter: Counter, hasty: Counter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, ForeignWallet]]:
    """Each wallet, trusting the training roots; its credentials are looked up suspended."""
    counter.publish(Status.SUSPENDED)
    hasty.publish(Status.SUSPENDED)
    folder = tmp_path_factory.mktemp("roots")
    iaca = pem_file(folder / "iaca.pem", counter.authority.iaca)
    verifier = pem_file(folder / "verifier.pem", counter.authority.relying_party_root)
    with ExitStack() as stack:
        found = {"owf": stack.enter_context(ForeignWallet(PROGRAMS["owf"], iaca))}
        if node_version() >= NEWER:
            credo = ForeignWallet(PROGRAMS["credo"], iaca, verifier)
            found["credo"] = stack.enter_context(credo)
        yield found


def named(wallets: dict[str, ForeignWallet], name: str) -> ForeignWallet:
    if name not in wallets:
        pytest.skip(f"{name} does not load on Node before {NEWER}")
    return wallets[name]


@pytest.fixture(params=list(PROGRAMS))
def wallet(request: pytest.FixtureRequest, wallets: dict[str, ForeignWallet]) -> ForeignWallet:
    return named(wallets, request.param)


@pytest.fixture
def owf(wallets: dict[str, ForeignWallet]) -> ForeignWallet:
    return wallets["owf"]


def obtained(counter: Counter, wallet: ForeignWallet, **manner: Any) -> list[dict[str, Any]]:
    """What the wallet got of an offer of both formats, answered at once."""
    offer = counter.place("mdoc", "sd-jwt")
    with counter.answering(offer.offer_id):
        answer = wallet.ask("obtain", offer=offer.uri, pin=PIN, **manner)
    assert counter.kinds(offer.offer_id).count(EventKind.ACCEPTED) == 2
    credentials: list[dict[str, Any]] = answer["credentials"]
    assert [entry["format"] for entry in credentials] == BOTH
    return credentials


@pytest.mark.parametrize("curve", list(Curve))
def test_both_formats_on_both_curves(counter: Counter, wallet: ForeignWallet, curve: Curve) -> None:
    credentials = obtained(counter, wallet, curve=curve.jose)

    assert not any(entry["deferred"] for entry in credentials)
    assert all(entry["count"] == 1 for entry in credentials)


def test_every_claim_of_the_profile_is_read(counter: Counter, owf: ForeignWallet) -> None:
    mdoc, sd_jwt = obtained(counter, owf)

    claims = counter.profile.claims
    assert set(mdoc["claims"]) == {claim.element for claim in claims}
    assert {claim.path[0] for claim in claims} <= set(sd_jwt["claims"])
    # From the Type Metadata, held against vct#integrity.
    assert sd_jwt["names"] == [claim.names["vi"] for claim in claims]


def test_deferred(hasty: Counter, wallet: ForeignWallet) -> None:
    """The wallet comes back for each deferred credential, and verifies it."""
    offer = hasty.place("mdoc", "sd-jwt")

    with hasty.answering(offer.offer_id):
        answer = wallet.ask("obtain", offer=offer.uri, pin=PIN)

    assert [entry["format"] for entry in answer["credentials"]] == BOTH
    assert all(entry["deferred"] for entry in answer["credentials"])
    assert hasty.kinds(offer.offer_id).count(EventKind.DEFERRED) == 2


def test_wrong_pin_is_told(counter: Counter, wallet: ForeignWallet) -> None:
    """The wallet gets the standard's refusal, and the code survives it."""
    offer = counter.place("mdoc")

    refused = wallet.refused("obtain", offer=offer.uri, pin=WRONG_PIN)
    with counter.answering(offer.offer_id):
        wallet.ask("obtain", offer=offer.uri, pin=PIN)

    assert "invalid_grant" in refused["error"] or refused["response"] == 400


@pytest.mark.parametrize("compression", [None, "DEF"])
@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_encrypted(counter: Counter, owf: ForeignWallet, enc: str, compression: str | None) -> None:
    """Requests by jose to the service's key, answers by the desk to the wallet's; the wallet
    refuses an answer in clear."""
    if compression and node_version() < NEWER:
        pytest.skip(f"Node before {NEWER} has no raw DEFLATE for jose")
    obtained(counter, owf, encryption={"enc": enc, "zip": compression})


def test_encrypted_and_deferred(hasty: Counter, owf: ForeignWallet) -> None:
    offer = hasty.place("mdoc")

    owf.start("obtain", offer=offer.uri, pin=PIN, encryption={"enc": "A256GCM"})
    hasty.wait_for(offer.offer_id, EventKind.DEFERRED)
    hasty.answer_all(offer.offer_id)
    answer = owf.said()

    assert "error" not in answer, answer["error"]
    assert answer["credentials"][0]["deferred"]


def test_bound_to_a_key_of_the_wallet(counter: Counter, wallet: ForeignWallet) -> None:
    """DPoP of RFC 9449: the libraries take the service's nonces up and prove every call."""
    offer = counter.place("mdoc", "sd-jwt")

    with counter.answering(offer.offer_id):
        answer = wallet.ask("obtain", offer=offer.uri, pin=PIN, dpop=True)

    assert answer["tokenType"] == "DPoP"
    assert len(answer["credentials"]) == 2


def test_a_batch_of_ten(counter: Counter, wallet: ForeignWallet) -> None:
    """Ten keys of each format at once: ten credentials, each to its own key, each with a
    place of its own on the status list."""
    credentials = obtained(counter, wallet, batch=10)

    assert [entry["count"] for entry in credentials] == [10, 10]
    for entry in credentials:
        indexes = entry.get("indexes", range(10))
        assert len(set(indexes)) == 10


def test_credo_as_shipped_judges_lists_by_the_credentials_key(
    counter: Counter, tmp_path: Path
) -> None:
    """A list may be signed by another than the credential, and says by x5c who that is (Token
    Status List, 11.3; HAIP 1.0, 6.1). Credo 0.6.3 does not look there: until it does, its host
    must, as above. The mdoc it takes."""
    if node_version() < NEWER:
        pytest.skip(f"credo does not load on Node before {NEWER}")
    iaca = pem_file(tmp_path / "iaca.pem", counter.authority.iaca)
    verifier = pem_file(tmp_path / "verifier.pem", counter.authority.relying_party_root)
    mdoc, sd_jwt = counter.place("mdoc"), counter.place("sd-jwt")

    with ForeignWallet(PROGRAMS["credo"], iaca, verifier, Path("as-shipped")) as shipped:
        with counter.answering(mdoc.offer_id):
            taken = shipped.ask("obtain", offer=mdoc.uri, pin=PIN)
        with counter.answering(sd_jwt.offer_id):
            refused = shipped.refused("obtain", offer=sd_jwt.uri, pin=PIN)

    assert [entry["format"] for entry in taken["credentials"]] == ["mso_mdoc"]
    assert "Status List JWT verification failed" in refused["error"]


@pytest.fixture(scope="module")
def provider() -> WalletProvider:
    return WalletProvider.create(now())


@pytest.fixture(scope="module")
def careful(
    folder: Path, key: StationKey, authority: TrainingAuthority, provider: WalletProvider
) -> Iterator[Counter]:
    """A desk and a service that want a known provider's word on every key."""
    roots = folder / "foreign-providers.pem"
    roots.write_bytes(provider.root_pem)
    options = ("--attestation", "required", "--attestation-roots", str(roots))
    policy = AttestationPolicy(AttestationUse.REQUIRED, (provider.root,))
    process = started(folder, "foreign", *options, "--wait", "8")
    with HttpLink(process.url, key) as link:
        careful = Counter(link, authority, attestations=policy)
        careful.publish(Status.SUSPENDED)
        yield careful
    process.stop()


@pytest.mark.parametrize("alone", [False, True])
def test_keys_that_a_provider_vouches_for(
    careful: Counter, wallet: ForeignWallet, provider: WalletProvider, alone: bool
) -> None:
    """Annex D: the attestation beside a proof, and in its place (``attestation`` proof type),
    as the Open Wallet Foundation's library makes it."""
    signer = provider._signer
    word = {
        "x5c": jose.x5c_header(signer.certificate_chain),
        "jwk": jose.private_jwk(signer.private),
        "alone": alone,
    }

    credentials = obtained(careful, wallet, batch=3, provider=word)

    assert [entry["count"] for entry in credentials] == [3, 3]


def test_keys_that_nobody_vouches_for(careful: Counter, owf: ForeignWallet) -> None:
    offer = careful.place("mdoc")

    refused = owf.refused("obtain", offer=offer.uri, pin=PIN)

    assert "requires key attestations" in refused["error"]


@pytest.mark.parametrize("curve", list(Curve))
def test_presents_both_formats(counter: Counter, wallet: ForeignWallet, curve: Curve) -> None:
    obtained(counter, wallet, curve=curve.jose)

    assert_presented(counter, wallet)


@pytest.mark.parametrize("manner", [{"dpop": True}, {"batch": 10}, {"encryption": ENCRYPTED}])
def test_presents_what_came_another_way(
    counter: Counter, owf: ForeignWallet, manner: dict[str, Any]
) -> None:
    """One of ten, or what only the wallet could open: it proves its key like any other."""
    obtained(counter, owf, **manner)

    assert_presented(counter, owf)


def assert_presented(counter: Counter, wallet: ForeignWallet) -> None:
    """The desk's own request: x509_hash, DCQL, direct_post.jwt. Two mdoc libraries accept the
    first wallet's device response before the desk does."""
    profile, link = counter.profile, counter.link
    query = profile.dcql([Format.MDOC])
    query["credentials"] += profile.dcql([Format.SD_JWT], ["family_name"])["credentials"]
    check_id = secrets.token_urlsafe(16)
    signer = counter.authority.verifier_signer
    request = presentation.build_request(query, signer, link.response_uri(check_id))
    order = CheckOrder(check_id, request.object, now() + timedelta(minutes=5))

    shown = wallet.ask("present", uri=link.place_check(order).uri)
    answer = link.check_answer(check_id, 5)

    assert answer is not None and shown["status"] == 200
    trust = Trust(anchors=(counter.authority.iaca,), now=now())
    presented = presentation.verify_answer(request, answer.response, profile, trust)
    assert [one.format for one in presented] == [Format.MDOC, Format.SD_JWT]
    assert all(one.values["family_name"] == counter.values.family_name for one in presented)
    assert presented[0].values["portrait"] == counter.values.portrait
