"""What `desk audit` says of logs, seals and packs: first bad line, whose card, what is open."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from desk.counter import audit_commands
from desk.counter.audit_commands import LogUnreadable
from desk.counter.station import Station
from desk.issuance import audit, packs
from desk.issuance.audit import AuditEvent
from desk.issuance.checkpoints import LogProof
from desk.issuance.packs import Pack
from desk.issuance.seals import Purpose, read_seals
from desk.store import evidence
from desk.store.evidence import NothingSealed
from desk.store.troubles import CaseMissing
from tests.cards.issue import authority, der
from tests.counter.sealed import NUMBER, START, root_der, sealed, station_in, write_events

OTHER = "LA-2026-001843"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with station_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def log(station: Station, tmp_path: Path) -> Path:
    """Nine events, sealed at 3 and at 7."""
    write_events(station, 3)
    sealed(station)
    write_events(station, 3)
    sealed(station)
    write_events(station, 1)
    file = tmp_path / "audit.jsonl"
    audit_commands.export(station.store, file, START)
    return file


def seals_of(log: Path) -> Path:
    return log.with_name(log.name + ".seals")


def forged_from(log: Path, line: int) -> None:
    """Rewrite the log from ``line`` on as somebody does who knows how it is made: every hash
    fits again, and the head record too."""
    lines = log.read_text(encoding="ascii").splitlines()[:-1]
    head, made = audit.START, []
    for number, text in enumerate(lines, start=1):
        old = audit.read_line(text)
        actor = "officer:T-009" if number == line else old.actor
        event = audit.link(head, old.at, actor, old.kind, old.case, old.facts)
        made.append(event.line)
        head = event.head
    made.append(audit.head_line(head, START))
    log.write_text("\n".join(made) + "\n", encoding="ascii")


def test_good_log_alone(log: Path) -> None:
    answer = audit_commands.verify(log)

    assert answer.status == 0
    assert (answer.facts["ok"], answer.facts["events"], answer.facts["seals"]) == (True, 9, 0)


def test_good_log_with_seals_and_root(log: Path) -> None:
    answer = audit_commands.verify(log, seals_of(log), [root_der()])

    assert answer.status == 0
    assert (answer.facts["seals"], answer.facts["sealed"]) == (2, 7)
    assert answer.facts["signers"] == "traced"


def test_without_a_root_it_is_not_known_whose_cards(log: Path) -> None:
    """Not asked is not passed: another status than a traced one."""
    answer = audit_commands.verify(log, seals_of(log))

    assert answer.status == 4
    assert answer.facts["signers"] == "not_asked"


def test_under_another_root(log: Path) -> None:
    other = der(authority("Somebody else").certificate)

    answer = audit_commands.verify(log, seals_of(log), [other])

    assert (answer.status, answer.facts["code"]) == (1, "AUDIT-17")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_changed_byte(log: Path, place: float) -> None:
    content = bytearray(log.read_bytes())
    at = int(len(content) * place)
    content[at] ^= 1
    log.write_bytes(bytes(content))

    answer = audit_commands.verify(log, seals_of(log), [root_der()])

    assert (answer.status, answer.facts["ok"]) == (1, False)
    assert answer.facts["line"] == content[:at].count(b"\n") + 1


@pytest.mark.parametrize(("line", "between"), [(2, (1, 3)), (5, (4, 7)), (7, (4, 7))])
def test_log_forged_as_a_whole(log: Path, line: int, between: tuple[int, int]) -> None:
    """The chain holds by itself; the card's seal says between which lines it was changed. What
    is behind the last seal is the next one's to cover."""
    forged_from(log, line)

    alone = audit_commands.verify(log)
    answer = audit_commands.verify(log, seals_of(log), [root_der()])

    assert alone.status == 0
    # A forged first event gives another origin: no seal of this log is left for it.
    assert (answer.status, answer.facts["code"]) == (1, "AUDIT-14")
    assert (answer.facts["line"], answer.facts["size"]) == between


def test_log_forged_from_its_first_line(log: Path) -> None:
    forged_from(log, 1)

    answer = audit_commands.verify(log, seals_of(log), [root_der()])

    assert (answer.status, answer.facts["code"]) == (1, "AUDIT-16")


