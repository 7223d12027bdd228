"""One whole case, driven through the real windows by a script, with the evidence left behind.

The script plays three people: the officer (buttons and PINs of the officer's window), the
applicant (the second window and the chair before the camera) and the phone. It waits for
what must happen next and never for time; what does not come in time ends it with a picture
of where it stood.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QCheckBox, QWidget

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.scripted import APPROVER
from desk.app.serve import release_holder
from desk.app.stage import Stage
from desk.app.window import make_front, start_log, vpcd_ports
from desk.counter.settings import load_settings
from desk.credential.claims import Format
from desk.credential.keys import from_b64url
from desk.issuance.case import Case, Comparison, State
from desk.issuance.flagged import flagged_items
from desk.issuance.record import to_plain
from desk.store import cases, journal
from desk.store.cases import BlobKind
from desk.trouble import Trouble
from desk.ui.phone.snapshot import Page as PhonePage
from desk.ui.program import install_guards
from desk.ui.start import lock_home, make_application
from desk.ui.theme import Mode

ISSUANCE_PIN = "271828"
PATIENCE_SECONDS = 90.0
BLINK_SECONDS = 0.01
SIZE = (1440, 900)


class NothingHappened(Trouble):
    """What the script waited for did not come; ``step`` names it."""

    code = "TRAIN-90"


def run_unattended(home: Home, args: argparse.Namespace) -> int:
    """Drive one case to its end; 0 when the credential is usable and all evidence is there."""
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    training = home.training
    start_log(training)
    app = make_application()
    lock = lock_home(training.folder)
    mode = Mode.DARK if args.dark else Mode.LIGHT
    front = make_front(
        load_settings(training.settings), training=True, mode=mode, language=args.language
    )
    rehearsal = open_rehearsal(home, pcsc=vpcd_ports(args.vpcd), whole=False)
    stage = Stage(front, rehearsal)
    install_guards(stage.program.desk.show_trouble)
    bugs = _Bugs()
    logging.getLogger("desk").addHandler(bugs)
    script = _Script(app, stage, out)
    try:
        stage.choose(args.applicant)
        case = script.play()
        script.leave_evidence(case)
    finally:
        stage.close()
        lock.unlock()
    sys.stdout.write(f"{case.number}: {case.state} after {script.seconds:.1f} s, see {out}\n")
    return 0 if case.state is State.PROVEN and not bugs.count else 1


class _Bugs(logging.Handler):
    """Counts what went wrong unseen, so that a run with a bug is no good run."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        sys.stderr.write(self.format(record) + "\n")


