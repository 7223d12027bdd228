"""How a passport was read and what was found, line by line; and one finding in full words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desk.issuance.case import Case, Document
from desk.mrtd import judge
from desk.mrtd.results import Finding, Group, Result
from desk.ui import findings as told
from desk.ui.look import Look
from desk.ui.parts.above import Above
from desk.ui.parts.box import Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.person import Facts
from desk.ui.parts.rows import Row
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords

WIDTH, HEIGHT = 720, 620
SHEET_WIDTH = 480
NOTHING = "—"


class _Sheet(Above):
    """A title, something to read, and a button that closes it; Esc closes it too."""

    def __init__(self, look: Look, parent: QWidget | None, title: str, body: QWidget) -> None:
        super().__init__(look, parent, title)
        close = Button(look, look.say("dialog.close"), Kind.SECONDARY, icon="x")
        close.clicked.connect(self.reject)
        layout = column(
            Text(look, title, Type.TITLE), 16, body, 16, row(None, close), margins=(24, 24, 24, 24)
        )
        layout.setStretch(2, 1)
        self.setLayout(layout)


class ReadingLog(_Sheet):
    """How the chip was read, then every finding by group: what is, what to do, its code."""

    def __init__(
        self, look: Look, parent: QWidget | None, case: Case, troubles: TroubleWords
    ) -> None:
        parts: list[QWidget | int] = []
        if case.document is not None:
            parts += [_figures(look, case.document), 12]
        findings = told.found(case)
        for group in Group:
            mine = [finding for finding in findings if finding.group is group]
            if mine:
                parts += [_group(look, group, mine)]
                parts += [_finding(look, finding, troubles) for finding in mine]
                parts += [8]
        body = Scrolled(holder(column(*parts, None, gap=2, margins=(0, 0, 12, 0))))
        super().__init__(look, parent, look.say("passport.log"), body)
        self.resize(WIDTH, HEIGHT)


def _figures(look: Look, document: Document) -> QWidget:
    """Protocols, time, commands, bytes, files."""
    say = look.say
    files = " · ".join(f"{name} {size:,}" for name, size in document.files.items())
    lines = [
        ("protocols", " · ".join(document.protocols) or document.access),
        ("time", say("log.seconds", seconds=f"{document.seconds:.1f}")),
        ("commands", f"{document.commands:,}" if document.commands else NOTHING),
        ("bytes", _bytes(look, document)),
        ("files", files or NOTHING),
    ]
    facts = Facts(look)
    facts.show_facts([(say(f"log.{key}"), value) for key, value in lines])
    return facts


def _bytes(look: Look, document: Document) -> str:
    read = f"{document.bytes_read:,}"
    if not document.received:
        return read
    sent, received = f"{document.sent:,}", f"{document.received:,}"
    return look.say("log.bytes_of", read=read, sent=sent, received=received)


def _group(look: Look, group: Group, findings: Sequence[Finding]) -> QWidget:
    result = judge.branch(group, findings)
    word = told.result_word(look, result)
    line = Row(look, 32, (28, -1, 120), padding=12, line=False, radius=8)
    line.set_ground("well")
    line.put(0, GlyphSign(look, told.GLYPHS[result], 20, word))
    line.put(1, Text(look, look.say(f"group.{group.value}"), Type.STRONG))
    line.put(2, Text(look, word, Type.STRONG, told.GLYPHS[result].token), right=True)
    line.setAccessibleName(f"{look.say(f'group.{group.value}')}, {word}")
    return line


def _finding(look: Look, finding: Finding, troubles: TroubleWords) -> QWidget:
    """Glyph, then title and sentences under each other; result and code at the right."""
    spoken = troubles.of(finding.code, look.language, finding.facts)
    glyph, word = told.GLYPHS[finding.result], told.result_word(look, finding.result)
    said = [Text(look, spoken.title, Type.BODY, wrap=True)]
    if spoken.text:
        said.append(Text(look, spoken.text, Type.SMALL, "muted", wrap=True))
    if spoken.next and finding.result is not Result.PASSED:
        said.append(Text(look, f"→ {spoken.next}", Type.SMALL, wrap=True))
    right = Qt.AlignmentFlag.AlignRight
    state = column(
        2,
        Text(look, word, Type.SMALL_STRONG, glyph.token, align=right),
        Text(look, finding.code, Type.SMALL, "muted", align=right),
        None,
    )
    line = row(
        holder(column(3, GlyphSign(look, glyph, 16, word), None)),
        holder(column(*said, None)),
        holder(state),
        gap=12,
        margins=(14, 6, 12, 6),
    )
    line.setStretch(1, 1)
    return holder(line)


class FindingSheet(_Sheet):
    """One finding in words: what is, what it means, what to do."""

    def __init__(self, look: Look, parent: QWidget | None, spoken: Spoken) -> None:
        words = column(
            Text(look, spoken.title, Type.STRONG, wrap=True),
            Text(look, spoken.text, Type.BODY, wrap=True),
            Text(look, spoken.next, Type.BODY, wrap=True),
            gap=8,
        )
        super().__init__(look, parent, spoken.code, holder(words))
        # A window of its own is not made as high as its wrapped lines ask by itself.
        layout = self.layout()
        assert layout is not None
        self.setFixedSize(SHEET_WIDTH, layout.heightForWidth(SHEET_WIDTH))
