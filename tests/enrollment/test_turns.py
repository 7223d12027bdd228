"""Turns at offers that others change meanwhile, and what goes with a desk's call."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from desk.enrollment.mailbox import Mailbox
from desk.enrollment.mailbox.driver import Driver, HeardBefore
from desk.enrollment.mailbox.known import KEPT, Known
from desk.enrollment.mailbox.offer import Offer
from desk.enrollment.mailbox.rules import REPORTS_KEPT
from desk.enrollment.mailbox.transaction import step
from desk.enrollment.records import TRIES, Filing, OfferState
from desk.issuance.ports import EventKind
from tests.enrollment.older_mailbox import leave_behind
from tests.enrollment.test_mailbox import (
    MINUTE,
    T0,
    TOKEN_LIFE,
    box,
    claimed,
    file,
    guess,
    kept,
    kinds,
    offer,
    opened,
    place,
    redeem,
    request,
)

__all__ = ["box", "file", "opened", "place"]

_TWO_MARKS = """
import os
from desk.enrollment import processes
from desk.enrollment.mailbox.turn import new_mark
print(new_mark(), flush=True)
if os.fork() == 0:
    print(new_mark(), flush=True)
    os._exit(0)
os.wait()
print(new_mark())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="one process only on this system")
def test_processes_that_were_forked_have_marks_of_their_own() -> None:
    """They share what their watcher has loaded."""
    told = subprocess.run([sys.executable, "-c", _TWO_MARKS], capture_output=True, check=True)

    assert len(set(told.stdout.split())) == 3


def test_offer_put_back_late_does_not_lose_the_token(box: Mailbox) -> None:
    """One thread tells the desk of an offer while another redeems it, and puts back last what
    it read first."""
    box.place_offer(offer(), T0)
    older = box.as_written("offer-1")
    redeem(box)
    box._known.keep(older)

    assert box.holder("offer-1", "token", T0) is not None
    assert box.file_request(request(), "h1", T0)[0] is Filing.FILED


def test_known_forgets_the_oldest_with_its_handle() -> None:
    known = Known()
    for number in (0, 0, *range(1, KEPT + 1)):
        known.keep(Offer.placed(offer(number), 1))

    assert known.take("offer-0") is None
    assert known.id_at("handle-0") is None
    assert known.id_at("handle-1") == "offer-1"
    assert len(known._offers) == len(known._ids) == KEPT


def test_token_that_is_shown_after_its_time_ends_the_offer(box: Mailbox) -> None:
    claimed(box)
    box.file_request(request(), "h1", T0)
    box.answer(request().request_id, b"sealed", None, T0)

    assert box.holder("offer-1", "token", T0 + TOKEN_LIFE) is None

    assert kept(box, request().request_id) is None
    assert box.as_written("offer-1").state == OfferState.EXPIRED


def test_wallet_that_changes_its_mind_again_and_again(box: Mailbox) -> None:
    claimed(box)
    box.file_request(request(), "h1", T0)
    box.answer(request().request_id, b"sealed", None, T0)
    box.deliver(request().request_id, T0)

    said = [
        box.report("offer-1", lambda _: True, kind, T0)
        for kind in [EventKind.ACCEPTED, EventKind.FAILED] * REPORTS_KEPT
    ]

    assert all(said)
    assert len(kinds(box)) == 3 + REPORTS_KEPT


# On a server


@pytest.fixture
def pair(server_place: str) -> Iterator[tuple[Mailbox, Mailbox]]:
    """Two processes' mailboxes in one database."""
    two = Mailbox(server_place, T0), Mailbox(server_place, T0)
    yield two
    for one in two:
        one.close()


def test_number_of_a_call_survives_a_turn_that_is_undone(pair: tuple[Mailbox, Mailbox]) -> None:
    """Its first statements were undone because of a nonce, and the number with them."""
    here, there = pair
    claimed(here)
    here.use_once("h1", "another")

    filing, _ = here.in_call("1", "a", partial(here.file_request, request(), "h1", T0))

    assert filing is Filing.NONCE_USED
    with pytest.raises(HeardBefore):
        there.in_call("1", "b", partial(there.news, "offer-1", 0, T0))


def test_number_of_a_call_survives_a_step_that_is_undone(pair: tuple[Mailbox, Mailbox]) -> None:
    here, there = pair
    conflicts = iter([True, False])

    @step
    def twice(_box: Mailbox, db: Driver) -> None:
        db.ask("SELECT 1")
        if next(conflicts):
            raise psycopg.errors.SerializationFailure

    here.in_call("1", "a", partial(twice, here))

    with pytest.raises(HeardBefore):
        there.in_call("1", "b", partial(there.queue, T0))


def test_former_version_that_still_runs_is_waited_for(server_place: str) -> None:
    """What it writes while its mailbox is being taken over is taken over as well."""
    leave_behind(server_place, 7, T0, TOKEN_LIFE // MINUTE * 60_000)
    taken: list[Mailbox] = []
    with psycopg.connect(server_place) as former, psycopg.connect(server_place) as onlooker:
        former.execute("UPDATE offers SET tries_wrong = 3 WHERE offer_id = 'offer-1'")
        starting = threading.Thread(target=lambda: taken.append(Mailbox(server_place, T0)))
        starting.start()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while onlooker.execute(waits).fetchone() == (0,):
            onlooker.rollback()
        former.commit()
        starting.join()

    left = guess(taken[0]).tries_left
    taken[0].close()

    assert left == TRIES - 4
