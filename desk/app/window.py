"""Starts the officer's window: on real devices, or in the rehearsal on training ones.

Nothing heavy is imported before the first window stands.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Protocol

from desk.app.home import Home
from desk.counter.settings import Settings, load_settings
from desk.issuance.posts import load_posts
from desk.trouble import Trouble
from desk.ui.says import Here
from desk.ui.start import Front, lock_home, make_application
from desk.ui.theme import Mode

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

LOG_BYTES = 2_000_000


class Running(Protocol):
    """What has to be closed when the window has gone."""

    def close(self) -> None: ...


def start_log(home: Home) -> None:
    """One log file a home, of bounded size; it holds codes and never personal data."""
    handler = RotatingFileHandler(home.log, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger("desk")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    if sys.stderr is not None:
        faulthandler.enable()


def vpcd_ports(text: str | None) -> tuple[int, int] | None:
    """``19579,19580``: passport and officer card of the virtual driver."""
    if not text:
        return None
    passport, card = text.split(",")
    return int(passport), int(card)


def make_front(
    settings: Settings, *, training: bool, mode: Mode = Mode.LIGHT, language: str | None = None
) -> Front:
    """The first page of this post's desk."""
    post = load_posts().post(settings.station.post)
    here = Here(
        post=dict(post.name),
        window=settings.station.window,
        zone=post.zone,
        now=datetime.now(UTC),
        training=training,
    )
    return Front(here, language=language or settings.station.language, mode=mode)


def run_desk(home: Home) -> int:
    """The officer's window on this station's own devices."""
    start_log(home)
    app = make_application()
    lock = lock_home(home.folder)
    front = make_front(load_settings(home.settings), training=False)
    front.window.show()

    def begin() -> Running:
        from desk.app.stage import RealDesk

        return RealDesk(front, front.open(lambda: _open_station(home)))

    try:
        return _run(app, front, begin)
    finally:
        lock.unlock()


def _open_station(home: Home):  # type: ignore[no-untyped-def]  # its module comes later
    from desk.app.compose import open_station
    from desk.app.pcsc_readers import PcscReaders

    return open_station(home, PcscReaders())


def run_rehearsal(home: Home, args: argparse.Namespace) -> int:
    """The same window on training devices, with the trainee's bench and a phone beside it."""
    training = home.training
    start_log(training)
    app = make_application()
    lock = lock_home(training.folder)
    mode = Mode.DARK if args.dark else Mode.LIGHT
    front = make_front(
        load_settings(training.settings), training=True, mode=mode, language=args.language
    )
    front.window.show()

    def begin() -> Running:
        from desk.app.stage import Stage

        stage = Stage(front, front.open(lambda: _open_rehearsal(home, args)))
        stage.choose(args.applicant)
        stage.show_windows()
        return stage

    try:
        return _run(app, front, begin)
    finally:
        lock.unlock()


def _open_rehearsal(home: Home, args: argparse.Namespace):  # type: ignore[no-untyped-def]
    from desk.app.rehearsal import open_rehearsal

    return open_rehearsal(home, pcsc=vpcd_ports(args.vpcd), whole=False)


def _guard() -> None:
    from desk.ui.program import install_guards

    install_guards()


def _run(app: QApplication, front: Front, begin: Callable[[], Running]) -> int:
    """Open behind the first page, run; a desk that cannot open says why and stays."""
    try:
        running = begin()
        _guard()
    except Trouble as reason:
        front.say_trouble(reason)
        app.exec()
        return 4
    try:
        return int(app.exec())
    finally:
        running.close()
