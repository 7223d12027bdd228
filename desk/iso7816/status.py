"""Status words of ISO/IEC 7816-4:2020 clause 5.6 that the desk acts on."""

from __future__ import annotations

from enum import IntEnum


class StatusWord(IntEnum):
    """Exact status words; ranges (61XX, 63CX, 6CXX) have functions below."""

    OK = 0x9000
    END_OF_FILE = 0x6282  # fewer bytes than asked for; the data are good
    NO_INFORMATION_63 = 0x6300  # eMRTD: authentication failed
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    CHAINING_EXPECTED = 0x6883  # last command of the chain expected
    CHAINING_NOT_SUPPORTED = 0x6884
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    COMMAND_NOT_ALLOWED = 0x6986
    SM_OBJECTS_MISSING = 0x6987
    SM_OBJECTS_INCORRECT = 0x6988
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NOT_ENOUGH_MEMORY = 0x6A84
    WRONG_P1_P2 = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00
    UNKNOWN = 0x6F00


def more_data(sw: int) -> int | None:
    """Bytes still waiting for GET RESPONSE (61XX; 256 for 6100), else None."""
    return (sw & 0xFF or 256) if sw >> 8 == 0x61 else None


def right_length(sw: int) -> int | None:
    """The Le the chip wants instead (6CXX; 256 for 6C00), else None."""
    return (sw & 0xFF or 256) if sw >> 8 == 0x6C else None


def tries_left(sw: int) -> int | None:
    """Tries left after a wrong secret: 63CX, or 0 for 6983; None when it tells nothing."""
    if sw & 0xFFF0 == 0x63C0:
        return sw & 0xF
    return 0 if sw == StatusWord.AUTHENTICATION_BLOCKED else None
