"""Wrong requests and the standard's error for each, and what is taken in spite of oddities.

OpenID4VCI 1.0 final sections 6.3, 8.3.1, 9.3 and 11.3; RFC 6749 5.2; RFC 6750 3.1; RFC 9396;
RFC 9449. The table is ``tests.enrollment.wrong``.
"""

from __future__ import annotations

import re
import sys
from urllib.parse import urlencode

import httpx
import pytest

from desk.issuance.ports import EventKind
from tests.enrollment.counter import PIN, WRONG_PIN, Counter
from tests.enrollment.steps import GRANT, Steps
from tests.enrollment.wrong import TABLE, Wrong, delivered, table


def test_table_covers_every_endpoint() -> None:
    """At least eighty requests, each with its rule, none twice."""
    sys.stdout.write(table())
    names = [(one.endpoint, one.name) for one in TABLE]

    assert len(TABLE) >= 80
    assert len(set(names)) == len(names)
    assert all(one.clause for one in TABLE)
    assert {one.endpoint for one in TABLE} >= {
        "metadata",
        "offer",
        "token",
        "nonce",
        "credential",
        "deferred",
        "notification",
        "check",
        "status",
        "desk",
    }


@pytest.mark.parametrize("wrong", TABLE, ids=lambda one: f"{one.endpoint}: {one.name}")
def test_wrong_request(hasty: Counter, web: httpx.Client, wrong: Wrong) -> None:
    """The standard's status and error, uncached, described in plain ASCII, in clear."""
    steps = Steps(web, hasty, hasty.place("mdoc"))

    answer = wrong.act(steps)

    body = answer.json()
    assert (answer.status_code, body["error"]) == (wrong.status, wrong.error)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    # RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", body["error_description"])
    if answer.status_code == 401 and wrong.error == "invalid_token":
        # RFC 9449 7.1: not always Bearer; the scheme that was used comes first.
        scheme = answer.request.headers.get("authorization", "").partition(" ")[0]
        first = "DPoP " if scheme == "DPoP" else "Bearer "
        assert answer.headers["www-authenticate"].startswith(first)


def test_what_wallets_add_is_ignored(hasty: Counter, web: httpx.Client) -> None:
    """Members that some wallets send beside the required ones do no harm."""
    steps = Steps(web, hasty, hasty.place("mdoc"))

    token = steps.token_request(client_id="wallet", resource=steps.issuer, extra="x")
    steps.credential(token.json()["access_token"])
    hasty.answer_all(steps.offer.offer_id)
    answer = steps.credential(
        token.json()["access_token"],
        proofs={"jwt": [steps.proof(header={"x": 1}, claims={"iss": "wallet", "y": 2})]},
        headers={"DPoP": "x"},
        format="mso_mdoc",
        unknown={"a": [1]},
    )

    assert token.headers["cache-control"] == "no-store"
    # RFC 6749 5.1: in every answer that holds a token.
    assert token.headers["pragma"] == "no-cache"
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"credentials", "notification_id"}


@pytest.mark.parametrize("form", ["{}&", "&{}", "{}&foo", "a=&&{}"])
def test_form_with_empty_places(hasty: Counter, web: httpx.Client, form: str) -> None:
    """What stands between two ampersands and is empty is nothing (WHATWG URL, 5.1)."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    fields = {"grant_type": GRANT, "pre-authorized_code": steps.code(), "tx_code": PIN}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = web.post(f"{steps.issuer}/token", content=form.format(urlencode(fields)), headers=kind)

    assert answer.status_code == 200


def test_missing_parameters_cost_no_try(hasty: Counter, web: httpx.Client) -> None:
    """Only a wrong transaction code counts as a wrong one."""
    steps = Steps(web, hasty, hasty.place("mdoc"))

    for _ in range(6):
        steps.token_request(tx_code=None)

    assert "access_token" in steps.token_request().json()


def _not_quite(name: str, other: str) -> list[str]:
    """Texts that are no code or token, made of one that is and of another offer's."""
    offer_id, _, secret = name.rpartition(".")
    other_id, _, other_secret = other.rpartition(".")
    return [
        secret,
        offer_id,
        f"{offer_id}.",
        f".{secret}",
        f"{offer_id}..{secret}",
        f"{offer_id}. {secret}",
        f"{offer_id}.{secret}=",
        f"{offer_id}.{secret[:-1]}",
        f"{offer_id}.{secret}.{secret}",
        f"{offer_id}.{other_secret}",
        f"{other_id}.{secret}",
        f"{offer_id}.\xe9",
        f"\xe9.{secret}",
        f"{'x' * 70}.{secret}",
        "." * 40,
    ]


