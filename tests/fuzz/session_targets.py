"""Targets: answers of a chip, which knows all keys of its session.

Protocols run against a chip that answers by a script (`tests.fuzz.scripts`). Its samples
are recorded from the training chip with the terminal's random numbers fixed, so that
unaltered they lead to the end.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from desk.iso7816 import tlv
from desk.iso7816.apdu import ResponseApdu
from desk.iso7816.connection import ResponseChaining
from desk.iso7816.troubles import CardTrouble
from desk.mrtd import (
    active_authentication,
    bac,
    chip_authentication,
    files,
    lds,
    pace,
    pace_steps,
    security_infos,
)
from desk.mrtd.ciphers import AesSuite, CipherSuite, TripleDesSuite, pad
from desk.mrtd.pace_steps import MappingProof, ProofWrong
from desk.mrtd.secure_messaging import DO_MAC, SecureChannel, SecureMessaging
from desk.mrtd.security_infos import Mapping, PaceInfo, SecurityInfos
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.troubles import PassportTrouble, SessionBroken
from tests.fuzz import samples
from tests.fuzz.scripts import Recorded, Scripted, Sealed, repeatable
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


def _bac(data: bytes) -> None:
    bac.open_session(Scripted(data), samples.KEY, repeatable())


def _bac_runs() -> list[bytes]:
    recorded = Recorded(samples.chip())
    files.select_application(recorded)
    recorded.script = b""
    bac.open_session(recorded, samples.KEY, repeatable())
    return [recorded.script]


def _pace(data: bytes) -> None:
    """The first byte chooses the way of PACE."""
    offers = _offers()
    info = offers[data[0] % len(offers)] if data else offers[0]
    opened = pace.open_session(
        ResponseChaining(Scripted(data[1:])), info, samples.KEY, repeatable()
    )
    if opened.proof is not None:
        with suppress(ProofWrong, Unsupported):
            opened.proof.verify(_mapping_keys())


def _pace_runs() -> list[bytes]:
    runs = []
    for number, info in enumerate(_offers()):
        recorded = Recorded(samples.chip())
        pace.open_session(recorded, info, samples.KEY, repeatable())
        runs.append(bytes([number]) + recorded.script)
    return runs


@lru_cache(maxsize=1)
def _offers() -> tuple[PaceInfo, ...]:
    return security_infos.parse(samples.chip().root["CardAccess"]).pace


@lru_cache(maxsize=1)
def _mapping_keys() -> SecurityInfos:
    return lds.parse_card_security(samples.chip().root["CardSecurity"])[1]


def _proof(data: bytes) -> None:
    """Chip authentication data as the chip sealed them, and sealed over ``data``."""
    info = next(i for i in _offers() if i.mapping is Mapping.CHIP_AUTHENTICATION)
    assert info.domain is not None
    suite = AesSuite(_KEY, _KEY)
    sealed = suite.encrypt(pad(data, suite.block), b"\xff" * suite.block)
    with suppress(ProofWrong):
        pace_steps.unseal_proof(info.domain, suite, data)
    number = pace_steps.unseal_proof(info.domain, suite, sealed)
    public = info.domain.public_key(5)
    MappingProof(info.domain, info.parameter_id, public, number).verify(_mapping_keys())


def _proofs() -> list[bytes]:
    """The number for which the proof over `_proof`'s public key holds."""
    chip, info = samples.mapping_key(), _offers()
    domain = next(i.domain for i in info if i.mapping is Mapping.CHIP_AUTHENTICATION)
    assert domain is not None
    number = pace_steps.proof_number(domain, chip, 5)
    return [number.to_bytes((domain.order.bit_length() + 7) // 8)]


def _chip_authentication(data: bytes) -> None:
    """The first byte chooses the chip's key; its answers come sealed as they should be."""
    keys = samples.chip_offers()
    offer = lds.parse_dg14(keys[data[0] % len(keys) if data else 0])
    suite = AesSuite(_KEY, _KEY)
    channel = SecureChannel(Sealed(Scripted(data[1:]), suite), SecureMessaging(suite))
    attempt = chip_authentication.authenticate(channel, offer, repeatable())
    if attempt is None or attempt.messaging is None:
        return
    try:
        channel.transmit(b"\x00\xb0\x81\x00\x08")
    except SessionBroken:
        pass
    finally:
        assert not attempt.is_confirmed, "a chip without its key was believed"


def _agreements() -> list[bytes]:
    """Each key of a chip that takes whatever it is sent, and one that refuses."""
    taken = tlv.encode(0x30) + tlv.encode(0x30, b"\x7c\x00") + tlv.encode(0x30) * 6
    refused = tlv.encode(0x30, b"\x99\x02\x6a\x80") * 3
    return [bytes([n]) + script for n in range(3) for script in (refused, taken)]


_NO_PROOF = (SignatureWrong, Unsupported)
_OPENING = (CardTrouble, PassportTrouble)

TARGETS = (
    Target("secure_messaging", _secure_messaging, (SessionBroken,), _protected_answers, 2_048),
    Target("bac", _bac, _OPENING, _bac_runs, 512),
    Target("pace", _pace, _OPENING, _pace_runs, 4_096),
    Target("mapping_proof", _proof, (ProofWrong, Unsupported), _proofs, 128),
    Target("chip_authentication", _chip_authentication, _OPENING, _agreements, 512),
    Target("aa_rsa", _recovered_signature, _NO_PROOF, samples.representatives, 128),
    Target("aa_ecdsa", _curve_signature, _NO_PROOF, samples.curve_signatures, 200),
)
