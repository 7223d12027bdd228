"""Targets: answers of a chip, which knows all keys of its session."""

from __future__ import annotations

from contextlib import suppress

from desk.iso7816 import tlv
from desk.iso7816.apdu import ResponseApdu
from desk.mrtd import active_authentication
from desk.mrtd.ciphers import AesSuite, CipherSuite, TripleDesSuite
from desk.mrtd.secure_messaging import DO_MAC, SecureMessaging
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.troubles import SessionBroken
from tests.fuzz import samples
from tests.fuzz.target import Target

_KEY = bytes(range(16))
_BOTH: tuple[CipherSuite, ...] = (TripleDesSuite(_KEY, _KEY), AesSuite(_KEY, _KEY))


def _secure_messaging(data: bytes) -> None:
    """As it came, and under a code that fits: the chip knows the keys as well."""
    opened = [_opened(suite, data) for suite in _BOTH]
    if not any(opened):
        raise SessionBroken("refused by either cipher")


def _opened(suite: CipherSuite, data: bytes) -> bool:
    with suppress(SessionBroken):
        SecureMessaging(suite).unprotect(ResponseApdu(data, 0x9000))
    counter = (1).to_bytes(suite.block)
    sealed = data + tlv.encode(DO_MAC, suite.mac(counter + data))
    try:
        SecureMessaging(suite).unprotect(ResponseApdu(sealed, 0x9000))
    except SessionBroken:
        return False
    return True


def _protected_answers() -> list[bytes]:
    bodies = []
    for content in (b"", b"\x60\x14\x5f\x01", bytes(300)):
        for suite in _BOTH:
            sealed = SecureMessaging(suite).protect_response(ResponseApdu(content, 0x9000)).data
            bodies.append(sealed[: -len(tlv.encode(DO_MAC, bytes(8)))])
    return bodies


def _recovered_signature(data: bytes) -> None:
    """``data`` is what the signature opens to: the chip that signs it knows its key."""
    key = samples.small_rsa_key()
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    signature = pow(int.from_bytes(data) % modulus, numbers.d, modulus).to_bytes(128)
    for given in (signature, data):
        answer = active_authentication.Answer(samples.CHALLENGE, given)
        with suppress(SignatureWrong):
            active_authentication.verify(key.public_key(), answer)
            return
    raise SignatureWrong


def _curve_signature(data: bytes) -> None:
    key = samples.country().signer.key.public_key()
    answer = active_authentication.Answer(samples.CHALLENGE, data)
    active_authentication.verify(key, answer, "sha256")


_NO_PROOF = (SignatureWrong, Unsupported)

TARGETS = (
    Target("secure_messaging", _secure_messaging, (SessionBroken,), _protected_answers, 2_048),
    Target("aa_rsa", _recovered_signature, _NO_PROOF, samples.representatives, 128),
    Target("aa_ecdsa", _curve_signature, _NO_PROOF, samples.curve_signatures, 200),
)
