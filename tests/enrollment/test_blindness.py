"""The service at rest knows nobody: no name, number, picture, PIN, code or token (I9).

A whole flow with a planted applicant, stopped at its most telling moments: answered but
not fetched, fetched, presented. After each the database, its WAL and the log are searched.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from tests.enrollment.blindness import applicant, found, planted, search
from tests.enrollment.conftest import NewPhone
from tests.enrollment.counter import PIN, WRONG_PIN, Counter
from tests.enrollment.steps import Steps, offer_address
from tests.enrollment.test_presenting import ask
from tests.postgres import PostgresServer


def at_rest(folder: Path) -> bytes:
    """Every database of the services with its WAL, and every log."""
    files = [*folder.glob("*.sqlite*"), *folder.glob("*.log")]
    assert any(path.suffix == ".sqlite" for path in files)
    return b"".join(path.read_bytes() for path in files)


def assert_blind(folder: Path, secrets: set[bytes]) -> None:
    stored = at_rest(folder)
    seen = [secret for secret in secrets if secret in stored]
    assert not seen, seen


def test_nothing_personal_at_rest(
    counter: Counter, hasty: Counter, folder: Path, new_phone: NewPhone, web: httpx.Client
) -> None:
    secrets = set[bytes]().union(*planted(counter).values())
    for configuration in ("mdoc", "sd-jwt"):
        offer = hasty.place(configuration)
        steps = Steps(web, hasty, offer)
        handle = offer_address(offer).rsplit("/", 1)[1]
        code = steps.code()
        steps.token_request(pre_authorized_code=code, tx_code=WRONG_PIN)
        token = steps.token_request(pre_authorized_code=code).json()["access_token"]
        transaction = steps.credential(token, credential_configuration_id=configuration).json()[
            "transaction_id"
        ]
        (request,) = hasty.link.requests(offer.offer_id)
        credential = hasty.credential(request)
        hasty.link.answer(request, [credential])
        secrets |= {text.encode() for text in (handle, code, token, transaction)}
        # Of an SD-JWT what it discloses: its key stands in the proof as well, for all to see.
        told = credential.partition("~")[2] or credential
        secrets |= {told[place : place + 24].encode() for place in range(200, 2000, 97)}

        assert_blind(folder, secrets)
        answer = steps.post("deferred", token, json={"transaction_id": transaction}).json()
        assert answer["credentials"][0]["credential"] == credential
        assert_blind(folder, secrets)

    phone, offer = new_phone(), counter.place("sd-jwt")
    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        phone.redeem(PIN)
    _, check = ask(counter)
    phone.scan(check.uri)
    phone.present()

    assert_blind(folder, secrets)
    assert counter.kinds(offer.offer_id)[-1] is EventKind.ACCEPTED
    log = b"".join(path.read_bytes() for path in folder.glob("*.log"))
    assert PIN.encode() not in log
    assert b"offer/" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory in /proc")
@pytest.mark.parametrize(("kind", "issuances"), [("file", 100), ("server", 25)])
def test_nothing_personal_after_many_issuances(
    kind: str, issuances: int, authority: TrainingAuthority, request: pytest.FixtureRequest
) -> None:
    """Of phones that encrypt not even the service's memory holds anything; of others no
    database, dump, file of the server, write-ahead log or log does. A hundred on both kinds
    of database: ``python -m tests.enrollment.blindness``."""
    server: PostgresServer | None = None
    if kind == "server":
        server = request.getfixturevalue("postgres")

    looked = list(search(server, authority, issuances))

    assert {(one.phones, one.where) for one in looked} == {
        ("encrypting", "database"),
        ("encrypting", "memory"),
        ("plain", "database"),
    }
    # What stands there in any case is found, so that nobody has looked at nothing.
    assert all(one.sees for one in looked)
    assert [one.line for one in looked if one.seen] == []


def test_the_search_would_find_it(counter: Counter) -> None:
    """The planted values are found where they do stand, in every spelling."""
    counter = replace(counter, values=applicant())
    secrets = planted(counter)
    plain = b'{"family_name":"MAENGKKONGI","document_number":"KR-0009-5512"}'

    assert found(plain, secrets) == ["name", "number"]
    assert found(base64.urlsafe_b64encode(b"x" + plain), secrets) == ["name", "number"]
    assert found("겸 맹꽁이초롱불빛".encode(), secrets) == ["name"]
    assert found(json.dumps("맹꽁이초롱불빛").encode(), secrets) == ["name"]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert found(encode(b"xy" + counter.values.portrait), secrets) == ["portrait"]
