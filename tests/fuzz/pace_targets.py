"""Targets: what a chip answers during PACE, one answer after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from desk.iso7816 import tlv
from desk.iso7816.troubles import TransportFailed
from desk.mrtd import der, pace, security_infos
from desk.mrtd.domains import STANDARDIZED
from desk.mrtd.pace_steps import Password
from desk.mrtd.troubles import AccessNotOffered, AccessRefused, SessionBroken
from tests.fuzz.target import Target
from tests.mrtd import pace_examples
from tests.mrtd.pace_examples import G1, H2, I1, Example

_OK = b"\x90\x00"
_REFUSALS = (AccessRefused, AccessNotOffered, SessionBroken, TransportFailed)


class _Chip:
    """Plays answers, each behind its length (two bytes); an empty one at the end of them."""

    def __init__(self, answers: bytes) -> None:
        self._rest = answers

    def transmit(self, apdu: bytes) -> bytes:
        length, rest = int.from_bytes(self._rest[:2]), self._rest[2:]
        answer, self._rest = rest[:length], rest[length:]
        return answer


def _random_of(example: Example) -> Callable[[int], bytes]:
    """The terminal draws the example's keys, so that the example's answers lead to its end."""
    order = STANDARDIZED[example.info[-1]].order
    drawn = [key for key in (example.map_terminal_private, example.terminal_private) if key]
    keys = [int.from_bytes(key) % order - 1 for key in drawn]
    nonces = [example.t] if example.t else []

    def random(length: int) -> bytes:
        return nonces.pop(0) if nonces else keys.pop(0).to_bytes(length)

    return random


def _open(example: Example, password: Password, data: bytes) -> None:
    (info,) = security_infos.parse(tlv.encode(der.SET, example.info)).pace
    opened = pace.open_session(_Chip(data), info, password, _random_of(example))
    assert opened.messaging.counter == bytes(16)


def _run(example: Example, last: bytes = b"") -> Sequence[bytes]:
    objects = (
        tlv.encode(0x80, example.encrypted_nonce),
        tlv.encode(0x82, example.map_chip_public),
        tlv.encode(0x84, example.chip_public),
        tlv.encode(0x86, example.chip_token) + last,
    )
    answers = [_OK, *(tlv.encode(0x7C, each) + _OK for each in objects)]
    return [b"".join(len(answer).to_bytes(2) + answer for answer in answers)]


_PROOF = tlv.encode(0x8A, pace_examples.I1_ENCRYPTED_PROOF)

TARGETS = (
    Target("pace_gm", partial(_open, G1, pace_examples.MRZ_G), _REFUSALS, partial(_run, G1)),
    Target("pace_im", partial(_open, H2, pace_examples.DIGITS), _REFUSALS, partial(_run, H2)),
    Target(
        "pace_cam", partial(_open, I1, pace_examples.MRZ_I), _REFUSALS, partial(_run, I1, _PROOF)
    ),
)
