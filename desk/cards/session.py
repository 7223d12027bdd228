"""What the desk asks of an officer's card, whichever way leads to it.

Two ways exist: `desk.cards.piv` speaks to the card itself, `desk.cards.token` to the
vendor's PKCS #11 module. Provisioning is not part of it: that is PIV's alone.
"""

from __future__ import annotations

from typing import Protocol

from desk.cards.piv import Pin
from desk.cards.piv_data import KeyType, Slot


class CardSession(Protocol):
    """One conversation with an officer's card. The methods and their troubles are those of
    `PivSession`; None for a PIN lets it be typed on the reader."""

    def identity(self) -> bytes | None: ...

    def certificate(self, slot: Slot) -> bytes | None: ...

    def tries_left(self) -> int | None: ...

    def has_pin_pad(self) -> bool: ...

    def verify_pin(self, pin: Pin, allow_last_try: bool = False) -> None: ...

    def sign(self, slot: Slot, data: bytes) -> bytes: ...

    def verify_and_sign(
        self,
        slot: Slot,
        data: bytes,
        pin: Pin,
        key_type: KeyType | None = None,
        allow_last_try: bool = False,
    ) -> bytes: ...

    def prove(self, slot: Slot = Slot.AUTHENTICATION) -> bytes: ...

    def ecdh(self, slot: Slot, peer_point: bytes) -> bytes: ...

    def decipher(self, slot: Slot, block: bytes) -> bytes: ...
