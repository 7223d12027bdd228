"""Shared records together with their key ring, which lies in a table beside them.

The same as :class:`~desk.store.vault.FileVault` is for one station's own. Other desks may
change the ring or the key at any moment: a ring is replaced only where it is still the one
that was looked at, and a key is replaced in one transaction, whoever has the records open;
a desk that opened them with the former key is told so at its next step.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    bindparam,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapper

from desk.store import postgres, schema, sealing
from desk.store.cells import Cells
from desk.store.database import Store, StoreKind
from desk.store.key import RecordsKey
from desk.store.models import Base, KeyRingRow, RegisterBatchRow
from desk.store.postgres import SharedDatabase
from desk.store.register_rows import LINES_A_STEP, SealedRows
from desk.store.schema import WRITING
from desk.store.troubles import Busy, NotOpened, database_troubles

ROWS_A_STEP = 100


class SharedVault:
    """The records and the ring in one database."""

    def __init__(self, shared: SharedDatabase, kind: StoreKind | None) -> None:
        self._shared, self._kind = shared, kind
        self._seen: str | None = None

    def exist(self) -> bool:
        """Raises the troubles of a server that is away."""
        return self._row()[0] is not None

    def ring(self) -> bytes | None:
        self._seen = self._row()[1]
        return None if self._seen is None else self._seen.encode()

    def put_ring(self, content: bytes) -> None:
        """Raises Busy where another desk wrote the ring since it was looked at here."""
        document = content.decode()
        change = (
            update(KeyRingRow)
            .where(KeyRingRow.document.is_not_distinct_from(self._seen))
            .values(document=document)
        )
        with self._engine() as engine:
            schema.upgrade(engine)
            with engine.begin() as connection:
                if connection.execute(change).rowcount != 1:
                    raise Busy("ring")
        self._seen = document

    def open(self, key: RecordsKey) -> Store:
        return Store.open(self._shared, key, self._kind)

    def rekey(self, old: RecordsKey, new: RecordsKey) -> None:
        """Seal every value anew in one transaction. Other desks read on and wait to write;
        with an extract of millions of lines that takes minutes."""
        with self._engine() as engine:
            schema.upgrade(engine)
            writing = engine.execution_options(**{WRITING: True})
            with writing.begin() as connection:
                postgres.lock_key(connection)
                reseal(connection, Cells(old), Cells(new))

    def former_key(self) -> RecordsKey | None:
        """No version kept the key of shared records in a file."""
        return None

    def destroy_former_key(self) -> None:
        pass

    def _row(self) -> tuple[str | None, str | None]:
        with self._engine() as engine:
            if schema.revision(engine) is None:
                return None, None
            with engine.connect() as connection:
                row = connection.execute(select(KeyRingRow.key_id, KeyRingRow.document)).one()
        return row[0], row[1]

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        engine = postgres.open_engine(self._shared)
        try:
            with database_troubles():
                yield engine
        finally:
            engine.dispose()


def reseal(connection: Connection, old: Cells, new: Cells) -> None:
    """Seal every value under ``new`` instead of ``old``, in the caller's writing transaction.

    Raises :class:`NotOpened` where ``old`` is not the key in force.
    """
    mine = update(KeyRingRow).where(KeyRingRow.key_id == old.key_id.hex())
    if connection.execute(mine.values(key_id=new.key_id.hex())).rowcount != 1:
        raise NotOpened("key")
    guarded = set(connection.scalars(text(_GUARDED)))
    for mapper in Base.registry.mappers:
        if _is_resealed(mapper):
            with _unguarded(connection, _table(mapper).name, guarded):
                _reseal_rows(connection, mapper, old, new)
    for batch, slot in connection.execute(select(RegisterBatchRow.id, RegisterBatchRow.slot)):
        _reseal_register(connection, batch, slot, old, new)


_GUARDED = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"


@contextmanager
def _unguarded(connection: Connection, table: str, guarded: Container[str]) -> Iterator[None]:
    """What may never be changed is sealed anew all the same; nobody else sees the table
    without its guards, which stand again when the transaction ends, however it ends."""
    if table not in guarded:
        yield
        return
    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield
    connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def _reseal_rows(connection: Connection, mapper: Mapper[Any], old: Cells, new: Cells) -> None:
    sealed = sealing.sealed_columns(mapper)
    table = _table(mapper)
    keys = list(table.primary_key.columns)
    columns = [table.c[column] for _key, column, _type in sealed]
    change = update(table).where(*(key == bindparam(f"old_{key.name}") for key in keys))
    query = select(*keys, *columns).execution_options(yield_per=ROWS_A_STEP)
    found = connection.execute(query)
    for rows in found.partitions():
        changed = [_resealed(table, keys, columns, row, old, new) for row in rows]
        connection.execute(change, changed)


def _resealed(
    table: Table, keys: list[Any], columns: list[Any], row: Any, old: Cells, new: Cells
) -> dict[str, Any]:
    place = tuple(row[: len(keys)])
    values: dict[str, Any] = {
        f"old_{key.name}": value for key, value in zip(keys, place, strict=True)
    }
    for column, value in zip(columns, row[len(keys) :], strict=True):
        if value is not None:
            plain = old.open(value, table.name, column.name, place)
            value = new.seal(plain, table.name, column.name, place)
        values[column.name] = value
    return values


def _reseal_register(connection: Connection, batch: int, slot: str, old: Cells, new: Cells) -> None:
    """Line by line, with the lookups, which are made with the key as well."""
    table = SealedRows(new).table(slot)
    before, after = SealedRows(old), SealedRows(new)
    query = select(table.line, table.entry).order_by(table.line)
    found = connection.execute(query.execution_options(yield_per=LINES_A_STEP))
    for rows in found.partitions():
        lines = [before.open(batch, line, sealed) for line, sealed in rows]
        first, last = rows[0].line, rows[-1].line
        connection.execute(delete(table).where(table.line.between(first, last)))
        after.lay(connection, slot, batch, lines)


def _table(mapper: Mapper[Any]) -> Table:
    table = mapper.local_table
    assert isinstance(table, Table)
    return table


def _is_resealed(mapper: Mapper[Any]) -> bool:
    table = _table(mapper)
    if not schema.has_table(table, sealing.SHARED) or table.name.startswith("register_sealed_"):
        return False
    return bool(sealing.sealed_columns(mapper))
