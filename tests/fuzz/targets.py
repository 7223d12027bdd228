"""Every parser with its samples and the exceptions it may answer with.

A target takes bytes and returns, or raises one of its ``refusals``. What comes out is
used as the desk uses it (keys, dates, schemes), since much is parsed when first asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.troubles import TlvError, TransportFailed
from desk.mrtd import (
    active_authentication,
    certificates,
    lds,
    lengths,
    master_list,
    mrz,
    passive,
    picture_child,
    portrait,
    signatures,
    signed_data,
    sod,
)
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.ciphers import AesSuite, CipherSuite, TripleDesSuite
from desk.mrtd.mrz import Mrz, MrzError
from desk.mrtd.secure_messaging import DO_MAC, SecureMessaging
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedDataMalformed, SignedMessage
from desk.mrtd.sod import SodMalformed
from desk.mrtd.troubles import FileMalformed, PictureFault, PortraitUnreadable, SessionBroken
from desk.mrtd.trust import FILE_NAME, TrustStore
from desk.mrtd.trust_troubles import TrustTrouble
from tests.fuzz import samples

_KEY = bytes(range(16))
_BOTH: tuple[CipherSuite, ...] = (TripleDesSuite(_KEY, _KEY), AesSuite(_KEY, _KEY))


@dataclass(frozen=True)
class Target:
    """One parser under test; ``samples`` are accepted as they are."""

    name: str
    run: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    samples: Callable[[], Sequence[bytes]]
    most: int = 8_192
    """Longest input tried, bytes."""

    def __call__(self, data: bytes) -> None:
        with suppress(*self.refusals):
            self.run(data)


def _tlv(data: bytes) -> None:
    items = tlv.parse(data)
    assert b"".join(item.raw for item in items) == data
    pending = list(items)
    while pending:
        with suppress(TlvError):
            pending += pending.pop().children
    tlv.find(items, items[0].tag if items else 0)


def _apdu(data: bytes) -> None:
    with suppress(TransportFailed):
        assert ResponseApdu.parse(data).encode() == data
    command = CommandApdu.parse(data)
    again = CommandApdu.parse(command.encode())
    assert (again.header, again.data, again.le) == (command.header, command.data, command.le)


def _mrz(data: bytes) -> None:
    text = data.decode("latin-1")
    cleaned = mrz.clean_burst(text)
    problems = mrz.problems(cleaned)
    with suppress(MrzError):
        _use_zone(mrz.parse(cleaned))
        assert not problems
    found, errors = mrz.read(text)
    assert errors == mrz.problems(text) or len(errors) == len(mrz.problems(text))
    _use_zone(found)


def _use_zone(zone: Mrz) -> None:
    zone.birth_date(date(2026, 11, 22))
    zone.expiry_date(date(2026, 11, 22))
    assert zone.name_may_be_cut in (True, False)
    with suppress(MrzError):
        assert len(zone.key.seed) == 16


def _dg1(data: bytes) -> None:
    zone, _ = lds.parse_dg1(data)
    _use_zone(zone)


def _dg15(data: bytes) -> None:
    """The key is used at once, as it is in active authentication."""
    key = lds.parse_dg15(data)
    for size in (64, (key.key_size + 7) // 8):
        answer = active_authentication.Answer(samples.CHALLENGE, b"\x5a" * size)
        with suppress(SignatureWrong, Unsupported):
            active_authentication.verify(key, answer)


def _portrait(data: bytes) -> None:
    assert portrait.parse_dg2(data).media_type.startswith("image/")


def _picture(data: bytes) -> None:
    """In this process, which then dies of what the decoding process is there to die of."""
    outcome, width, height, pixels = picture_child.decode(data)
    if outcome != picture_child.DECODED:
        raise PortraitUnreadable("", PictureFault.BROKEN)
    assert 0 < width * height <= picture_child.MAX_PIXELS
    assert len(pixels) == width * height * 3


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


def _security_object(data: bytes) -> None:
    _use_message(sod.message(data))
    passive.verify(data, samples.groups(), _anchors(), samples.NOW)


def _hashes(data: bytes) -> None:
    assert set(sod.hashes(data).by_group) <= set(range(1, 17))


def _signed_data(data: bytes) -> None:
    _use_message(signed_data.parse(data))


def _use_message(message: SignedMessage) -> None:
    with suppress(DigestWrong, Unsupported):
        message.verify_digest()
    signer = message.signer_certificate
    if signer is not None:
        with suppress(SignatureWrong, Unsupported):
            message.verify_signature(signer)
        _use_certificate(signer)


def _certificate(data: bytes) -> None:
    _use_certificate(certificates.parse(data))


def _use_certificate(certificate: Certificate) -> None:
    certificate.valid_at(samples.NOW)
    assert master_list.unusable(certificate) is None or certificate.fingerprint
    with suppress(SignatureWrong, Unsupported):
        certificate.verify_issued_by(certificate)
    with suppress(SignatureWrong, Unsupported):
        certificate.verify_issued_by(_country())


def _public_key(data: bytes) -> None:
    key = signatures.public_key(data)
    for kind in signatures.Kind:
        with suppress(SignatureWrong, Unsupported):
            signatures.verify(key, signatures.Scheme(kind, "sha256", "sha256", 32), data, data)


def _scheme(data: bytes) -> None:
    assert signatures.scheme_of_der(data, "sha256").label


def _master_list(data: bytes) -> None:
    master_list.is_master_list(master_list.unarmoured(data))
    master_list.verify(data, _country(), samples.NOW)


def _list_content(data: bytes) -> None:
    master_list.verify(samples.master_list(data), _country(), samples.NOW)


def _trust_file(data: bytes) -> None:
    (_folder() / FILE_NAME).write_bytes(data)
    store = TrustStore(_folder())
    store.contents()
    anchors = store.anchors()
    anchors.by_key(_country().subject_key_id)
    for anchor in anchors.by_name(_country().subject.key):
        with suppress(CertificateUnreadable):
            assert anchor.certificate.der


def _answer_to_reset(data: bytes) -> None:
    assert lengths.of_answer_to_reset(data).ceiling(16) <= lengths.EXTENDED_READ


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


@lru_cache(maxsize=1)
def _country() -> Certificate:
    return certificates.parse(samples.country().country.certificate)


@lru_cache(maxsize=1)
def _anchors() -> AnchorSet:
    return AnchorSet([Anchor.of(_country(), "fuzz", samples.NOW)])


@lru_cache(maxsize=1)
def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _folder() -> Path:
    return Path(_temporary().name)


def _file(name: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [samples.passport_files()[name]]


def _zones() -> list[bytes]:
    zones = ["\n".join(lines) for lines in (samples.PASSPORT, samples.TD1, samples.TD2)]
    return [zone.encode() for zone in (*zones, "".join(samples.PASSPORT))]


def _tagged() -> list[bytes]:
    return [raw for name, raw in samples.passport_files().items() if name != "DG2"]


def _contents() -> list[bytes]:
    return [sod.message(raw).content for raw in samples.security_objects()]


def _commands() -> list[bytes]:
    cases = ("00840000", "0084000008", "00A4020C02011E", "00B08E0000", "0CB0000002AABB00")
    extended = ("00B00000000FA0", "0022C1A4000003AABBCC", "0086000000000401020304FFFF")
    return [bytes.fromhex(text) for text in cases + extended]


_ZONE = (MrzError,)
_FILE = (FileMalformed,)
_NO_PROOF = (SignatureWrong, Unsupported)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("tlv", _tlv, (TlvError,), _tagged),
        Target("apdu", _apdu, (ValueError,), _commands, 600),
        Target("mrz", _mrz, _ZONE, _zones, 300),
        Target("com", lds.parse_com, _FILE, _file("COM"), 1_024),
        Target("dg1", _dg1, _FILE, _file("DG1"), 1_024),
        Target("dg2", _portrait, (FileMalformed, PortraitUnreadable), samples.portraits, 16_384),
        Target("dg14", lds.parse_dg14, _FILE, _file("DG14")),
        Target("dg15", _dg15, (FileMalformed, Unsupported), samples.active_keys, 16_384),
        Target("sod", _security_object, (SodMalformed,), samples.security_objects),
        Target("hashes", _hashes, (SodMalformed,), _contents, 4_096),
        Target(
            "signed_data",
            _signed_data,
            (SignedDataMalformed,),
            lambda: [raw[4:] for raw in samples.security_objects()],
        ),
        Target("certificate", _certificate, (CertificateUnreadable,), samples.certificate_files),
        Target("public_key", _public_key, (Unsupported,), samples.public_keys, 2_048),
        Target("scheme", _scheme, (Unsupported,), samples.algorithms, 512),
        Target(
            "master_list",
            _master_list,
            (TrustTrouble,),
            lambda: [samples.master_list(samples.list_content(samples.certificate_files()))],
        ),
        Target(
            "list_content",
            _list_content,
            (TrustTrouble,),
            lambda: [samples.list_content(samples.certificate_files())],
        ),
        Target("trust_file", _trust_file, (TrustTrouble,), lambda: [samples.trust_file()], 16_384),
        Target("answer_to_reset", _answer_to_reset, (), samples.answers_to_reset, 64),
        Target("secure_messaging", _secure_messaging, (SessionBroken,), _protected_answers, 2_048),
        Target("picture", _picture, (PortraitUnreadable,), samples.pictures, 16_384),
        Target("aa_rsa", _recovered_signature, _NO_PROOF, samples.representatives, 128),
        Target("aa_ecdsa", _curve_signature, _NO_PROOF, samples.curve_signatures, 200),
    )
}
