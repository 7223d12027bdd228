"""The durable steps by themselves, with a clock of the test's own: in a file and on a server."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from desk.enrollment.mailbox import Mailbox
from desk.enrollment.mailbox import file as file_database
from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.tables import LAYOUT, to_ms
from desk.enrollment.nonces import NONCE_LIFE, is_own_nonce, new_nonce, use_mark, use_marks
from desk.enrollment.records import (
    TRIES,
    Claim,
    Filing,
    Grant,
    NewOffer,
    NewRequest,
    OfferState,
    Redemption,
    RequestState,
    RequestView,
    timed,
)
from desk.enrollment.trouble import (
    AlreadyOtherwise,
    MailboxBroken,
    MailboxFull,
    MailboxInUse,
    MailboxNewer,
    NotThere,
)
from desk.issuance.ports import EventKind, ResponseEncryption
from tests.enrollment.older_mailbox import leave_behind

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
REDEEMED = Redemption("offer-1", configurations=("mdoc", "sd-jwt"))
LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

Open = Callable[..., Mailbox]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mailbox.sqlite"


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, file: Path) -> Path | str:
    """Both kinds of database, each its own."""
    if request.param == "file":
        return file
    return str(request.getfixturevalue("server_place"))


@pytest.fixture
def opened(place: Path | str) -> Iterator[Open]:
    """Open the same database again and again, as a service that is started again does, or
    as many processes beside each other."""
    boxes: list[Mailbox] = []

    def open_again(at: datetime = T0) -> Mailbox:
        boxes.append(Mailbox(place, at))
        return boxes[-1]

    yield open_again
    for box in boxes:
        box.close()


@pytest.fixture
def box(opened: Open) -> Mailbox:
    return opened()


@pytest.fixture
def file_box(file: Path) -> Iterator[Mailbox]:
    box = Mailbox(file, T0)
    yield box
    box.close()


def offer(number: int = 1, expires_at: datetime = T0 + LIFE) -> NewOffer:
    return NewOffer(
        f"offer-{number}",
        f"handle-{number}",
        f"code-{number}",
        ("mdoc", "sd-jwt"),
        b"salt",
        b"hash",
        expires_at,
    )


def request(
    configuration: str = "mdoc",
    key: str = "key-1",
    nonce: str = "n1",
    encryption: ResponseEncryption | None = None,
) -> NewRequest:
    return NewRequest(
        f"offer-1.request-{configuration}-{key}-{nonce}",
        "offer-1",
        configuration,
        (key,),
        (f"proof {key} {nonce}",),
        nonce,
        b"s" * 32,
        encryption,
    )


def redeem(
    box: Mailbox,
    number: int = 1,
    token: str = "token",
    *,
    pin: bool = True,
    at: datetime = T0,
    details: tuple[str, ...] | None = None,
) -> Redemption:
    """A phone tries a code with the right PIN or another."""
    grant = Grant(token, TOKEN_LIFE, details)
    return box.redeem(f"offer-{number}", f"code-{number}", "c", lambda _salt, _hash: pin, grant, at)


def guess(box: Mailbox, number: int = 1, at: datetime = T0, token: str | None = None) -> Redemption:
    """A wrong one, for a ``token`` of its own."""
    return redeem(box, number, token or secrets.token_hex(8), pin=False, at=at)


def claimed(box: Mailbox) -> Mailbox:
    box.place_offer(offer(), T0)
    assert redeem(box) == REDEEMED
    return box


def filed(box: Mailbox, new: NewRequest, nonce_hash: str) -> Filing:
    return box.file_request(new, nonce_hash, T0)[0]


def kinds(box: Mailbox, at: datetime = T0) -> list[EventKind]:
    return [event.kind for event in box.news("offer-1", 0, at).events]


def stands(box: Mailbox, request_id: str) -> RequestView:
    return next(one for one in box.requests_of("offer-1") if one.request_id == request_id)


def kept(box: Mailbox, request_id: str) -> bytes | None:
    """The ciphertext that lies in the database."""
    with box._database.connection() as db:
        answer: bytes | None = db.execute(
            sql.ANSWER_OF_REQUEST, {"key": request_id}
        ).scalar_one_or_none()
        return answer


def test_wrong_guesses_are_counted_for_good(opened: Open) -> None:
    """What a phone was told is written down: no restart gives a guess back (I6)."""
    box = opened()
    box.place_offer(offer(), T0)
    told = [guess(box).tries_left for _ in range(TRIES - 1)]
    box.close()

    again = opened(T0 + MINUTE)
    last = guess(again)

    assert told == [4, 3, 2, 1]
    assert last == Redemption("offer-1", Claim.WRONG_CODE, 0)
    assert redeem(again).obstacle is Claim.VOID
    assert kinds(again) == [EventKind.CODE_WRONG] * TRIES + [EventKind.VOIDED]


def test_guess_that_is_repeated_is_the_same_guess(opened: Open) -> None:
    """By the token that it is for, whoever guessed between; also the one that ended the offer,
    and after the service has started again."""
    box = opened()
    box.place_offer(offer(), T0)
    told = [guess(box, token=f"token-{number}") for number in range(TRIES)]
    box.close()

    again = opened(T0 + MINUTE)

    assert [guess(again, token=f"token-{number}") for number in range(TRIES)] == told
    assert [one.tries_left for one in told] == [4, 3, 2, 1, 0]
    assert kinds(again) == [EventKind.CODE_WRONG] * TRIES + [EventKind.VOIDED]


def test_pin_is_judged_by_its_own_salt_and_hash(box: Mailbox) -> None:
    seen: list[tuple[bytes, bytes]] = []
    box.place_offer(offer(), T0)

    def fits(salt: bytes, wanted: bytes) -> bool:
        seen.append((salt, wanted))
        return True

    box.redeem("offer-1", "code-1", "c", fits, Grant("token", TOKEN_LIFE), T0)

    assert seen == [(offer().pin_salt, offer().pin_hash)]


def test_a_right_guess_after_wrong_ones(box: Mailbox) -> None:
    box.place_offer(offer(), T0)
    for _ in range(TRIES - 1):
        guess(box)

    assert redeem(box) == REDEEMED


def test_code_of_another_offer_is_unknown_and_counts_as_nothing(box: Mailbox) -> None:
    """Whoever knows an offer's identifier knows nothing."""
    for number in (1, 2):
        box.place_offer(offer(number), T0)
    grant = Grant("token", TOKEN_LIFE)

    told = [
        box.redeem("offer-1", "code-2", "c", lambda *_, fits=fits: fits, grant, T0)
        for fits in (True, False)
        for _ in range(TRIES)
    ]

    assert set(told) == {Redemption(None, Claim.UNKNOWN)}
    assert kinds(box) == []
    assert redeem(box) == REDEEMED
    assert box.redeem("offer-1", "code-2", "c", lambda *_: True, grant, T0) == told[0]


