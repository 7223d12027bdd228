from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.issuance import audit
from desk.issuance.posts import PostsUnsound, UnknownPost
from desk.issuance.record import RecordDamaged
from desk.resources import resource
from desk.store import journal, register_file, troubles
from desk.store.commands import REASON_WORDS, import_register
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.register_file import COLUMNS, Reason
from desk.store.troubles import Unwritable

NOW = datetime(2026, 11, 23, 18, 28, tzinfo=UTC)
LINE = "LA-1,김하늘,KIM,HANEUL,1991-03-14,F,KOR,910314-2987654,M123A4567,LA,1842 Sample,alive,,"


class TestImport:
    def test_good_file(self, store: Store, stamp: Stamp, tmp_path: Path) -> None:
        """The count, the age and the file's hash are told."""
        file = tmp_path / "register.csv"
        file.write_text(f"{','.join(COLUMNS)}\n{LINE}\n", encoding="utf-8")

        answer = import_register(file, store, stamp)

        assert answer.status == 0
        assert answer.facts["imported"] == 1
        assert answer.facts["as_of"] == NOW.isoformat()

    def test_older_file(self, store: Store, stamp: Stamp, tmp_path: Path) -> None:
        file = tmp_path / "register.csv"
        file.write_text(f"{','.join(COLUMNS)}\n{LINE}\n", encoding="utf-8")
        import_register(file, store, stamp)

        answer = import_register(file, store, stamp, as_of=NOW - timedelta(days=2))

        assert (answer.status, answer.facts["code"]) == (1, "REG-06")
        assert "made 2026-11-22, in_use 2026-11-24" in answer.text

    def test_entries_that_go_back(self, store: Store, stamp: Stamp, tmp_path: Path) -> None:
        file = tmp_path / "register.csv"
        for day in ("2026-11-20", "2026-11-19"):
            line = LINE.replace("alive,,", f"alive,{day},")
            file.write_text(f"{','.join(COLUMNS)}\n{line}\n", encoding="utf-8")
            answer = import_register(file, store, stamp)

        assert answer.facts["goes_back"]
        assert "the newest entry is of 2026-11-19" in answer.text

    def test_bad_lines(self, store: Store, stamp: Stamp, tmp_path: Path) -> None:
        """Line, column and reason for people and for machines, nothing of the content."""
        file = tmp_path / "register.csv"
        bad = LINE.replace(",F,", ",?,").replace("LA-1", "LA-2")
        file.write_text(f"{','.join(COLUMNS)}\n{LINE}\n{bad}\n{LINE}\n", encoding="utf-8")

        answer = import_register(file, store, stamp)

        assert answer.status == 1
        assert answer.facts == {
            "code": "REG-05",
            "count": 2,
            "lines": [
                {"line": 3, "column": "sex", "reason": "unknown_value"},
                {
                    "line": 4,
                    "column": "overseas_number",
                    "reason": "duplicate",
                    "first_line": 2,
                },
            ],
        }
        assert "line 3, sex: is none of the values allowed here" in answer.text
        assert "910314" not in answer.text + json.dumps(answer.facts)

    def test_refused_file(self, store: Store, stamp: Stamp, tmp_path: Path) -> None:
        answer = import_register(tmp_path / "none.csv", store, stamp)

        assert (answer.status, answer.facts["code"]) == (1, "REG-01")

    def test_every_reason_has_words(self) -> None:
        assert set(REASON_WORDS) == set(Reason)


class TestExport:
    def test_export_is_whole_or_not_there(self, store: Store, tmp_path: Path) -> None:
        with store.read() as session, pytest.raises(Unwritable):
            journal.export(session, tmp_path / "nowhere" / "audit.jsonl", NOW)

        assert list(tmp_path.glob("**/*.part")) == []

    def test_export_over_several_pages(
        self, store: Store, stamp: Stamp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "_PAGE", 2)
        with store.write() as session:
            for _ in range(5):
                journal.append(session, stamp, "TEST.EVENT")

        with store.read() as session:
            journal.export(session, tmp_path / "audit.jsonl", NOW)

        lines = (tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)
        assert audit.verify(lines).count == 5


def test_every_code_has_its_words() -> None:
    """Korean and English, title, text and next step, for each code raised here."""
    families = (troubles.StoreTrouble, register_file.ExtractRefused, audit.AuditBroken)
    kinds = {kind for family in families for kind in family.__subclasses__()}
    kinds |= {RecordDamaged, PostsUnsound, UnknownPost}
    words: dict[str, Any] = {}
    for file in resource("troubles").glob("*.toml"):
        words |= tomllib.loads(file.read_text(encoding="utf-8"))

    for code in {kind.code for kind in kinds}:
        assert words[code]["level"] in {"stop", "attention", "info"}
        for language in ("ko", "en"):
            assert all(words[code][language][part] for part in ("title", "text", "next"))
