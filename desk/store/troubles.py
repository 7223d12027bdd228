"""What can stand between the desk and its records.

::

    StoreTrouble
    ├── KeyMissing        STORE-01   records are there, their key ring is not
    ├── KeyUnsound        STORE-02   what should be a key or a ring is none
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
    ├── HeldElsewhere     STORE-18   another case gave this person a credential meanwhile
    ├── NonceUsed         STORE-19   the proof's nonce served another offer
    ├── OtherHolder       RENEW-04   not the person whose credential is to be renewed
    ├── FormerPassport    RENEW-07   the credential names a passport that is no longer the holder's
    ├── MustBeRevoked     RENEW-08   its holder was struck off or died
    │
    │   records shared on PostgreSQL
    ├── Unreachable       STORE-31   the server is away; nothing of this step was stored
    ├── OutcomeUnknown    STORE-32   it went away at the end of a step and cannot be asked
    ├── DeskRefused       STORE-33   the server does not let this desk in
    ├── Unprotected       STORE-34   the connection would not be protected
    ├── KeyReplaced       STORE-35   another desk replaced the key of the records
    ├── CellAltered       STORE-36   a value was changed, or belongs to another place
    ├── ServerReadOnly    STORE-37   the server takes no writing now
    ├── AddressWrong      STORE-38   the setting is no address of shared records
    │
    │   the cards that open the records
    ├── CardNotEnrolled   KEYS-01    this card opens other records, or none
    ├── NotBegun          KEYS-02    no records here yet: two cards begin them
    ├── AlreadyBegun      KEYS-03    records are here already
    ├── RingAltered       KEYS-04    changed by somebody who has no card for it
    ├── AlreadyEnrolled   KEYS-06
    ├── LastOfItsKind     KEYS-07    the last officer's card, or the last recovery card
    ├── NoSuchCard        KEYS-08    no enrolled card has this fingerprint
    └── RecordsGone       KEYS-09    the ring is here, its records are not

NotForThisCard (KEYS-05) is the card's own answer (``desk.cards.troubles``).

STORE-05 (a record of unknown shape) is raised by ``desk.issuance.record``.
"""

from __future__ import annotations

import re
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


class NonceUsed(StoreTrouble):
    code = "STORE-19"


class ListFull(StoreTrouble):
    code = "STORE-14"


class StatusFinal(StoreTrouble):
    code = "STORE-15"


class CasePurged(StoreTrouble):
    code = "STORE-16"


class IntentEnded(StoreTrouble):
    code = "STORE-17"


class OtherHolder(StoreTrouble):
    """Facts: case, former."""

    code = "RENEW-04"


class FormerPassport(StoreTrouble):
    """What the credential says of the passport is not true any more: it is reissued, not
    resumed. Fact: case."""

    code = "RENEW-07"


class MustBeRevoked(StoreTrouble):
    """A notice says that the holder was struck off or died; nothing becomes usable before the
    credential is revoked or the notice set aside. Facts: case, kind."""

    code = "RENEW-08"


class HeldElsewhere(StoreTrouble):
    code = "STORE-18"


class Unreachable(StoreTrouble):
    code = "STORE-31"


class OutcomeUnknown(StoreTrouble):
    """Whoever comes again finds out: what was stored is there, and what was not is not."""

    code = "STORE-32"


class DeskRefused(StoreTrouble):
    code = "STORE-33"


class Unprotected(StoreTrouble):
    code = "STORE-34"


class KeyReplaced(StoreTrouble):
    code = "STORE-35"


class CellAltered(StoreTrouble):
    code = "STORE-36"


class ServerReadOnly(StoreTrouble):
    code = "STORE-37"


class AddressWrong(StoreTrouble):
    code = "STORE-38"


class CardNotEnrolled(StoreTrouble):
    code = "KEYS-01"


class NotBegun(StoreTrouble):
    code = "KEYS-02"


class AlreadyBegun(StoreTrouble):
    code = "KEYS-03"


class RingAltered(StoreTrouble):
    code = "KEYS-04"


class AlreadyEnrolled(StoreTrouble):
    code = "KEYS-06"


class LastOfItsKind(StoreTrouble):
    code = "KEYS-07"


class NoSuchCard(StoreTrouble):
    code = "KEYS-08"


class RecordsGone(StoreTrouble):
    code = "KEYS-09"


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


# PostgreSQL's error codes (its manual, appendix A), the exact ones before their classes.
_BY_STATE: dict[str, type[StoreTrouble]] = {
    "53100": Full,
    "53300": Busy,
    "55P03": Busy,
    "40001": Busy,
    "40P01": Busy,
    "57014": Busy,
    "25P03": Unreachable,
    "57P01": Unreachable,
    "57P02": Unreachable,
    "57P03": Unreachable,
    "57P05": Unreachable,
    "3D000": DeskRefused,
    "42501": DeskRefused,
    "25006": ServerReadOnly,
}
_BY_STATE_CLASS: dict[str, type[StoreTrouble]] = {
    "08": Unreachable,
    "28": DeskRefused,
    "58": Unwritable,
    "XX": Corrupt,
}


@contextmanager
def database_troubles() -> Iterator[None]:
    """Turn what the database answers about file, disk, key and server into troubles.

    Broken constraints and wrong SQL are bugs and pass through unchanged.
    """
    try:
        yield
    except DBAPIError as error:
        trouble = trouble_of(error.orig)
        if trouble is None:
            raise
        raise trouble from error


def trouble_of(error: BaseException | None) -> StoreTrouble | None:
    """What a driver's own error says of file, disk, key and server; None for anything else."""
    result = getattr(error, "sqlite_errorcode", None)
    if isinstance(result, int):
        kind = _BY_RESULT_CODE.get(result & 0xFF)
        return None if kind is None else kind(type(error).__name__, result=result)
    if error is not None and hasattr(error, "sqlstate"):
        kind = _of_server(error, error.sqlstate)
        return None if kind is None else kind(type(error).__name__, state=error.sqlstate)
    return None


def _of_server(error: BaseException, state: str | None) -> type[StoreTrouble] | None:
    if state is not None:
        return _BY_STATE.get(state, _BY_STATE_CLASS.get(state[:2]))
    if not any(kind.__name__ == "OperationalError" for kind in type(error).__mro__):
        return None
    # A connection that broke has no code; for one that was not made libpq hands on words
    # only. What the server itself said begins with its word for how grave it is, in the
    # server's language.
    said = str(error)
    if "certificate" in said or "SSL" in said:
        return Unprotected
    answered = _SERVER_SAID.search(said) and not any(words in said for words in _NOT_NOW)
    return DeskRefused if answered else Unreachable


_SERVER_SAID = re.compile(r"failed: [^\s:]+:  ")
# It starts, stops, recovers or takes nobody yet: in English and in Korean (postgres.po).
_NOT_NOW = ("the database system is", "데이터베이스 시스템")


def driver_trouble(error: BaseException) -> StoreTrouble | None:
    """What SQLCipher's own error says of file, disk and key; None for anything else."""
    result = getattr(error, "sqlite_errorcode", None)
    kind = _BY_RESULT_CODE.get(result & 0xFF) if isinstance(result, int) else None
    return None if kind is None else kind(type(error).__name__, result=result)
