"""Basic Access Control (Doc 9303-11 clause 4.3): the printed zone opens the chip.

`open_session` runs the three commands and gives the secure messaging that follows.
PACE will stand beside it and hand over the same object.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from desk.iso7816.apdu import CommandApdu
from desk.iso7816.connection import CardConnection, ask
from desk.iso7816.troubles import CardAnswered
from desk.mrtd.ciphers import MAC_LENGTH, TripleDesSuite, same, triple_des_keys
from desk.mrtd.mrz import MrzKey
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.troubles import AccessNotOffered, AccessRefused, SessionBroken

INS_GET_CHALLENGE = 0x84
INS_EXTERNAL_AUTHENTICATE = 0x82
NONCE, KEY_PART = 8, 16
CRYPTOGRAM = 2 * NONCE + KEY_PART
_ZERO_COUNTER = bytes(8)

RandomBytes = Callable[[int], bytes]


def access_keys(key: MrzKey) -> TripleDesSuite:
    """K_enc and K_mac of the document (9.7.2)."""
    return triple_des_keys(key.seed)


@dataclass(frozen=True, slots=True)
class Half:
    """One side's random numbers: nonce (8 bytes) and key part (16 bytes)."""

    nonce: bytes = field(repr=False)
    key_part: bytes = field(repr=False)

    @classmethod
    def draw(cls, random: RandomBytes = secrets.token_bytes) -> Half:
        return cls(random(NONCE), random(KEY_PART))


def seal(suite: TripleDesSuite, own: Half, peer_nonce: bytes) -> bytes:
    """E and M of either side: its nonce, the other's nonce, its key part (40 bytes)."""
    cryptogram = suite.encrypt(own.nonce + peer_nonce + own.key_part, _ZERO_COUNTER)
    return cryptogram + suite.mac(cryptogram)


def unseal(suite: TripleDesSuite, sealed: bytes, own_nonce: bytes) -> Half:
    """The other side's half; raises SessionBroken where code or nonce does not fit."""
    cryptogram, code = sealed[:CRYPTOGRAM], sealed[CRYPTOGRAM:]
    if len(sealed) != CRYPTOGRAM + MAC_LENGTH or not same(suite.mac(cryptogram), code):
        raise SessionBroken("authentication code does not fit")
    plain = suite.decrypt(cryptogram, _ZERO_COUNTER)
    if not same(plain[NONCE : 2 * NONCE], own_nonce):
        raise SessionBroken("nonce does not come back")
    return Half(plain[:NONCE], plain[2 * NONCE :])


def session(terminal: Half, chip: Half) -> SecureMessaging:
    """Session keys from both key parts, counter from both nonces (9.8.6.1)."""
    mixed = zip(terminal.key_part, chip.key_part, strict=True)
    seed = bytes(left ^ right for left, right in mixed)
    return SecureMessaging(triple_des_keys(seed), chip.nonce[-4:] + terminal.nonce[-4:])


def open_session(
    connection: CardConnection, key: MrzKey, random: RandomBytes = secrets.token_bytes
) -> SecureMessaging:
    """Mutual authentication; the eMRTD application is selected already.

    Raises AccessNotOffered where the chip has no BAC, AccessRefused where it does not take
    the key, SessionBroken where it cannot show that it knows it.
    """
    suite, own = access_keys(key), Half.draw(random)
    try:
        challenge = ask(connection, CommandApdu(0x00, INS_GET_CHALLENGE, 0, 0, le=NONCE))
    except CardAnswered as refusal:
        raise AccessNotOffered(sw=f"{refusal.sw:04X}") from refusal
    if len(challenge) != NONCE:
        raise SessionBroken("challenge of wrong length")
    command = CommandApdu(
        0x00, INS_EXTERNAL_AUTHENTICATE, 0, 0, seal(suite, own, challenge), CRYPTOGRAM + MAC_LENGTH
    )
    try:
        answer = ask(connection, command)
    except CardAnswered as refusal:
        raise AccessRefused(sw=f"{refusal.sw:04X}") from refusal
    return session(own, unseal(suite, answer, own.nonce))