def test_token_of_another_offer_is_unknown(box: Mailbox) -> None:
    claimed(box).place_offer(offer(2), T0)
    redeem(box, 2, "token-2")

    for look in (box.known_holder, box.holder):
        assert look("offer-1", "token", T0) is not None
        assert look("offer-1", "token-2", T0) is None
        assert look("offer-9", "token", T0) is None


def test_token_of_an_offer_that_nobody_has_redeemed(box: Mailbox) -> None:
    """Its hash is none yet, and nothing is like none."""
    box.place_offer(offer(), T0)

    assert box.holder("offer-1", "", T0) is None


def test_what_is_not_offered_costs_no_guess(box: Mailbox) -> None:
    """Nor is the PIN looked at."""
    box.place_offer(offer(), T0)

    told = box.redeem(
        "offer-1",
        "code-1",
        "c",
        lambda *_secret: pytest.fail("judged"),
        Grant("token", TOKEN_LIFE, ("passport",)),
        T0,
    )

    assert told == Redemption("offer-1", Claim.NOT_OFFERED)
    assert kinds(box) == []


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda box: redeem(box, token="t2"), Redemption("offer-1", Claim.USED)),
        (guess, Redemption("offer-1", Claim.USED)),
        (lambda box: redeem(box, 9), Redemption(None, Claim.UNKNOWN)),
        (lambda box: guess(box, at=T0 + TOKEN_LIFE), Redemption("offer-1", Claim.USED)),
        # The very same grant: a step that was done again.
        (redeem, REDEEMED),
    ],
)
def test_after_the_claim(box: Mailbox, act: Callable[[Mailbox], object], expected: object) -> None:
    assert act(claimed(box)) == expected


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        (redeem, Claim.USED),
        (lambda box: box.void_offer("offer-1", "officer", T0), Claim.VOID),
        (lambda box: [guess(box) for _ in range(TRIES)], Claim.VOID),
    ],
)
def test_wrong_guess_that_came_too_late_is_told_why(
    box: Mailbox, meanwhile: Callable[[Mailbox], object], told: Claim
) -> None:
    """After another phone was right, or after the offer had ended otherwise; nothing of the
    PIN is told."""
    box.place_offer(offer(), T0)

    meanwhile(box)

    assert guess(box) == Redemption("offer-1", told)


