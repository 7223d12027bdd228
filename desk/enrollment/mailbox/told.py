"""What a change tells the other processes: whose turn it is to look again.

``told(column)`` stands in what an update returns. On a server it rings the bell of that
topic in every process, when the transaction commits and only then; in a file, which one
process has for itself, it is nothing. The topic is told as a hash: whoever may listen learns
no address from it. A process that has the server for itself tells nobody: each word would wake
its own ear and a process of the server, for nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

CHANNEL = "desk_enrollment"
PROCESS = "desk.process"
"""The setting of a connection that names whose it is."""
LISTENERS = "listeners"
"""The table of those who have an ear, by that name."""


class told(FunctionElement[Any]):  # noqa: N801
    """Of one column with a topic: an offer's identifier or a check's."""

    type = NullType()
    inherit_cache = True


@compiles(told)
def _nothing(_element: told, _compiler: SQLCompiler, **_more: Any) -> str:
    return "NULL"


@compiles(told, "postgresql")
def _notify(element: told, compiler: SQLCompiler, **more: Any) -> str:
    topic = compiler.process(element.clauses, **more)
    told = f"pg_notify('{CHANNEL}', encode(sha256(convert_to({topic}, 'UTF8')), 'hex'))"
    others = f"process IS DISTINCT FROM current_setting('{PROCESS}', true)"
    listened = f"EXISTS (SELECT 1 FROM {LISTENERS} WHERE {others})"
    return f"CASE WHEN {listened} THEN CAST({told} AS TEXT) END"
