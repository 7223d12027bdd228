"""The close of a day: two people's cards sign one summary of the four books.

The first card signs the summary and the log's checkpoint that already names it; the second
one, another person's, signs the same two, at this desk or another of the same records. Only
then is the day closed, and both signatures seal the log. Books that changed in between end
the first signature: the summary is drawn up and signed again.

In live work nothing new begins while an earlier day waits for its close, nor on a day that is
closed. A rehearsal may go on, so that nobody has to close another trainee's day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from desk.cards.certificates import (
    certified_key_type,
    load_certificate,
    public_key_of,
    verify_signature,
)
from desk.cards.piv import Pin, wipe
from desk.cards.piv_data import Slot
from desk.cards.session import CardSession
from desk.cards.troubles import NoSignInCertificate, OtherCard
from desk.counter import sealing
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance import books as books_of
from desk.issuance.books import (
    Book,
    BooksChanged,
    DayBooks,
    DayClosed,
    DayNotClosed,
    Explanation,
    MayNotClose,
    Reason,
    SamePerson,
)
from desk.issuance.checkpoints import Checkpoint
from desk.issuance.notes import SignedNote
from desk.issuance.roles import Right
from desk.issuance.seals import Purpose, Seal, fingerprint
from desk.store import day_books, journal, seals
from desk.store.day_books import DayClose, DaySignature, Span

LOOKED_BACK = timedelta(days=45)
"""So far back an unclosed day is still asked for."""


def span_of(station: Station, day: date) -> Span:
    """The day from midnight to midnight in the post's time."""
    zone = station.post.zone
    start = datetime.combine(day, time(), zone)
    return Span(day, start, datetime.combine(day + timedelta(days=1), time(), zone))


def today(station: Station) -> date:
    return station.post.local(station.now()).date()


def unclosed_days(station: Station) -> tuple[date, ...]:
    """Days before today on which cases were opened and that nobody has closed, oldest first."""
    now = span_of(station, today(station)).start
    with station.store.read() as session:
        opened = day_books.days_with_cases(session, now - LOOKED_BACK, now)
        closed = day_books.closed_days(session)
    days = dict.fromkeys(station.post.local(at).date() for at in opened)
    return tuple(day for day in days if day not in closed)


def due_day(station: Station) -> date:
    """The day the page shows: the oldest that waits, else today."""
    return next(iter(unclosed_days(station)), today(station))


def demand_open(station: Station) -> None:
    """A new case may begin today. Raises :class:`~desk.issuance.books.DayNotClosed`,
    :class:`~desk.issuance.books.DayClosed`."""
    if station.training:
        return
    if waiting := unclosed_days(station):
        raise DayNotClosed(day=waiting[0].isoformat())
    day = today(station)
    with station.store.read() as session:
        if day in day_books.closed_days(session):
            raise DayClosed(day=day.isoformat())


def books(station: Station, day: date) -> tuple[DayBooks, DayClose | None]:
    """The books of a day as they stand, and what was signed of them."""
    with station.store.read() as session:
        found = day_books.gather(session, station.post.code, span_of(station, day))
        return found, day_books.close_of(session, day)


def explanations_in(close: DayClose) -> tuple[Explanation, ...]:
    """The reasons a signed summary gives."""
    told = json.loads(close.summary)["differences"]
    return tuple(
        Explanation(Book(one["book"]), one["key"], Reason(one["reason"]), one["remark"])
        for one in told
    )


def is_current(found: DayBooks, close: DayClose) -> bool:
    """Whether a signed summary still says what the books say."""
    try:
        return books_of.summary(found, explanations_in(close)) == close.summary
    except books_of.NotExplained:
        return False


def sign_first(
    station: Station,
    officer: Officer,
    day: date,
    explained: Iterable[Explanation],
    pin: Pin,
    shown_digest: bytes,
    allow_last_try: bool = False,
) -> DayClose:
    """The first card signs the summary that was shown.

    Raises :class:`~desk.issuance.books.DayTrouble`'s family and the card's troubles; ``pin``
    is wiped in any case, None is typed on the reader.
    """
    try:
        _may_close(officer)
        found, _ = books(station, day)
        summary = books_of.summary(found, explained)
        digest = books_of.digest_of(summary)
        if digest != shown_digest:
            raise BooksChanged(day=day.isoformat())
        with station.officer_card() as session:
            certificate = _own_certificate(station, session, officer)
            _note_summary(station, officer, day, digest)
            checkpoint = sealing.next_checkpoint(station)
            signed = _sign(station, officer, session, pin, allow_last_try, summary, checkpoint)
    finally:
        wipe(pin)
    close = DayClose(day, summary, digest.hex(), checkpoint.text, (signed,), None)
    with station.store.write() as session_:
        seals.keep_certificate(session_, certificate)
        day_books.keep_first(session_, station.stamp(officer), close)
    return close


