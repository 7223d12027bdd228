"""The mailbox on a PostgreSQL: several processes at once, and a server that goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from desk.enrollment import fibres
from desk.enrollment.mailbox import Mailbox, server
from desk.enrollment.mailbox.driver import Asked, Driver, HeardBefore
from desk.enrollment.mailbox.server import ServerDriver, check_address
from desk.enrollment.mailbox.tables import to_ms
from desk.enrollment.mailbox.transaction import step
from desk.enrollment.records import TRIES, Claim, Filing, Redemption, timed
from desk.enrollment.server_steps import MOST_AT_ONCE, ServerSteps
from desk.enrollment.station_auth import WINDOW
from desk.enrollment.trouble import (
    MailboxAddressUnusable,
    MailboxAway,
    MailboxBroken,
    MailboxFull,
    NotThere,
)
from desk.issuance.ports import EventKind
from tests.enrollment.conftest import together
from tests.enrollment.test_mailbox import (
    REDEEMED,
    T0,
    claimed,
    guess,
    kinds,
    offer,
    redeem,
    request,
)
from tests.postgres import Database, PostgresServer


@pytest.fixture
def boxes(server_place: str) -> Iterator[list[Mailbox]]:
    """Four processes' mailboxes in one database."""
    opened = [Mailbox(server_place, T0) for _ in range(4)]
    yield opened
    for box in opened:
        box.close()


def test_processes_that_start_together_make_one_layout(postgres: PostgresServer) -> None:
    """Four at the same moment, in a database with nothing in it."""
    address = postgres.database().address

    opened = together(*[lambda: Mailbox(address, T0)] * 4)

    assert all(isinstance(box, Mailbox) for box in opened), opened
    with psycopg.connect(address) as there:
        assert there.execute("SELECT count(*) FROM layout").fetchone() == (1,)
    for box in opened:
        assert isinstance(box, Mailbox)
        box.close()


def at_once(boxes: list[Mailbox], act: Callable[[Mailbox, int], object]) -> list[object]:
    """The same in each process at the same moment."""
    return together(*[lambda box=box, n=n: act(box, n) for n, box in enumerate(boxes)])


def test_process_that_starts_waits_for_nobody(boxes: list[Mailbox], server_place: str) -> None:
    """Others write meanwhile, and one of them has not finished."""
    boxes[0].place_offer(offer(), T0)
    with psycopg.connect(server_place) as slow:
        slow.execute("UPDATE offers SET waiting = 1")

        Mailbox(server_place, T0).close()

    assert boxes[0].place_offer(offer(2), T0)[1]


def test_one_order_of_many_processes_is_one_offer(boxes: list[Mailbox]) -> None:
    placed = at_once(boxes, lambda box, _n: box.place_offer(offer(), T0)[1])

    assert sorted(placed, key=bool) == [False, False, False, True]


def test_one_phone_wins(boxes: list[Mailbox]) -> None:
    """Four processes redeem one code at the same moment (I5); the losers are told."""
    boxes[0].place_offer(offer(), T0)

    told = at_once(boxes, lambda box, n: redeem(box, token=f"token-{n}").obstacle)

    assert sorted(told, key=str) == [None, Claim.USED, Claim.USED, Claim.USED]
    assert kinds(boxes[0]).count(EventKind.CODE_RIGHT) == 1
    winner = told.index(None)
    assert boxes[winner - 1].holder("offer-1", f"token-{winner}", T0) is not None
    assert boxes[0].holder("offer-1", f"token-{(winner + 1) % 4}", T0) is None


def test_five_guesses_whoever_counts_them(boxes: list[Mailbox]) -> None:
    """Twelve guesses at once in four processes: five are judged, then the offer is void (I6)."""
    boxes[0].place_offer(offer(), T0)

    def guesses(box: Mailbox, _n: int) -> int:
        told = [guess(box).obstacle for _ in range(3)]
        return told.count(Claim.WRONG_CODE)

    judged = at_once(boxes, guesses)

    assert sum(judged) == TRIES  # type: ignore[arg-type]
    events = boxes[0].news("offer-1", 0, T0).events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events] == [EventKind.CODE_WRONG] * 5 + [EventKind.VOIDED]


