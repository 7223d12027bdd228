"""Records of one desk become the shared ones of its post: everything is laid into an empty
database, in one transaction, under the same key and opened by the same cards.

Without it a post that grows would begin with an empty log and could no longer revoke, or
say anything of, what it issued before.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text, update
from sqlalchemy.orm import Mapper, Session

from desk.store import journal, postgres, register, schema, sealing
from desk.store.cells import Cells
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.models import AuditRow, Base, KeyRingRow, RegisterBatchRow
from desk.store.postgres import SharedDatabase
from desk.store.register_rows import PlainRows, SealedRows
from desk.store.schema import WRITING
from desk.store.troubles import AlreadyBegun, database_troubles

ROWS_A_STEP = 200
OWN_FILE = "sqlite"


def share(
    own: Store, shared: SharedDatabase, key: RecordsKey, ring: bytes, kind: StoreKind, stamp: Stamp
) -> int:
    """Lay everything of ``own`` into ``shared``; how many rows. ``key`` opens ``own`` and
    ``ring`` holds it wrapped.

    Raises :class:`AlreadyBegun` where the database has records, and the troubles of both.
    Nothing is there at all unless everything is. Whoever calls makes sure that no other
    program works on ``own``.
    """
    register.tidy(own)
    cells = Cells(key)
    engine = postgres.open_engine(shared)
    try:
        with database_troubles():
            schema.upgrade(engine)
            writing = engine.execution_options(**{WRITING: True})
            with own.read() as reading, writing.begin() as connection:
                _claim(connection, cells, ring)
                rows = _copy_all(reading, connection, cells)
                _demand_same_log(reading, connection)
    finally:
        engine.dispose()
    _note(shared, key, kind, stamp, rows)
    return rows


def _claim(connection: Connection, cells: Cells, ring: bytes) -> None:
    empty = update(KeyRingRow).where(KeyRingRow.key_id.is_(None), KeyRingRow.document.is_(None))
    claimed = empty.values(key_id=cells.key_id.hex(), document=ring.decode())
    if connection.execute(claimed).rowcount != 1:
        raise AlreadyBegun()


def _copy_all(reading: Session, connection: Connection, cells: Cells) -> int:
    """Table by table, those that others point to first."""
    mappers = {mapper.local_table: mapper for mapper in Base.registry.mappers}
    rows = 0
    for table in Base.metadata.sorted_tables:
        if schema.has_table(table, OWN_FILE) and schema.has_table(table, sealing.SHARED):
            rows += _copy(reading, connection, mappers[table], table, cells)
            _go_on_counting(connection, table)
    return rows + _copy_register(reading, connection, cells)


def _copy(
    reading: Session, connection: Connection, mapper: Mapper[Any], table: Table, cells: Cells
) -> int:
    count = 0
    query = select(mapper.class_).execution_options(yield_per=ROWS_A_STEP)
    for rows in reading.scalars(query).partitions():
        connection.execute(insert(table), [_values(mapper, table, row, cells) for row in rows])
        count += len(rows)
        reading.expunge_all()
    return count


def _values(mapper: Mapper[Any], table: Table, row: object, cells: Cells) -> dict[str, Any]:
    values = {one.columns[0].name: getattr(row, one.key) for one in mapper.column_attrs}
    place = sealing.row_id(mapper, row)
    for _key, column, kind in sealing.sealed_columns(mapper):
        if values[column] is not None:
            plain = kind.to_bytes(values[column])
            values[column] = cells.seal(plain, table.name, column, place)
    return values


def _go_on_counting(connection: Connection, table: Table) -> None:
    """The next row of a table that numbers its rows gets a number of its own."""
    column = table.autoincrement_column
    if column is None:
        return
    last = connection.scalar(select(func.max(column)))
    if last is not None:
        query = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        connection.execute(query, {"table": table.name, "column": column.name, "last": last})


def _copy_register(reading: Session, connection: Connection, cells: Cells) -> int:
    """The extract in use: line by line, because it is found in another way there."""
    batch = reading.scalar(select(RegisterBatchRow).where(RegisterBatchRow.state == "active"))
    if batch is None:
        return 0
    sealed, count = SealedRows(cells), 0
    for lines in PlainRows().all_of(reading, batch):
        sealed.lay(connection, batch.slot, batch.id, lines)
        count += len(lines)
    return count


def _demand_same_log(reading: Session, connection: Connection) -> None:
    """Both logs end with the same event; anything else is a bug and leaves nothing behind."""
    last = select(AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
    count = select(func.count(AuditRow.seq))
    for query in (last, count):
        if reading.scalar(query) != connection.scalar(query):
            raise RuntimeError("the copied log ends elsewhere")


def _note(
    shared: SharedDatabase, key: RecordsKey, kind: StoreKind, stamp: Stamp, rows: int
) -> None:
    store = Store.open(shared, key, kind)
    try:
        with store.write() as session:
            journal.append(session, stamp, "RECORDS.SHARED", count=rows)
    finally:
        store.close()
