"""A chip that speaks PACE and nothing else, for the terminal's tests.

Made of the same pure steps as the terminal (`desk.mrtd.pace_steps`); the worked examples
and the second implementation say whether those are right.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.troubles import TlvError
from desk.mrtd import der, pace_steps
from desk.mrtd.ciphers import CipherSuite
from desk.mrtd.domains import DomainParameters, KeyInvalid
from desk.mrtd.pace_steps import Password
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.security_infos import Mapping, PaceInfo

Tamper = Callable[[int, bytes], bytes]
"""Changes a message on its way: its number (from 0, both directions) and its bytes."""


def untouched(number: int, message: bytes) -> bytes:
    return message


class PaceChip:
    """``static`` is the private key of the chip authentication mapping."""

    def __init__(
        self,
        info: PaceInfo,
        password: Password,
        tamper: Tamper = untouched,
        static: int = 0,
    ) -> None:
        assert info.domain is not None
        self.info, self.password, self.static = info, password, static
        self.domain: DomainParameters = info.domain
        self.tamper = tamper
        self.messaging: SecureMessaging | None = None
        self.commands: list[CommandApdu] = []
        self._messages = 0

    def transmit(self, apdu: bytes) -> bytes:
        received = self._pass(apdu)
        try:
            command = CommandApdu.parse(received)
            self.commands.append(command)
            answer = self._answer(command)
        except (KeyInvalid, KeyError, ValueError, AssertionError, TlvError):
            answer = ResponseApdu(b"", 0x6A80)
        answered = ResponseApdu(self._pass(answer.data), answer.sw)
        return answered.encode()

    def _pass(self, message: bytes) -> bytes:
        self._messages += 1
        return self.tamper(self._messages - 1, message)

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == 0x22:
            return self._set_template(command)
        assert command.ins == 0x86
        content = tlv.parse_one(command.data, 0x7C).children
        given = content[0] if content else None
        tag = given.tag if given else 0
        value = given.value if given else b""
        steps = {0: self._nonce, 0x81: self._map, 0x83: self._agree, 0x85: self._confirm}
        return steps[tag](value)

    def _set_template(self, command: CommandApdu) -> ResponseApdu:
        objects = {item.tag: item.value for item in tlv.parse(command.data)}
        if objects[0x80] != der.object_id(self.info.oid):
            return ResponseApdu(b"", 0x6A80)
        if objects[0x83] != bytes([pace_steps.reference(self.password)]):
            return ResponseApdu(b"", 0x6A88)
        return ResponseApdu(b"", 0x9000)

    def _nonce(self, _: bytes) -> ResponseApdu:
        self.nonce = secrets.token_bytes(pace_steps.nonce_length(self.info))
        key = pace_steps.password_key(self.password, self.info.cipher)
        return self._give(0x80, self.info.cipher.encrypt(key, self.nonce))

    def _map(self, data: bytes) -> ResponseApdu:
        if self.info.mapping is Mapping.INTEGRATED:
            assert len(data) == self.info.cipher.key_length
            modulus = self.domain.modulus
            number = pace_steps.pseudo_random(self.info.cipher, self.nonce, data, modulus)
            self.generator = self.domain.integrated(number)
            return self._give(0x82, b"")
        self.map_private = self.domain.draw()
        agreed = self.domain.agree(self.map_private, data)
        self.generator = self.domain.generic(self.nonce, agreed)
        return self._give(0x82, self.domain.public_key(self.map_private))

    def _agree(self, terminal: bytes) -> ResponseApdu:
        private = self.domain.draw()
        self.own_public = self.domain.public_key(private, self.generator)
        self.terminal_public = self.domain.validated(terminal)
        shared = self.domain.shared_secret(private, terminal)
        self.suite: CipherSuite = self.info.cipher.suite(shared)
        return self._give(0x84, self.own_public)

    def _confirm(self, token: bytes) -> ResponseApdu:
        if token != pace_steps.token(self.info, self.suite, self.own_public):
            return ResponseApdu(b"", 0x6300)
        self.messaging = SecureMessaging(self.suite)
        own = tlv.encode(0x86, pace_steps.token(self.info, self.suite, self.terminal_public))
        if self.info.mapping is Mapping.CHIP_AUTHENTICATION:
            number = pace_steps.proof_number(self.domain, self.static, self.map_private)
            own += tlv.encode(0x8A, pace_steps.seal_proof(self.domain, self.suite, number))
        return ResponseApdu(tlv.encode(0x7C, own), 0x9000)

    def _give(self, tag: int, value: bytes) -> ResponseApdu:
        return ResponseApdu(tlv.encode(0x7C, tlv.encode(tag, value)), 0x9000)
