"""Mailboxes as former versions of the service left them: layouts 1, 6, 7 and 8.

An open offer with one wrong guess, and a claimed one with a request that is answered. What
stands here was written down from those versions' own tables.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import urlsafe_b64encode
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

SEALED = b"\xff\xef sealed"
PROOF = "proof of before"
SEAL_TO = b"t" * 32

Rows = dict[str, list[dict[str, Any]]]


def leave_behind(place: Path | str, version: int, now: datetime, token_life_ms: int) -> None:
    """Write a mailbox of that layout into an empty database."""
    rows = _rows(version, int(now.timestamp() * 1000), token_life_ms)
    if isinstance(place, str):
        with psycopg.connect(place) as there:
            names = "layout offers events requests answers nonces checks status_lists heard_calls"
            for name in names.split():
                there.execute(f"DROP TABLE IF EXISTS {name}".encode())
            for text, values in _commands(rows, "BYTEA", "%s"):
                there.execute(text.encode(), values)
        return
    with closing(sqlite3.connect(place)) as database, database:
        for text, values in _commands(rows, "BLOB", "?"):
            database.execute(text, values)


def _commands(rows: Rows, binary: str, place: str) -> list[tuple[str, list[Any]]]:
    commands: list[tuple[str, list[Any]]] = []
    for table, several in rows.items():
        kinds = {name: _kind(name, value, binary) for one in several for name, value in one.items()}
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        commands.append((f"CREATE TABLE {table} ({columns})", []))
        for one in several:
            places = ", ".join([place] * len(one))
            text = f"INSERT INTO {table} ({', '.join(one)}) VALUES ({places})"
            commands.append((text, [_written(value) for value in one.values()]))
    return commands


_TRUTHS = {"deferred", "ended"}
_BYTES = {"pin_salt", "pin_hash", "seal_to"}
_NUMBERS = {"token_expires_at", "ended_at", "tries_at", "waiting_since"}


def _kind(name: str, value: object, binary: str) -> str:
    if isinstance(value, bytes) or name in _BYTES:
        return binary
    if name in _TRUTHS:
        return "BOOLEAN"
    if isinstance(value, int) or name in _NUMBERS:
        return "BIGINT"
    if isinstance(value, list | dict):
        return "JSON"
    return "TEXT" if name == "document" else "VARCHAR(512)"


def _written(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _rows(version: int, at: int, life: int) -> Rows:
    return _layout_8(at, life) if version == 8 else _up_to_layout_7(version, at, life)


def _up_to_layout_7(version: int, at: int, life: int) -> Rows:
    return {
        "layout": [{"version": version}],
        "offers": [_offer(version, 1, at, life), _offer(version, 2, at, life)],
        "events": [
            _event(1, 1, "code_wrong", at, {"tries_left": 4}),
            _event(2, 2, "key_received", at, {"configuration": "mdoc", "keys": 1}),
            _event(2, 1, "code_right", at, {}),
        ],
        "requests": [_request(version, at)],
        "nonces": [
            {
                "nonce_hash": "used before",
                "configuration": one,
                "offer_id": "offer-2",
                "used_at": at,
            }
            for one in ("mdoc", "sd-jwt")
        ],
        **({"answers": [{"request_id": "request-2", "sealed": SEALED}]} if version > 6 else {}),
    }


def _layout_8(at: int, life: int) -> Rows:
    return {
        "layout": [{"version": 8}],
        "offers": [_document_row(1, at, life), _document_row(2, at, life)],
        "requests": [{"request_id": "request-2", "offer_id": "offer-2"}],
        "answers": [{"request_id": "request-2", "sealed": SEALED}],
        "nonces": [{"nonce_hash": "used before", "used_by": "offer-2", "used_at": at}],
        "heard_calls": [{"number": "n", "heard_by": "b", "heard_at": at}],
    }


def _document_row(number: int, at: int, life: int) -> dict[str, Any]:
    """An offer as a document, and beside it what it was found by."""
    claimed = number == 2
    offer = {**_offer(8, number, at, life), "mark": number, "guesses": {}}
    del offer["tries_reserved"], offer["tries_at"]
    if not claimed:
        offer |= {"pin_salt": b"salt".hex(), "pin_hash": b"hash".hex()}
    offer["events"] = [["code_wrong", at, {"tries_left": 4}]]
    offer["requests"] = []
    if claimed:
        told = {"configuration": "mdoc", "keys": 1}
        offer["events"] = [["code_right", at, {}], ["key_received", at, told]]
        request = {**_request(8, at), "seal_to": SEAL_TO.hex(), "repeated_with": None}
        offer["requests"] = [request]
        del request["offer_id"]
    return {
        "offer_id": offer["offer_id"],
        "handle_hash": offer["handle_hash"],
        "code_hash": offer["code_hash"],
        "token_hash": offer["token_hash"],
        "mark": number,
        "document": json.dumps(offer),
        "due_at": offer["token_expires_at"] or offer["expires_at"],
        "ended": False,
        "waiting": 0,
        "waiting_since": None,
    }


def _offer(version: int, number: int, at: int, life: int) -> dict[str, Any]:
    claimed = number == 2
    offer: dict[str, Any] = {
        "offer_id": f"offer-{number}",
        "handle_hash": f"handle-{number}",
        "code_hash": f"code-{number}",
        "configurations": ["mdoc", "sd-jwt"],
        "state": "claimed" if claimed else "open",
        "pin_salt": None if claimed else b"salt",
        "pin_hash": None if claimed else b"hash",
        "tries_reserved": 0,
        "tries_wrong": 0 if claimed else 1,
        "expires_at": at + 600_000,
        "first_client": None,
        "token_hash": "token-2" if claimed else None,
        "token_expires_at": at + life if claimed else None,
        "alarms": 0,
        "ended_at": None,
    }
    if version < 7:
        offer |= {"seal_to": SEAL_TO if claimed else None, "last_seq": number}
    if version > 1:
        offer |= {"details": ["mdoc", "sd-jwt"] if claimed else None}
        offer |= {"dpop_key": None, "tries_at": None}
    else:
        # A guess that was set aside when the service fell.
        offer["tries_reserved"] = 0 if claimed else 1
    return offer


def _event(number: int, seq: int, kind: str, at: int, facts: dict[str, Any]) -> dict[str, Any]:
    return {"offer_id": f"offer-{number}", "seq": seq, "kind": kind, "at": at, "facts": facts}


def _request(version: int, at: int) -> dict[str, Any]:
    request: dict[str, Any] = {
        "request_id": "request-2",
        "offer_id": "offer-2",
        "configuration": "mdoc",
        "keys": ["key-1"],
        "proofs": [PROOF],
        "nonce": "n1",
        "received_at": at,
        "state": "answered",
        "deferred": True,
        "reported": None,
    }
    if version < 7:
        request["sealed"] = urlsafe_b64encode(SEALED).rstrip(b"=").decode()
    else:
        request["seal_to"] = SEAL_TO
    if version > 1:
        request |= {"encryption": None, "notification_id": "told", "proof_type": "jwt"}
    return request