class _Script:
    def __init__(self, app: QApplication, stage: Stage, out: Path) -> None:
        self._app, self._stage, self._out = app, stage, out
        self._program = stage.program
        self._pages = stage.program.pages
        self._pictures = 0
        self._slips: dict[str, bytes] = {}
        self._offer = ""
        self.seconds = 0.0
        shutil.rmtree(out / "pages", ignore_errors=True)
        (out / "pages").mkdir(parents=True)
        window = stage.program.window
        margins = (window.width() - 1440, window.height() - 900)
        window.resize(SIZE[0] + max(0, margins[0]), SIZE[1] + max(0, margins[1]))

    # Waiting and looking

    def _until(self, condition: Callable[[], bool], step: str) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            self._app.processEvents()
            time.sleep(BLINK_SECONDS)
            if time.monotonic() > ends:
                self._picture(f"stopped-{step}")
                raise NothingHappened(step, step=step)
        self._app.processEvents()

    def _picture(self, name: str) -> None:
        self._app.processEvents()
        self._app.processEvents()  # lays out what the first round has brought
        self._pictures += 1
        windows: tuple[tuple[str, QWidget], ...] = (
            ("desk", self._program.window),
            ("applicant", self._program.applicant_window),
            ("phone", self._stage.phone_window),
        )
        for kind, window in windows:
            if window.isVisible():
                file = self._out / "pages" / f"{self._pictures:02d}-{name}-{kind}.png"
                window.grab().save(str(file))

    def _case(self) -> Case:
        return self._program.desk.the_case()

    # The case

    def play(self) -> Case:
        """From the empty desk to the closed case."""
        begun = time.monotonic()
        self._stage.show_windows()
        self._picture("no-card")
        self._sign_in()
        release_holder(self._stage.rehearsal, self._stage.person.overseas_number)
        self._open()
        self._agree()
        self._read_passport()
        self._lock_and_come_back()
        self._decide()
        self._face()
        self._review()
        self._phone_step()
        self._prove()
        case = self._hand_over()
        self.seconds = time.monotonic() - begun
        return case

    def _pin(self) -> bytearray:
        return bytearray(TRAINING_PIN, "ascii")

    def _sign_in(self) -> None:
        self._stage.insert_card()
        self._until(lambda: self._program.desk.card_present, "card")
        self._picture("sign-in")
        self._pages.sign_in.pin_given.emit(self._pin(), False)
        board = self._pages.board
        self._until(lambda: self._program.shell.page is board, "board")
        self._until(self._program.board.is_checked, "checks")
        self._picture("board")

    def _open(self) -> None:
        self._pages.board.new_case.emit()
        self._until(lambda: self._program.shell.page is self._pages.passport, "new case")
        self._picture("case-opened")

    def _agree(self) -> None:
        applicant = self._program.applicant_window
        applicant.started.emit()
        self._picture("consent")
        applicant.consent_given.emit(("passport", "face"))
        self._until(lambda: self._case().consent is not None, "consent")

    def _read_passport(self) -> None:
        self._stage.lay_passport()
        self._picture("passport-laid")
        self._stage.scan_mrz()
        self._picture("passport-reading")
        self._until(lambda: self._case().document is not None, "passport")
        self._until(self._program.passport.is_shown, "passport page")
        self._picture("passport-read")
        for row in self._case().compared:
            if row.outcome is Comparison.DIFFERENT:
                self._explain(row.item)
        self._stage.take_passport()

    def _explain(self, item: str) -> None:
        self._pages.passport.difference_reason_chosen.emit(item, "other_checked")
        self._until(
            lambda: all(row.reason for row in self._case().compared if row.item == item), item
        )

    def _lock_and_come_back(self) -> None:
        """The card leaves and comes back: the same case stands on the same page."""
        number = self._case().number
        self._stage.pull_card()
        self._until(lambda: self._program.desk.is_locked, "lock")
        self._picture("locked")
        self._stage.insert_card()
        self._until(lambda: self._program.desk.card_present, "card again")
        self._pages.locked.pin_given.emit(self._pin(), False)
        self._until(lambda: not self._program.desk.is_locked, "unlock")
        if self._case().number != number:
            raise NothingHappened("another case", step="unlock")

    def _decide(self) -> None:
        self._pages.passport.go_on.emit()
        self._until(lambda: self._case().verdict is not None, "verdict")
        self._until(lambda: self._program.shell.page is self._pages.eligibility, "rules")
        self._picture("eligibility")
        self._pages.eligibility.go_on.emit()

    def _face(self) -> None:
        face, pages = self._program.face, self._pages
        self._until(lambda: self._program.shell.page is pages.face, "face")
        self._until(face.may_capture, "a face before the camera")
        self._picture("face-live")
        pages.face.capture_requested.emit()
        self._until(face.is_judging, "picture")
        self._picture("face-judge")
        pages.face.judgement_recorded.emit("same")
        self._until(lambda: self._case().face is not None, "comparison")
        self._picture("face-score")
        pages.face.go_on.emit()

    def _review(self) -> None:
        pages = self._pages
        self._until(lambda: self._program.shell.page is pages.review, "review")
        self._until(lambda: self._case().expiry_date is not None, "review facts")
        for item in flagged_items(self._case()):
            pages.review.item_opened.emit(item.key)
            self._until(partial(self._was_opened, item.key), item.key)
        self._picture("review")
        pages.review.approve_requested.emit(self._pin(), False)
        self._until(lambda: self._case().state is not State.FACE_CHECKED, "signature")
        if self._case().state is State.PREPARED:
            self._second_card()
        self._until(lambda: self._program.shell.page is pages.phone, "approval")

    def _second_card(self) -> None:
        """An exception: the reader is lent to the approver, who looks and signs."""
        program, pages = self._program, self._pages
        self._picture("review-waiting")
        pages.review.approve_here.emit()
        self._stage.pull_card()
        self._until(lambda: program.session.own_card_left, "officer's card out")
        self._stage.insert_card(APPROVER)
        self._until(lambda: program.shell.page is pages.approver, "approver")
        for place, item in enumerate(flagged_items(self._case())):
            pages.approver.item_chosen.emit(place)
            self._until(partial(self._was_seen, item.key), item.key)
        self._picture("approver")
        pages.approver.approve_requested.emit(self._pin(), False)
        self._until(lambda: program.desk.is_locked, "approval of the second card")
        self._stage.insert_card()
        self._until(lambda: program.desk.card_present, "officer's card back")
        pages.locked.pin_given.emit(self._pin(), False)

    def _was_seen(self, key: str) -> bool:
        self._program.approver.look()
        request = self._case().request
        return request is not None and key in [one.key for one in request.seen]

    def _was_opened(self, key: str) -> bool:
        return key in self._case().opened_items

    def _phone_step(self) -> None:
        applicant, pages = self._program.applicant_window, self._pages
        self._picture("your-data")
        applicant.data_confirmed.emit()
        self._until(lambda: self._case().data_confirmed_at is not None, "data confirmed")
        self._picture("issuance-pin")
        applicant.pin_chosen.emit(bytearray(ISSUANCE_PIN, "ascii"))
        self._until(lambda: self._case().state is State.OFFERED, "offer")
        self._picture("qr")
        self._print_enrollment_slip()
        self._receive()
        self._until(self._program.phone.has_request, "key of the phone")
        self._picture("phone-key")
        pages.phone.sign_requested.emit(self._pin(), False)
        self._until(lambda: self._case().state is State.DELIVERED, "delivery")
        self._picture("delivered")
        pages.phone.go_on.emit()

    def _print_enrollment_slip(self) -> None:
        self._program.phone.print_slip()
        self._until(lambda: self._program.phone.slip is not None, "enrollment slip")
        slip, offer = self._program.phone.slip, self._case().offer
        assert slip is not None and offer is not None
        self._slips["slip.pdf"] = slip.pdf
        self._offer = offer.uri

    def _receive(self) -> None:
        """The phone scans the slip's own QR and redeems with the applicant's PIN."""
        window = self._stage.phone_window
        window.scan_requested.emit(self._offer)
        self._until(lambda: self._phone_shows(PhonePage.OFFER), "offer on the phone")
        self._picture("phone-offer")
        window.offer_accepted.emit()
        self._until(lambda: self._phone_shows(PhonePage.PIN), "PIN on the phone")
        self._picture("phone-pin")
        window.pin_entered.emit(bytearray(ISSUANCE_PIN, "ascii"))

    def _phone_shows(self, page: PhonePage) -> bool:
        return self._stage.phone_control.screen.page is page

    def _prove(self) -> None:
        pages, proof = self._pages, self._program.proof
        self._until(lambda: self._program.shell.page is pages.proof, "proof")
        self._until(lambda: proof.check is not None, "check QR")
        self._picture("check-qr")
        window = self._stage.phone_window
        # What stands on the applicant's window is what the phone sees.
        window.scan_requested.emit("")
        self._until(lambda: self._phone_shows(PhonePage.REQUEST), "request on the phone")
        self._picture("phone-request")
        window.present_accepted.emit()
        self._until(lambda: self._case().state is State.PROVEN, "presentation")
        self._picture("usable")
        pages.proof.go_on.emit()

    def _hand_over(self) -> Case:
        pages, hand_over = self._pages, self._program.hand_over
        self._until(lambda: self._program.shell.page is pages.hand_over, "hand-over")
        self._until(hand_over.is_printed, "slip")
        self._picture("hand-over")
        assert hand_over.slip is not None
        self._slips["slip-handover.pdf"] = hand_over.slip.pdf
        number = self._case().number
        for box in pages.hand_over.findChildren(QCheckBox):
            if box.isVisible():
                box.click()
        self._picture("handed-over")
        pages.hand_over.primary_key()
        self._until(lambda: self._program.shell.page is pages.board, "close")
        self._until(self._program.board.is_checked, "checks")
        self._picture("board-after")
        return self._stage.rehearsal.station.load(number)

    # What is left behind

    def leave_evidence(self, case: Case) -> None:
        """Case, audit log, the passport's check log, credentials, root, slips; the pictures
        are there already."""
        station = self._stage.rehearsal.station
        self._write("case.json", json.dumps(self._case_evidence(case), indent=2))
        with station.store.read() as session:
            journal.export(session, self._out / "audit.jsonl", station.now())
            log = cases.blob(session, case.number, BlobKind.CHECK_LOG)
        self._write("passport-check-log.json", log or b"")
        self._write("iaca.pem", self._stage.rehearsal.authority.iaca_pem)
        for name, pdf in self._slips.items():
            self._write(name, pdf)
        for card in self._stage.phone.cards:
            if card.held.format is Format.MDOC:
                self._write("credential-mdoc.cbor", from_b64url(card.held.credential))
            else:
                self._write("credential-sd-jwt.txt", card.held.credential)

    def _case_evidence(self, case: Case) -> dict[str, Any]:
        station = self._stage.rehearsal.station
        with station.store.read() as session:
            kept = cases.load(session, case.number)
        return {
            "number": kept.number,
            "state": kept.state.value,
            "states": [
                {"state": step.state.value, "at": step.at.isoformat()} for step in kept.history
            ],
            "closed_at": kept.closed_at.isoformat() if kept.closed_at else None,
            "offer": self._offer,
            "issued": to_plain(kept.issued),
            "proof": to_plain(kept.proof),
            "approvals": to_plain(kept.approvals),
            "slips": list(kept.slips),
            "seconds": round(self.seconds, 1),
        }

    def _write(self, name: str, content: str | bytes) -> None:
        data = content.encode("utf-8") if isinstance(content, str) else content
        (self._out / name).write_bytes(data)
