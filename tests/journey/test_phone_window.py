"""The phone page while the service is slow or away: what officer and applicant see meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QWidget

from desk.counter import offering
from desk.enrollment.process import ServiceProcess
from desk.enrollment.trouble import ServiceDown
from desk.issuance.case import State
from desk.ui.applicant.snapshot import Page
from desk.ui.control.steps import Step
from tests.journey.acts import only_case, opened
from tests.journey.test_refused_window import Until, desk_with, until

__all__ = ["until"]


def says(page: QWidget, words: str) -> bool:
    return words in {one.text() for one in page.findChildren(QLabel) if one.isVisible()}


def test_while_the_qr_is_made_nobody_is_asked_for_a_pin(
    approved_home: Path, service: ServiceProcess, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty PIN page looked like a refused PIN, and the officer read «0 of 6 digits»."""
    with opened(approved_home, service.url) as rehearsal:
        known = only_case(rehearsal)
        assert known is not None
    may_end = threading.Event()

    def away(*_all: Any) -> None:
        may_end.wait()
        raise ServiceDown()

    with desk_with(approved_home, service.url, known.number, until) as stage:
        program, page = stage.program, stage.program.pages.phone
        window, desk = program.applicant_window, program.desk
        until(lambda: desk.step is Step.PHONE)
        window.acts.data_confirmed.emit()
        until(lambda: window.page is Page.PIN)

        with monkeypatch.context() as patch:
            patch.setattr(offering, "place_offer", away)
            window.acts.pin_chosen.emit(bytearray(b"482915"))
            assert window.page is Page.QR
            assert window._screen.qr is None
            assert says(page, "QR을 만들고 있습니다")
            assert not says(page, "신청인이 6자리 가운데 0자리를 눌렀습니다.")
            may_end.set()
            until(page.banner.isVisible)
            assert window.page is Page.PIN

        window.acts.pin_chosen.emit(bytearray(b"482915"))
        until(lambda: desk.the_case().state is State.OFFERED)
        assert window.page is Page.QR
        assert window._screen.qr is not None

        # The time runs out and the service cannot say so.
        case = desk.the_case()
        assert case.offer is not None
        over = desk.station.now() - timedelta(seconds=1)
        desk.case = replace(case, offer=replace(case.offer, expires_at=over))
        desk.ticked.emit()
        assert window.page is Page.EXPIRED
        assert window._screen.ended_at == over