def test_tail_cut_with_a_new_head_record(log: Path) -> None:
    lines = log.read_text(encoding="ascii").splitlines()[:5]
    head = audit.read_line(lines[-1]).head
    log.write_text("\n".join([*lines, audit.head_line(head, START)]) + "\n", encoding="ascii")

    assert audit_commands.verify(log).status == 0
    answer = audit_commands.verify(log, seals_of(log), [root_der()])

    assert (answer.status, answer.facts["code"]) == (1, "AUDIT-15")


def test_seal_with_an_altered_signature(log: Path) -> None:
    file = seals_of(log)
    members = [json.loads(line) for line in file.read_text().splitlines()]
    members[0]["certificates"], members[1]["certificates"] = [
        members[1]["certificates"],
        [members[0]["certificates"][0][:-8] + "AAAAAAA="],
    ]
    file.write_text("".join(json.dumps(one) + "\n" for one in members))

    assert audit_commands.verify(log, file, [root_der()]).status == 1


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "null", '{"format":"other"}', "x" * 50, '{"format":"desk-audit-seal/1"}'],
)
def test_line_that_is_no_seal(log: Path, line: str) -> None:
    file = seals_of(log)
    file.write_text(file.read_text() + line + "\n")

    answer = audit_commands.verify(log, file, [root_der()])

    assert (answer.status, answer.facts["code"], answer.facts["line"]) == (1, "AUDIT-13", 3)


def test_noted_head(log: Path) -> None:
    assert audit_commands.verify(log, expected_head="ab" * 32).facts["code"] == "AUDIT-05"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadable):
        audit_commands.verify(tmp_path / "none.jsonl")


