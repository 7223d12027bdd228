"""One applicant, whole: from the passport's chip to a credential proven on the phone."""

from __future__ import annotations

import itertools
import re
import zipfile
from pathlib import Path

import pytest

from desk.counter import audit_commands
from desk.counter.audit_commands import verify as audit_verify
from desk.credential.claims import Format
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import State
from desk.issuance.ports import EventKind
from desk.training.applicants import Applicant
from tests.journey.acts import (
    FORMATS,
    Counter,
    Holder,
    assert_invariants,
    export_log,
    kinds,
    opened,
)
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]

STATES = [
    State.OPENED,
    State.DOCUMENT_CHECKED,
    State.ELIGIBLE,
    State.FACE_CHECKED,
    State.APPROVED,
    State.OFFERED,
    State.SIGNING,
    State.DELIVERED,
    State.PROVEN,
]


def test_from_the_chip_to_the_phone(home: Path, tmp_path: Path) -> None:
    """With its own service: both formats, suspended until the phone has presented them."""
    with opened(home) as rehearsal, Holder(rehearsal.authority) as holder:
        counter = Counter.begin(rehearsal)

        case = counter.deliver(counter.approved(), holder)
        before = {card.format: holder.phone.status(card) for card in holder.phone.cards}
        case = counter.prove(case, holder)
        after = {card.format: holder.phone.status(card) for card in holder.phone.cards}

        assert [step.state for step in case.history] == STATES
        assert before == dict.fromkeys(Format, Status.SUSPENDED)
        assert after == dict.fromkeys(Format, Status.VALID)
        assert case.offer is not None
        assert case.proof is not None and set(case.proof.configurations) == set(FORMATS)
        assert kinds(rehearsal, case.offer.offer_id).count(EventKind.ACCEPTED) == len(FORMATS)
        assert rehearsal.station.load(case.number) == case
        assert_invariants(rehearsal, holder, case)
        for card in holder.phone.cards:
            assert card.value("family_name") == counter.person.surname
            assert card.portrait
        log = export_log(rehearsal, tmp_path / "audit.jsonl")
        pack = tmp_path / "evidence.zip"
        audit_commands.pack(rehearsal.station.store, case.number, pack)
        assert not personal_data_in(pack, counter.person)
        root = rehearsal.authority.officer_root
    assert audit_verify(log).status == 0
    judged = audit_verify(pack, roots=[root])
    assert judged.facts["ok"] and judged.facts["signers"] == "traced"
    assert judged.facts["approvals"] == 1
    # Approval and signing were sealed; what came after is the next sign-in's to cover.
    assert judged.facts["seals"] >= 2 and judged.status == 4


def personal_data_in(pack: Path, person: Applicant) -> list[str]:
    """What of this person can be read anywhere in the file. A few letters stand by chance in
    the base64 of a certificate now and then: they count where they are a word of their own."""
    with zipfile.ZipFile(pack) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    words = (person.surname, person.given, person.hangul, person.passport_number)
    words += (person.resident_number, person.overseas_number, person.address)
    return [word for word in words if re.search(_as_written(word), content)]


def _as_written(word: str) -> bytes:
    written = re.escape(word.encode())
    if not word.isascii() or len(word) > 5:
        return written
    return rb"(?<![A-Za-z0-9+/_-])" + written + rb"(?![A-Za-z0-9+/=_-])"


def test_a_changed_byte_shows(home: Path, service: ServiceProcess, tmp_path: Path) -> None:
    """Wherever one byte of the exported log is another one, the log is refused."""
    with opened(home, service.url) as rehearsal:
        Counter.begin(rehearsal).approved()
        log = export_log(rehearsal, tmp_path / "audit.jsonl")
    whole = log.read_bytes()
    assert audit_verify(log).status == 0

    for place in itertools.chain(range(0, len(whole), 97), (len(whole) - 1,)):
        log.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])

        assert audit_verify(log).status == 1, place


@pytest.mark.usefixtures("pcscd")
def test_both_cards_behind_the_smartcard_service(
    home: Path, service: ServiceProcess, pcscd_host: PcscService
) -> None:
    """The same journey over real PC/SC: passport and officer card in virtual readers."""
    with (
        opened(home, service.url, pcsc=pcscd_host.ports) as rehearsal,
        Holder(rehearsal.authority) as holder,
    ):
        counter = Counter.begin(rehearsal)
        names = [reader.name for reader in rehearsal.station.readers.world().readers]

        case = counter.finish(counter.approved(), holder)

        assert all(name.startswith("Virtual PCD") for name in names)
        assert case.state is State.PROVEN
        assert_invariants(rehearsal, holder, case)