def test_offer_expires_by_itself(box: Mailbox) -> None:
    """Whoever looks first finds it expired; the event is written once, the PIN hash wiped."""
    box.place_offer(offer(), T0)

    assert redeem(box, at=T0 + LIFE) == Redemption("offer-1", Claim.EXPIRED)
    view = box.fetch_offer("handle-1", "c", T0 + LIFE)

    assert view is not None
    assert (view.state, view.pin_hash, view.pin_salt) == (OfferState.EXPIRED, None, None)
    assert kinds(box, T0 + LIFE) == [EventKind.EXPIRED]
    assert box.news("offer-1", 0, T0 + LIFE).ends_at is None


def test_claimed_offer_without_delivery_expires_too(box: Mailbox) -> None:
    """A phone that never comes back leaves no case hanging (I10)."""
    claimed(box).file_request(request(), "h1", T0)
    late = T0 + TOKEN_LIFE

    assert box.news("offer-1", 0, T0).ends_at == late
    assert kinds(box, late)[-1] is EventKind.EXPIRED
    assert box.holder("offer-1", "token", late) is None
    with pytest.raises(AlreadyOtherwise):
        box.answer(request().request_id, b"sealed", None, T0)


def test_delivered_offer_ends_quietly(box: Mailbox) -> None:
    """Served whole, its end is no news, and the ciphertext goes."""
    claimed(box)
    for place, configuration in enumerate(("mdoc", "sd-jwt")):
        new = request(configuration, f"key-{place}")
        box.file_request(new, f"h{place}", T0)
        box.answer(new.request_id, b"sealed", None, T0)
        box.deliver(new.request_id, T0)

    assert EventKind.EXPIRED not in kinds(box, T0 + TOKEN_LIFE)
    assert [kept(box, view.request_id) for view in box.requests_of("offer-1")] == [None, None]


def test_one_key_for_each_thing_offered(box: Mailbox) -> None:
    """The first key takes the place; itself again is welcome, another is not (I5)."""
    claimed(box)

    assert filed(box, request(), "h1") is Filing.FILED
    assert filed(box, request(), "h1") is Filing.REPEATED
    assert filed(box, request(nonce="n2"), "h2") is Filing.REPEATED
    assert filed(box, request(key="key-2", nonce="n3"), "h3") is Filing.OTHER_KEY
    assert len(box.news("offer-1", 0, T0).requests) == 1
    assert kinds(box).count(EventKind.KEY_RECEIVED) == 1


def test_one_nonce_serves_two_configurations_once(box: Mailbox) -> None:
    """Some wallets ask for one nonce a run; using it twice for one thing is refused."""
    claimed(box)

    assert filed(box, request("mdoc"), "h1") is Filing.FILED
    assert filed(box, request("sd-jwt", "key-2"), "h1") is Filing.FILED
    assert filed(box, request("mdoc", nonce="n1x"), "h1") is Filing.NONCE_USED


def test_wallet_that_begins_anew_brings_one_new_nonce(box: Mailbox) -> None:
    """For what it has asked for before, and for what it has not."""
    claimed(box)

    assert filed(box, request("mdoc"), "h1") is Filing.FILED
    assert filed(box, request("mdoc", nonce="n2"), "h2") is Filing.REPEATED
    assert filed(box, request("sd-jwt", "key-2", "n2"), "h2") is Filing.FILED
    assert filed(box, request("mdoc", "key-3", "n2"), "h2") is Filing.NONCE_USED
    assert [view.nonce for view in box.requests_of("offer-1")] == ["n1", "n2"]


