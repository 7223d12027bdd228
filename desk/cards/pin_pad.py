"""Readers with keys of their own: the PIN goes from the pad to the card, never through here.

PC/SC part 10 (rev. 2.02.09): which features a reader has, the structures it is asked with,
and what its answers mean. The pad puts the digits into the command itself; the desk sends
the command's frame and sees a status word. Which command is meant is left to `desk.cards.piv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol, runtime_checkable

from desk.cards.troubles import NewPinsDiffer, PinFormat, PinNotTyped
from desk.iso7816.apdu import ResponseApdu
from desk.iso7816.troubles import TransportFailed

GET_FEATURE_REQUEST: Final = 3400
"""Function number of CM_IOCTL_GET_FEATURE_REQUEST (2.2); the platform makes a code of it."""

TYPING_SECONDS: Final = 30
"""How long the reader waits for the first key, and for each next one."""

_FORMAT_ASCII_LEFT = 0x82  # bmFormatString: in bytes, no offset, left-justified, ASCII
_BLOCK_BYTES = 0x08  # bmPINBlockString: eight bytes, no length field
_ENDS_WITH_KEY = 0x02  # bEntryValidationCondition: the validation key
_CONFIRM_AND_CURRENT = 0x03  # bConfirmPIN: the new one twice, the current one asked for
_LANGUAGE = 0x0409  # wLangId: readers know English above all; most show pictures
_OLD_OFFSET, _NEW_OFFSET = 0, 8

_TIMED_OUT, _CANCELLED, _DIFFERENT, _LENGTH = 0x6400, 0x6401, 0x6402, 0x6403
_PROPERTY_MIN, _PROPERTY_MAX = 0x06, 0x07


class Feature(IntEnum):
    """Feature numbers of part 10, 2.3, that the desk uses."""

    VERIFY_PIN_DIRECT = 0x06
    MODIFY_PIN_DIRECT = 0x07
    TLV_PROPERTIES = 0x12


@runtime_checkable
class ControlConnection(Protocol):
    """A connection whose reader can be asked something besides the card."""

    def features(self) -> bytes:
        """The reader's answer to GET_FEATURE_REQUEST; empty where it knows none."""
        ...

    def control(self, code: int, data: bytes) -> bytes:
        """One control command to the reader. Raises TransportFailed."""
        ...


@dataclass(frozen=True)
class PinPad:
    """The pad of one open connection. ``lengths`` are the digits it takes."""

    connection: ControlConnection
    codes: Mapping[int, int]
    lengths: range

    @classmethod
    def of(cls, connection: object, lengths: range) -> PinPad | None:
        """The reader's pad, None where it has none that verifies a PIN."""
        if not isinstance(connection, ControlConnection):
            return None
        codes = parse_features(connection.features())
        if Feature.VERIFY_PIN_DIRECT not in codes:
            return None
        properties = b""
        if Feature.TLV_PROPERTIES in codes:
            properties = connection.control(codes[Feature.TLV_PROPERTIES], b"")
        return cls(connection, codes, _common_lengths(properties, lengths))

    @property
    def can_change(self) -> bool:
        """Whether a new PIN can be typed on it too."""
        return Feature.MODIFY_PIN_DIRECT in self.codes

    def verify(self, frame: bytes) -> int:
        """Let the PIN be typed into ``frame`` (header, Lc, eight bytes FF); the status word.

        Raises PinNotTyped, PinFormat, TransportFailed.
        """
        return self._ask(Feature.VERIFY_PIN_DIRECT, verify_structure(frame, self.lengths))

    def modify(self, frame: bytes) -> int:
        """Let the old and twice the new one be typed into ``frame`` (two times eight bytes FF).

        Raises PinNotTyped, NewPinsDiffer, PinFormat, TransportFailed.
        """
        return self._ask(Feature.MODIFY_PIN_DIRECT, modify_structure(frame, self.lengths))

    def _ask(self, feature: Feature, structure: bytes) -> int:
        sw = ResponseApdu.parse(self.connection.control(self.codes[feature], structure)).sw
        if sw in (_TIMED_OUT, _CANCELLED):
            raise PinNotTyped(sw=f"{sw:04X}")
        if sw == _DIFFERENT:
            raise NewPinsDiffer
        if sw == _LENGTH:
            raise PinFormat
        return sw


def parse_features(answer: bytes) -> dict[int, int]:
    """Control codes by feature number (2.2): one byte tag, length 4, code big-endian.

    Raises TransportFailed where the reader's answer is something else.
    """
    codes = {}
    for at in range(0, len(answer), 6):
        entry = answer[at : at + 6]
        if len(entry) != 6 or entry[1] != 4:
            raise TransportFailed("the reader's list of features cannot be read")
        codes[entry[0]] = int.from_bytes(entry[2:])
    return codes


def verify_structure(frame: bytes, lengths: range) -> bytes:
    """PIN_VERIFY_STRUCTURE (2.5.2) around the command ``frame``."""
    return b"".join(
        (
            bytes((TYPING_SECONDS, TYPING_SECONDS)),
            bytes((_FORMAT_ASCII_LEFT, _BLOCK_BYTES, 0x00)),
            _extra_digit(lengths),
            bytes((_ENDS_WITH_KEY, 0x01)),  # one message
            _LANGUAGE.to_bytes(2, "little"),
            bytes(4),  # message index, T=1 prologue
            len(frame).to_bytes(4, "little"),
            frame,
        )
    )


def modify_structure(frame: bytes, lengths: range) -> bytes:
    """PIN_MODIFY_STRUCTURE (2.5.3) around the command ``frame``."""
    return b"".join(
        (
            bytes((TYPING_SECONDS, TYPING_SECONDS)),
            bytes((_FORMAT_ASCII_LEFT, _BLOCK_BYTES, 0x00, _OLD_OFFSET, _NEW_OFFSET)),
            _extra_digit(lengths),
            bytes((_CONFIRM_AND_CURRENT, _ENDS_WITH_KEY, 0x03)),  # three messages
            _LANGUAGE.to_bytes(2, "little"),
            bytes((0x00, 0x01, 0x02)),  # message indexes: current, new, again
            bytes(3),  # T=1 prologue
            len(frame).to_bytes(4, "little"),
            frame,
        )
    )


def _extra_digit(lengths: range) -> bytes:
    """wPINMaxExtraDigit: least in the upper byte, most in the lower, little-endian."""
    return (lengths[0] << 8 | lengths[-1]).to_bytes(2, "little")


def _common_lengths(properties: bytes, lengths: range) -> range:
    """What both the card and the pad take; the card's own where the pad says nothing."""
    told = dict(_properties(properties))
    least = max(lengths[0], told.get(_PROPERTY_MIN, 0))
    most = min(lengths[-1], told.get(_PROPERTY_MAX) or lengths[-1])
    return range(least, most + 1) if least <= most else lengths


def _properties(answer: bytes) -> list[tuple[int, int]]:
    """Tag and little-endian number of each property (2.6.14)."""
    found, at = [], 0
    while at + 2 <= len(answer):
        size = answer[at + 1]
        found.append((answer[at], int.from_bytes(answer[at + 2 : at + 2 + size], "little")))
        at += 2 + size
    return found