def test_one_key_a_thing_offered(boxes: list[Mailbox]) -> None:
    """Four phones' keys for one credential at the same moment: one is filed."""
    claimed(boxes[0])

    filed = at_once(
        boxes, lambda box, n: box.file_request(request(key=f"k{n}", nonce=f"n{n}"), f"h{n}", T0)[0]
    )

    assert sorted(filed, key=str) == sorted([Filing.FILED, *[Filing.OTHER_KEY] * 3], key=str)
    assert len(boxes[0].news("offer-1", 0, T0).requests) == 1


def test_one_nonce_never_serves_two_offers(boxes: list[Mailbox]) -> None:
    """Not even when their phones ask for different things with it at the same moment."""
    claimed(boxes[0])
    boxes[0].place_offer(offer(2), T0)
    redeem(boxes[0], 2, "token-2")

    def file(box: Mailbox, number: int) -> Filing:
        name = ("mdoc", "sd-jwt")[number % 2]
        new = request(name, f"k{number}")
        offer_id = f"offer-{number % 2 + 1}"
        changed = new._replace(offer_id=offer_id, request_id=f"{offer_id}.r{number}")
        return box.file_request(changed, "one nonce", T0)[0]

    filed = at_once(boxes[:2], file)

    assert sorted(filed, key=str) == sorted([Filing.FILED, Filing.NONCE_USED], key=str)


def test_what_may_be_shown_once(boxes: list[Mailbox]) -> None:
    """A DPoP proof shown to four processes at the same moment is taken by one."""
    assert sorted(at_once(boxes, lambda box, n: box.use_once("jti", f"asker {n}")), key=bool) == [
        False,
        False,
        False,
        True,
    ]


def test_call_that_another_process_heard_does_nothing(boxes: list[Mailbox]) -> None:
    """Neither its number nor its step is written; whoever heard it first may do it again, for
    it may not know what became of it."""
    first = partial(boxes[0].place_offer, offer(1), T0)
    second = partial(boxes[1].place_offer, offer(2), T0)

    assert boxes[0].in_call("number", "first", first)[1]
    with pytest.raises(HeardBefore):
        boxes[1].in_call("number", "second", second)

    assert not boxes[0].in_call("number", "first", first)[1]
    with pytest.raises(NotThere):
        boxes[0].news("offer-2", 0, T0)
    assert boxes[1].in_call("another number", "second", second)[1]


def test_calls_are_heard_with_whatever_they_do(boxes: list[Mailbox]) -> None:
    """A look, a transaction of several statements, a turn that finds the offer changed."""
    claimed(boxes[0])
    acts: list[Callable[[Mailbox], object]] = [
        lambda box: box.news("offer-1", 0, T0),
        lambda box: box.forget(T0),
        lambda box: box.void_offer("offer-1", "officer", T0),
    ]
    for name, act in zip("abc", acts, strict=True):
        number = timed(to_ms(T0), name)
        boxes[1].in_call(number, "b", partial(act, boxes[1]))
        with pytest.raises(HeardBefore):
            boxes[2].in_call(number, "c", partial(act, boxes[2]))

    assert kinds(boxes[0]).count(EventKind.VOIDED) == 1


@pytest.mark.parametrize(
    "first",
    [
        lambda box: box.queue(T0),
        lambda box: box.void_offer("offer-1", "officer", T0),
        lambda box: box.file_request(request(), "h1", T0),
        lambda box: box.forget(T0),
    ],
    ids=["look", "turn", "turn with something beside", "step"],
)
def test_call_does_not_hear_itself(
    boxes: list[Mailbox], first: Callable[[Mailbox], object]
) -> None:
    """What was written once goes with nothing that comes after it in the same call: what it
    does is done once."""
    claimed(boxes[0])
    done = []

    def act() -> None:
        done.append(first(boxes[0]))
        boxes[0].queue(T0)

    boxes[0].in_call(timed(to_ms(T0), "1"), "a", act)

    assert len(done) == 1


def test_call_that_was_heard_changes_nothing_beside_its_offer(boxes: list[Mailbox]) -> None:
    """Nor where the second one knows the offer, so that all of it is sent in one go."""
    claimed(boxes[0])
    other = request("sd-jwt", "k2")
    boxes[1].news("offer-1", 0, T0)

    boxes[0].in_call("1", "a", lambda: boxes[0].file_request(request(), "h1", T0))
    for box in (boxes[0], boxes[1]):
        with pytest.raises(HeardBefore):
            box.in_call("1", "b", partial(box.file_request, other, "h2", T0))

    assert kinds(boxes[2]).count(EventKind.KEY_RECEIVED) == 1
    assert boxes[2].use_once("h2", "somebody")