def test_answer_and_denial_exclude_each_other(box: Mailbox) -> None:
    """The first decision stays; saying the same again is no error."""
    claimed(box).file_request(request(), "h1", T0)
    box.file_request(request("sd-jwt", "key-2"), "h2", T0)
    first, second = request().request_id, request("sd-jwt", "key-2").request_id

    for _ in range(2):
        box.answer(first, b"sealed once", None, T0)
        box.deny(second, T0)
    box.answer(first, b"sealed again", None, T0)

    with pytest.raises(AlreadyOtherwise):
        box.deny(first, T0)
    with pytest.raises(AlreadyOtherwise):
        box.answer(second, b"x", None, T0)
    for nobody in ("nobody", "offer-1.nobody", "offer-9.nobody"):
        with pytest.raises(NotThere):
            box.answer(nobody, b"x", None, T0)
    assert stands(box, first).state is RequestState.ANSWERED
    assert kept(box, first) == b"sealed once"
    assert box.queue(T0).length == 0


def test_answer_leaves_at_once_for_a_phone_that_waits(box: Mailbox) -> None:
    """One step in place of two; whoever asks again gets it again, and it is told once."""
    claimed(box).file_request(request(), "h1", T0)
    wanted = request().request_id

    handed = box.answer(wanted, b"sealed", None, T0, is_awaited=True)
    again = box.answer(wanted, b"other", None, T0, is_awaited=True)

    assert (handed.state, handed.sealed) == (RequestState.DELIVERED, b"sealed")
    assert (again.state, again.sealed) == (RequestState.DELIVERED, None)
    assert box.deliver(wanted, T0).sealed == b"sealed"
    assert kinds(box).count(EventKind.ANSWERED) == 1


def test_phone_that_is_told_to_come_back_loses_nothing(box: Mailbox) -> None:
    """Whichever comes first, the end of its patience or the answer."""
    claimed(box)
    for new in (request(), request("sd-jwt", "key-2")):
        box.file_request(new, f"nonce of {new.configuration}", T0)
    late, early = (view.request_id for view in box.requests_of("offer-1"))

    assert box.defer(late, T0).state is RequestState.WAITING
    assert box.answer(late, b"late", None, T0, is_awaited=True).state is RequestState.ANSWERED
    box.answer(early, b"early", None, T0, is_awaited=True)
    put_off = box.defer(early, T0)
    box.void_offer("offer-1", "officer", T0)

    assert (put_off.state, put_off.sealed) == (RequestState.DELIVERED, b"early")
    assert box.defer(late, T0).state is RequestState.DENIED
    assert kinds(box).count(EventKind.DEFERRED) == 1


def test_news_bring_what_awaits_an_answer(box: Mailbox) -> None:
    """As long as it does, whether there is another event or not."""
    box.place_offer(offer(), T0)
    assert box.news("offer-1", 0, T0).requests == ()
    redeem(box)
    box.file_request(request(), "h1", T0)
    box.file_request(request("sd-jwt", "key-2"), "h2", T0 + MINUTE)

    first = box.news("offer-1", 0, T0)
    later = box.news("offer-1", first.events[-1].seq, T0)
    box.answer(first.requests[0].request_id, b"sealed", None, T0)
    box.deny(first.requests[1].request_id, T0)

    assert [one.configuration for one in first.requests] == ["mdoc", "sd-jwt"]
    assert (later.events, later.requests) == ((), first.requests)
    assert box.news("offer-1", 0, T0).requests == ()


def test_void_wipes_what_waits(box: Mailbox) -> None:
    claimed(box).file_request(request(), "h1", T0)
    box.answer(request().request_id, b"sealed", None, T0)

    box.void_offer("offer-1", "reprint", T0)

    view = stands(box, request().request_id)
    assert (view.state, kept(box, view.request_id)) == (RequestState.DENIED, None)
    with pytest.raises(NotThere):
        box.void_offer("offer-9", "reprint", T0)


