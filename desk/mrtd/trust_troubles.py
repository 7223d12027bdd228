"""What is wrong with trust material that somebody wants to import or use.

    Trouble
    └── TrustTrouble
        ├── NotTrustMaterial     none of the kinds of file that can be imported
        ├── ListAltered          the list's own signature or digest does not fit
        ├── ListSignerUnknown    its signer was not appointed under the given root
        ├── ListSignerRevoked    its country has revoked the signer's certificate
        ├── OutsideValidity      signed or used when signer or root was not in force
        ├── ListOlder            a newer list of this issuer is held already
        ├── CertificateUnusable  the single certificate cannot serve as an anchor
        ├── RootMissing          no root is given or held that vouches for a list
        ├── RevocationListRefused  a revocation list that is not believed or not whole
        ├── SourceUnknown        nothing of this name is held
        ├── StoreDamaged         the trust store on disk does not read
        └── FileUnavailable      a file cannot be read or written

Nothing of a refused import is kept.
"""

from __future__ import annotations

from typing import ClassVar

from desk.trouble import Trouble


class TrustTrouble(Trouble):
    """Trust material that cannot be used."""

    code: ClassVar[str] = "TRUST-00"


class NotTrustMaterial(TrustTrouble):
    code: ClassVar[str] = "TRUST-01"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class ListAltered(TrustTrouble):
    code: ClassVar[str] = "TRUST-02"


class ListSignerUnknown(TrustTrouble):
    code: ClassVar[str] = "TRUST-03"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class ListSignerRevoked(TrustTrouble):
    """``since`` is a day; ``country`` has two letters."""

    code: ClassVar[str] = "TRUST-13"

    def __init__(self, country: str, since: str) -> None:
        super().__init__(f"revoked {since}", country=country, since=since)


class OutsideValidity(TrustTrouble):
    """``starts`` and ``ends`` are days; ``moment`` is the day that lies outside of them."""

    code: ClassVar[str] = "TRUST-04"

    def __init__(self, subject: str, starts: str, ends: str, moment: str) -> None:
        super().__init__(
            f"{subject} is in force {starts} to {ends}, not {moment}",
            subject=subject,
            starts=starts,
            ends=ends,
            moment=moment,
        )


class ListOlder(TrustTrouble):
    code: ClassVar[str] = "TRUST-05"

    def __init__(self, signed: str, held: str) -> None:
        super().__init__(f"list of {signed}, held {held}", signed=signed, held=held)


class CertificateUnusable(TrustTrouble):
    code: ClassVar[str] = "TRUST-06"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class RootMissing(TrustTrouble):
    code: ClassVar[str] = "TRUST-08"


class StoreDamaged(TrustTrouble):
    code: ClassVar[str] = "TRUST-09"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class RevocationListRefused(TrustTrouble):
    """``country`` has two letters, None where the list does not read."""

    code: ClassVar[str] = "TRUST-11"

    def __init__(self, country: str, reason: str) -> None:
        super().__init__(reason, country=country or None, reason=reason)


class SourceUnknown(TrustTrouble):
    code: ClassVar[str] = "TRUST-12"

    def __init__(self, name: str) -> None:
        super().__init__(name, name=name)


class FileUnavailable(TrustTrouble):
    """``file`` is its name without folder; ``reason`` is the system's word."""

    code: ClassVar[str] = "TRUST-10"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}", file=file, reason=reason)
