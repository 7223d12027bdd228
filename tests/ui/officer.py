"""What the tests of the officer's window share: the event loop, the accessible tree."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QShowEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from shiboken6 import isValid

SEVERAL = 6
"""Passes of the event loop after which nested layouts stand still."""


class Answered:
    """A dialog that asks for a reason, agreed to at once with this one."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def exec(self) -> bool:
        return True

    def answer(self) -> tuple[str, str]:
        return self._reason, ""


def settle() -> None:
    for _ in range(SEVERAL):
        QApplication.processEvents()


def words_seen(page: QWidget) -> str:
    # Rows made after the page was shown appear with the next events.
    QApplication.processEvents()
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def drop(window: QWidget) -> None:
    """Close a window and really let it go: closed ones would slow all later tests."""
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def drop_all() -> None:
    """Every window, closed or not."""
    app = QApplication.instance()
    for window in app.topLevelWidgets() if isinstance(app, QApplication) else []:
        # One may have gone with another.
        if isValid(window) and window.parent() is None:
            drop(window)


class StrayWindows(QObject):
    """Notes every widget that appears as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[QWidget, str]] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Asked in this order, for every event of every widget comes by.
        if isinstance(event, QShowEvent) and isinstance(watched, QWidget) and watched.isWindow():
            self._shown.append((watched, f"{type(watched).__name__} {watched.accessibleName()}"))
        return False

    def besides(self, window: QWidget) -> list[str]:
        """What appeared beside ``window`` and the windows it stands over."""
        wanted = [window]
        while (over := wanted[-1].parentWidget()) is not None:
            wanted.append(over.window())
        return [name for widget, name in self._shown if not any(widget is it for it in wanted)]


CONTROLS = {
    QAccessible.Role.PushButton,
    QAccessible.Role.Button,
    QAccessible.Role.CheckBox,
    QAccessible.Role.RadioButton,
    QAccessible.Role.EditableText,
    QAccessible.Role.ComboBox,
    QAccessible.Role.Link,
}


def accessible(window: QWidget) -> Iterator[QAccessibleInterface]:
    """The visible part of the accessible tree below ``window``."""
    top = QAccessible.queryAccessibleInterface(window)
    yield from _below(top)


def _below(part: QAccessibleInterface | None) -> Iterator[QAccessibleInterface]:
    if part is None or not part.isValid():
        return
    yield part
    for number in range(part.childCount()):
        child = part.child(number)
        if child is not None and child.isValid() and not child.state().invisible:
            yield from _below(child)


def name_of(part: QAccessibleInterface) -> str:
    return part.text(QAccessible.Text.Name)


def unnamed(window: QWidget) -> list[str]:
    """Controls without a name, and focusable parts of our own without one."""
    found = [
        f"{part.role()} in {type(part.object().parent()).__name__}"
        for part in accessible(window)
        if part.role() in CONTROLS and not name_of(part).strip() and not _is_inner(part)
    ]
    for widget in window.findChildren(QWidget):
        stops = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        ours = type(widget).__module__.startswith("desk.ui")
        if ours and stops and widget.isVisible() and not widget.accessibleName().strip():
            found.append(type(widget).__name__)
    return found


def _is_inner(part: QAccessibleInterface) -> bool:
    """Qt's own parts of a drop-down list."""
    parent = part.parent()
    return parent is not None and parent.role() in (
        QAccessible.Role.ComboBox,
        QAccessible.Role.ScrollBar,
    )
