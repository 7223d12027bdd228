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

    from desk.counter.doctor import Diagnosis
    from desk.ui.closed import ClosedDesk
    from desk.ui.program import Program

LOG_BYTES = 2_000_000


class Running(Protocol):
    """What has to be closed when the window has gone."""

    program: Program

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
        return _run(app, front, begin, home)
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
        return _run(app, front, begin, training)
    finally:
        lock.unlock()


def _open_rehearsal(home: Home, args: argparse.Namespace):  # type: ignore[no-untyped-def]
    from desk.app.rehearsal import open_rehearsal

    return open_rehearsal(home, pcsc=vpcd_ports(args.vpcd), whole=False)


def closed_desk(front: Front, home: Home) -> ClosedDesk:
    """The checks of a desk that cannot open: what `desk doctor` asks, on the screen."""
    from desk.app.doctor import diagnose
    from desk.app.pcsc_readers import PcscReaders
    from desk.counter import bundle
    from desk.ui.closed import ClosedDesk
    from desk.ui.devices import device_names
    from desk.ui.program import report_bug

    settings = load_settings(home.settings)

    def prepare() -> Callable[[], Diagnosis]:
        # Qt lists cameras and printers on the window's thread only.
        slips = home.folder / "slips"
        names = device_names(settings.camera.device, settings.printer.name, slips)
        return lambda: diagnose(home, settings, lambda: names)

    return ClosedDesk(
        front,
        PcscReaders(),
        prepare,
        lambda found: bundle.make(found, settings, home.log, training=home.is_training),
        report_bug,
    )


def _guard(program: Program) -> None:
    from desk.ui.program import install_guards

    install_guards(program.desk.show_trouble)


def _run(app: QApplication, front: Front, begin: Callable[[], Running], home: Home) -> int:
    """Open behind the first page, run; a desk that cannot open says why, can be asked what
    else is wrong, and stays."""
    try:
        running = begin()
        _guard(running.program)
    except Trouble as reason:
        front.say_trouble(reason)
        closed = closed_desk(front, home)
        try:
            app.exec()
        finally:
            closed.close()
        return 4
    try:
        return int(app.exec())
    finally:
        running.close()
