"""Password Authenticated Connection Establishment (Doc 9303-11 clause 4.4), the terminal.

The printed zone or the card access number opens the chip, and what eavesdroppers hear
tells them nothing of either. `open_session` is the list of steps; what both sides compute
stands in `desk.mrtd.pace_steps`. Reading EF.CardAccess, and stepping down to BAC where a
chip does not take PACE, are left to the reader.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass

from desk.iso7816 import tlv
from desk.iso7816.apdu import CHAINING_BIT, SHORT_DATA_MAX, CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection, send
from desk.iso7816.status import StatusWord, tries_left
from desk.iso7816.troubles import TlvError
from desk.mrtd import der, domains, pace_steps
from desk.mrtd.ciphers import CipherSuite, same
from desk.mrtd.domains import Agreement, DomainParameters, KeyInvalid, RandomBytes
from desk.mrtd.pace_steps import CanKey, MappingProof, Password, ProofWrong
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.security_infos import Mapping, PaceInfo, SecurityInfos
from desk.mrtd.troubles import (
    AccessRefused,
    CanRefused,
    PaceNotTaken,
    PasswordBlocked,
    SessionBroken,
)

INS_MANAGE_SECURITY_ENVIRONMENT = 0x22
INS_GENERAL_AUTHENTICATE = 0x86
_MUTUAL_AUTHENTICATION = 0xC1A4
_STRONG_ORDER = 256
"""Bits from which on a longer group costs the chip time and gains nothing here."""


@dataclass(frozen=True)
class PaceOpened:
    """The session, how it came about, and the proof that came with it (CAM only)."""

    messaging: SecureMessaging
    info: PaceInfo
    proof: MappingProof | None = None


def offers(infos: SecurityInfos) -> tuple[PaceInfo, ...]:
    """The ways of PACE that desk and chip both know, best first.

    The chip authentication mapping leads, since it saves a second protocol (appendix J.1).
    """
    return tuple(sorted((i for i in infos.pace if i.is_usable), key=_rank, reverse=True))


def best(infos: SecurityInfos) -> PaceInfo | None:
    """The one to take; None where there is none."""
    return next(iter(offers(infos)), None)


def open_session(
    connection: CardConnection,
    info: PaceInfo,
    password: Password,
    random: RandomBytes = secrets.token_bytes,
) -> PaceOpened:
    """Mutual authentication by ``info``, in the master file, before anything is selected.

    ``random`` gives as many bytes as it is asked for. Raises PaceNotTaken where the chip
    does not go through with what it offered, AccessRefused (CanRefused) where it does not
    take the password, PasswordBlocked where it takes none any more, SessionBroken where it
    cannot show that it knows the password or departs from the protocol.
    """
    run = _Run(connection, info, password, random)
    try:
        run.choose()
        nonce = run.nonce()
        generator = run.map(nonce)
        suite = run.agree(generator)
        return run.confirm(suite)
    except KeyInvalid as error:
        raise SessionBroken(f"PACE: {error.reason}") from error


class _Run:
    """One execution of the protocol: its keys, and how it talks to the chip."""

    def __init__(
        self, connection: CardConnection, info: PaceInfo, password: Password, random: RandomBytes
    ) -> None:
        if info.domain is None or not info.is_usable:
            raise PaceNotTaken(step="choose", sw="")
        self._connection, self._info, self._random = connection, info, random
        self._domain: DomainParameters = info.domain
        self._password = password
        self._map_public = self._own_public = self._chip_public = b""

    def choose(self) -> None:
        """MSE:Set AT: protocol, password, and the group where it must be named."""
        answer = self._set_template(name_group=self._info.several)
        if not _is_chosen(answer.sw) and not self._info.several:
            # Some chips want their only group named and say so by 6A80, 6A87 or 6A88.
            answer = self._set_template(name_group=True)
        self._refuse_blocked(answer.sw)
        if not _is_chosen(answer.sw):
            raise PaceNotTaken(step="choose", sw=f"{answer.sw:04X}")

    def nonce(self) -> bytes:
        """The chip's nonce, which only the password decrypts."""
        sealed = self._exchange("nonce", b"", pace_steps.DO_NONCE)
        cipher = self._info.cipher
        if not pace_steps.is_nonce_length(self._info, len(sealed)):
            raise SessionBroken(f"PACE: nonce of {len(sealed)} bytes")
        return cipher.decrypt(pace_steps.password_key(self._password, cipher), sealed)

    def map(self, nonce: bytes) -> bytes:
        """The generator that both sides make of the nonce."""
        if self._info.mapping is Mapping.INTEGRATED:
            return self._map_integrated(nonce)
        return self._map_generic(nonce)

    def agree(self, generator: bytes) -> CipherSuite:
        """Session keys by key agreement on the mapped generator."""
        private = self._domain.draw(self._random)
        own = self._domain.public_key(private, generator)
        chip = self._exchange_keys("agree", own, pace_steps.DO_KEY_TERMINAL)
        self._own_public, self._chip_public = own, chip
        return self._info.cipher.suite(self._domain.shared_secret(private, chip))

    def confirm(self, suite: CipherSuite) -> PaceOpened:
        """Both sides show that they hold the same keys, hence the same password."""
        shown = pace_steps.token(self._info, suite, self._chip_public)
        data = tlv.encode(pace_steps.DO_TOKEN_TERMINAL, shown)
        answer = self._authenticate(data, last=True)
        if answer.sw != StatusWord.OK:
            raise self._refused_token(answer.sw)
        objects = _objects(answer.data)
        expected = pace_steps.token(self._info, suite, self._own_public)
        if not same(objects.get(pace_steps.DO_TOKEN_CHIP, b""), expected):
            raise SessionBroken("PACE: the chip's token does not fit")
        proof = self._proof(suite, objects.get(pace_steps.DO_PROOF))
        return PaceOpened(SecureMessaging(suite), self._info, proof)

    def _set_template(self, *, name_group: bool) -> ResponseApdu:
        objects = [
            tlv.encode(0x80, der.object_id(self._info.oid)),
            tlv.encode(0x83, bytes([pace_steps.reference(self._password)])),
        ]
        if name_group and self._info.parameter_id is not None:
            number = self._info.parameter_id
            objects.append(tlv.encode(0x84, domains.unsigned(number)))
        p1, p2 = _MUTUAL_AUTHENTICATION.to_bytes(2)
        ins = INS_MANAGE_SECURITY_ENVIRONMENT
        return send(self._connection, CommandApdu(0x00, ins, p1, p2, b"".join(objects)))

    def _map_generic(self, nonce: bytes) -> bytes:
        private = self._domain.draw(self._random)
        own = self._domain.public_key(private)
        self._map_public = self._exchange_keys("map", own, pace_steps.DO_MAP_TERMINAL)
        agreed = self._domain.agree(private, self._map_public)
        return self._domain.generic(nonce, agreed)

    def _map_integrated(self, nonce: bytes) -> bytes:
        cipher = self._info.cipher
        own = self._random(cipher.key_length)
        data = tlv.encode(pace_steps.DO_MAP_TERMINAL, own)
        if self._exchange("map", data, pace_steps.DO_MAP_CHIP, optional=True):
            raise SessionBroken("PACE: mapping data where there are none")
        modulus = self._domain.modulus
        number = pace_steps.pseudo_random(cipher, nonce, own, modulus)
        return self._domain.integrated(number)

    def _exchange_keys(self, step: str, own: bytes, tag: int) -> bytes:
        """The chip's public key for ours; the chip's tag is the one after ours."""
        chip = self._domain.validated(self._exchange(step, tlv.encode(tag, own), tag + 1))
        if same(chip, own):
            raise SessionBroken("PACE: the chip sends our own key back")
        return chip

    def _exchange(self, step: str, data: bytes, tag: int, *, optional: bool = False) -> bytes:
        """The data object ``tag`` of the answer to one command of the chain."""
        answer = self._authenticate(data, last=False)
        self._refuse_blocked(answer.sw)
        if answer.sw != StatusWord.OK:
            raise PaceNotTaken(step=step, sw=f"{answer.sw:04X}")
        objects = _objects(answer.data)
        if tag not in objects and not optional:
            raise SessionBroken(f"PACE: data object {tag:02X} missing")
        return objects.get(tag, b"")

    def _authenticate(self, data: bytes, *, last: bool) -> ResponseApdu:
        """GENERAL AUTHENTICATE, extended where a DH key asks for it (9.3.1.2)."""
        content = tlv.encode(pace_steps.DO_DYNAMIC, data)
        long = len(content) > SHORT_DATA_MAX
        cla = 0x00 if last else CHAINING_BIT
        ins, le = INS_GENERAL_AUTHENTICATE, 65_536 if long else 256
        return send(self._connection, CommandApdu(cla, ins, 0, 0, content, le))

    def _proof(self, suite: CipherSuite, sealed: bytes | None) -> MappingProof | None:
        """Chip authentication data, which only their own mapping has (4.4.5).

        Data that are missing or unreadable prove nothing, which is for the judge to say.
        """
        if self._info.mapping is not Mapping.CHIP_AUTHENTICATION:
            if sealed is not None:
                raise SessionBroken("PACE: chip authentication data without its mapping")
            return None
        number = None
        with suppress(ProofWrong):
            number = pace_steps.unseal_proof(self._domain, suite, sealed or b"")
        return MappingProof(self._domain, self._info.parameter_id, self._map_public, number)

    def _refuse_blocked(self, sw: int) -> None:
        if tries_left(sw) == 0:
            raise PasswordBlocked(sw=f"{sw:04X}")

    def _refused_token(self, sw: int) -> AccessRefused:
        """The password is wrong: nothing else makes a chip refuse our token."""
        tries = tries_left(sw)
        if tries == 0:
            return PasswordBlocked(sw=f"{sw:04X}")
        kind = CanRefused if isinstance(self._password, CanKey) else AccessRefused
        return kind(sw=f"{sw:04X}", **({} if tries is None else {"tries": tries}))