def test_nothing_leaves_after_the_end(box: Mailbox) -> None:
    """An offer withdrawn between answer and delivery, or before the key came."""
    claimed(box).file_request(request(), "h1", T0)
    box.answer(request().request_id, b"sealed", None, T0)
    box.void_offer("offer-1", "reprint", T0)

    left = box.deliver(request().request_id, T0)
    assert (left.state, left.sealed) == (RequestState.DENIED, None)
    assert EventKind.ANSWERED not in kinds(box)
    assert box.file_request(request("sd-jwt", "key-2"), "h2", T0) == (Filing.ENDED, None)


def test_alarms_are_bounded(box: Mailbox) -> None:
    """A thousand looks are twenty alarms: nobody fills the disk by scanning."""
    box.place_offer(offer(), T0)
    for number in range(100):
        box.fetch_offer("handle-1", f"client-{number}", T0)

    assert kinds(box).count(EventKind.FETCHED_AGAIN) == 20


def test_what_ended_long_ago_goes(box: Mailbox) -> None:
    """A week after its end an offer leaves nothing."""
    box.place_offer(offer(), T0)
    box.void_offer("offer-1", "reprint", T0)

    box.forget(T0 + timedelta(days=6))
    assert kinds(box) == [EventKind.VOIDED]
    box.forget(T0 + timedelta(days=8))

    with pytest.raises(NotThere):
        box.news("offer-1", 0, T0)
    assert box.fetch_offer("handle-1", "c", T0) is None


def test_only_who_may_still_be_answered_waits(box: Mailbox) -> None:
    """Not who comes from an offer that has ended, or whose time is over."""
    for number in (1, 2, 3):
        life = TOKEN_LIFE if number == 3 else 2 * TOKEN_LIFE
        box.place_offer(offer(number), T0)
        code, grant = f"code-{number}", Grant(f"token-{number}", life)
        box.redeem(f"offer-{number}", code, "c", lambda *_: True, grant, T0)
        of_it = {"offer_id": f"offer-{number}", "request_id": f"offer-{number}.r"}
        box.file_request(request()._replace(**of_it), f"h{number}", T0 + number * MINUTE)
    all_of_them = box.queue(T0)
    box.void_offer("offer-1", "officer", T0)

    later = box.queue(T0 + TOKEN_LIFE)

    assert (all_of_them.length, all_of_them.oldest) == (3, T0 + MINUTE)
    assert (later.length, later.oldest) == (1, T0 + 2 * MINUTE)


def test_used_nonce_is_used_whenever_it_comes_again(box: Mailbox) -> None:
    """At another second, and for another offer; until it has long been too old. Not for a week:
    everybody can have marks written, each offer some hundred a minute."""
    mark, kept = timed(to_ms(T0), "nonce"), timedelta(hours=2)
    claimed(box).place_offer(offer(2), T0)
    redeem(box, 2, "token-2")
    other = request()._replace(offer_id="offer-2", request_id="offer-2.r")

    assert filed(box, request(), mark) is Filing.FILED
    for seconds in (0, 1, 299):
        at = T0 + timedelta(seconds=seconds)
        assert box.file_request(other, mark, at)[0] is Filing.NONCE_USED
    box.forget(T0 + kept)
    assert not box.use_once(mark, "somebody")
    box.forget(T0 + kept + MINUTE)
    assert box.use_once(mark, "somebody")


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_no_nonce_is_forgotten_while_it_is_good(box: Mailbox, minute: int) -> None:
    """Nor half an hour later, for a process whose clock is late; nor what came with one."""
    made, key = T0.replace(minute=minute, second=59), b"n" * 32
    nonce, used_at = new_nonce(key, made), made + NONCE_LIFE
    assert is_own_nonce(key, nonce, used_at)
    marks = [use_mark(nonce), *use_marks(used_at, "key jti")]
    for mark in marks:
        assert box.use_once(mark, "first")

    box.forget(used_at + timedelta(minutes=30))

    assert not any(box.use_once(mark, "second") for mark in marks)


def test_full_disk_changes_nothing(file_box: Mailbox) -> None:
    """A step that does not fit did not happen; with room again the same step works."""
    file_box.place_offer(offer(), T0)
    file_box.limit_pages(1)

    with pytest.raises(MailboxFull):
        for number in range(2, 200):
            file_box.place_offer(offer(number), T0)
            placed = number

    assert file_box.fetch_offer(f"handle-{placed}", "c", T0) is not None
    assert file_box.fetch_offer(f"handle-{placed + 1}", "c", T0) is None
    file_box.limit_pages(100_000)
    assert file_box.place_offer(offer(placed + 1), T0)[1]


