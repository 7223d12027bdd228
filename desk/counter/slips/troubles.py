"""What keeps a sheet from being printed.

SlipTrouble
├── GlyphMissing
├── DoesNotFit
├── CodeTooLong
└── NewOfferNeeded
"""

from __future__ import annotations

from desk.trouble import Trouble


class SlipTrouble(Trouble):
    """The family: no sheet was printed, no serial was used."""


class GlyphMissing(SlipTrouble):
    """The fonts lack a letter. Facts: letter (its code point, as ``U+9F98``). A letter that is
    dropped could change a name or an address, so nothing is printed."""

    code = "SLIP-01"


class DoesNotFit(SlipTrouble):
    """The texts need more than one page even at the smallest size. Facts: sheet."""

    code = "SLIP-02"


class NewOfferNeeded(SlipTrouble):
    """The former slip and its QR are void now; a new one needs a new offer. Facts: slip."""

    code = "SLIP-03"


class CodeTooLong(SlipTrouble):
    """An address or a serial that no bar or QR code of this size can hold. Facts: what."""

    code = "SLIP-04"
