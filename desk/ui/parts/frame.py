"""Header, footer and the base of every page between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desk.ui.look import Look, shown
from desk.ui.parts.box import Line, Scrolled, column, holder, row
from desk.ui.parts.button import Button, KeyCap, Kind
from desk.ui.parts.sign import IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Banner, ClickGuard, Remedy
from desk.ui.theme import Type
from desk.ui.troubles import Spoken


@dataclass(frozen=True)
class HeaderView:
    """What the applicant sees now, and the two clocks, as words."""

    applicant: str = ""
    post_time: str = ""
    seoul_time: str = ""


class Header(QWidget):
    """64 high (56 narrow): title and instruction left; applicant's screen and clocks right."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._title = Text(look, "", Type.TITLE)
        self._instruction = Text(look, "", Type.SMALL, "muted")
        self._title.setFixedHeight(26)
        self._title.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._instruction.setFixedHeight(18)
        self._instruction.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        left = column(None, self._title, self._instruction, None)
        self._screen = IconSign(look, "monitor", 20)
        self._screen_label = Text(look, "", Type.SMALL, "muted")
        self._screen_words = Text(look, "", Type.SMALL)
        for text in (self._screen_label, self._screen_words):
            text.setFixedHeight(18)
            text.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        screen = column(None, self._screen_label, self._screen_words, None)
        self._screen_box = holder(row(self._screen, 8, screen))
        self._line = Line(look, standing=True)
        self._line.setFixedHeight(38)
        clocks = QGridLayout()
        clocks.setContentsMargins(0, 0, 0, 0)
        clocks.setHorizontalSpacing(8)
        clocks.setVerticalSpacing(0)
        self._clock_texts = [
            Text(look, "", Type.SMALL, "muted" if n % 2 == 0 else "text") for n in range(4)
        ]
        for number, text in enumerate(self._clock_texts):
            text.setFixedHeight(18)
            text.setAlignment(Qt.AlignmentFlag.AlignVCenter)
            clocks.addWidget(text, number // 2, number % 2)
        self._clocks = holder(clocks)
        self._clocks.setFixedHeight(36)
        # The sentence takes all that screen and clocks leave; only then is it cut.
        outer = row(left, self._screen_box, self._line, self._clocks, gap=24)
        self._outer = outer
        outer.setStretch(0, 1)
        self.setLayout(outer)
        self.set_narrow(False)
        look.restyled.connect(self.update)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(56 if narrow else 64)
        edge = 16 if narrow else 24
        self._outer.setContentsMargins(edge, 0, edge, 1)

    def show_page(self, title: str, instruction: str) -> None:
        self._title.say(title)
        self._instruction.say(instruction)
        self.setAccessibleName(title)

    def show_view(self, view: HeaderView) -> None:
        say = self._look.say
        self._screen_label.say(say("header.applicant_screen"))
        self._screen_words.say(view.applicant)
        shown(self._screen_box, bool(view.applicant))
        shown(self._line, bool(view.applicant))
        words = (say("header.post"), view.post_time, say("header.seoul"), view.seoul_time)
        for text, word in zip(self._clock_texts, words, strict=True):
            text.say(word)
        name = f"{say('header.applicant_screen')}: {view.applicant}"
        self._screen_box.setAccessibleName(name)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look["card"])
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._look["line"])


@dataclass(frozen=True)
class Other:
    """A button at the footer's left: its key, word, kind and icon."""

    key: str
    word: str
    kind: Kind = Kind.SECONDARY
    icon: str | None = None
    enabled: bool = True
    cap: str = ""


@dataclass(frozen=True)
class Primary:
    """The page's one main act; ``why`` stands left of it, ``keys`` as caps."""

    word: str
    enabled: bool = True
    why: str = ""
    keys: tuple[str, ...] = ()
    icon: str | None = None
    kind: Kind = Kind.PRIMARY
    after_keys: str = ""


