"""The ministry's list of officers at this station: taken in, kept, looked up.

It lies in the home folder beside the settings, outside the records, because it is asked
before the records are open. Each list is verified when it is taken in and again when it is
used; a list whose number is not higher than that of the one in place is refused, so that
nobody brings a former officer back with a former list.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from desk.cards.signer import Usable
from desk.issuance.officers import (
    ListNotGenuine,
    ListUnsound,
    Officer,
    OfficerList,
    OfficersMissing,
    check_time,
    read_list,
    verify_list,
)
from desk.trouble import Trouble

LONGEST = 8 * 1024 * 1024
VERIFIED_FOR = timedelta(minutes=1)
"""So long a list that was verified is used without looking at its signer again."""


class ListOlder(Trouble):
    """The list's number is not higher than that of the list in place. Facts: held, given."""

    code = "OFFICER-07"


class ListForOtherPosts(Trouble):
    """The list names no officer of this station's post. Fact: post."""

    code = "OFFICER-08"


class ListNotKept(Trouble):
    """The list is good, but its file cannot be written. Fact: file."""

    code = "OFFICER-11"


@dataclass(frozen=True)
class ListSource:
    """Where the list lies and by whom it must be signed. ``roots`` and ``usable`` are asked
    each time: a certificate or a revocation list may have come in between."""

    file: Path
    roots: Callable[[], Collection[bytes]]
    usable: Usable
    now: Callable[[], datetime]


@dataclass(frozen=True)
class Taken:
    """What taking a list in did; ``before`` is None where there was none that holds."""

    list: OfficerList
    before: OfficerList | None

    @property
    def was_there(self) -> bool:
        return self.before is not None and self.before.sha256 == self.list.sha256


def event_facts(taken: Taken) -> dict[str, str | int]:
    """What the log's event ``OFFICERS.LIST_TAKEN`` tells of a list."""
    return {"entries": len(taken.list.officers), "sha256": taken.list.sha256}


class HeldOfficers(Mapping[str, Officer]):
    """The officers by card, as the list in place names them now.

    Every look-up raises what `held` raises; a list taken in meanwhile counts at once.
    """

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self._known: tuple[tuple[int, int, int], datetime, OfficerList] | None = None

    @property
    def source(self) -> ListSource:
        """Where the list lies, for taking another one in."""
        return self._source

    def held(self) -> OfficerList:
        """Raises OfficersMissing, ListUnsound, ListNotGenuine, ListFromTheFuture, ListExpired."""
        now = self._source.now()
        state = _state(self._source.file)
        if self._known is not None:
            seen, at, known = self._known
            if seen == state and timedelta(0) <= now - at < VERIFIED_FOR:
                check_time(known, now)
                return known
        source = self._source
        found = read_list(_text(source.file), source.roots(), source.usable, now)
        self._known = (state, now, found)
        return found

    def __getitem__(self, card: str) -> Officer:
        return self.held().by_card[card]

    def __iter__(self) -> Iterator[str]:
        return iter(self.held().by_card)

    def __len__(self) -> int:
        return len(self.held().officers)


def list_in_place(officers: Mapping[str, Officer]) -> OfficerList:
    """The list behind a station's officers. Raises what `HeldOfficers.held` raises."""
    if isinstance(officers, HeldOfficers):
        return officers.held()
    raise OfficersMissing()


def take(file: Path, source: ListSource, post: str) -> Taken:
    """Verify the list in ``file`` and put it in place, whole or not at all.

    Raises what reading a list raises, :class:`ListOlder`, :class:`ListForOtherPosts` and
    :class:`ListNotKept`.
    """
    text = _text(file)
    found = read_list(text, source.roots(), source.usable, source.now())
    before = in_place(source)
    if not found.of_post(post):
        raise ListForOtherPosts(post=post)
    taken = Taken(found, before)
    if before is not None and not taken.was_there and found.number <= before.number:
        raise ListOlder(held=before.number, given=found.number)
    if not taken.was_there:
        _write(source.file, text.strip().encode() + b"\n")
    return taken


def in_place(source: ListSource) -> OfficerList | None:
    """The list in place, also one that has run out; None where none holds."""
    try:
        return verify_list(_text(source.file), source.roots(), source.usable, source.now())
    except (OfficersMissing, ListUnsound, ListNotGenuine):
        return None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(LONGEST + 1)
    except OSError as reason:
        raise OfficersMissing(file.name, file=file.name) from reason
    if len(data) > LONGEST or not data.isascii():
        raise ListUnsound(reason="not a signed list")
    return data.decode("ascii")


def _state(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError as reason:
        raise OfficersMissing(file.name, file=file.name) from reason
    return found.st_ino, found.st_mtime_ns, found.st_size


def _write(file: Path, data: bytes) -> None:
    """Durable before it is told; a killed program leaves the former list."""
    new = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(file)
        _sync(file.parent)
    except OSError as reason:
        raise ListNotKept(str(reason), file=file.name) from reason


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
