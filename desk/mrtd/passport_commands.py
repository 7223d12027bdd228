"""What stands behind `desk passport read` and `desk passport verify`.

Arguments already parsed come in; an exit status, the check log and plain lines go out.
Troubles (the passport was pulled, a file is not there) are raised; the caller says them in
words. Nobody's name or number is printed: what the chip holds goes into a folder, where
one was asked for.

Exit status: 0 passed, 1 failed, 4 neither (undecided, not done); 2 (wrong arguments) and
3 (trouble) are the caller's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from desk.iso7816.connection import CardConnection
from desk.mrtd import check_log, deviations, judge, lds, mrz, passive, portrait
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.check_log import Checked
from desk.mrtd.commands import EXIT_DONE, EXIT_FAILED, EXIT_NOT_PASSED, Answer
from desk.mrtd.disk import read_file
from desk.mrtd.mrz import Mrz, MrzKey
from desk.mrtd.pace_steps import Password
from desk.mrtd.passive import PassiveResult
from desk.mrtd.reader import PassportReading, Progress, read_passport
from desk.mrtd.results import Check, Finding, Group, Result
from desk.mrtd.troubles import FileMalformed, FolderTaken, PassportTrouble
from desk.mrtd.trust import TrustStore
from desk.mrtd.trust_troubles import FileUnavailable
from desk.words import TroubleWords

LOG_FILE = "check-log.json"
_ANY_FIRST_LINE = "P<UTOX".ljust(44, "<")
_STATUS = {Result.PASSED: EXIT_DONE, Result.FAILED: EXIT_FAILED}
_PICTURES = {"image/jpeg": "jpg", "image/jp2": "jp2", "image/j2c": "j2c"}
_WORDS = {
    Result.PASSED: "passed",
    Result.FAILED: "FAILED",
    Result.UNDECIDED: "undecided",
    Result.NOT_DONE: "not done",
    Result.NOT_SUPPORTED: "not supported",
}
_ADVICE = {"go_on": "GO ON", "look_closer": "LOOK CLOSER", "refuse": "REFUSE"}


def zone_or_line(text: str) -> tuple[MrzKey, Mrz | None]:
    """The key in a passport's second line, or in a whole zone, which is then there as well.

    Raises MrzError with the place.
    """
    text = text.strip().upper()
    if len(text) == len(_ANY_FIRST_LINE):
        return mrz.parse(f"{_ANY_FIRST_LINE}\n{text}").key, None
    zone = mrz.parse(text)
    return zone.key, zone


def zone_date(text: str) -> str:
    """``1991-03-14`` or ``910314`` as the zone has it."""
    digits = text.replace("-", "")
    return digits[2:] if len(digits) == len("19910314") else digits


def passport_read(
    connection: CardConnection,
    key: Password,
    trust: TrustStore,
    now: datetime,
    *,
    typed: Mrz | None = None,
    atr: bytes = b"",
    save: Path | None = None,
    progress: Progress = lambda _: None,
) -> Answer:
    """Read the chip, judge it and, into the folder ``save``, lay down what it holds.

    Raises what `read_passport` raises; FolderTaken, before the chip is touched.
    """
    if save is not None:
        _prepare(save)
    reading = read_passport(connection, key, trust, now, progress, typed=typed, atr=atr)
    checked = check_log.of_reading(reading)
    log = check_log.compose(checked, TroubleWords(), now)
    if save is not None:
        _save(save, reading, log)
    return _answer(checked, log, _how(reading))


def verify_folder(folder: Path, trust: TrustStore, now: datetime) -> Answer:
    """Judge again, without a chip, what `passport_read` has saved.

    What only a chip can prove is not done. Raises FileUnavailable where there is no EF.SOD.
    """
    files = _saved(folder)
    checked = judged(files, trust.anchors(), now)
    return _answer(checked, check_log.compose(checked, TroubleWords(), now), "saved files")


def judged(files: Mapping[str, bytes], anchors: AnchorSet, now: datetime) -> Checked:
    """Findings about whole files by name (COM, SOD, DG1, ...); SOD must be among them."""
    groups = {int(n[2:]): content for n, content in files.items() if n.startswith("DG")}
    content = passive.verify(files["SOD"], groups, anchors, now)
    zone, of_zone = _of_zone(files, content, now)
    findings = (
        *of_zone,
        *content.findings,
        judge.file_list(files.get("COM"), content.signed),
        *_of_picture(files),
    )
    findings = deviations.told_apart(findings, content.defects)
    overall = judge.overall(findings)
    if zone is None:
        return Checked(overall, findings)
    return Checked(overall, findings, zone.document_code, zone.issuer)


def _of_zone(
    files: Mapping[str, bytes], content: PassiveResult, now: datetime
) -> tuple[Mrz | None, list[Finding]]:
    """As for a reading, but nobody typed anything with which the zone could be compared."""
    try:
        zone, errors = lds.parse_dg1(files["DG1"])
    except (FileMalformed, KeyError):
        return None, []
    found = judge.document(zone, errors, None, None, now.date())
    asked = [finding for finding in found if finding.check is not Check.MRZ_EQUALS_CHIP]
    return zone, [*asked, judge.issuer_country(zone, content.signer)]


def _of_picture(files: Mapping[str, bytes]) -> list[Finding]:
    with contextlib.suppress(PassportTrouble, KeyError):
        return [judge.portrait(portrait.parse_dg2(files["DG2"]).data)]
    return []


# --- the folder ----------------------------------------------------------------------


def _prepare(folder: Path) -> None:
    """Made for its owner alone; files of two passports never lie in one folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        taken = any(folder.iterdir())
    except OSError as error:
        raise FileUnavailable(folder.name, error.strerror or type(error).__name__) from error
    if taken:
        raise FolderTaken(folder=folder.name)