class Footer(QWidget):
    """72 high (64 narrow): back, other ways, stop left; why, key, primary right."""

    asked = Signal(str)
    primary_pressed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._others: tuple[Other, ...] = ()
        self._buttons: list[Button] = []
        self._narrow = False
        self._left = QHBoxLayout()
        self._left.setSpacing(16)
        self._why = Text(look, "", Type.SMALL, "muted", align=Qt.AlignmentFlag.AlignRight)
        self._caps = QHBoxLayout()
        self._caps.setSpacing(4)
        self._cap_widgets: list[QWidget] = []
        self._keys: tuple[object, ...] = ()
        self.primary = Button(look, "", Kind.PRIMARY, height=48).at_least(200)
        self.primary.clicked.connect(self.primary_pressed)
        right = row(self._why, self._caps, 24, self.primary)
        right.setStretch(0, 1)
        self._outer = row(self._left, 24, right)
        self._outer.setStretch(2, 1)
        self.setLayout(self._outer)
        self.set_narrow(False)
        look.restyled.connect(self.update)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self.setFixedHeight(64 if narrow else 72)
        edge = 16 if narrow else 24
        self._outer.setContentsMargins(edge, 1, edge, 0)

    def show_others(self, others: Sequence[Other]) -> None:
        """Buttons keep their places; the same list again changes words only."""
        wanted = tuple(others)
        if [o.key for o in wanted] != [o.key for o in self._others]:
            self._rebuild(wanted)
        for button, other in zip(self._buttons, wanted, strict=True):
            button.say(other.word)
            button.set_icon(other.icon)
            button.set_kind(other.kind)
            button.setEnabled(other.enabled)
        self._others = wanted

    def _rebuild(self, others: tuple[Other, ...]) -> None:
        while self._left.count():
            item = self._left.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        self._buttons = []
        for other in others:
            button = Button(self._look, other.word, other.kind, height=40, icon=other.icon)
            if other.kind is Kind.QUIET:
                button.setFixedHeight(40)
            button.clicked.connect(lambda _=False, key=other.key: self.asked.emit(key))
            self._left.addWidget(button)
            self._buttons.append(button)
            if other.cap:
                self._left.addWidget(KeyCap(self._look, other.cap))

    def show_primary(self, primary: Primary) -> None:
        self.primary.set_kind(primary.kind)
        self.primary.say(primary.word)
        self.primary.set_icon(primary.icon)
        self.primary.setEnabled(primary.enabled)
        self.primary.setAccessibleDescription(primary.why)
        self._why.say(primary.why)
        self._show_caps(primary)

    def hide_primary(self) -> None:
        self.primary.hide()

    def _show_caps(self, primary: Primary) -> None:
        wanted = (primary.keys, primary.after_keys)
        if wanted == self._keys:
            return
        self._keys = wanted
        for widget in self._cap_widgets:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        self._cap_widgets = [self._cap_or_word(key) for key in primary.keys]
        if primary.after_keys:
            self._cap_widgets.append(Text(self._look, primary.after_keys, Type.SMALL, "muted"))
        self._caps.setContentsMargins(8 if self._cap_widgets else 0, 0, 0, 0)
        for widget in self._cap_widgets:
            self._caps.addWidget(widget)

    def _cap_or_word(self, key: str) -> QWidget:
        """A key cap; what begins with a space is a word between caps."""
        if key.startswith(" "):
            return Text(self._look, key.strip(), Type.SMALL, "muted")
        return KeyCap(self._look, key)

    def controls(self) -> list[QWidget]:
        return [*self._buttons, self.primary]

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look["card"])
        painter.fillRect(0, 0, self.width(), 1, self._look["line"])


