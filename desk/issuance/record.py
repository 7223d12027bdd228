"""Frozen records to plain JSON values and back, by their type hints.

Dates and times become ISO 8601, enumerations their value, bytes hex, tuples lists. What
is read back equals what was written; an unknown or missing member raises, because a
record that was silently cut is worse than one that does not open. Members that came
later have defaults and may be missing in old records.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from desk.trouble import Trouble

T = TypeVar("T")


class RecordDamaged(Trouble):
    """A stored record does not have the shape this program knows."""

    code = "STORE-05"


def to_plain(value: object) -> Any:
    """JSON values only: str, int, float, bool, None, list, dict."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: Any) -> T:
    """The record of type ``kind`` in ``value``. Raises :class:`RecordDamaged`."""
    try:
        result: T = _read(kind, value)
    except (TypeError, ValueError, KeyError, AttributeError) as reason:
        raise RecordDamaged(f"{kind.__name__}: {reason}", kind=kind.__name__) from reason
    return result


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), value)
    if origin is tuple:
        return _read_tuple(get_args(kind), value)
    if origin is not None and issubclass(origin, Mapping):
        item = get_args(kind)[1]
        return {key: _read(item, member) for key, member in value.items()}
    if dataclasses.is_dataclass(kind):
        return _read_record(kind, value)
    return _read_plain(kind, value)


def _read_union(choices: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in choices:
        return None
    plain = [choice for choice in choices if choice is not type(None)]
    if len(plain) == 1:
        return _read(plain[0], value)
    if type(value) not in plain:
        raise TypeError(f"{type(value).__name__} not among {plain}")
    return value


def _read_tuple(items: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} is not a list")
    if items[-1] is Ellipsis:
        return tuple(_read(items[0], member) for member in value)
    return tuple(_read(item, member) for item, member in zip(items, value, strict=True))


def _read_record(kind: Any, value: dict[str, Any]) -> Any:
    hints = _hints(kind)
    unknown = value.keys() - {f.name for f in dataclasses.fields(kind)}
    if unknown:
        raise KeyError(f"unknown members {sorted(unknown)}")
    return kind(**{name: _read(hints[name], member) for name, member in value.items()})


def _read_plain(kind: Any, value: Any) -> Any:
    """The messages name types only: the values are of people, and troubles are logged."""
    try:
        return _read_value(kind, value)
    except (TypeError, ValueError):
        raise TypeError(f"{type(value).__name__} that is no {kind.__name__}") from None


def _read_value(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is bytes:
        return bytes.fromhex(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError
    return value