def sign_second(
    station: Station,
    officer: Officer,
    day: date,
    pin: Pin,
    shown_digest: bytes,
    allow_last_try: bool = False,
) -> DayClose:
    """Another person's card signs the same: the day is closed, and both cards seal the log.

    Raises as :func:`sign_first`, :class:`~desk.issuance.books.SamePerson` and, for a first
    signature that does not hold any more, :class:`~desk.issuance.books.BooksChanged`.
    """
    try:
        close = _demand_second(station, officer, day, shown_digest)
        checkpoint = Checkpoint.parse(close.checkpoint)
        with station.officer_card() as session:
            certificate = _own_certificate(station, session, officer)
            args = (pin, allow_last_try, close.summary, checkpoint)
            signed = _sign(station, officer, session, *args)
    finally:
        wipe(pin)
    both = replace(close, signatures=(*close.signatures, signed))
    with station.store.write() as session_:
        stamp = station.stamp(officer)
        first = seals.certificate(session_, close.signatures[0].certificate)
        if first is None:
            raise BooksChanged(day=day.isoformat())
        closed = day_books.keep_second(session_, stamp, both)
        seals.add(session_, stamp, _seal(both, stamp.at, (first, certificate)))
    return closed


def _demand_second(station: Station, officer: Officer, day: date, shown: bytes) -> DayClose:
    """Everything that may refuse is asked before the card and its PIN."""
    _may_close(officer)
    found, close = books(station, day)
    if close is None or close.digest != shown.hex() or not is_current(found, close):
        raise BooksChanged(day=day.isoformat())
    if close.closed_at is not None:
        raise DayClosed(day=day.isoformat())
    first = close.signatures[0]
    if officer.officer_id == first.officer or officer.card == first.certificate:
        raise SamePerson()
    _verify_first(station, close)
    return close


def _verify_first(station: Station, close: DayClose) -> None:
    """The first signature still holds, over this summary and this checkpoint."""
    first = close.signatures[0]
    with station.store.read() as session:
        certificate = seals.certificate(session, first.certificate)
    if certificate is None:
        raise BooksChanged(day=close.day.isoformat())
    key = public_key_of(load_certificate(certificate))
    verify_signature(key, bytes.fromhex(first.signature), books_of.statement(close.summary))
    checkpoint = Checkpoint.parse(close.checkpoint)
    SignedNote.parse(f"{close.checkpoint}\n{first.note}").verify(checkpoint.name, key)


def _may_close(officer: Officer) -> None:
    if not officer.role.may(Right.CLOSE_DAY):
        raise MayNotClose(role=officer.role.value)


def _own_certificate(station: Station, session: CardSession, officer: Officer) -> bytes:
    """The 9A certificate of this officer's card and no other, good at this time."""
    certificate = session.certificate(Slot.AUTHENTICATION)
    if certificate is None:
        raise NoSignInCertificate(slot="9A")
    if hashlib.sha256(certificate).hexdigest() != officer.card:
        raise OtherCard()
    station.authority.revocations.check(load_certificate(certificate), station.now())
    return certificate


def _note_summary(station: Station, officer: Officer, day: date, digest: bytes) -> None:
    """The log names the summary before the checkpoint is drawn that both cards sign."""
    with station.store.write() as session:
        stamp = station.stamp(officer)
        journal.append(
            session, stamp, "DAY.SUMMED", None, digest=digest.hex(), target=day.isoformat()
        )


def _sign(
    station: Station,
    officer: Officer,
    session: CardSession,
    pin: Pin,
    allow_last_try: bool,
    summary: bytes,
    checkpoint: Checkpoint,
) -> DaySignature:
    """Summary and checkpoint in one session, both verified before they count."""
    said = books_of.statement(summary)
    certificate = session.certificate(Slot.AUTHENTICATION) or b""
    key = public_key_of(load_certificate(certificate))
    kind = certified_key_type(certificate, Slot.AUTHENTICATION)
    signature = session.verify_and_sign(Slot.AUTHENTICATION, said, pin, kind, allow_last_try)
    verify_signature(key, signature, said)
    sealed = sealing.sign_checkpoint(checkpoint, officer, sealing.by_session(session))
    return DaySignature(
        officer=officer.officer_id,
        name=officer.name_ko,
        certificate=fingerprint(certificate),
        at=station.now(),
        signature=signature.hex(),
        note=sealed.signature.line,
    )


def _seal(close: DayClose, at: datetime, certificates: tuple[bytes, bytes]) -> Seal:
    lines = "".join(one.note for one in close.signatures)
    return Seal(
        note=SignedNote.parse(f"{close.checkpoint}\n{lines}"),
        purpose=Purpose.DAY_CLOSE,
        at=at,
        certificates=certificates,
        officers=tuple(one.officer for one in close.signatures),
    )
