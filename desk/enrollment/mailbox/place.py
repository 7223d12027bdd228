"""Which database a mailbox lives in."""

from __future__ import annotations

from pathlib import Path

from desk.enrollment.mailbox.driver import Database
from desk.enrollment.mailbox.file import FileDatabase
from desk.enrollment.trouble import MailboxAddressUnusable

SERVER_SCHEMES = ("postgresql://", "postgres://")


def open_database(place: Path | str) -> Database:
    """A file, or the server at an address; raises MailboxTrouble, MailboxAddressUnusable."""
    if isinstance(place, str) and place.startswith(SERVER_SCHEMES):
        # Here, because a service with a file needs nothing of it.
        from desk.enrollment.mailbox.server import ServerDatabase

        return ServerDatabase(place)
    if isinstance(place, str) and "://" in place:
        # An address of another kind, and no file that anybody means.
        raise MailboxAddressUnusable(reason="scheme")
    return FileDatabase(Path(place))