def _save(folder: Path, reading: PassportReading, log: Mapping[str, Any]) -> None:
    for name, content in reading.files.items():
        _write(folder / _file_name(name), content)
    _write(folder / f"portrait.{_PICTURES[reading.portrait_type]}", reading.portrait)
    _write(folder / LOG_FILE, check_log.encode(log))


def _write(path: Path, content: bytes) -> None:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
    except OSError as error:
        raise FileUnavailable(path.name, error.strerror or type(error).__name__) from error


def _file_name(name: str) -> str:
    return f"{name}.bin" if name.startswith("DG") else f"EF.{name}.bin"


def _saved(folder: Path) -> dict[str, bytes]:
    names = ("COM", "SOD", *(f"DG{number}" for number in range(1, 17)))
    found = {name: folder / _file_name(name) for name in names}
    files = {name: read_file(path) for name, path in found.items() if path.is_file()}
    return files if "SOD" in files else {"SOD": read_file(found["SOD"])}


# --- what is said --------------------------------------------------------------------


def _answer(checked: Checked, log: dict[str, Any], how: str) -> Answer:
    status = _STATUS.get(checked.overall, EXIT_NOT_PASSED)
    lines = list(_lines(checked.findings))
    advice = _ADVICE[log["overall"]["advice"]]
    head = f"{advice}: {_WORDS[checked.overall]}  ({how})"
    return Answer(status, log, "\n".join([head, *lines]), checked.findings)


def _how(reading: PassportReading) -> str:
    return (
        f"{reading.access.value}, {reading.seconds:.2f} s, {reading.commands} commands, "
        f"{reading.bytes_read} bytes of files"
    )


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    words, found = TroubleWords(), tuple(findings)
    for group in Group:
        mine = [finding for finding in found if finding.group is group]
        if not mine:
            continue
        yield ""
        yield f"{group.value.upper():<14}{_WORDS[judge.branch(group, mine)]}"
        for finding in mine:
            yield from _finding_lines(finding, words)


def _finding_lines(finding: Finding, words: TroubleWords) -> Iterator[str]:
    spoken = words.of(finding.code, "en", finding.facts)
    said = f"{spoken.title}: {spoken.text}" if spoken.text else spoken.title
    yield f"  {_WORDS[finding.result]:<14}{finding.code:<12}{said}"
    if spoken.next and finding.result is not Result.PASSED:
        yield f"  {'':<14}{'':<12}-> {spoken.next}"
