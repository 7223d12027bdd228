"""Document signers that the directory published, for security objects that came without.

One file of its own beside the trust store's, because there are some 30,000 and hardly one
check in a thousand needs any: one line for each, so that a chip that brings no certificate
makes the desk look through the file and not hold it. They are no anchors: whoever uses one
judges its chain as if it had come along with the document.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from desk.mrtd import certificates
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.disk import write_file
from desk.mrtd.signed_data import Signer
from desk.mrtd.trust_troubles import FileUnavailable, StoreDamaged

FILE_NAME = "signers.jsonl"
_HEAD = json.dumps({"format": 1})
"""First line. Every other is a list: the names it is found by, last its bytes in base64."""


class SignerStore:
    """The file in ``folder``, made at the first import; read when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def find(self, signer: Signer) -> tuple[Certificate, ...]:
        """Those that a signer info names, by key identifier or by issuer and serial number.

        Raises StoreDamaged, FileUnavailable.
        """
        if signer.key_id is not None:
            name = _key(signer.key_id)
        else:
            name = _number(signer.issuer_key or "", signer.serial or 0)
        entries = (_entry(line) for line in self._lines() if name in line)
        return tuple(_certificate(der) for *names, der in entries if name in names)

    def put(self, held: Iterable[Certificate]) -> int:
        """Keep ``held`` beside what is kept already; how many there are then."""
        lines = dict.fromkeys(self._lines())
        lines |= dict.fromkeys(map(_line, held))
        write_file(self._path, "\n".join((_HEAD, *lines, "")))
        return len(lines)

    def count(self) -> int:
        """How many are kept. Raises StoreDamaged, FileUnavailable."""
        return sum(1 for _ in self._lines())

    def remove(self) -> None:
        """Forget them all."""
        self._path.unlink(missing_ok=True)

    def _lines(self) -> Iterator[str]:
        """One after another, never all of them at once."""
        if not self._path.exists():
            return
        try:
            with self._path.open(encoding="ascii") as file:
                if file.readline().rstrip("\n") != _HEAD:
                    raise StoreDamaged("format of another version")
                yield from (line.rstrip("\n") for line in file)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FileUnavailable(self._path.name, reason) from error
        except ValueError as error:
            raise StoreDamaged(type(error).__name__) from error


def _line(certificate: Certificate) -> str:
    der = base64.b64encode(certificate.der).decode()
    return json.dumps([*_names(certificate), der])


def _entry(line: str) -> list[str]:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StoreDamaged(type(error).__name__) from error
    if not isinstance(entry, list) or not entry or not all(isinstance(e, str) for e in entry):
        raise StoreDamaged("no entry")
    return entry


def _certificate(der: str) -> Certificate:
    try:
        return certificates.parse(base64.b64decode(der))
    except (CertificateUnreadable, ValueError) as error:
        raise StoreDamaged(type(error).__name__) from error


def _names(certificate: Certificate) -> tuple[str, ...]:
    """Both that a signer info may use."""
    number = _number(certificate.issuer.key, certificate.serial)
    key_id = certificate.subject_key_id
    return (number,) if key_id is None else (number, _key(key_id))


def _key(key_id: bytes) -> str:
    return f"key {key_id.hex()}"


def _number(issuer_key: str, serial: int) -> str:
    return f"serial {serial:x} {issuer_key[:32]}"
