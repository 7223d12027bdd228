"""Service or database die at each durable step and start again: nothing is doubled.

The service by SIGKILL, its PostgreSQL by an immediate stop, which leaves it what a power cut
would. The desk and the phone go on as they would: the desk repeats its call by the same
identifier, the phone repeats its request. What can't be repeated (a redeemed code whose
answer was lost) must stay redeemed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from desk.enrollment.keys import make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceOrder, ServiceProcess, ServiceState
from desk.enrollment.trouble import AlreadyOtherwise
from desk.issuance.ports import EventKind, OfferOrder
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone
from desk.training.wallet_trouble import OfferUsed
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.steps import Steps, offer_address
from tests.postgres import PostgresServer


class Mortal:
    """A service of its own that is killed and started again at the same address; with a
    ``server`` the database under it is what dies."""

    def __init__(
        self, folder: Path, authority: TrainingAuthority, server: PostgresServer | None = None
    ) -> None:
        self._server = server
        key = make_key_file(folder / "station.key")
        order = ServiceOrder(
            server.database().address if server else folder / "mailbox.sqlite",
            folder / "station.key",
            folder / "service.log",
            extra=("--wait", "0.05"),
        )
        self.states: list[ServiceState] = []
        self.process = ServiceProcess(order, self.states.append)
        self.process.start()
        self.counter = Counter(HttpLink(self.process.url, key), authority)

    def die(self) -> None:
        """SIGKILL or an immediate stop, and wait until the next one serves."""
        if self._server is not None:
            self._server.stop("immediate")
            self._server.start()
            return
        pid = self.process.pid
        assert pid is not None
        starts = self.process.starts
        os.kill(pid, signal.SIGKILL)
        while self.process.starts == starts or not self.process.wait_until_serving(1):
            assert self.process.starts <= starts + 1

    def close(self) -> None:
        self.counter.link.close()
        self.process.stop()


@pytest.fixture(scope="module", params=["service", "database"])
def dying(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    authority: TrainingAuthority,
) -> Iterator[Mortal]:
    """What dies: a service with a file, or the server under a service."""
    server = request.getfixturevalue("postgres_host") if request.param == "database" else None
    made = Mortal(tmp_path_factory.mktemp("mortal"), authority, server)
    made.process._thread.name = "session-mortal"  # type: ignore[union-attr]
    yield made
    made.close()


@pytest.fixture
def mortal(dying: Mortal) -> Mortal:
    if dying._server is not None and not dying._server.running:
        dying._server.start()
    return dying


@pytest.fixture
def fresh() -> Iterator[httpx.Client]:
    """Connections of its own: those to a killed service are gone."""
    transport = httpx.HTTPTransport(retries=3)
    with httpx.Client(trust_env=False, timeout=15, transport=transport) as client:
        yield client


STEPS = [
    "offer placed",
    "offer fetched",
    "wrong PIN",
    "code redeemed",
    "key received, deferred",
    "answered by the desk",
    "delivered",
    "accepted",
]


@pytest.mark.parametrize("moment", STEPS)
def test_killed_after(mortal: Mortal, fresh: httpx.Client, moment: str) -> None:
    """After any one durable step the flow goes on to one credential, every event once."""
    counter = mortal.counter

    def reached(name: str) -> None:
        if name == moment:
            mortal.die()

    order = OfferOrder(f"crash-{STEPS.index(moment)}", ("mdoc",), PIN, _soon())
    offer = counter.link.place_offer(order)
    reached("offer placed")
    assert counter.link.place_offer(order) == offer
    steps = Steps(fresh, counter, offer)
    code = steps.code()
    reached("offer fetched")
    steps.token_request(pre_authorized_code=code, tx_code=WRONG_PIN)
    reached("wrong PIN")
    token = steps.token_request(pre_authorized_code=code).json()["access_token"]
    reached("code redeemed")
    assert steps.token_request(pre_authorized_code=code).json()["reason"] == "used"
    proof = {"jwt": [steps.proof()]}
    waiting = steps.credential(token, proofs=proof)
    reached("key received, deferred")
    # The very same request again, as an HTTP client repeats it: the same transaction.
    assert steps.credential(token, proofs=proof).json() == waiting.json()
    (request,) = counter.link.requests(offer.offer_id)
    credential = counter.credential(request)
    counter.link.answer(request, [credential])
    reached("answered by the desk")
    counter.link.answer(request, [counter.credential(request)])
    delivered = steps.post("deferred", token, json=_transaction(waiting)).json()
    reached("delivered")
    assert delivered == {"credentials": [{"credential": credential}]}
    again = steps.credential(token).json()
    assert again["credentials"] == delivered["credentials"]
    said = {"notification_id": again["notification_id"], "event": "credential_accepted"}
    steps.post("notification", token, json=said)
    reached("accepted")
    steps.post("notification", token, json=said)

    events = counter.link.events(offer.offer_id, 0, 0)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    kinds = [event.kind for event in events if event.kind is not EventKind.FETCHED_AGAIN]
    assert kinds == [
        EventKind.FETCHED,
        EventKind.CODE_WRONG,
        EventKind.CODE_RIGHT,
        EventKind.KEY_RECEIVED,
        EventKind.DEFERRED,
        EventKind.ANSWERED,
        EventKind.ACCEPTED,
    ]


def test_tries_survive(mortal: Mortal, fresh: httpx.Client) -> None:
    """A service killed between the guesses still counts five, and then it is over."""
    counter = mortal.counter
    offer = counter.place("mdoc")
    steps = Steps(fresh, counter, offer)
    code = steps.code()

    left = []
    for guess in range(5):
        body = steps.token_request(pre_authorized_code=code, tx_code=WRONG_PIN).json()
        left.append(body.get("tries_left", 0))
        if guess in (1, 4):
            mortal.die()

    assert left == [4, 3, 2, 1, 0]
    assert steps.token_request(pre_authorized_code=code).json()["reason"] == "void"


def test_voided_stays_void(mortal: Mortal, fresh: httpx.Client) -> None:
    """An offer that was withdrawn before the crash is withdrawn after it."""
    counter = mortal.counter
    order = OfferOrder("crash-void", ("mdoc",), PIN, _soon())
    offer = counter.link.place_offer(order)
    counter.link.void_offer(offer.offer_id, "officer")

    mortal.die()

    assert fresh.get(offer_address(offer)).json()["error"] == "offer_void"
    with pytest.raises(AlreadyOtherwise):
        counter.link.place_offer(order)


def test_phone_outlives_the_service(mortal: Mortal, fresh: httpx.Client) -> None:
    """A real wallet that polls while the service dies gets its one credential."""
    counter = mortal.counter
    offer = counter.place("sd-jwt")
    acts: list[Callable[[], object]] = [mortal.die, lambda: counter.answer_all(offer.offer_id)]
    phone = Phone(
        fresh,
        now,
        anchors=(counter.authority.iaca,),
        on_event=lambda event: acts.pop(0)() if event.step == "waiting" and acts else None,
        patience=60,
    )
    phone.scan(offer.uri)

    cards = phone.redeem(PIN)

    assert len(cards) == 1
    assert counter.kinds(offer.offer_id).count(EventKind.ANSWERED) == 1
    with pytest.raises(OfferUsed):
        phone.redeem(PIN)


def test_the_table_is_one_process_each(mortal: Mortal) -> None:
    """Every death was followed by one new start, and the watcher said so. A service outlives
    its database."""
    serving = mortal.states.count(ServiceState.SERVING)

    assert mortal.process.starts == serving
    assert mortal._server is None or serving == 1
    assert mortal.states.count(ServiceState.DOWN) == serving - 1


def _soon() -> datetime:
    return now() + timedelta(minutes=10)


def _transaction(response: httpx.Response) -> dict[str, str]:
    return {"transaction_id": str(response.json()["transaction_id"])}