def test_code_that_is_nearly_one_is_unknown(hasty: Counter, web: httpx.Client) -> None:
    """In the same words, and it costs neither code nor try."""
    steps, other = (Steps(web, hasty, hasty.place("mdoc")) for _ in range(2))
    code = steps.code()
    unknown = steps.token_request(pre_authorized_code="x" * 43)

    told = [
        steps.token_request(pre_authorized_code=text, tx_code=pin)
        for text in [*_not_quite(code, other.code()), f"{code}\0", f"\0{code}", f"{code}\n"]
        for pin in (PIN, WRONG_PIN)
    ]

    assert {(one.status_code, one.text) for one in told} == {(400, unknown.text)}
    assert EventKind.CODE_WRONG not in hasty.kinds(steps.offer.offer_id)
    assert "access_token" in steps.token_request(pre_authorized_code=code).json()


@pytest.mark.parametrize("path", ["credential", "deferred", "notification"])
def test_token_that_is_nearly_one_is_unknown(hasty: Counter, web: httpx.Client, path: str) -> None:
    steps, other = (Steps(web, hasty, hasty.place("mdoc")) for _ in range(2))
    token = steps.token()
    unknown = steps.post(path, "x" * 43, json={})

    told = [
        web.post(
            f"{steps.issuer}/{path}",
            json={},
            headers={b"Authorization": f"Bearer {text}".encode(coding)},
        )
        for text in [*_not_quite(token, other.token()), f"{token}{'x' * 256}"]
        for coding in ("latin-1", "utf-8")
    ]

    assert {one.status_code for one in told} == {401}
    assert {(one.text, one.headers["www-authenticate"]) for one in told} == {
        (unknown.text, unknown.headers["www-authenticate"])
    }
    assert steps.credential(token).status_code == 202


def test_notification_is_idempotent(hasty: Counter, web: httpx.Client) -> None:
    """Said twice it counts once (section 11)."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    token, notification = delivered(steps)
    said = {"notification_id": notification, "event": "credential_deleted"}

    answers = [steps.post("notification", token, json=said) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [k.value for k in hasty.kinds(steps.offer.offer_id)].count("deleted") == 1


def test_lost_answer_is_given_again_to_the_same_key(hasty: Counter, web: httpx.Client) -> None:
    """A phone that lost its credential on the way asks again with the key it used."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    token = steps.token()
    steps.credential(token)
    hasty.answer_all(steps.offer.offer_id)
    first = steps.credential(token).json()
    second = steps.credential(token).json()

    assert first["credentials"] == second["credentials"]
    kinds = [kind.value for kind in hasty.kinds(steps.offer.offer_id)]
    assert kinds.count("key_received") == kinds.count("answered") == 1


def test_a_wallet_that_accepted_may_ask_again(hasty: Counter, web: httpx.Client) -> None:
    """The conformance suite's additional requests: after «accepted», a new nonce, a new proof
    of the same key. It is the same credential."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    token = steps.token()
    steps.credential(token)
    hasty.answer_all(steps.offer.offer_id)
    first = steps.credential(token).json()
    said = {"notification_id": first["notification_id"], "event": "credential_accepted"}
    assert steps.post("notification", token, json=said).status_code == 204

    again = steps.credential(token, headers={"Accept": "*/*"})

    assert (again.status_code, again.json()) == (200, first)
    assert "date" in again.headers
