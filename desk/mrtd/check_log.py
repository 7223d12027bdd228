"""The check log: what was asked of one passport and what came of it, for machines.

One JSON document a reading, after the result tree of BSI TR-03135: overall, then document,
chip, content and holder, each leaf with result, code, sentence and next step. Its shape is
published in ``resources/schemas/passport-check-log.schema.json``, and that file is also the
whitelist: a fact that the schema does not name is left out, so that nobody's data slip in
with a new check.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from desk import __version__
from desk.mrtd import judge
from desk.mrtd.reader import PassportReading
from desk.mrtd.results import GROUP_OF, Check, Finding, Group, Result, advice, aggregate
from desk.resources import resource
from desk.words import TroubleWords

FORMAT = "desk-passport-check-log/1"
MEDIA_TYPE = "application/json"
LANGUAGES = ("ko", "en")
_AGED = (Check.SIGNER_CHAIN, Check.REVOCATION)
"""Answers that are as old as the list they were looked up in."""


@dataclass(frozen=True)
class Session:
    """How the chip was read.

    ``protocols`` in the order of use, ``files`` sizes in bytes by name in the order of
    reading; ``commands``, ``sent`` and ``received`` (bytes with headers and status words)
    as they went over the reader, 0 where nobody counted.
    """

    read_at: datetime
    seconds: float
    access: str
    protocols: tuple[str, ...] = ()
    files: Mapping[str, int] = field(default_factory=dict)
    commands: int = 0
    sent: int = 0
    received: int = 0


@dataclass(frozen=True)
class Checked:
    """What the log tells of. ``overall`` is that of document, chip and content.

    ``document_code`` and ``issuer`` as in the zone (empty where it was not read);
    ``session`` is None where saved files were judged; ``case`` empty outside a case.
    """

    overall: Result
    findings: tuple[Finding, ...]
    document_code: str = ""
    issuer: str = ""
    session: Session | None = None
    case: str = ""


def of_reading(reading: PassportReading) -> Checked:
    """A reading outside a case."""
    return Checked(
        overall=reading.overall,
        findings=reading.findings,
        document_code=reading.mrz.document_code,
        issuer=reading.mrz.issuer,
        session=Session(
            read_at=reading.read_at,
            seconds=reading.seconds,
            access=reading.access.value,
            protocols=reading.protocols,
            files=sizes(reading),
            commands=reading.commands,
            sent=reading.sent,
            received=reading.received,
        ),
    )


def sizes(reading: PassportReading) -> dict[str, int]:
    """Bytes of each file that was read."""
    return {name: len(content) for name, content in reading.files.items()}


def compose(checked: Checked, words: TroubleWords, written_at: datetime) -> dict[str, Any]:
    """The log as plain JSON values, valid under :func:`schema`."""
    log: dict[str, Any] = {
        "format": FORMAT,
        "program": {"name": "desk", "version": __version__},
        "written_at": written_at.isoformat(),
        "overall": {
            "result": checked.overall.value,
            "advice": advice(checked.overall, checked.findings).value,
        },
    }
    if checked.case:
        log["case"] = checked.case
    if checked.document_code:
        log["document"] = {"code": checked.document_code, "issuer": checked.issuer}
    if checked.session is not None:
        log["reading"] = _reading(checked.session)
    log["trust"] = _trust(checked.findings)
    log["groups"] = {group.value: _group(group, checked.findings, words) for group in Group}
    return log


def encode(log: Mapping[str, Any]) -> bytes:
    """UTF-8, indented, one line feed at the end: a person may read it too."""
    return (json.dumps(log, ensure_ascii=False, indent=2) + "\n").encode()


@cache
def schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12)."""
    text = resource("schemas", "passport-check-log.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def named_facts() -> frozenset[str]:
    """Facts that the schema names; no other gets into a log."""
    return frozenset(schema()["$defs"]["facts"]["properties"])


def _reading(session: Session) -> dict[str, Any]:
    return {
        "read_at": session.read_at.isoformat(),
        "seconds": round(session.seconds, 3),
        "access": session.access,
        "protocols": list(session.protocols),
        "commands": session.commands,
        "sent": session.sent,
        "received": session.received,
        "files": [{"name": name, "bytes": size} for name, size in session.files.items()],
    }


def _trust(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """How old the lists were that answers were looked up in."""
    return [
        {"check": finding.check.value, "age_days": finding.facts["age_days"]}
        for finding in findings
        if finding.check in _AGED and isinstance(finding.facts.get("age_days"), int)
    ]


def _group(group: Group, findings: Iterable[Finding], words: TroubleWords) -> dict[str, Any]:
    mine = [finding for finding in findings if finding.group is group]
    by_check = {check: [f for f in mine if f.check is check] for check in GROUP_OF}
    return {
        "result": judge.branch(group, mine).value,
        "checks": [_check(check, found, words) for check, found in by_check.items() if found],
    }


def _check(check: Check, found: Sequence[Finding], words: TroubleWords) -> dict[str, Any]:
    return {
        "check": check.value,
        "result": aggregate(finding.result for finding in found).value,
        "findings": [_finding(finding, words) for finding in found],
    }


def _finding(finding: Finding, words: TroubleWords) -> dict[str, Any]:
    named = named_facts()
    facts = {n: value for n, value in finding.facts.items() if n in named and value is not None}
    said: dict[str, Any] = {"code": finding.code, "result": finding.result.value}
    if facts:
        said["facts"] = facts
    for language in LANGUAGES:
        spoken = words.of(finding.code, language, facts)
        said[language] = {"title": spoken.title, "text": spoken.text, "next": spoken.next}
    return said
