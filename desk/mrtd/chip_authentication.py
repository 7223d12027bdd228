"""Chip Authentication: the chip shows that it knows its private key by a key agreement.

Doc 9303-11 clause 6.2 (version 1): the terminal sends an ephemeral key, both agree with
the chip's static key from DG14, and secure messaging goes on under the new keys. The
proof is the chip's first answer under them, so it costs no command of its own:
`authenticate` restarts the channel, and `Attempt.is_confirmed` turns true with the next
answer that verifies. Whether the static key is the issuer's is judged in
`desk.mrtd.chip_proofs`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu
from desk.iso7816.connection import CommandChaining, ask
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardAnswered
from desk.mrtd import der
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.domains import Agreement, DomainParameters, KeyInvalid, unsigned
from desk.mrtd.secure_messaging import SecureChannel, SecureMessaging
from desk.mrtd.security_infos import ChipAuthenticationInfo, ChipPublicKey, SecurityInfos
from desk.mrtd.signatures import Unsupported

INS_MANAGE_ENVIRONMENT, INS_GENERAL_AUTHENTICATE = 0x22, 0x86
SET_COMPUTE = 0x41
KEY_AGREEMENT_TEMPLATE, AUTHENTICATION_TEMPLATE = 0xA6, 0xA4
TAG_EPHEMERAL_KEY, TAG_KEY_REFERENCE, TAG_PROTOCOL = 0x91, 0x84, 0x80
TAG_DYNAMIC_DATA, TAG_PUBLIC_KEY = 0x7C, 0x80
_VERSION = 1
_SHORT_DATA = 223
"""Most command data that stay within 255 bytes once protected."""

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True)
class Offer:
    """One way of chip authentication with the static key for it.

    ``oid`` is empty where the chip states a key and no protocol, which means 3DES by
    MSE:Set KAT (clause 6.2.1); ``key_id`` is sent where the chip's protocol states it.
    """

    key: ChipPublicKey
    domain: DomainParameters
    public: bytes = field(repr=False)
    cipher: SessionCipher
    oid: str = ""
    key_id: int | None = None

    @property
    def label(self) -> str:
        """Such as «ECDH AES-128 brainpoolP256r1»."""
        return f"{self.domain.agreement.value} {self.cipher.value} {self.domain.label}"


@dataclass(frozen=True)
class Attempt:
    """How far chip authentication came.

    ``sw`` other than 9000: the chip refused with it. ``reason``: the desk does not know
    the chip's way of it. Otherwise ``key`` is the chip's static key and ``messaging`` the
    new session.
    """

    algorithm: str
    key: ChipPublicKey | None = None
    messaging: SecureMessaging | None = field(default=None, repr=False)
    sw: int = StatusWord.OK
    reason: str = ""

    @property
    def is_confirmed(self) -> bool:
        """The chip has answered under the new keys, and so knows its private key."""
        return self.messaging is not None and self.messaging.confirmed


def authenticate(
    channel: SecureChannel,
    infos: SecurityInfos,
    random: RandomBytes = secrets.token_bytes,
    *,
    extended: bool = False,
) -> Attempt | None:
    """Agree on new keys with the chip; None where DG14 (``infos``) offers nothing.

    On success the channel goes on under the new keys and the caller's next command brings
    the proof. A chip that does not know its key then answers without protection or with
    codes that do not fit, and its session is gone: open a new one, go on reading, and
    judge this attempt. ``extended`` sends long keys in one command instead of a chain.

    Raises SessionBroken where the chip leaves the old session meanwhile.
    """
    try:
        offer = best_offer(infos)
    except (Unsupported, KeyInvalid) as error:
        return Attempt("", reason=error.reason)
    if offer is None:
        return None
    private = offer.domain.draw(random)
    try:
        _send_key(channel, offer, offer.domain.public_key(private), extended=extended)
    except CardAnswered as refusal:
        return Attempt(offer.label, offer.key, sw=refusal.sw)
    messaging = session(offer.cipher, offer.domain, private, offer.public)
    channel.restart(messaging)
    return Attempt(offer.label, offer.key, messaging)


def best_offer(infos: SecurityInfos) -> Offer | None:
    """The strongest cipher the chip offers on a group the desk knows, ECDH before DH.

    None where the chip offers no chip authentication; raises Unsupported or KeyInvalid
    where it does and none of it can be used.
    """
    if not infos.offers_chip_authentication:
        return None
    usable: list[Offer] = []
    problem: Unsupported | KeyInvalid = Unsupported("no key or version for it")
    stated = list(_offers(infos))
    # Each key once: it is looked at for as long as its group asks, and others may share it.
    for key in dict.fromkeys(offer.key for offer in stated):
        try:
            domain, public = key.key
            usable += [_offer(offer, domain, public) for offer in stated if offer.key == key]
        except (Unsupported, KeyInvalid) as error:
            problem = error
    if not usable:
        raise problem
    return max(usable, key=_preference)


def session(
    cipher: SessionCipher, domain: DomainParameters, private: int, public: bytes
) -> SecureMessaging:
    """Either side: secure messaging out of its own private key and the other's public key.

    Counter from zero (clause 6.2.2). Raises domains.KeyInvalid.
    """
    return SecureMessaging(cipher.suite(domain.shared_secret(private, public)))


@dataclass(frozen=True)
class _Stated:
    """A protocol as DG14 states it, with a key that it may mean."""

    key: ChipPublicKey
    cipher: SessionCipher
    oid: str = ""
    key_id: int | None = None


def _offers(infos: SecurityInfos) -> Iterator[_Stated]:
    stated = [info for info in infos.chip_authentication if info.version == _VERSION]
    for info in stated:
        for key in infos.chip_keys:
            if _belongs(key, info):
                yield _Stated(key, info.cipher, info.oid, info.key_id)
    if not infos.chip_authentication:
        # First-generation chips state only their key: 3DES is meant (TR-03110 part 1, 3.4).
        for key in infos.chip_keys:
            yield _Stated(key, SessionCipher.TRIPLE_DES, key_id=key.key_id)


def _belongs(key: ChipPublicKey, info: ChipAuthenticationInfo) -> bool:
    return key.agreement is info.agreement and info.key_id in (None, key.key_id)


def _offer(stated: _Stated, domain: DomainParameters, public: bytes) -> Offer:
    if domain.agreement is not stated.key.agreement:
        raise Unsupported("key of another kind than stated")
    return Offer(stated.key, domain, public, stated.cipher, stated.oid, stated.key_id)


def _preference(offer: Offer) -> tuple[int, bool]:
    return offer.cipher.arc, offer.domain.agreement is Agreement.ECDH


def _send_key(channel: SecureChannel, offer: Offer, public: bytes, *, extended: bool) -> None:
    """MSE:Set KAT with 3DES, as its chips expect; MSE:Set AT and GENERAL AUTHENTICATE else.

    Some chips with 3DES take only the second way (clause 6.2.4); they are asked again.
    """
    if offer.cipher is SessionCipher.TRIPLE_DES:
        try:
            _set_key_agreement(channel, offer, public, extended=extended)
        except CardAnswered:
            if channel.broken or not offer.oid:
                raise
        else:
            return
    _set_authentication(channel, offer)
    _general_authenticate(channel, public, extended=extended)


def _set_key_agreement(
    channel: SecureChannel, offer: Offer, public: bytes, *, extended: bool
) -> None:
    data = tlv.encode(TAG_EPHEMERAL_KEY, public) + _key_reference(offer)
    _ask_long(channel, _manage(KEY_AGREEMENT_TEMPLATE, data), extended=extended)


def _set_authentication(channel: SecureChannel, offer: Offer) -> None:
    data = tlv.encode(TAG_PROTOCOL, der.object_id(offer.oid)) + _key_reference(offer)
    ask(channel, _manage(AUTHENTICATION_TEMPLATE, data))


def _general_authenticate(channel: SecureChannel, public: bytes, *, extended: bool) -> None:
    data = tlv.encode(TAG_DYNAMIC_DATA, tlv.encode(TAG_PUBLIC_KEY, public))
    command = CommandApdu(0x00, INS_GENERAL_AUTHENTICATE, 0, 0, data, le=256)
    _ask_long(channel, command, extended=extended)


def _manage(template: int, data: bytes) -> CommandApdu:
    return CommandApdu(0x00, INS_MANAGE_ENVIRONMENT, SET_COMPUTE, template, data)


def _key_reference(offer: Offer) -> bytes:
    if offer.key_id is None:
        return b""
    return tlv.encode(TAG_KEY_REFERENCE, unsigned(offer.key_id))


def _ask_long(channel: SecureChannel, command: CommandApdu, *, extended: bool) -> None:
    if len(command.data) <= _SHORT_DATA:
        ask(channel, command)
    elif extended:
        ask(channel, replace(command, extended=True))
    else:
        ask(CommandChaining(channel, _SHORT_DATA), command)
