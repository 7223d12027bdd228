"""The base of every page: what it needs, what it offers the frame around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.applicant.acts import Acts
from desk.ui.applicant.frame import Foot
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.parts import GlyphSpot, IconSpot, Rule, Tile
from desk.ui.applicant.pin_entry import PinEntry
from desk.ui.applicant.snapshot import ApplicantScreen
from desk.ui.applicant.text import Say, Stack
from desk.ui.glyphs import Glyph
from desk.ui.theme import Type

HELP = "tool.help"
HELP_ICON = "message-circle-question-mark"


@dataclass
class Visit:
    """What is typed and ticked in this window for one case; wiped with the case."""

    pin: PinEntry = field(default_factory=PinEntry)
    agreed: set[str] = field(default_factory=set)
    touched_at: datetime | None = None
    key_at: datetime | None = None
    ended_since: datetime | None = None
    enlarged: bool = False
    looks_back: bool = False
    """On the consent page: the applicant went back to read 01 again."""


@dataclass
class Context:
    """Given to each page by the window."""

    kit: Kit
    screen: ApplicantScreen
    now: Callable[[], datetime]
    visit: Visit
    acts: Acts
    refresh: Callable[[], None]
    """Shows footer and page state again after the applicant did something here."""


class PageView(QWidget):
    """A page between top bar and footer. ``full`` pages place their own title."""

    full = False
    bare = False
    """Without panel and tools (the large QR)."""
    languages = True
    steps = True
    top, bottom = 20, 12
    """Room under the title and above the footer."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context, self.kit = context, context.kit
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def facts(self) -> ApplicantScreen:
        return self.context.screen

    def title(self) -> tuple[Run, Run | None] | None:
        """Title in both languages."""
        return None

    def sign(self) -> QWidget | None:
        """What stands left of the title."""
        return None

    def foot(self) -> Foot:
        return Foot(HELP, HELP_ICON)

    def follow(self) -> None:
        """The snapshot changed but the page stays."""

    def tick(self) -> None:
        """A second has passed."""

    def key(self, event: QKeyEvent) -> bool:
        """A key nothing else took; true when the page used it."""
        return False

    def first_focus(self) -> QWidget | None:
        return None


def head(kit: Kit, page: PageView) -> QWidget | None:
    """Title 40/52 over its second language, 8 below the tools."""
    title = page.title()
    if title is None:
        return None
    words = Stack(kit, title, Type.WIDE_DISPLAY)
    sign = page.sign()
    holder = QWidget()
    if sign is None:
        holder.setLayout(kit.row(words, None))
    else:
        holder.setLayout(kit.row(sign, 20, words, None))
    return holder


def card(kit: Kit, layout, ground: str = "card", line: str = "line") -> Tile:  # type: ignore[no-untyped-def]
    tile = Tile(kit, ground, line)
    tile.setLayout(layout)
    return tile


def icon_row(
    kit: Kit, icon: str, pair: tuple[Run, Run | None], *, strong: bool = False, size: int = 28
) -> QWidget:
    """A remark: icon, then both languages as paragraphs."""
    holder = QWidget()
    words = Stack(kit, (pair[0].weighted(strong), pair[1]), wrap=True)
    icon_column = kit.column(IconSpot(kit, icon, size, width=28), None)
    layout = kit.row(icon_column, 16, words)
    holder.setLayout(layout)
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    holder.setSizePolicy(policy)
    return holder


def notice(
    kit: Kit,
    pair: tuple[Run, Run | None],
    tone: str,
    sign: QWidget,
    *,
    kind: Type = Type.WIDE_STRONG,
    even: bool = False,
    margins: tuple[int, int, int, int] = (20, 16, 20, 16),
    gap: int = 16,
) -> Tile:
    """A box in a soft colour: sign, words in the tone's colour, second language plain."""
    word = {"accent": "text"}.get(tone, tone)
    first = pair[0].coloured(word)
    second = pair[1].coloured("text") if pair[1] is not None else None
    words = Stack(kit, (first, second), kind, wrap=True, even=even)
    layout = kit.row(sign, gap, kit.column(None, words, None), margins=margins)
    line = {"accent": "accent-line"}.get(tone, f"{tone}-line")
    return card(kit, layout, f"{tone}-soft", line)


def glyph(kit: Kit, kind: Glyph, size: int) -> GlyphSpot:
    return GlyphSpot(kit, kind, size)


def ruled(kit: Kit, rows: list[QWidget], *, inset: int = 0) -> list[QWidget]:
    """Rows with a line between each two."""
    out: list[QWidget] = []
    for place, row in enumerate(rows):
        if place:
            rule: QWidget = Rule(kit)
            if inset:
                holder = QWidget()
                holder.setLayout(kit.row(rule, margins=(inset, 0, inset, 0)))
                rule = holder
            out.append(rule)
        out.append(row)
    return out


def line(kit: Kit, pair: tuple[Run, Run | None]) -> Say:
    """Both languages on one line."""
    from desk.ui.applicant.text import inline

    return Say(kit, inline(pair))
