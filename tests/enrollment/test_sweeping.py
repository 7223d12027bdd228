"""Offers that nobody looks at any more end all the same; on both databases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from desk.credential.claims import load_profile
from desk.enrollment.keys import StationKey
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.records import OfferState
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.sweeping import sweep, sweep_once
from desk.enrollment.trouble import MailboxAway
from tests.enrollment.test_mailbox import (
    LIFE,
    T0,
    TOKEN_LIFE,
    Open,
    claimed,
    file,
    kept,
    offer,
    opened,
    place,
    request,
)

__all__ = ["file", "opened", "place"]


class Clock:
    """What the service takes for the time."""

    def __init__(self) -> None:
        self.time = T0

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(opened: Open, clock: Clock) -> Iterator[Service]:
    settings = ServiceSettings("http://127.0.0.1:1")
    made = Service(settings, StationKey(b"k" * 32), opened(), load_profile(), now=clock)
    yield made
    made.close()


def test_ciphertext_and_pin_hashes_go_with_their_time(service: Service, clock: Clock) -> None:
    box = claimed(service.mailbox)
    box.file_request(request(), "h1", T0)
    box.answer(request().request_id, b"sealed", None, T0)
    for number in range(2, 250):
        box.place_offer(offer(number), T0)

    clock.time = T0 + LIFE
    asyncio.run(sweep_once(service))
    assert box.as_written("offer-249").pin_hash is None
    assert kept(box, request().request_id) == b"sealed"
    clock.time = T0 + TOKEN_LIFE
    asyncio.run(sweep_once(service))

    assert kept(box, request().request_id) is None
    assert box.as_written("offer-1").state == OfferState.EXPIRED
    assert box.due(T0 + TOKEN_LIFE, 10) == []


def test_what_was_forgotten_meanwhile_is_passed_over(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process was quicker."""
    monkeypatch.setattr(Mailbox, "due", lambda *_asked: ["nobody"])

    asyncio.run(sweep_once(service))


def test_what_hinders_it_is_tried_again(
    service: Service,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A database that is away for a moment ends no sweeping."""
    service.mailbox.place_offer(offer(), T0)
    clock.time = T0 + LIFE
    due = Mailbox.due
    looks: list[int] = []

    def away_once(box: Mailbox, now: datetime, most: int) -> list[str]:
        looks.append(most)
        if len(looks) == 1:
            raise MailboxAway
        return due(box, now, most)

    async def scene() -> None:
        looked = asyncio.Event()
        forget = Mailbox.forget
        loop = asyncio.get_running_loop()

        def swept(box: Mailbox, now: datetime) -> None:
            forget(box, now)
            loop.call_soon_threadsafe(looked.set)

        monkeypatch.setattr(Mailbox, "forget", swept)
        sweeping = asyncio.ensure_future(sweep(service, 0.01))
        await looked.wait()
        sweeping.cancel()

    monkeypatch.setattr(Mailbox, "due", away_once)
    with caplog.at_level(logging.WARNING):
        asyncio.run(scene())

    assert service.mailbox.as_written("offer-1").state == OfferState.EXPIRED
    assert "ENROLL-21" in caplog.text
