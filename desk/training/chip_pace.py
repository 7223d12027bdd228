"""How the training chip does PACE (Doc 9303-11 clause 4.4): every mapping, MRZ and CAN.

What both sides compute is shared with the terminal (`desk.mrtd.pace_steps`); the order of
steps and the state between them are the chip's own. A step out of its turn ends the run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import TlvError
from desk.mrtd import der, pace_steps, security_infos
from desk.mrtd.ciphers import CipherSuite, same
from desk.mrtd.domains import DomainParameters, KeyInvalid
from desk.mrtd.pace_steps import Password
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.security_infos import PaceInfo
from desk.training.chip_access import Step
from desk.training.chip_proofs import StaticKey

AUTHENTICATION = (0xC1, 0xA4)
"""P1 and P2 of MANAGE SECURITY ENVIRONMENT: set for mutual authentication."""
_PROTOCOL, _PASSWORD, _GROUP = 0x80, 0x83, 0x84


@dataclass
class _Run:
    """One execution; filled from step to step."""

    info: PaceInfo
    domain: DomainParameters
    password: Password = field(repr=False)
    nonce: bytes = field(default=b"", repr=False)
    map_private: int = field(default=0, repr=False)
    generator: bytes = field(default=b"", repr=False)
    terminal: bytes = b""
    own: bytes = b""
    suite: CipherSuite | None = field(default=None, repr=False)


class Pace:
    """The ways of ``card_access`` (EF.CardAccess), opened by each of ``passwords``.

    ``static`` is the key of the chip authentication mapping, for chips that have it.
    """

    def __init__(
        self, card_access: bytes, passwords: tuple[Password, ...], static: StaticKey | None
    ) -> None:
        self._offers = security_infos.parse(card_access).pace
        self._passwords = {pace_steps.reference(one): one for one in passwords}
        self._static = static
        self.reset()

    def reset(self) -> None:
        self._run: _Run | None = None
        self._next = pace_steps.DO_DYNAMIC

    def choose(self, command: CommandApdu) -> Step:
        """MSE:Set AT: protocol, password, and the group where there is a choice."""
        self.reset()
        try:
            objects = {item.tag: item.value for item in tlv.parse(command.data)}
            info = self._offer(objects)
            password = self._passwords.get(int.from_bytes(objects[_PASSWORD]))
        except (TlvError, KeyError):
            return Step.refused(StatusWord.WRONG_DATA)
        if info is None or info.domain is None or password is None:
            return Step.refused(StatusWord.REFERENCE_NOT_FOUND)
        self._run = _Run(info, info.domain, password)
        return Step.refused(StatusWord.OK)

    def authenticate(self, command: CommandApdu) -> Step:
        """GENERAL AUTHENTICATE: the step that its data object names, if it is its turn."""
        run, expected = self._run, self._next
        self._run = None
        if run is None:
            return Step.refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        try:
            objects = tlv.parse_one(command.data, pace_steps.DO_DYNAMIC).children
            tag = objects[0].tag if objects else pace_steps.DO_DYNAMIC
            if tag != expected:
                return Step.refused(StatusWord.CONDITIONS_NOT_SATISFIED)
            step = self._steps()[tag](run, objects[0].value if objects else b"")
        except (TlvError, KeyInvalid):
            return Step.refused(StatusWord.WRONG_DATA)
        if step.answer.sw == StatusWord.OK and step.session is None:
            self._run = run
        return step

    def _steps(self) -> Mapping[int, Callable[[_Run, bytes], Step]]:
        return {
            pace_steps.DO_DYNAMIC: self._nonce,
            pace_steps.DO_MAP_TERMINAL: self._map,
            pace_steps.DO_KEY_TERMINAL: self._agree,
            pace_steps.DO_TOKEN_TERMINAL: self._confirm,
        }

    def _offer(self, objects: Mapping[int, bytes]) -> PaceInfo | None:
        """The way that is meant; None where none is, or where it takes a group to tell."""
        oid = der.dotted(objects[_PROTOCOL])
        meant = [info for info in self._offers if info.oid == oid]
        if _GROUP in objects:
            number = int.from_bytes(objects[_GROUP])
            meant = [info for info in meant if info.parameter_id == number]
        return meant[0] if len(meant) == 1 else None

    def _nonce(self, run: _Run, _: bytes) -> Step:
        run.nonce = secrets.token_bytes(pace_steps.nonce_length(run.info))
        key = pace_steps.password_key(run.password, run.info.cipher)
        self._next = pace_steps.DO_MAP_TERMINAL
        return _answer(pace_steps.DO_NONCE, run.info.cipher.encrypt(key, run.nonce))

    def _map(self, run: _Run, terminal: bytes) -> Step:
        self._next = pace_steps.DO_KEY_TERMINAL
        if run.info.mapping is security_infos.Mapping.INTEGRATED:
            modulus = run.domain.modulus
            number = pace_steps.pseudo_random(run.info.cipher, run.nonce, terminal, modulus)
            run.generator = run.domain.integrated(number)
            return _answer(pace_steps.DO_MAP_CHIP, b"")
        run.map_private = run.domain.draw()
        agreed = run.domain.agree(run.map_private, run.domain.validated(terminal))
        run.generator = run.domain.generic(run.nonce, agreed)
        return _answer(pace_steps.DO_MAP_CHIP, run.domain.public_key(run.map_private))

    def _agree(self, run: _Run, terminal: bytes) -> Step:
        private = run.domain.draw()
        run.own = run.domain.public_key(private, run.generator)
        run.terminal = run.domain.validated(terminal)
        if same(run.terminal, run.own):
            return Step.refused(StatusWord.WRONG_DATA)
        run.suite = run.info.cipher.suite(run.domain.shared_secret(private, run.terminal))
        self._next = pace_steps.DO_TOKEN_TERMINAL
        return _answer(pace_steps.DO_KEY_CHIP, run.own)

    def _confirm(self, run: _Run, shown: bytes) -> Step:
        """Both sides show that they hold the same keys; a wrong password shows here."""
        suite = run.suite
        if suite is None or not same(pace_steps.token(run.info, suite, run.own), shown):
            return Step.refused(StatusWord.NO_INFORMATION_63)
        token = pace_steps.token(run.info, suite, run.terminal)
        objects = tlv.encode(pace_steps.DO_TOKEN_CHIP, token) + self._proof(run, suite)
        data = tlv.encode(pace_steps.DO_DYNAMIC, objects)
        return Step(ResponseApdu(data, StatusWord.OK), SecureMessaging(suite))

    def _proof(self, run: _Run, suite: CipherSuite) -> bytes:
        """Chip authentication data, with its mapping; a chip without the key makes them up."""
        if run.info.mapping is not security_infos.Mapping.CHIP_AUTHENTICATION:
            return b""
        private = self._static.private if self._static else run.domain.draw()
        number = pace_steps.proof_number(run.domain, private, run.map_private)
        return tlv.encode(pace_steps.DO_PROOF, pace_steps.seal_proof(run.domain, suite, number))


def _answer(tag: int, value: bytes) -> Step:
    data = tlv.encode(pace_steps.DO_DYNAMIC, tlv.encode(tag, value))
    return Step(ResponseApdu(data, StatusWord.OK))
