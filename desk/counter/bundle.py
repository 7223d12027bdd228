"""The support bundle: what somebody far away needs to know, and nothing of any person.

Made by whitelist: each file is built from named, typed values; a value that fits no rule is
left out, whoever wrote it there. Of settings, numbers are told and texts only as set or
empty; of the log, times, places in the program and known codes, never a message. It is
shown before it is saved, and saved as one zip of plain text, not compressed, so that
anybody can search it.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from desk import __version__
from desk.counter.doctor import Diagnosis
from desk.counter.doctor_commands import part_of
from desk.counter.settings import Settings
from desk.issuance.posts import load_posts
from desk.trouble import Trouble
from desk.words import TroubleWords, Words

LOG_BYTES = 256 * 1024
"""So much of the log's end is looked at."""
LOG_LINES = 400
_PACKAGES = (
    "PySide6-Essentials",
    "PySide6-Addons",
    "SQLAlchemy",
    "sqlcipher3",
    "cryptography",
    "pyscard",
    "httpx",
    "uvicorn",
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?\Z")
_ENTRY = re.compile(
    r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}),\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) "
    r"(desk(?:\.[a-z_]+)*) (.*)"
)
_CODE = re.compile(r"\b(?:[A-Z][A-Z0-9]+-)+\d{2}\b")
_BUG = re.compile(r"bug ([0-9a-f]{8})\Z")
_FRAME = re.compile(r' +File "[^"]*[/\\](desk[/\\][a-z_/\\]+\.py)", line (\d+), in ([a-z_]+)\Z')
_RAISED = re.compile(r"([A-Za-z_.]+(?:Error|Exception))(?::|\Z)")


class BundleNotSaved(Trouble):
    """The file could not be written. Fact: file."""

    code = "BUNDLE-01"


@dataclass(frozen=True)
class Bundle:
    """``parts`` are file names with their whole text."""

    parts: tuple[tuple[str, str], ...]
    at: datetime

    @property
    def file_name(self) -> str:
        return f"desk-support-{self.at:%Y%m%d-%H%M%S}.zip"

    @property
    def text(self) -> str:
        """Everything that is in it, as it is shown before it is saved."""
        return "\n".join(f"--- {name} ---\n{text.rstrip()}\n" for name, text in self.parts)

    def save(self, file: Path) -> None:
        """Whole or not at all. Raises BundleNotSaved."""
        new = file.with_name(file.name + ".part")
        try:
            with zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as archive:
                for name, text in self.parts:
                    entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
                    archive.writestr(entry, text.encode())
            new.replace(file)
        except OSError as reason:
            new.unlink(missing_ok=True)
            raise BundleNotSaved(str(reason), file=file.name) from reason


def make(found: Diagnosis, settings: Settings, log: Path, *, training: bool) -> Bundle:
    """Everything a bundle holds; nothing is written."""
    words = Words("officer")
    about = "\n\n".join(words.text("bundle.about", language) for language in ("ko", "en"))
    return Bundle(
        (
            ("README.txt", about + "\n"),
            ("checks.json", _json(_checks(found))),
            ("readers.json", _json(_readers(found))),
            ("system.json", _json(_system(settings, training))),
            ("settings.json", _json(_settings(settings))),
            ("log.txt", "\n".join(_log_lines(log)) + "\n"),
        ),
        found.at,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _checks(found: Diagnosis) -> dict[str, Any]:
    return {
        "at": f"{found.at:%Y-%m-%dT%H:%M:%SZ}",
        "checks": [
            {
                "part": check.key.value,
                "state": check.state.value,
                "code": check.code,
                "facts": allowed(check.facts),
            }
            for check in found.checks
        ],
    }


def allowed(facts: Mapping[str, object]) -> dict[str, int | float | str]:
    """Numbers and days; names of devices and files stay out."""
    return {
        name: value
        for name, value in facts.items()
        if isinstance(value, int | float) or (isinstance(value, str) and _DAY.match(value))
    }


def _readers(found: Diagnosis) -> dict[str, Any]:
    """The readers' own names are told: which model it is decides what can be wrong."""
    seen = found.seen
    return {
        "service_running": seen.world.service_running,
        "remote_session": seen.evidence.machine.remote,
        "readers_on_usb": seen.evidence.machine.plugged,
        "readers": [
            {
                "name": reader.name,
                "part": part_of(found, reader.name),
                "card": reader.present,
                "mute": reader.mute,
                "held": reader.held,
            }
            for reader in seen.world.readers
        ],
        "officer_card": {one.value: said.value for one, said in seen.judged.answers},
    }


def _system(settings: Settings, training: bool) -> dict[str, Any]:
    post = settings.station.post
    return {
        "desk": __version__,
        "training": training,
        "post": post if post in load_posts().codes else None,
        "python": platform.python_version(),
        "system": sys.platform,
        "release": platform.release(),
        "machine": platform.machine(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _settings(settings: Settings) -> dict[str, dict[str, int | float | str]]:
    return {
        section.name: {
            field.name: _told(getattr(part, field.name))
            for part in (getattr(settings, section.name),)
            for field in fields(part)
        }
        for section in fields(settings)
    }


def _told(value: object) -> int | float | str:
    if isinstance(value, int | float):
        return value
    return "set" if value else "empty"


# The log -----------------------------------------------------------------------------


def _log_lines(log: Path) -> list[str]:
    """The newest lines, each reduced to what the whitelist knows."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return list(reduced(text))[-LOG_LINES:]


def reduced(text: str) -> Iterator[str]:
    """Time, level and place of each entry with the known codes in it; of a traceback the
    frames inside the desk and the kind of exception."""
    known = TroubleWords()
    for line in text.splitlines():
        if entry := _ENTRY.match(line):
            at, level, place, message = entry.groups()
            codes = [code for code in _CODE.findall(message) if code in known]
            bug = _BUG.match(message)
            yield " ".join([at, level, place, *codes, *([bug[0]] if bug else [])])
        elif frame := _FRAME.match(line):
            yield f"    {frame[1]}:{frame[2]} {frame[3]}"
        elif raised := _RAISED.match(line):
            yield f"    {raised[1]}"