def _is_chosen(sw: int) -> bool:
    """Whether MSE:Set AT settled it: 63CX, tries left, is no refusal, nor helps another try."""
    return sw == StatusWord.OK or tries_left(sw) is not None


def _objects(answer: bytes) -> dict[int, bytes]:
    """Data objects of an answer by tag; their order is not asked for (note to 9.3.3)."""
    try:
        items = tlv.parse_one(answer, pace_steps.DO_DYNAMIC).children
    except TlvError as error:
        raise SessionBroken("PACE: answer is no dynamic authentication data") from error
    objects = {item.tag: item.value for item in items}
    if len(objects) != len(items):
        raise SessionBroken("PACE: data objects repeated")
    return objects


def _rank(info: PaceInfo) -> tuple[int, ...]:
    """Greater is better: mapping, curve before number field, key length, group."""
    mappings = (Mapping.INTEGRATED, Mapping.GENERIC, Mapping.CHIP_AUTHENTICATION)
    order = 0 if info.domain is None else info.domain.order.bit_length()
    strong = order >= _STRONG_ORDER
    return (
        mappings.index(info.mapping),
        int(info.agreement is Agreement.ECDH),
        info.cipher.arc,
        int(strong),
        -order if strong else order,
    )


__all__ = [
    "CanKey",
    "MappingProof",
    "PaceOpened",
    "Password",
    "ProofWrong",
    "best",
    "offers",
    "open_session",
]
