"""What can go wrong between the desk and any chip.

    Trouble
    └── CardTrouble               any trouble with a chip, card or reader
        ├── TransportFailed       the bytes did not get there and back
        │   └── CardRemoved       the chip left the reader meanwhile
        ├── AnswerEndless         the chip's answer to one command does not end
        ├── CardAnswered          the chip answered with a status word other than asked for
        └── TlvError              the chip's bytes are not the structure they should be

A transport that failed says nothing about what the chip did with the command:
whoever counts tries must ask the chip again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from desk.trouble import Trouble


class CardTrouble(Trouble):
    """Any trouble with a chip, whatever carries it."""

    code: ClassVar[str] = "READER-00"


class TransportFailed(CardTrouble):
    """No usable answer came back; the chip may or may not have acted on the command."""

    code: ClassVar[str] = "READER-07"


class CardRemoved(TransportFailed):
    """The chip left the reader in mid-session."""

    code: ClassVar[str] = "READER-05"


class AnswerEndless(CardTrouble):
    """The chip goes on answering one command; asking it again would end the same way."""

    code: ClassVar[str] = "READER-15"


class CardAnswered(CardTrouble):
    """The chip answered with status word ``sw``, which is not what the step needs."""

    code: ClassVar[str] = "READER-08"

    def __init__(self, sw: int, message: str = "") -> None:
        super().__init__(message or f"status word {sw:04X}", sw=f"{sw:04X}")
        self.sw = sw


class TlvFault(StrEnum):
    """How bytes fail to be TLV. CLAIM: an object says it is longer than anything taken, or
    than what is there. ENDLESS: deeper, or more objects, than anything honest."""

    FORM = "form"
    CLAIM = "claim"
    ENDLESS = "endless"


class TlvError(CardTrouble):
    """Bytes that are not the TLV they should be; ``offset`` is where reading stopped.

    ``claimed`` is the length that an object says it has, where ``fault`` is CLAIM.
    """

    code: ClassVar[str] = "READER-09"

    def __init__(
        self,
        reason: str,
        offset: int = 0,
        *,
        fault: TlvFault = TlvFault.FORM,
        claimed: int = 0,
    ) -> None:
        super().__init__(f"{reason} at byte {offset}", reason=reason, offset=offset)
        self.fault = fault
        self.claimed = claimed