class Page(QWidget):
    """Base of every page with a footer: banner (only in trouble), content, footer.

    A page is told what to show by its ``render`` and asks by signals. Signals of all:
    ``head_changed`` (title or instruction changed), ``back``, ``stop_case``,
    ``remedy(str)`` (button of the banner), ``case_wanted(str)`` (button of what is told late:
    the case's number). The keys of the whole window arrive through ``primary_key``, ``escape``,
    ``refresh``, ``enlarge``, ``print_key``.
    """

    head_changed = Signal()
    back = Signal()
    stop_case = Signal()
    remedy = Signal(str)
    case_wanted = Signal(str)
    ring_wanted = False
    """It holds the focus where no control of it has anything to do: nothing to ring."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.title, self.instruction = "", ""
        self.narrow, self.small = False, False
        self.banner = Banner(look)
        self.banner.asked.connect(self.remedy)
        self.late: list[Banner] = []
        self._late: tuple[tuple[Spoken, str], ...] = ()
        self._told_late: list[tuple[str, str]] = []
        self._own_banner: dict[str, object] | None = None
        self._passing = False
        self._drawn: Spoken | None = None
        self.content = QWidget()
        self.body = QVBoxLayout(self.content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self._inner = QVBoxLayout()
        self._scroll = Scrolled(self.content)
        self._area = holder(self._inner)
        self._inner.addWidget(self.banner)
        self._inner.addWidget(self._scroll, 1)
        self.footer = Footer(look)
        self.footer.asked.connect(self._asked)
        self.footer.primary_pressed.connect(self.primary_key)
        outer = column(self._area, self.footer)
        outer.setStretch(0, 1)
        self.setLayout(outer)
        self._guard = ClickGuard(self._area)
        self.set_size(False, False)
        look.retranslated.connect(self.retranslate)

    def set_size(self, narrow: bool, small: bool) -> None:
        """The window changed between wide, narrow and small."""
        self.narrow, self.small = narrow, small
        edge = 16 if narrow or small else 24
        self._inner.setContentsMargins(edge, edge, edge, edge)
        self._inner.setSpacing(self.gap)
        self.body.setSpacing(self.gap)
        self.footer.set_narrow(narrow or small)

    @property
    def gap(self) -> int:
        return 12 if self.narrow or self.small else 16

    @property
    def area(self) -> QWidget:
        """Banner and content, without the footer."""
        return self._area

    def show_focus(self) -> None:
        """Scroll the content to what has the focus."""
        self._scroll.show_focus()

    def say_head(self, title: str, instruction: str) -> None:
        if (title, instruction) != (self.title, self.instruction):
            self.title, self.instruction = title, instruction
            self.setAccessibleName(title)
            self.head_changed.emit()

    def show_banner(self, **words: object) -> None:
        """Words as of :meth:`Banner.show_trouble`; the page rests for a moment.

        Under a passing banner they wait for its end.
        """
        self._own_banner = words
        if not self._passing:
            self._put_banner(words)
        self._put_late()

    def _put_banner(self, words: dict[str, object]) -> None:
        hidden = self.banner.isHidden()
        self.banner.show_trouble(**words)  # type: ignore[arg-type]
        if hidden:
            self._guard.rest()

    def show_trouble(self, spoken: Spoken | None, remedies: Sequence[Remedy] = ()) -> None:
        """The banner for a trouble in words; no banner for none."""
        if spoken is None:
            self.hide_banner()
        else:
            self.show_banner(**_words(spoken, remedies))

    def keep_trouble(self, spoken: Spoken | None) -> None:
        """As :meth:`show_trouble`, of a page that is drawn anew each second: the same again
        changes nothing, so that what the desk has told in between stays there to be read."""
        if spoken != self._drawn:
            self._drawn = spoken
            self.show_trouble(spoken)

    def begin_anew(self) -> None:
        """The officer has gone on: what a banner said is over."""
        self._drawn = None
        self.hide_banner()

    def hide_banner(self) -> None:
        self._own_banner = None
        if not self._passing:
            self.banner.hide()
        self._put_late()

    def show_late(self, late: Sequence[tuple[Spoken, str]]) -> None:
        """Banners above the page's own for what was not told when it happened, each with the
        number of the case that its button asks for, or none: they stand however often the page
        is drawn anew, until other ones, or none, are given."""
        self._late = tuple(late)
        self._put_late()

    def _put_late(self) -> None:
        """What the page says in its own banner is not said above it again."""
        own = self._own_banner or {}
        said = (own.get("code"), own.get("title"))
        late = [one for one in self._late if (one[0].code, one[0].title) != said]
        while len(self.late) < len(late):
            self.late.append(Banner(self.look))
            self.late[-1].asked.connect(self.case_wanted)
            self._inner.insertWidget(len(self.late) - 1, self.late[-1])
            # By keyboard it comes where it stands as well.
            self.late[-1].stackUnder(self.banner)
        for place, banner in enumerate(self.late):
            if place >= len(late):
                banner.hide()
                continue
            spoken, number = late[place]
            banner.show_trouble(**_words(spoken, self._way_to(number)))  # type: ignore[arg-type]
        told = [(number, spoken.code) for spoken, number in late]
        if any(one not in self._told_late[place : place + 1] for place, one in enumerate(told)):
            # A button may be another case's now than a moment ago.
            self._guard.rest()
        self._told_late = told

    def _way_to(self, number: str) -> tuple[Remedy, ...]:
        if not number:
            return ()
        word = self.look.say("banner.open_case")
        name = self.look.say("banner.of_case", number=number, title=word)
        return (Remedy(number, word, name=name),)

    def settle_banner(self, code: str) -> None:
        """The page's own banner is over if it says ``code``, even where a passing one hides it."""
        if self._own_banner is not None and self._own_banner.get("code") == code:
            self.hide_banner()

    def show_passing(self, spoken: Spoken) -> None:
        """A banner in place of the page's own, until :meth:`end_passing`."""
        self._passing = True
        self._put_banner(_words(spoken))

    def end_passing(self) -> None:
        """What the page itself has to say, if anything, stands there again."""
        self._passing = False
        if self._own_banner is None:
            self.banner.hide()
        else:
            self._put_banner(self._own_banner)

    def leave_out(self) -> tuple[Other, ...]:
        """Back and stop, as most pages have them."""
        say = self.look.say
        return (
            Other("back", say("footer.back"), icon="chevron-left"),
            Other("stop", say("footer.stop_case"), Kind.QUIET),
        )

    def _asked(self, key: str) -> None:
        if key == "back":
            self.back.emit()
        elif key == "stop":
            self.stop_case.emit()
        else:
            self.other_asked(key)

    def other_asked(self, key: str) -> None:
        """A footer button of the page's own."""

    def retranslate(self) -> None:
        """Say everything again in the language that is set."""

    def first_focus(self) -> QWidget | None:
        """What takes the focus on arrival: never an answer, never a destructive button."""
        return self.footer.primary

    def primary_key(self) -> None:
        """Ctrl+Enter, or a press on the primary."""

    def escape(self) -> None:
        """Esc: stop what runs; nothing else."""

    def refresh(self) -> None:
        """F5."""

    def enlarge(self) -> None:
        """F11."""

    def print_key(self) -> None:
        """Ctrl+P."""

    def search(self) -> None:
        """Ctrl+F."""

    def plain_key(self, key: str) -> bool:
        """Space and digits where a page uses them; True when taken."""
        return False


def _words(spoken: Spoken, remedies: Sequence[Remedy] = ()) -> dict[str, object]:
    """As :meth:`Banner.show_trouble` takes them."""
    return {
        "glyph": spoken.glyph,
        "title": spoken.title,
        "sentence": spoken.text,
        "next_step": spoken.next,
        "code": spoken.code,
        "remedies": tuple(remedies),
    }