class TestPack:
    @pytest.fixture
    def file(self, station: Station, tmp_path: Path) -> Path:
        """Five events of the case among others, the last one behind the last seal."""
        write_events(station, 2, OTHER)
        write_events(station, 2)
        sealed(station, Purpose.APPROVAL, NUMBER)
        write_events(station, 3, OTHER)
        write_events(station, 1)
        sealed(station)
        file = tmp_path / "case.zip"
        audit_commands.pack(station.store, NUMBER, file)
        return file

    def altered(self, file: Path, **changes: object) -> Path:
        """A pack made anew around other contents: its own list fits again."""
        opened = packs.decode(file.read_bytes())
        file.write_bytes(packs.encode(Pack(**{**vars(opened), **changes})))  # type: ignore[arg-type]
        return file

    def test_verifies_alone(self, file: Path) -> None:
        answer = audit_commands.verify(file, roots=[root_der()])

        assert answer.status == 0
        assert (answer.facts["case"], answer.facts["unsealed"]) == (NUMBER, [])
        assert (answer.facts["events"], answer.facts["sealed"]) == (4, 4)

    def test_without_root(self, file: Path) -> None:
        assert audit_commands.verify(file).status == 4

    def test_same_evidence_same_bytes(self, station: Station, file: Path, tmp_path: Path) -> None:
        again = tmp_path / "again.zip"
        audit_commands.pack(station.store, NUMBER, again)

        assert again.read_bytes() == file.read_bytes()
        opened = packs.decode(file.read_bytes())
        assert packs.encode(opened) == file.read_bytes()

    def test_event_behind_the_last_seal_is_told(
        self, station: Station, file: Path, tmp_path: Path
    ) -> None:
        write_events(station, 1)
        audit_commands.pack(station.store, NUMBER, file)

        answer = audit_commands.verify(file, roots=[root_der()])

        assert answer.status == 4
        assert len(answer.facts["unsealed"]) == 1

    def test_proofs_are_in_the_standard_form(self, file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            proof = LogProof.parse(archive.read("proofs/000000000003.tlog-proof").decode())
            entry = archive.read("events.jsonl").splitlines()[0]

        assert names[0] == "pack.json"
        assert proof.index == 2
        assert proof.verify(entry).size == 4

    def test_no_other_case_in_it(self, file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())

        assert OTHER.encode() not in content

    def test_unknown_case(self, station: Station) -> None:
        with station.store.read() as session, pytest.raises(CaseMissing):
            evidence.gather(session, "LA-2026-009999")

    def test_case_nobody_sealed(self, station: Station) -> None:
        write_events(station, 1)

        with station.store.read() as session, pytest.raises(NothingSealed):
            evidence.gather(session, NUMBER)

    def test_one_changed_byte(self, file: Path) -> None:
        """Anywhere: in a part, in a name, in the zip's own bookkeeping."""
        content = file.read_bytes()
        for place in range(0, len(content), len(content) // 30):
            changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            file.write_bytes(changed)

            assert audit_commands.verify(file, roots=[root_der()]).status == 1, place

    def test_event_left_out(self, file: Path) -> None:
        """A pack cannot prove that it is complete; it proves what is in it. The list of
        contents shows a part that was taken away afterwards."""
        source = zipfile.ZipFile(BytesIO(file.read_bytes()))
        with zipfile.ZipFile(file, "w") as archive:
            for name in source.namelist():
                content = source.read(name)
                if name == "events.jsonl":
                    content = b"\n".join(content.splitlines()[1:]) + b"\n"
                archive.writestr(name, content)

        answer = audit_commands.verify(file, roots=[root_der()])

        assert (answer.status, answer.facts["code"]) == (1, "AUDIT-31")

    def test_forged_event(self, file: Path) -> None:
        opened = packs.decode(file.read_bytes())
        first = opened.events[0]
        forged = AuditEvent(**{**vars(first), "actor": "officer:T-009"})
        members = {k: v for k, v in json.loads(forged.line).items() if k != "hash"}
        sealed_again = AuditEvent(**{**vars(forged), "hash": audit._hash(members)})

        self.altered(file, events=(sealed_again, *opened.events[1:]))

        answer = audit_commands.verify(file, roots=[root_der()])
        assert (answer.status, answer.facts["code"]) == (1, "AUDIT-12")

    def test_proof_of_another_event(self, file: Path) -> None:
        opened = packs.decode(file.read_bytes())
        swapped = dict(opened.proofs)
        first, second = sorted(swapped)[:2]
        swapped[first], swapped[second] = swapped[second], swapped[first]

        self.altered(file, proofs=swapped)

        assert audit_commands.verify(file).facts["code"] == "AUDIT-12"

    def test_seal_taken_out(self, file: Path) -> None:
        opened = packs.decode(file.read_bytes())

        self.altered(file, seals=opened.seals[1:])

        assert audit_commands.verify(file).facts["code"] == "AUDIT-32"

    def test_seal_of_no_card(self, file: Path) -> None:
        opened = packs.decode(file.read_bytes())
        bare = opened.seals[0]
        stripped = type(bare)(**{**vars(bare), "certificates": ()})

        self.altered(file, seals=(stripped, *opened.seals[1:]))

        assert audit_commands.verify(file).facts["code"] == "AUDIT-11"

    def test_events_out_of_order_or_of_another_case(self, file: Path) -> None:
        opened = packs.decode(file.read_bytes())

        self.altered(file, events=tuple(reversed(opened.events)))
        assert audit_commands.verify(file).facts["code"] == "AUDIT-32"
        self.altered(file, events=opened.events, case=OTHER)
        assert audit_commands.verify(file).facts["code"] == "AUDIT-32"
        self.altered(file, events=(), proofs={}, case=NUMBER)
        assert audit_commands.verify(file).facts["code"] == "AUDIT-32"

    def test_unknown_part(self, file: Path) -> None:
        source = zipfile.ZipFile(BytesIO(file.read_bytes()))
        with zipfile.ZipFile(file, "w") as archive:
            for name in source.namelist():
                archive.writestr(name, source.read(name))
            archive.writestr("more.txt", b"more")

        assert audit_commands.verify(file).facts["code"] == "AUDIT-31"

    def test_nested_without_end(self, file: Path) -> None:
        """A part that would overrun the reader of JSON; its hash in the list fits."""
        parts = packs._read(file.read_bytes())
        parts["approvals.json"] = b"[" * 100_000
        manifest = json.loads(parts["pack.json"])
        manifest["files"] = {
            name: packs._sha256(part) for name, part in parts.items() if name != "pack.json"
        }
        parts["pack.json"] = packs._spell(manifest)
        with zipfile.ZipFile(file, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)

        assert audit_commands.verify(file).facts["code"] == "AUDIT-30"

    def test_not_a_pack_inside(self, file: Path) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("pack.json", b"[]")

        assert audit_commands.verify(file).facts["code"] == "AUDIT-30"


def test_file_of_seals_reads_back(log: Path) -> None:
    lines = seals_of(log).read_text(encoding="ascii").splitlines()

    assert [seal.line for seal in read_seals(lines)] == lines
