"""The connections of open records, and what becomes of them when the records are closed."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool


class RecordsPool(QueuePool):
    """Closed, it keeps no connection: one that a job still uses ends as it comes back.

    SQLAlchemy's own leaves it open until the garbage collector finds the pool, and meanwhile
    nobody gets the file for himself: another key for the records was refused as if some
    other program worked in them.
    """

    _closed = False

    def close(self) -> None:
        self._closed = True
        self.dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        # After it was put back: else it could come just behind the closing.
        if self._closed:
            self.dispose()


def close(engine: Engine) -> None:
    """Close the connections of ``engine``, those in use as soon as they are not."""
    pool = engine.pool
    assert isinstance(pool, RecordsPool)
    pool.close()
