"""Columns whose values are sealed where the records lie in a shared database.

In the desk's own file, which is encrypted as a whole, such a column is an ordinary one. On
PostgreSQL it holds sealed bytes: a row is sealed just before it is written and opened just
after it was read, so that no function of the store has to think of it. A value that was
not sealed is refused by the column itself; what is selected column by column, without its
row, stays sealed bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, LargeBinary, TypeDecorator, event
from sqlalchemy import inspect as inspect_row
from sqlalchemy.orm import (
    DeclarativeBase,
    InstanceState,
    Mapper,
    Session,
    attributes,
    object_session,
)
from sqlalchemy.types import TypeEngine

from desk.store.cells import Cells, RowId, Sealed

SHARED = "postgresql"
_CELLS = "cells"
_PLAIN = "_plain_values"


class Unsealed(RuntimeError):
    """A bug: a value was about to go into a shared database as it is."""


class Sealable(TypeDecorator[Any]):
    """``plain`` in the desk's own file, sealed bytes on PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, plain: TypeEngine[Any]) -> None:
        super().__init__()
        self.plain = plain

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        sealed = dialect.name == SHARED
        return dialect.type_descriptor(LargeBinary() if sealed else self.plain)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name == SHARED and value is not None and not isinstance(value, Sealed):
            raise Unsealed
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return Sealed(value) if dialect.name == SHARED and value is not None else value

    def to_bytes(self, value: Any) -> bytes:
        if isinstance(self.plain, JSON):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return value if isinstance(value, bytes) else str(value).encode()

    def from_bytes(self, content: bytes) -> Any:
        if isinstance(self.plain, JSON):
            return json.loads(content)
        return content if isinstance(self.plain, LargeBinary) else content.decode()


def cells_of(session: Session) -> Cells | None:
    """What seals in this session; ``None`` in the desk's own file."""
    found = session.info.get(_CELLS)
    return found if isinstance(found, Cells) else None


def session_info(cells: Cells | None) -> dict[str, Any]:
    """What a session is made with, so that its rows are sealed and opened."""
    return {_CELLS: cells}


def watch(base: type[DeclarativeBase]) -> None:
    """Seal and open the rows of all tables of ``base`` from now on."""
    for name, hook in (
        ("before_insert", _seal_new),
        ("before_update", _seal_changed),
        ("after_insert", _show_plain),
        ("after_update", _show_plain),
        ("load", _open_loaded),
        ("refresh", _open_loaded),
    ):
        event.listen(base, name, hook, propagate=True)


def sealed_columns(mapper: Mapper[Any]) -> tuple[tuple[str, str, Sealable], ...]:
    """Attribute, column and type of every sealed column of a table."""
    return _sealed_columns(mapper)


@cache
def _sealed_columns(mapper: Mapper[Any]) -> tuple[tuple[str, str, Sealable], ...]:
    return tuple(
        (attribute.key, column.name, column.type)
        for attribute in mapper.column_attrs
        for column in attribute.columns
        if isinstance(column.type, Sealable)
    )


def _table(mapper: Mapper[Any]) -> str:
    return str(mapper.class_.__tablename__)


def row_id(mapper: Mapper[Any], row: object) -> RowId:
    """The row's primary key. It has to be known before the row is written."""
    found = tuple(mapper.primary_key_from_instance(row))
    if None in found:
        raise Unsealed
    return found


def _seal_new(mapper: Mapper[Any], _connection: Connection, row: object) -> None:
    _seal(mapper, row, [key for key, _column, _type in _sealed_columns(mapper)])


def _seal_changed(mapper: Mapper[Any], _connection: Connection, row: object) -> None:
    state: InstanceState[Any] = inspect_row(row)
    keys = [key for key, _column, _type in _sealed_columns(mapper)]
    _seal(mapper, row, [key for key in keys if state.attrs[key].history.has_changes()])


def _seal(mapper: Mapper[Any], row: object, keys: list[str]) -> None:
    """Put sealed values in the place of plain ones for as long as the row is written."""
    cells = _cells_for(row)
    if cells is None or not keys:
        return
    plain = {key: row.__dict__.get(key) for key in keys}
    setattr(row, _PLAIN, plain)
    for key, column, kind in _sealed_columns(mapper):
        value = plain.get(key)
        if value is not None:
            content = kind.to_bytes(value)
            sealed = cells.seal(content, _table(mapper), column, row_id(mapper, row))
            setattr(row, key, sealed)


def _show_plain(_mapper: Mapper[Any], _connection: Connection, row: object) -> None:
    for key, value in row.__dict__.pop(_PLAIN, {}).items():
        attributes.set_committed_value(row, key, value)


def _open_loaded(row: object, *_context: object) -> None:
    cells = _cells_for(row)
    if cells is None:
        return
    mapper: Mapper[Any] = inspect_row(row).mapper
    for key, column, kind, sealed in _loaded(mapper, row):
        content = cells.open(sealed, _table(mapper), column, row_id(mapper, row))
        attributes.set_committed_value(row, key, kind.from_bytes(content))


def _loaded(mapper: Mapper[Any], row: object) -> Iterator[tuple[str, str, Sealable, Sealed]]:
    for key, column, kind in _sealed_columns(mapper):
        value = row.__dict__.get(key)
        if isinstance(value, Sealed):
            yield key, column, kind, value


def _cells_for(row: object) -> Cells | None:
    session = object_session(row)
    return None if session is None else cells_of(session)
