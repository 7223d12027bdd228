"""The service at rest knows nobody: no name, number, picture, PIN, code or token (I9).

A whole flow with a planted applicant, stopped at its most telling moments: answered but
not fetched, fetched, presented. After each the database, its WAL and the log are searched.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import httpx
import pytest

from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from desk.training.wallet_issuer import Manner
from tests.enrollment.conftest import NewPhone, started
from tests.enrollment.counter import PIN, WRONG_PIN, Counter
from tests.enrollment.steps import Steps, offer_address
from tests.enrollment.test_presenting import ask


def planted(counter: Counter) -> set[bytes]:
    """What must be nowhere, in the spellings the formats use."""
    values = counter.values
    texts = [
        values.family_name,
        values.given_name,
        values.name_hangul,
        values.document_number,
        values.travel_document_number,
        values.overseas_number,
        values.birth_date.isoformat(),
    ]
    found = {text.encode() for text in texts if text}
    # As json.dumps writes Hangul where it escapes.
    found.add(json.dumps(values.name_hangul).strip('"').encode())
    found.add(values.portrait[200:230])
    return found | set().union(*(_in_base64(text) for text in list(found)))


def _in_base64(text: bytes) -> set[bytes]:
    """The parts of ``text`` that stay the same wherever it begins in a base64 text."""
    spellings = set()
    for before in range(3):
        encoded = base64.urlsafe_b64encode(b"\0" * before + text)
        first, after = -(-8 * before // 6), 8 * (before + len(text)) // 6
        spellings.add(encoded[first:after])
    return spellings


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
    secrets = planted(counter)
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
def test_nothing_personal_in_memory(
    folder: Path, key: StationKey, authority: TrainingAuthority, new_phone: NewPhone
) -> None:
    """A hundred credentials for phones that encrypt: the service's memory never held one."""
    process = started(folder, "searched", "--wait", "8")
    try:
        with HttpLink(process.url, key) as link:
            counter = Counter(link, authority)
            for _ in range(5):
                offer = counter.place("mdoc", "sd-jwt")
                phone = new_phone(manner=Manner(keys=10))
                with counter.answering(offer.offer_id):
                    phone.scan(offer.uri)
                    cards = phone.redeem(PIN)
                assert [len(card.more) for card in cards] == [9, 9]
            memory = memory_of(process.pid or 0)
    finally:
        process.stop()

    # What the search finds in any case, so that it cannot have looked at nothing.
    assert offer.offer_id.encode() in memory
    seen = [secret for secret in planted(counter) if secret in memory]
    assert not seen, seen


def memory_of(pid: int) -> bytes:
    """All that a process has written to: heaps, stacks, mapped files of its own."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *rest = line.split()
            if not rights.startswith("rw") or rest[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            memory.seek(start)
            try:
                parts.append(memory.read(end - start))
            except OSError:
                continue
    return b"".join(parts)


def test_the_search_would_find_it(counter: Counter, tmp_path: Path) -> None:
    """The planted values are found where they do stand: in the credential itself."""
    secrets = planted(counter)
    plain = b'{"family_name":"MAENG"}'

    assert any(secret in plain for secret in secrets)
    assert any(secret in base64.urlsafe_b64encode(b"x" + plain) for secret in secrets)
    assert any(secret in counter.values.portrait for secret in secrets)
