"""What stands behind `desk card …`: an open card in, an answer for people and machines out.

Reading files, asking for secrets and finding the card is the caller's; what is done with
the card is `desk.counter.provisioning`. No answer and no trouble holds a secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from desk.cards.certificates import BROKEN
from desk.cards.piv import PIN_LENGTHS, Pin, PivSession
from desk.cards.piv_data import KeyType, Slot
from desk.cards.revocation import RevocationState
from desk.counter import provisioning
from desk.counter.provisioning import CardStatus, PinStatus, Roots, SlotStatus, State
from desk.trouble import Trouble

DONE, NOT_READY = 0, 1
_PEM = b"-----BEGIN"


class FileUnusable(Trouble):
    """A file that does not open or holds something else. Fact: file."""

    code = "CARD-37"


@dataclass(frozen=True)
class Answer:
    """``status`` is the exit status: 0, or 1 where a slot of the card is not usable."""

    status: int
    text: str
    facts: dict[str, Any]


Say = Callable[[Trouble], str]
"""A trouble in one sentence."""


def status(session: PivSession, roots: Roots, now: datetime, say: Say) -> Answer:
    """The whole card; exit status 1 where signing in or signing would be refused."""
    found = provisioning.card_status(session, roots, now)
    usable = all(one.state.is_usable for one in found.slots if one.slot in provisioning.REQUESTED)
    lines = [f"card {found.identity or '(no identity)'}", policy_text(found.pin)]
    lines += [_slot_text(one, say) for one in found.slots]
    return Answer(DONE if usable else NOT_READY, "\n".join(lines), _status_facts(found))


def request(
    session: PivSession,
    slot: Slot,
    key_type: KeyType,
    subject: x509.Name,
    secrets_: tuple[Pin, bytes],
    out: Path,
    now: datetime,
    *,
    over_old: bool,
    last_try: bool,
) -> Answer:
    """A new key in the card and its request in ``out`` (PEM)."""
    pin, management_key = secrets_
    if out.parent and not out.parent.is_dir():
        raise FileUnusable(file=str(out))
    made = provisioning.request(
        session,
        slot,
        key_type,
        subject,
        pin,
        management_key,
        now,
        over_old=over_old,
        allow_last_try=last_try,
    )
    try:
        out.write_bytes(made.pem)
    except OSError as reason:
        raise FileUnusable(file=str(out)) from reason
    facts = {"slot": f"{slot:02X}", "key": key_type.name, "subject": made.subject}
    text = f"{out}: request for slot {slot:02X}, {key_type.name}, {made.subject}"
    return Answer(DONE, text, facts | {"file": str(out)})


def install(
    session: PivSession,
    slot: Slot,
    file: Path,
    roots: Roots,
    secrets_: tuple[Pin, bytes],
    now: datetime,
    *,
    last_try: bool,
    say: Say,
) -> Answer:
    """The authority's certificate, checked and written."""
    pin, management_key = secrets_
    der = read_certificate(file)
    status = provisioning.install(
        session, slot, der, roots, pin, management_key, now, allow_last_try=last_try
    )
    return Answer(DONE, f"written: {_slot_text(status, say)}", _slot_facts(status))


def revocations(file: Path, roots: Roots, now: datetime) -> Answer:
    """A revocation list, kept for every later check."""
    taken = roots.revocations.take(_read(file))
    until = taken.next_update_utc
    facts = {
        "issuer": taken.issuer.rfc4514_string(),
        "as_of": taken.last_update_utc.isoformat(),
        "next": until.isoformat() if until else None,
        "entries": len(taken),
        "old": bool(until and now > until),
    }
    text = f"{facts['issuer']}: {facts['entries']} entries, as of {facts['as_of']}"
    return Answer(DONE, text, facts)


def changed(tries_left: int | None) -> Answer:
    """After a PIN was set: how the card stands now."""
    return Answer(DONE, "the PIN is set", {"tries_left": tries_left})


def policy_text(found: PinStatus) -> str:
    """What a PIN of this card must be, said before anybody is asked for one."""
    which = "global PIN" if found.policy.global_first else "card PIN"
    left = "not told" if found.tries_left is None else str(found.tries_left)
    where = ", may be typed on the reader" if found.pin_pad else ""
    lengths = f"{PIN_LENGTHS[0]} to {PIN_LENGTHS[-1]} digits"
    return f"{which}: {lengths}{where}; tries left: {left}"


def read_certificate(file: Path) -> bytes:
    """DER of the one certificate in a PEM or DER file. Raises FileUnusable."""
    data = _read(file)
    try:
        if data.lstrip().startswith(_PEM):
            loaded = x509.load_pem_x509_certificate(data)
        else:
            loaded = x509.load_der_x509_certificate(data)
    except BROKEN as reason:
        raise FileUnusable(file=file.name) from reason
    return loaded.public_bytes(Encoding.DER)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as reason:
        raise FileUnusable(file=file.name) from reason


# Facts and lines --------------------------------------------------------------------


def _status_facts(found: CardStatus) -> dict[str, Any]:
    pin = found.pin
    return {
        "card": found.identity,
        "pin": {
            "tries_left": pin.tries_left,
            "digits": [PIN_LENGTHS[0], PIN_LENGTHS[-1]],
            "global": pin.policy.global_first,
            "pin_pad": pin.pin_pad,
        },
        "slots": [_slot_facts(one) for one in found.slots],
    }


def _slot_facts(status: SlotStatus) -> dict[str, Any]:
    return {
        "slot": f"{status.slot:02X}",
        "state": status.state.value,
        "code": status.trouble.code if status.trouble else None,
        "key": status.key_type.name if status.key_type else None,
        "subject": status.subject or None,
        "issuer": status.issuer or None,
        "until": status.until.isoformat() if status.until else None,
        "days_left": status.days_left,
        "revocation": _revocation_facts(status.revocation),
    }


def _revocation_facts(known: RevocationState | None) -> dict[str, Any] | None:
    if known is None or known.as_of is None:
        return None
    return {"as_of": known.as_of.isoformat(), "old": known.stale}


def _slot_text(status: SlotStatus, say: Say) -> str:
    if status.state is State.EMPTY:
        return f"{status.slot:02X}  empty"
    parts = [f"{status.slot:02X}  {status.state.value}"]
    if status.key_type is not None:
        parts.append(f"{status.key_type.name}, {status.subject}, by {status.issuer}")
    if status.until is not None:
        parts.append(f"until {status.until:%Y-%m-%d} ({status.days_left} days)")
        known = status.revocation
        listed = known and known.as_of
        parts.append(
            f"revocation list of {listed:%Y-%m-%d}" if listed else "revocation not checked"
        )
    line = ", ".join(parts)
    return f"{line}\n    {say(status.trouble)}" if status.trouble else line
