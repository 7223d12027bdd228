"""Sealed cells: single values encrypted before they go into a database of somebody else's.

AES-256-GCM under keys derived from the 256-bit key of the records. The associated data name
table, column and row, so that a value moved to another place does not open. Searching goes
by lookups: HMAC-SHA256 under a derived key, cut to 128 bits, which tell that two values are
equal and nothing else.

It shows every change of a value but one: somebody who has the database may put an earlier
value of the same place back. That a whole case went back shows against the sealed log.

Random nonces may be drawn 2^32 times under one key (SP 800-38D, 8.3). Every table has a
key of its own, and where millions of rows come at once, every batch.

::

    version (1) │ key id (8) │ nonce (12) │ ciphertext and tag
"""

from __future__ import annotations

import hmac
import json
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from desk.store.key import RecordsKey
from desk.store.troubles import CellAltered, KeyReplaced

VERSION = b"\x01"
ID_BYTES = 8
NONCE_BYTES = 12
LOOKUP_BYTES = 16
_HEAD = len(VERSION) + ID_BYTES + NONCE_BYTES

RowId = tuple[str | int, ...]


class Sealed(bytes):
    """Bytes that :class:`Cells` made; the only ones that a sealed column takes."""


class Cells:
    """Seals and opens values under one key of the records."""

    def __init__(self, key: RecordsKey) -> None:
        self._key = key
        self._lookups = key.derived("desk shared records lookups")
        self._cipher = lru_cache(maxsize=64)(self._make_cipher)
        self.key_id = bytes.fromhex(key.key_id)

    def seal(self, plain: bytes, table: str, column: str, row: RowId, batch: str = "") -> Sealed:
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = _place(table, column, row)
        cipher = self._cipher(table, batch)
        return Sealed(VERSION + self.key_id + nonce + cipher.encrypt(nonce, plain, place))

    def open(self, sealed: bytes, table: str, column: str, row: RowId, batch: str = "") -> bytes:
        """Raises :class:`KeyReplaced` for a value under another key and
        :class:`CellAltered` for one that was changed or belongs elsewhere."""
        if len(sealed) < _HEAD or sealed[:1] != VERSION:
            raise CellAltered(f"{table}.{column}", table=table, column=column)
        if sealed[1 : 1 + ID_BYTES] != self.key_id:
            raise KeyReplaced(f"{table}.{column}", table=table, column=column)
        nonce, content = sealed[1 + ID_BYTES : _HEAD], sealed[_HEAD:]
        try:
            place = _place(table, column, row)
            return self._cipher(table, batch).decrypt(nonce, content, place)
        except InvalidTag as reason:
            raise CellAltered(f"{table}.{column}", table=table, column=column) from reason

    def lookup(self, purpose: str, *values: str) -> bytes:
        """16 bytes that equal values of one purpose share; whose values, only the key tells."""
        return hmac.digest(self._lookups, _spelled(purpose, *values), "sha256")[:LOOKUP_BYTES]

    def _make_cipher(self, table: str, batch: str) -> AESGCM:
        return AESGCM(self._key.derived(f"desk shared records cells {table} {batch}"))


def _place(table: str, column: str, row: RowId) -> bytes:
    return _spelled(table, column, *row)


_SPELL = json.JSONEncoder(ensure_ascii=False).encode


def _spelled(*values: str | int) -> bytes:
    """One spelling for each list of values, whatever is in them."""
    return _SPELL(values).encode()
