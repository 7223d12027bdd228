"""What stops the reading of a passport chip.

    Trouble
    └── PassportTrouble
        ├── ChipLost             the passport left the reader while it was read
        │   └── ChipMoved        it is there and answers no more: tilted, or too far off
        ├── ChipSwapped          another passport lies where one was being read
        ├── CanNotTaken          the chip opens by the zone alone
        ├── NotAPassport         no eMRTD application on the chip
        ├── AccessRefused        the typed zone does not open this chip
        │   ├── CanRefused       nor does the access number
        │   └── PasswordBlocked  the chip takes this password no more
        ├── AccessNotOffered     the chip does not open by the zone in this way (BAC)
        │   └── PaceNotTaken     the chip does not go through with the PACE it offers
        ├── CanMalformed         what was typed is no access number
        ├── SessionBroken        secure messaging does not verify any more
        ├── FileMissing          a file that every passport has is not there
        ├── FileMalformed        a file is not built as Doc 9303-10 says, or claims absurd sizes
        │   ├── PartTooLong      a part of a file claims to be longer than the file
        │   ├── DataEndless      deeper or longer than any passport's data
        │   └── FileTooLarge     a file claims more bytes than are taken
        └── PortraitUnreadable   the picture is none the desk can show

After each of these reading begins anew; an attempt that was interrupted may leave the next
one what the issuer signed (`desk.mrtd.kept`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from desk.iso7816.troubles import TlvError, TlvFault
from desk.trouble import Trouble


class PassportTrouble(Trouble):
    """The passport or its chip stops this reading."""

    code: ClassVar[str] = "CHIP-00"


class ChipLost(PassportTrouble):
    """The chip went silent or away; ``phase`` and ``done`` say how far reading had come."""

    code: ClassVar[str] = "CHIP-01"

    def __init__(self, phase: str, done: int = 0) -> None:
        super().__init__(f"chip lost in {phase} after {done} bytes", phase=phase, done=done)


class ChipMoved(ChipLost):
    """The chip is on the reader and does not answer: it was tilted or lies at the edge."""

    code: ClassVar[str] = "CHIP-09"


class ChipSwapped(PassportTrouble):
    """The chip is not the one whose reading was interrupted; nothing of that one is used."""

    code: ClassVar[str] = "CHIP-10"


class CanNotTaken(PassportTrouble):
    """The chip has no PACE, and only PACE takes the card access number."""

    code: ClassVar[str] = "CHIP-11"


class NotAPassport(PassportTrouble):
    """The chip in the reader has no eMRTD application."""

    code: ClassVar[str] = "CHIP-02"


class AccessRefused(PassportTrouble):
    """The chip refused the key made from number, birth and expiry; nothing was read."""

    code: ClassVar[str] = "CHIP-03"


class CanRefused(AccessRefused):
    """The chip refused the card access number; ``tries`` is known where the chip tells it."""

    code: ClassVar[str] = "CHIP-30"


class PasswordBlocked(AccessRefused):
    """The chip has blocked or suspended the password after wrong ones (63C0, 6983)."""

    code: ClassVar[str] = "CHIP-31"


class AccessNotOffered(PassportTrouble):
    """The chip has no Basic Access Control; issuers are dropping it for PACE."""

    code: ClassVar[str] = "CHIP-08"


class PaceNotTaken(AccessNotOffered):
    """The chip names a way of PACE and refuses it at ``step`` with ``sw``."""

    code: ClassVar[str] = "CHIP-32"


class CanMalformed(PassportTrouble):
    """A card access number is six digits; what was typed is not."""

    code: ClassVar[str] = "CHIP-33"


class SessionBroken(PassportTrouble):
    """An answer's code does not verify, or the chip left secure messaging."""

    code: ClassVar[str] = "CHIP-04"


class FileMissing(PassportTrouble):
    """``file`` is not on the chip or may not be read."""

    code: ClassVar[str] = "CHIP-05"

    def __init__(self, file: str, sw: int = 0) -> None:
        super().__init__(f"{file}: {sw:04X}", file=file, sw=f"{sw:04X}")


class FileMalformed(PassportTrouble):
    """``file`` is not what the standard says; ``reason`` is for the log."""

    code: ClassVar[str] = "CHIP-06"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}", file=file, reason=reason)


class PartTooLong(FileMalformed):
    """Something in ``file`` says that it is longer than the file: ``claimed`` bytes."""

    code: ClassVar[str] = "CHIP-21"

    def __init__(self, file: str, claimed: int) -> None:
        super().__init__(file, f"a part claims {claimed} bytes")
        self.facts["claimed"] = claimed


class DataEndless(FileMalformed):
    """``file`` goes deeper, or on for longer, than any passport's."""

    code: ClassVar[str] = "CHIP-22"


class FileTooLarge(FileMalformed):
    """``file`` says it has ``claimed`` bytes; at most ``limit`` are taken."""

    code: ClassVar[str] = "CHIP-23"

    def __init__(self, file: str, claimed: int, limit: int) -> None:
        super().__init__(file, f"claims {claimed} bytes")
        self.facts |= {"claimed": claimed, "limit": limit}


def malformed(file: str, error: TlvError) -> FileMalformed:
    """The trouble with a file whose bytes are not the TLV they should be."""
    if error.fault is TlvFault.ENDLESS:
        return DataEndless(file, str(error))
    if error.fault is TlvFault.CLAIM:
        return PartTooLong(file, error.claimed)
    return FileMalformed(file, str(error))


class PictureFault(StrEnum):
    """Why a picture was not decoded. OVER_LIMITS: its decoder asked for more time or memory
    than it gets, or died of it. NOT_EXAMINED: the decoding process could not be started."""

    UNKNOWN_KIND = "unknown_kind"
    TOO_LARGE = "too_large"
    BROKEN = "broken"
    OVER_LIMITS = "over_limits"
    NOT_EXAMINED = "not_examined"


class PortraitUnreadable(PassportTrouble):
    """The picture is of an unknown kind, broken, or too large; ``fault`` says which."""

    code: ClassVar[str] = "CHIP-07"

    def __init__(self, reason: str, fault: PictureFault = PictureFault.BROKEN) -> None:
        super().__init__(reason, reason=reason)
        self.fault = fault


class FolderTaken(PassportTrouble):
    """The folder for what the chip holds is not empty; ``folder`` is its name."""

    code: ClassVar[str] = "CHIP-40"
