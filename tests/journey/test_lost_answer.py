"""An encrypted answer is lost on the way: the phone asks again with a new key to encrypt to,
and the desk, which alone has the credential, answers again while it waits for the proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx

from desk.app.rehearsal import Rehearsal
from desk.counter import proving, settling
from desk.credential import jose
from desk.credential.signer import LocalKey
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, State
from desk.issuance.ports import Offer
from desk.store import intents
from tests.enrollment.steps import Steps
from tests.journey.acts import PIN, Counter, only_case, opened

Answered = Callable[[Rehearsal, Case], object]


def test_while_the_desk_waits_for_the_proof(approved_home: Path, service: ServiceProcess) -> None:
    def round_of_the_proof_page(rehearsal: Rehearsal, case: Case) -> None:
        station = rehearsal.station
        officer = Counter.begin(rehearsal).script.officer
        check = proving.place_check(station, officer, case)
        assert proving.take_answer(station, officer, case, check, 0.0) is None

    assert_answered_again(approved_home, service, round_of_the_proof_page)


def test_when_the_desk_starts_again(approved_home: Path, service: ServiceProcess) -> None:
    assert_answered_again(
        approved_home,
        service,
        lambda rehearsal, case: settling.catch_up(rehearsal.station, case),
    )


def assert_answered_again(home: Path, service: ServiceProcess, answer: Answered) -> None:
    """The very same credential, readable with the second key only; nothing is signed anew."""
    with opened(home, service.url) as rehearsal, httpx.Client(trust_env=False) as web:
        counter, approved = Counter.begin(rehearsal), only_case(rehearsal)
        assert approved is not None
        case = counter.script.offer(approved, PIN, ("mdoc",))
        phone, token, body = a_phone(rehearsal, case, web)
        first, second = LocalKey.generate(), LocalKey.generate()
        phone.encrypted(token, body, opener=first)
        case = counter.attend(case, lambda known: bool(known.issued))
        lost = phone.encrypted(token, body, opener=first)
        case = counter.attend(case, lambda known: known.state is State.DELIVERED)

        asked = phone.encrypted(token, body, opener=second)
        answer(rehearsal, case)
        again = phone.encrypted(token, body, opener=second)

        assert (lost.status_code, asked.status_code, again.status_code) == (200, 202, 200)
        assert credential(again, second) == credential(lost, first)
        with rehearsal.station.store.read() as session:
            assert len(intents.standing(session, case.number)) == 1


def a_phone(
    rehearsal: Rehearsal, case: Case, web: httpx.Client
) -> tuple[Steps, str, dict[str, Any]]:
    """One that has redeemed the case's offer: its token, and what it asks for."""
    assert case.offer is not None
    offer = Offer(case.offer.offer_id, case.offer.uri, case.offer.expires_at)
    steps = Steps(web, cast(Any, SimpleNamespace(link=rehearsal.station.link)), offer)
    return steps, steps.token(), steps.request_body()


def credential(answer: httpx.Response, opener: LocalKey) -> str:
    plain = jose.parse_object(jose.decrypt(answer.text, opener.private))
    return str(plain["credentials"][0]["credential"])