@pytest.mark.parametrize("written", [False, True])
def test_call_whose_end_was_not_heard_is_done_once(
    boxes: list[Mailbox], monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    """The line broke before it was written or after: whoever asked does it again, and what
    the same line is told meanwhile takes nothing of it along."""
    claimed(boxes[0])
    answers_to, breaks = ServerDriver._answers_to, iter([True])

    def broken(driver: ServerDriver, sent: list[Any]) -> list[Any]:
        breaks_now = next(breaks, False)
        rows = answers_to(driver, sent) if written or not breaks_now else []
        if breaks_now:
            raise psycopg.OperationalError
        return rows

    monkeypatch.setattr(ServerDriver, "_answers_to", broken)
    call = partial(boxes[0].in_call, "1", "a", partial(boxes[0].file_request, request(), "h1", T0))
    with pytest.raises(MailboxAway):
        call()
    boxes[0].queue(T0)
    with boxes[1]._database.connection() as db:
        heard = db.ask("SELECT count(*) FROM heard_calls")
    again = call()[0]

    assert heard == (1 if written else 0)
    assert again is (Filing.REPEATED if written else Filing.FILED)
    assert kinds(boxes[0]).count(EventKind.KEY_RECEIVED) == 1
    with pytest.raises(HeardBefore):
        boxes[1].in_call("1", "b", partial(boxes[1].queue, T0))


def test_call_whose_step_broke_off_was_not_heard(boxes: list[Mailbox]) -> None:
    """It was sent with the step's beginning and is undone with it."""

    @step
    def half(_box: Mailbox, db: Driver) -> None:
        assert db.ask("SELECT count(*) FROM heard_calls") == 1
        assert db.ask("SELECT count(*) FROM heard_calls") == 1
        raise RuntimeError

    with pytest.raises(RuntimeError):
        boxes[0].in_call("1", "a", partial(half, boxes[0]))

    assert boxes[0].queue(T0).length == 0
    assert boxes[1].in_call("1", "b", partial(boxes[1].queue, T0)).length == 0


def test_a_line_that_is_made_for_a_call_takes_nothing_of_it_along(boxes: list[Mailbox]) -> None:
    """What the new line is asked first is no part of the call, which then breaks off."""
    box = boxes[0]
    box._database.close()

    def broken() -> None:
        with box._database.connection() as db:
            db.begin()
            db.undo()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        box.in_call("1", "a", broken)

    assert boxes[1].in_call("1", "b", partial(boxes[1].queue, T0)).length == 0


def test_what_was_heard_before_goes_with_nothing_else(server_place: str) -> None:
    """Not with what the same line is told next, when that has to be undone."""
    box = Mailbox(server_place, T0)
    claimed(box)
    box.in_call("1", "a", lambda: box.queue(T0))

    with pytest.raises(HeardBefore):
        box.in_call("1", "b", lambda: box.file_request(request(), "h1", T0))

    with box._database.connection() as db:
        db.begin()
        db.undo()
        assert db.ask("SELECT count(*) FROM heard_calls") == 1
    box.close()


def test_only_what_a_look_brings_is_not_synchronised(server_place: str) -> None:
    """A call that changes something is durable when it is answered, and so is what comes after
    one that only looked."""
    box = Mailbox(server_place, T0)
    with box._database.connection() as db:
        pass
    settings = []
    for number, act in enumerate(
        (
            lambda: box.place_offer(offer(), T0),
            lambda: box.news("offer-1", 0, T0),
            lambda: box.void_offer("offer-1", "test", T0),
        )
    ):
        box.in_call(str(number), "a", act)
        settings.append(db.ask("SHOW synchronous_commit"))

    assert isinstance(db, ServerDriver)
    brought = db._both.values()
    assert all(text.startswith("WITH brought AS (INSERT INTO heard_calls") for text in brought)
    assert ["synchronous_commit" in text for text in brought] == [False, True, False]
    assert settings == ["on"] * 3
    box.close()


def test_call_is_remembered_for_longer_than_its_signature_is_good(boxes: list[Mailbox]) -> None:
    """By the clock of whichever process forgets; then it goes."""
    number = timed(to_ms(T0), "number")

    def again(by: str) -> object:
        return boxes[1].in_call(number, by, lambda: boxes[1].queue(T0))

    boxes[0].in_call(number, "a", lambda: boxes[0].queue(T0))
    boxes[0].forget(T0 + 3 * WINDOW)
    with pytest.raises(HeardBefore):
        again("b")
    boxes[0].forget(T0 + 6 * WINDOW)
    again("c")


def test_lists_published_at_once_are_one_list(boxes: list[Mailbox]) -> None:
    at_once(boxes, lambda box, n: box.publish_status("list", f"jwt-{n}", bytes([n])))

    view = boxes[0].status("list")

    assert view is not None
    assert view.jwt == f"jwt-{view.cwt[0]}"


def test_phones_of_different_offers_do_not_wait_for_each_other(
    boxes: list[Mailbox], server_place: str
) -> None:
    """One step stands still with its offer locked: another offer's goes through."""
    for number in (1, 2):
        boxes[0].place_offer(offer(number), T0)
    with psycopg.connect(server_place) as slow:
        slow.execute("SELECT 1 FROM offers WHERE offer_id = 'offer-1' FOR UPDATE")

        told = redeem(boxes[1], 2)
        seen = boxes[1].news("offer-1", 0, T0)

    assert told == REDEEMED._replace(offer_id="offer-2")
    assert seen.events == ()


# A server that goes away -----------------------------------------------------------


class Torn(Mailbox):
    """A mailbox one of whose steps loses the server at a chosen moment."""

    def tear(self, server: PostgresServer, moment: str) -> None:
        taken = self._database.connection

        def connection() -> object:
            self._database.connection = taken  # type: ignore[method-assign]
            return _tearing(taken(), server, moment)

        self._database.connection = connection  # type: ignore[assignment,method-assign]


class _tearing:  # noqa: N801
    def __init__(self, taken: object, server: PostgresServer, moment: str) -> None:
        self._taken, self._server, self._moment = taken, server, moment

    def __enter__(self) -> Driver:
        driver: Driver = self._taken.__enter__()  # type: ignore[attr-defined]
        swap = driver.swap

        def torn(offer: Mapping[str, Any], *beside: Asked) -> bool:
            if self._moment == "after commit":
                swap(offer, *beside)
            self._server.stop("immediate")
            self._server.start()
            return swap(offer, *beside)

        driver.swap = torn  # type: ignore[method-assign]
        return driver

    def __exit__(self, *error: object) -> object:
        return self._taken.__exit__(*error)  # type: ignore[attr-defined]


@pytest.fixture
def torn(server_place: str) -> Iterator[Torn]:
    box = Torn(server_place, T0)
    yield box
    box.close()


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
def test_code_redeemed_while_the_server_fell_is_redeemed_by_the_same_phone(
    torn: Torn, postgres: PostgresServer, moment: str
) -> None:
    """Whatever became of the commit: the step again gives the phone its token, and one only."""
    torn.place_offer(offer(), T0)

    torn.tear(postgres, moment)
    with pytest.raises(MailboxAway):
        redeem(torn)
    again = redeem(torn)

    assert again == REDEEMED
    assert redeem(torn, token="other").obstacle is Claim.USED
    assert kinds(torn).count(EventKind.CODE_RIGHT) == 1


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
@pytest.mark.parametrize("others", [0, 1, TRIES - 1])
def test_guess_that_a_fall_interrupted_is_counted_once_and_told(
    torn: Torn, postgres: PostgresServer, moment: str, others: int
) -> None:
    """Whatever became of the commit, and whoever guesses before it is asked again."""
    torn.place_offer(offer(), T0)
    was_written = moment == "after commit"

    torn.tear(postgres, moment)
    with pytest.raises(MailboxAway):
        guess(torn, token="mine")
    for _ in range(others):
        guess(torn)
    again = guess(torn, token="mine")

    left = TRIES - 1 if was_written else TRIES - 1 - others
    events = torn.news("offer-1", 0, T0).events
    counted = [event for event in events if event.kind is EventKind.CODE_WRONG]
    assert again == Redemption("offer-1", Claim.WRONG_CODE, left)
    assert len(counted) == 1 + others


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
def test_phone_whose_guess_a_fall_interrupted_is_told(
    torn: Torn, postgres: PostgresServer, moment: str
) -> None:
    """It waits for the server like every other step."""
    torn.place_offer(offer(), T0)
    steps = ServerSteps()

    torn.tear(postgres, moment)
    told = asyncio.run(steps.run(lambda: guess(torn, token="mine")))
    steps.close()

    assert told == Redemption("offer-1", Claim.WRONG_CODE, TRIES - 1)
    assert kinds(torn) == [EventKind.CODE_WRONG]


def test_server_that_is_away_is_asked_again(torn: Torn, postgres: PostgresServer) -> None:
    """A step that began while the server was down is done when it is up again."""
    torn.place_offer(offer(), T0)
    steps = ServerSteps()
    tried = threading.Event()

    def look() -> int:
        try:
            return len(torn.news("offer-1", 0, T0).events)
        except MailboxAway:
            tried.set()
            raise

    async def scene() -> int:
        loop = asyncio.get_running_loop()
        postgres.stop("immediate")
        looking = asyncio.ensure_future(steps.run(look))
        await loop.run_in_executor(None, tried.wait)
        await loop.run_in_executor(None, postgres.start)
        return await looking

    assert asyncio.run(scene()) == 0
    steps.close()


def test_a_line_that_was_trusted_in_vain(
    torn: Torn, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server fell since it was used: the step that finds out is done again, on another."""
    monkeypatch.setattr("desk.enrollment.mailbox.server._TRUSTED_SECONDS", 600)
    torn.place_offer(offer(), T0)
    steps = ServerSteps()

    postgres.stop("immediate")
    postgres.start()
    with pytest.raises(MailboxAway):
        redeem(torn)
    torn.fetch_offer("handle-1", "c", T0)
    postgres.stop("immediate")
    postgres.start()
    redeemed = asyncio.run(steps.run(lambda: redeem(torn)))
    steps.close()

    assert redeemed == REDEEMED
    assert kinds(torn) == [EventKind.FETCHED, EventKind.CODE_RIGHT]


def test_a_step_that_waits_keeps_nobody_else(server_place: str, server_database: Database) -> None:
    """For somebody's lock, say: the same process does others' steps meanwhile."""
    box, steps = Mailbox(server_place, T0), ServerSteps()
    box.place_offer(offer(), T0)

    async def scene() -> int:
        with server_database.connect() as there:
            there.autocommit = False
            there.execute("LOCK TABLE offers IN ACCESS EXCLUSIVE MODE")
            waiting = asyncio.ensure_future(
                steps.run(lambda: len(box.news("offer-1", 0, T0).events))
            )
            assert await steps.run(lambda: box.check("check-1")) is None
            assert not waiting.done()
            there.rollback()
        return await waiting

    assert asyncio.run(scene()) == 0
    steps.close()
    box.close()


def test_a_turn_that_comes_too_late_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waited behind others for as long as a phone does is told to come back, and not after
    one more attempt."""
    monkeypatch.setattr("desk.enrollment.server_steps.OUTAGE_SECONDS", 0.05)
    steps, tried = ServerSteps(), list[str]()

    def act(name: str) -> None:
        tried.append(name)
        fibres.pause(0.1)

    async def scene() -> list[BaseException | None]:
        first = [steps.run(partial(act, "first")) for _ in range(MOST_AT_ONCE)]
        late = steps.run(partial(act, "late"))
        impatient = steps.run(partial(act, "impatient"), patient=False)
        return await asyncio.gather(*first, late, impatient, return_exceptions=True)

    *done, late, impatient = asyncio.run(scene())

    assert done == [None] * MOST_AT_ONCE
    assert isinstance(late, MailboxAway)
    assert impatient is None
    assert tried == ["first"] * MOST_AT_ONCE + ["impatient"]


@pytest.fixture
def mute(server_place: str, server_database: Database) -> Iterator[Mailbox]:
    """A mailbox whose server keeps its line and says nothing on it any more."""
    with closing(Mailbox(server_place, T0)) as box:
        with box._database.connection() as driver:
            assert isinstance(driver, ServerDriver)
            driver.hearing.patience = 0.05
        os.kill(driver.pid, signal.SIGSTOP)
        yield box
        os.kill(driver.pid, signal.SIGCONT)
        # What it was told before may still be done.
        with server_database.connect() as there:
            alive = f"SELECT FROM pg_stat_activity WHERE pid = {driver.pid}"
            while there.execute(alive.encode()).fetchone() is not None:
                pass


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("in_fibre", [False, True])
@pytest.mark.parametrize(
    "act",
    [
        lambda box: box.queue(T0),
        lambda box: box.forget(T0),
        lambda box: box.check_room(),
        lambda box: box.place_offer(offer(), T0),
    ],
)
def test_server_that_hangs_is_one_that_is_away(
    mute: Mailbox, act: Callable[[Mailbox], object], in_fibre: bool
) -> None:
    """Its line is given up, and the next one is another."""

    async def scene() -> None:
        await fibres.begin(lambda: act(mute), asyncio.get_running_loop())

    with pytest.raises(MailboxAway):
        asyncio.run(scene()) if in_fibre else act(mute)

    assert mute.queue(T0).length == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ear_ends_although_its_server_hangs(
    server_place: str, server_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service could not be ended otherwise. Who was not forgotten is found to be deaf."""
    monkeypatch.setattr(server, "_FAREWELL_SECONDS", 0.05)
    with closing(Mailbox(server_place, T0)) as box:
        ear = cast(server.ServerEar, box._database.ear())
        os.kill(ear._driver.pid, signal.SIGSTOP)
        try:
            ear.close()
        finally:
            os.kill(ear._driver.pid, signal.SIGCONT)


def test_server_that_stays_away_is_said_so(
    torn: Torn, postgres: PostgresServer, server_place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.enrollment.server_steps.OUTAGE_SECONDS", 0.05)
    steps = ServerSteps()
    postgres.stop("immediate")

    with pytest.raises(MailboxAway):
        asyncio.run(steps.run(lambda: torn.queue(T0)))

    steps.close()
    with pytest.raises(MailboxAway):
        Mailbox(server_place, T0)


def test_other_troubles_are_not_asked_again(torn: Torn, server_database: Database) -> None:
    """Only what passes by itself is waited for."""
    with pytest.raises(NotThere):
        torn.news("offer-9", 0, T0)
    with server_database.connect() as there:
        there.execute("ALTER TABLE offers RENAME TO elsewhere")
        try:
            with pytest.raises(MailboxBroken):
                torn.holder("offer-1", "token", T0)
        finally:
            there.execute("ALTER TABLE elsewhere RENAME TO offers")


def test_room_is_looked_for_by_writing_to_the_disk(server_database: Database) -> None:
    """As much as a table grows by at once; memory would take it without the disk."""
    with server_database.connect() as there, there.transaction():
        there.execute(server._TO_DISK)
        row = there.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {server._FILL_SOME}"
        ).fetchone()

    assert row is not None
    assert row[0][0]["Plan"]["Temp Written Blocks"] * 8192 >= 1 << 20


def test_full_disk_is_said_before_the_next_phone_finds_out(
    torn: Torn, server_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn.check_room()
    with server_database.connect() as there:
        there.execute(
            "CREATE FUNCTION full_disk() RETURNS int LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'No space left on device' USING ERRCODE = '53100'; END $$"
        )
        try:
            with monkeypatch.context() as full, pytest.raises(MailboxFull):
                full.setattr(server, "_FILL_SOME", "SELECT full_disk()")
                torn.check_room()
        finally:
            there.execute("DROP FUNCTION full_disk")

    torn.check_room()


def test_bound_on_temporary_files_is_no_full_disk(
    server_database: Database, postgres: PostgresServer
) -> None:
    with server_database.connect() as there:
        there.execute(f"ALTER DATABASE {server_database.name} SET temp_file_limit = '64kB'")
        try:
            with closing(Mailbox(server_database.address, T0)) as bounded:
                bounded.check_room()
        finally:
            there.execute(f"ALTER DATABASE {server_database.name} RESET temp_file_limit")


def test_commits_are_durable_whatever_the_server_says(torn: Torn) -> None:
    """The tests' own server says synchronous_commit=off."""
    with torn._database.connection() as driver:
        told = driver.ask("SHOW synchronous_commit")
        unlogged = driver.ask(
            "SELECT string_agg(relname, ' ') FROM pg_class"
            " WHERE relpersistence = 'u' AND relkind = 'r'"
        )

    assert (told, sorted(unlogged.split())) == ("on", ["heard_calls", "listeners"])


def test_the_server_compresses_nothing_that_is_ciphertext_or_changes_often(torn: Torn) -> None:
    with torn._database.connection() as driver:
        uncompressed = driver.ask(
            "SELECT string_agg(attrelid::regclass || '.' || attname, ' ') FROM pg_attribute"
            " WHERE attstorage = 'e' AND attrelid IN (SELECT oid FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace)"
        )
        whole = driver.ask("SELECT reloptions::text FROM pg_class WHERE oid = 'offers'::regclass")

    expected = ["answers.sealed", "status_lists.cwt", "status_lists.jwt"]
    assert sorted(uncompressed.split()) == expected
    assert whole == "{fillfactor=50,toast_tuple_target=8160}"


def test_what_is_looked_for_is_ordered_by_its_bytes(torn: Torn) -> None:
    """Whatever the database's own order of letters is: a range of times is one."""
    with torn._database.connection() as driver:
        (row,) = driver.named(
            "SELECT count(*) AS all_of_them, count(*) FILTER (WHERE c.collname <> 'C') AS others"
            " FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
            " AND a.attnum = ANY (i.indkey) JOIN pg_collation c ON c.oid = a.attcollation"
            " JOIN pg_class t ON t.oid = i.indrelid"
            " WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r'"
        )

    assert row["all_of_them"] >= 8
    assert row["others"] == 0


def test_log_says_what_there_are_no_rights_to(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Or what is not the mailbox's own; an operator sees it in no other place."""
    database = postgres.database()
    with database.connect() as there:
        there.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        there.execute("CREATE ROLE guest LOGIN")
        try:
            guests = database.address.replace("//desk@", "//guest@")
            with pytest.raises(MailboxBroken):
                Mailbox(guests, T0)
        finally:
            there.execute("DROP ROLE guest")
        there.execute("CREATE TABLE offers (somebody_elses int)")
        with pytest.raises(MailboxBroken):
            Mailbox(database.address, T0)

    rights, table = (record.getMessage() for record in caplog.records)
    assert rights == "database: permission denied for schema public"
    assert 'column "' in table


# Addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://[", "address"),
        ("postgresql://desk:secret@localhost/mailbox", "password"),
        ("postgresql://desk@localhost/mailbox?password=secret", "password"),
        ("postgresql://desk@localhost", "database"),
        ("postgresql:///mailbox", "host"),
        ("postgresql://desk@db.example/mailbox?sslmode=require", "sslmode"),
        ("postgresql://desk@localhost,db.example/mailbox?sslmode=disable", "sslmode"),
        ("postgresql://desk@localhost:abc/mailbox", "address"),
        ("postgresql://desk@localhost:5432,127.0.0.1:70000/mailbox", "address"),
        ("postgresql://desk@localhost/mailbox?port=0", "address"),
    ],
)
def test_address_that_will_not_do(address: str, reason: str) -> None:
    with pytest.raises(MailboxAddressUnusable) as refused:
        Mailbox(address, T0)

    assert refused.value.facts == {"reason": reason}


def test_another_machine_is_reached_by_tls_only(tmp_path: Path) -> None:
    """Its name is checked; this machine needs no TLS."""
    assert check_address("postgresql://desk@db.example/mailbox")["sslmode"] == "verify-full"
    assert "sslmode" not in check_address(f"postgresql://desk@/mailbox?host={tmp_path}")
    assert "sslmode" not in check_address("postgresql://desk@127.0.0.1:5433/mailbox")
    assert "sslmode" not in check_address("postgresql://desk@127.0.0.1:5433,localhost/mailbox")


def test_standby_alone_is_a_server_that_is_away(
    server_database: Database, server_place: str
) -> None:
    """What only reads is no mailbox, and of several hosts not the one that is meant (libpq,
    target_session_attrs)."""
    Mailbox(server_place, T0).close()
    with server_database.connect() as there:
        name = server_database.name
        there.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        try:
            with pytest.raises(MailboxAway):
                Mailbox(server_place, T0)
        finally:
            there.execute("SET default_transaction_read_only = off")
            there.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())


def test_step_is_done_whole_or_not_at_all(torn: Torn) -> None:
    """What a step wrote before it broke off is gone, and its connection serves the next."""

    class Broken(RuntimeError):
        pass

    @step
    def half(box: Mailbox, db: Driver) -> None:
        db.say("UPDATE offers SET waiting = 7")
        raise Broken

    torn.place_offer(offer(), T0)
    with pytest.raises(Broken):
        half(torn)

    with torn._database.connection() as driver:
        assert driver.ask("SELECT waiting FROM offers") == 0
