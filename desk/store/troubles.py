"""What can stand between the desk and its records.

::

    StoreTrouble
    ├── KeyMissing        STORE-01   records are there, their key is not
    ├── KeyUnsound        STORE-02   key file of a wrong length, or readable by others
    ├── NotOpened         STORE-03   the key does not fit the file
    ├── Full              STORE-04   no room on the disk; nothing was lost
    ├── Busy              STORE-06   another program holds the records
    ├── Unwritable        STORE-07   folder or disk refuses
    ├── TooNew            STORE-08   written by a later version of the program
    ├── WrongKind         STORE-09   training records in live work, or the other way
    ├── Corrupt           STORE-10   the file is damaged
    ├── CaseMissing       STORE-11
    ├── CaseChanged       STORE-12   somebody else wrote the case in between
    ├── IntentStands      STORE-13   the case already has an intent that may be signed
    ├── ListFull          STORE-14   no free status index
    ├── StatusFinal       STORE-15   revoked is final
    ├── CasePurged        STORE-16   its personal data are gone by the retention rule
    ├── IntentEnded       STORE-17   this intent was already signed, delivered or voided
    └── HeldElsewhere     STORE-18   another case gave this person a credential meanwhile

STORE-05 (a record of unknown shape) is raised by ``desk.issuance.record``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from desk.trouble import Trouble


class StoreTrouble(Trouble):
    """The records cannot be used as asked."""


class KeyMissing(StoreTrouble):
    code = "STORE-01"


class KeyUnsound(StoreTrouble):
    code = "STORE-02"


class NotOpened(StoreTrouble):
    code = "STORE-03"


class Full(StoreTrouble):
    code = "STORE-04"


class Busy(StoreTrouble):
    code = "STORE-06"


class Unwritable(StoreTrouble):
    code = "STORE-07"


class TooNew(StoreTrouble):
    code = "STORE-08"


class WrongKind(StoreTrouble):
    code = "STORE-09"


class Corrupt(StoreTrouble):
    code = "STORE-10"


class CaseMissing(StoreTrouble):
    code = "STORE-11"


class CaseChanged(StoreTrouble):
    code = "STORE-12"


class IntentStands(StoreTrouble):
    code = "STORE-13"


class ListFull(StoreTrouble):
    code = "STORE-14"


class StatusFinal(StoreTrouble):
    code = "STORE-15"


class CasePurged(StoreTrouble):
    code = "STORE-16"


class IntentEnded(StoreTrouble):
    code = "STORE-17"


class HeldElsewhere(StoreTrouble):
    code = "STORE-18"


# SQLite's primary result codes (sqlite.org/rescode.html); the upper bits only refine them.
_BY_RESULT_CODE: dict[int, type[StoreTrouble]] = {
    5: Busy,
    6: Busy,
    8: Unwritable,
    10: Unwritable,
    11: Corrupt,
    13: Full,
    14: Unwritable,
    26: NotOpened,
}


@contextmanager
def database_troubles() -> Iterator[None]:
    """Turn what SQLite answers about file, disk and key into troubles.

    Broken constraints and wrong SQL are bugs and pass through unchanged.
    """
    try:
        yield
    except DBAPIError as error:
        result = getattr(error.orig, "sqlite_errorcode", None)
        kind = _BY_RESULT_CODE.get(result & 0xFF) if isinstance(result, int) else None
        if kind is None:
            raise
        raise kind(type(error.orig).__name__, result=result) from error
