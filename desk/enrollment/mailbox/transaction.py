"""How a method of the mailbox becomes one transaction, or one look.

A **step** reads and writes in one transaction that happens whole or not at all. A **look**
only reads, or its statements are whole each by itself, and needs none. Whoever came between
(two processes that make the same table at the same moment) is no error: the step begins again
and finds what the other did. Offers have a way of their own (``turns``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from desk.enrollment.mailbox.driver import Database, Driver
from desk.enrollment.trouble import MailboxBroken

# Each of them means that somebody else's step took place, so there cannot be many.
_MOST_CONFLICTS = 20

_T = TypeVar("_T")
_P = ParamSpec("_P")
_S = TypeVar("_S", bound="Steps")
_Act = Callable[Concatenate[_S, Driver, _P], _T]


class Steps:
    """What steps and looks run on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def shared(self) -> bool:
        """Whether steps may run beside each other, here and in other processes."""
        return self._database.shared

    def in_step(self, act: Callable[[Driver], _T]) -> _T:
        """``act`` in one transaction; doing it twice does no more than once. Raises
        MailboxTrouble."""
        for _ in range(_MOST_CONFLICTS):
            try:
                with self._database.connection() as db:
                    result = _before_commit(db, act)
                    db.commit()
                    return result
            except Exception as error:
                if not self._database.is_conflict(error):
                    self._raise_trouble(error)
                    raise
        raise MailboxBroken

    def in_look(self, act: Callable[[Driver], _T]) -> _T:
        """``act`` without a transaction, each of its statements for itself."""
        try:
            with self._database.connection() as db:
                return act(db)
        except Exception as error:
            self._raise_trouble(error)
            raise

    def _raise_trouble(self, error: Exception) -> None:
        """Raise the coded trouble of a database's error; return where it is another error."""
        trouble = self._database.trouble(error)
        if trouble is not None:
            raise trouble from error


def _before_commit(db: Driver, act: Callable[[Driver], _T]) -> _T:
    db.begin()
    db.in_step = True
    try:
        return act(db)
    except BaseException:
        db.undo()
        raise
    finally:
        db.in_step = False


def step(act: _Act[_S, _P, _T]) -> Callable[Concatenate[_S, _P], _T]:
    """A method that is one transaction; doing it again finds what the first time did."""

    @wraps(act)
    def whole(box: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return box.in_step(lambda db: act(box, db, *args, **kwargs))

    return whole


def look(act: _Act[_S, _P, _T]) -> Callable[Concatenate[_S, _P], _T]:
    """A method that reads, or whose statements are whole each by itself; doing it again finds
    what the first time did."""

    @wraps(act)
    def whole(box: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return box.in_look(lambda db: act(box, db, *args, **kwargs))

    return whole