def change(place: Path | str, *commands: str) -> None:
    """What another version of the service would have done to the database."""
    if isinstance(place, str):
        with psycopg.connect(place) as there:
            for command in commands:
                there.execute(command.encode())
        return
    with closing(sqlite3.connect(place)) as database, database:
        for command in commands:
            database.execute(command)


def test_database_of_a_newer_version_is_left_alone(opened: Open, place: Path | str) -> None:
    opened().close()
    change(place, "UPDATE layout SET version = 99")

    with pytest.raises(MailboxNewer) as caught:
        opened()

    assert caught.value.facts == {"found": 99, "known": LAYOUT}


@pytest.mark.parametrize("version", [1, 6, 7, 8])
def test_older_mailbox_is_taken_over(opened: Open, place: Path | str, version: int) -> None:
    """What an open offer was stays, and goes on: its guesses, its code's secret."""
    leave_behind(place, version, T0, TOKEN_LIFE // timedelta(milliseconds=1))

    box = opened()

    wrong = 2 if version == 1 else 1
    assert kinds(box) == [EventKind.CODE_WRONG] * wrong
    assert box.fetch_offer("handle-1", "c", T0) is not None
    assert guess(box).tries_left == TRIES - wrong - 1
    assert redeem(box) == REDEEMED
    if box.shared:
        assert box.in_call(timed(to_ms(T0), "n"), "b", lambda: box.queue(T0)).length == 0
    box.close()
    assert opened().holder("offer-1", "token", T0) is not None


@pytest.mark.parametrize("version", [1, 6, 7, 8])
def test_claimed_offer_of_an_older_mailbox_is_over(
    opened: Open, place: Path | str, version: int
) -> None:
    """Its phone's token names no offer: the desk hears of it, and nothing lies there any more."""
    leave_behind(place, version, T0, TOKEN_LIFE // timedelta(milliseconds=1))

    box = opened()

    assert box.due(T0, 10) == ["offer-2"]
    assert [(event.seq, event.kind) for event in box.news("offer-2", 0, T0).events][1:] == [
        (2, EventKind.KEY_RECEIVED),
        (3, EventKind.EXPIRED),
    ]
    assert box.holder("offer-2", "token-2", T0) is None
    assert kept(box, "request-2") is None
    (view,) = box.requests_of("offer-2")
    assert (view.state, view.keys) == (RequestState.DENIED, ("key-1",))


@pytest.mark.parametrize("version", [1, 6, 7, 8])
def test_nonce_that_an_older_version_saw_used_serves_nobody(
    opened: Open, place: Path | str, version: int
) -> None:
    """Whenever in those five minutes it was made."""
    leave_behind(place, version, T0, TOKEN_LIFE // timedelta(milliseconds=1))

    box = opened()

    redeem(box)
    marks = use_marks(T0, "used before")
    assert len(marks) == 2
    assert {filed(box, request(), mark) for mark in marks} == {Filing.NONCE_USED}
    assert not any(box.use_once(mark, "somebody") for mark in marks)


def test_file_that_is_no_database(file: Path) -> None:
    file.write_bytes(b"not a database" * 100)

    with pytest.raises(MailboxBroken):
        Mailbox(file, T0)


def test_file_is_one_process_s(
    file: Path, file_box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one would not know which calls the first has heard, and could be told them again
    (threats.md)."""
    monkeypatch.setattr(file_database, "_BUSY_SECONDS", 0)
    file_box.place_offer(offer(), T0)

    with pytest.raises(MailboxInUse) as caught:
        Mailbox(file, T0)

    assert caught.value.facts == {"file": file.name}
    assert kinds(file_box) == []
    file_box.close()
    again = Mailbox(file, T0)
    assert kinds(again) == []
    again.close()


def test_durability_settings(file_box: Mailbox) -> None:
    """WAL with a sync at every commit; deleted content is overwritten."""
    with file_box._database.connection() as db:
        values = [
            db.ask(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "secure_delete")
        ]

    assert values == ["wal", 2, 1]
