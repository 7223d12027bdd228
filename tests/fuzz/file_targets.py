"""Targets: data objects, the zone, and every file of a passport but the signed ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.troubles import TlvError, TransportFailed
from desk.mrtd import (
    active_authentication,
    chip_authentication,
    details,
    domains,
    lds,
    lengths,
    mrz,
    picture_child,
    portrait,
    security_infos,
    signatures,
)
from desk.mrtd.domains import KeyInvalid
from desk.mrtd.mrz import Mrz, MrzError
from desk.mrtd.security_infos import SecurityInfos
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.troubles import FileMalformed, PictureFault, PortraitUnreadable
from tests.fuzz import samples
from tests.fuzz.target import Target
from tests.fuzz.trust_targets import use_message


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


def _infos(data: bytes) -> None:
    _use_infos(security_infos.parse(data))


def _dg14(data: bytes) -> None:
    _use_infos(lds.parse_dg14(data))


def _card_access(data: bytes) -> None:
    _use_infos(lds.parse_card_access(data))


def _card_security(data: bytes) -> None:
    message, infos = lds.parse_card_security(data)
    _use_infos(infos)
    use_message(message)


def _use_infos(infos: SecurityInfos) -> None:
    """Every offer is looked at as the protocols do that would take it."""
    assert all(info.label for info in infos.pace if info.is_usable or info.domain is None)
    for key in infos.chip_keys:
        with suppress(Unsupported, KeyInvalid):
            domain, public = key.key
            assert domain.validated(public) == public
    with suppress(Unsupported, KeyInvalid):
        offer = chip_authentication.best_offer(infos)
        assert offer is None or offer.label
    if infos.active_authentication is not None:
        with suppress(Unsupported):
            assert signatures.scheme_of_der(infos.active_authentication.identifier, "sha1").label
    assert infos.lacks(infos) == ()


def _chip_key(data: bytes) -> None:
    domain, public = domains.of_public_key(data)
    assert domain.agree(2, public)


def _details(data: bytes) -> None:
    """The first byte chooses the group: they are alike and share what reads them."""
    group, parser = _DETAILS[data[0] % len(_DETAILS)] if data else _DETAILS[0]
    found = details.parse({group: data[1:]})
    assert repr(found)
    parser(data[1:])


_DETAILS: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("DG7", details.parse_dg7),
    ("DG11", details.parse_dg11),
    ("DG12", details.parse_dg12),
    ("DG13", details.parse_dg13),
    ("DG16", details.parse_dg16),
)


def _answer_to_reset(data: bytes) -> None:
    assert lengths.of_answer_to_reset(data).ceiling(16) <= lengths.EXTENDED_READ


def _atr_info(data: bytes) -> None:
    found = lengths.of_atr_info(data)
    for block in (8, 16):
        assert 0 < found.ceiling(block) <= lengths.EXTENDED_MOST


def _file(name: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [samples.passport_files()[name]]


def _zones() -> list[bytes]:
    zones = ["\n".join(lines) for lines in (samples.PASSPORT, samples.TD1, samples.TD2)]
    return [zone.encode() for zone in (*zones, "".join(samples.PASSPORT))]


def _tagged() -> list[bytes]:
    return [raw for name, raw in samples.passport_files().items() if name != "DG2"]


def _commands() -> list[bytes]:
    cases = ("00840000", "0084000008", "00A4020C02011E", "00B08E0000", "0CB0000002AABB00")
    extended = ("00B00000000FA0", "0022C1A4000003AABBCC", "0086000000000401020304FFFF")
    return [bytes.fromhex(text) for text in cases + extended]


_ZONE = (MrzError,)
_FILE = (FileMalformed,)
_KEY = (Unsupported, KeyInvalid)

TARGETS = (
    Target("tlv", _tlv, (TlvError,), _tagged),
    Target("apdu", _apdu, (ValueError,), _commands, 600),
    Target("answer_to_reset", _answer_to_reset, (), samples.answers_to_reset, 64),
    Target("atr_info", _atr_info, (), samples.atr_infos, 512),
    Target("mrz", _mrz, _ZONE, _zones, 300),
    Target("com", lds.parse_com, _FILE, _file("COM"), 1_024),
    Target("dg1", _dg1, _FILE, _file("DG1"), 1_024),
    Target("dg2", _portrait, (FileMalformed, PortraitUnreadable), samples.portraits, 16_384),
    Target("picture", _picture, (PortraitUnreadable,), samples.pictures, 16_384),
    Target("details", _details, _FILE, samples.details, 4_096),
    Target("security_infos", _infos, (TlvError,), samples.security_infos),
    Target("dg14", _dg14, _FILE, samples.chip_offers),
    Target("card_access", _card_access, _FILE, samples.security_infos, 4_096),
    Target("card_security", _card_security, _FILE, samples.card_security),
    Target("chip_key", _chip_key, _KEY, samples.chip_keys, 4_096),
    Target("dg15", _dg15, (FileMalformed, Unsupported), samples.active_keys, 16_384),
)
