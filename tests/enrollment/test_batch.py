"""Several keys in one request: OpenID4VCI 1.0 sections 8.2, 8.3 and 12.2.4."""

from __future__ import annotations

import httpx
import pytest

from desk.credential.keys import Curve
from desk.credential.signer import LocalKey
from desk.training.wallet_issuer import Manner
from tests.enrollment.conftest import NewPhone
from tests.enrollment.counter import PIN, Counter
from tests.enrollment.steps import Steps


def test_both_proofs_reach_the_desk(hasty: Counter, web: httpx.Client) -> None:
    """In their order, with the one nonce they share; two are what this service takes."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    nonce, keys = steps.nonce(), [LocalKey.generate(), LocalKey.generate(Curve.P384)]
    jwts = [
        steps.proof(key=key, header={"alg": key.algorithm}, claims={"nonce": nonce}) for key in keys
    ]

    answer = steps.credential(proofs={"jwt": jwts})

    assert answer.status_code == 202
    assert set(answer.json()) == {"transaction_id", "interval"}
    (request,) = hasty.link.requests(steps.offer.offer_id)
    assert request.proofs == tuple(jwts)
    assert request.nonce == nonce


@pytest.mark.parametrize("configuration", ["mdoc", "sd-jwt"])
@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.parametrize("encrypt", [False, True])
def test_phone_obtains_ten(
    counter: Counter, new_phone: NewPhone, configuration: str, curve: Curve, encrypt: bool
) -> None:
    """Ten keys, ten credentials, each for another of them; both curves; in clear or not."""
    offer = counter.place(configuration)
    phone = new_phone(manner=Manner(keys=10, curve=curve, encrypt=encrypt))

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)

    own = [(card.held, card.verified), *card.more]
    assert len({verified.key for _held, verified in own}) == 10
    assert all(held.key.public == verified.key for held, verified in own)
    assert {verified.key.curve for _held, verified in own} == {curve}
    indexes = [verified.status.index for _held, verified in own if verified.status]
    assert len(set(indexes)) == 10


def test_phone_keeps_to_the_issuers_number(hasty: Counter, new_phone: NewPhone) -> None:
    offer, phone = hasty.place("mdoc"), new_phone(manner=Manner(keys=10))

    with hasty.answering(offer.offer_id):
        phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)

    assert len(card.more) == 1


def test_another_set_of_keys_is_another_phone(hasty: Counter, web: httpx.Client) -> None:
    """An offer is bound to the keys of its first request, all of them."""
    steps, token = Steps(web, hasty, hasty.place("mdoc")), ""
    token, nonce = steps.token(), steps.nonce()
    second = steps.proof(key=LocalKey.generate(), claims={"nonce": nonce})
    steps.credential(token, proofs={"jwt": [steps.proof(claims={"nonce": nonce}), second]})

    answer = steps.credential(token)

    assert answer.json()["error"] == "credential_request_denied"
