"""Document signers that the directory published, for security objects that came without.

One file of its own beside the trust store's, because there are some 30,000 and hardly one
check in a thousand needs any. They are no anchors: whoever uses one judges its chain as
if it had come along with the document.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from desk.mrtd import certificates
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.disk import read_file, write_file
from desk.mrtd.signed_data import Signer
from desk.mrtd.trust_troubles import StoreDamaged

FILE_NAME = "signers.json"
FORMAT = 1
_SERIAL = "serial"
_Table = dict[str, list[str]]


class SignerStore:
    """The file in ``folder``, made at the first import; read when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def find(self, signer: Signer) -> tuple[Certificate, ...]:
        """Those that a signer info names, by key identifier or by issuer and serial number.

        Raises StoreDamaged, FileUnavailable.
        """
        table = self._read()
        if signer.key_id is not None:
            key = f"key {signer.key_id.hex()}"
        else:
            key = _number(signer.issuer_key or "", signer.serial or 0)
        found = []
        for der in table.get(key, ()):
            try:
                found.append(certificates.parse(base64.b64decode(der)))
            except (CertificateUnreadable, ValueError) as error:
                raise StoreDamaged(type(error).__name__) from error
        return tuple(found)

    def put(self, held: Iterable[Certificate]) -> int:
        """Keep ``held`` beside what is kept already; how many there are then."""
        table = self._read()
        for certificate in held:
            der = base64.b64encode(certificate.der).decode()
            for key in _keys(certificate):
                ders = table.setdefault(key, [])
                if der not in ders:
                    ders.append(der)
        write_file(self._path, json.dumps({"format": FORMAT, "signers": table}))
        return _count(table)

    def count(self) -> int:
        """How many are kept. Raises StoreDamaged, FileUnavailable."""
        return _count(self._read())

    def remove(self) -> None:
        """Forget them all."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> _Table:
        if not self._path.exists():
            return {}
        try:
            stored = json.loads(read_file(self._path))
            if stored["format"] != FORMAT:
                raise ValueError("format of another version")
            return {key: _texts(ders) for key, ders in stored["signers"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreDamaged(type(error).__name__) from error


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("something that is no list of texts")
    return values


def _count(table: _Table) -> int:
    return sum(len(ders) for key, ders in table.items() if key.startswith(_SERIAL))


def _keys(certificate: Certificate) -> tuple[str, ...]:
    """Both names that a signer info may use."""
    number = _number(certificate.issuer.key, certificate.serial)
    key_id = certificate.subject_key_id
    return (number,) if key_id is None else (number, f"key {key_id.hex()}")


def _number(issuer_key: str, serial: int) -> str:
    return f"{_SERIAL} {serial:x} {issuer_key[:32]}"
