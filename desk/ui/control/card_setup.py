"""Joins the page of the officer's card with provisioning; the card is asked in its own lane.

Where a request is to be saved is asked before the key is made, and a request that could not
be saved is kept: its key is in the card already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desk.cards.certificates import load_certificate
from desk.cards.piv import PivSession, wipe
from desk.cards.piv_data import Slot
from desk.cards.troubles import NoCard, NoReader, OtherCard
from desk.counter import card_commands, provisioning
from desk.counter.card_commands import FileUnusable
from desk.counter.provisioning import CardStatus, Request, Roots, SlotStatus
from desk.credential.claims import ISSUING_COUNTRY
from desk.credential.profile import DOCUMENT_SIGNER
from desk.trouble import Trouble
from desk.ui.card_work import CardWork, CardWorkDialog, CardWorkView, InstallDialog, RequestDialog
from desk.ui.control.card_pin import tries_after
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.pages.card_setup import CardSetupPage, CardSetupView, in_use

T = TypeVar("T")
Done = tuple[str, Mapping[str, str | int]]


class CardSetup(QObject):
    """``known_key`` is the management key in hexadecimal where it is known (training)."""

    def __init__(
        self,
        desk: Desk,
        page: CardSetupPage,
        set_pin: Callable[[], None],
        way_out: Callable[[], str] = str,
    ) -> None:
        super().__init__(page)
        self._desk, self._page = desk, page
        self._set_pin, self._way_out = set_pin, way_out
        self.known_key = ""
        self.dialog: CardWorkDialog | None = None
        self.ask_file: Callable[[str], str] = self._ask_file
        self.ask_place: Callable[[str], str] = self._ask_place
        self._card: CardStatus | None = None
        self._reading = False
        self._trouble: Trouble | None = None
        self._unseen: Trouble | None = None
        self._done: Done = ("", {})
        self._kept: Request | None = None
        page.look_again.connect(self.read)
        page.work_asked.connect(self._work)
        desk.look.retranslated.connect(self.render)

    def enter(self) -> None:
        self._done, self._trouble = ("", {}), None
        self.read()

    def card_moved(self) -> None:
        if self._desk.shell.front is self._page and self.dialog is None:
            self.read()

    def render(self) -> None:
        desk = self._desk
        done, facts = self._done
        trouble = self._trouble or self._unseen
        self._page.render(
            CardSetupView(
                here=desk.here(),
                card=self._card,
                reading=self._reading,
                trouble=desk.spoken(trouble) if trouble else None,
                done=done,
                done_facts=tuple(facts.items()),
                kept=self._kept is not None,
                way_out=self._way_out(),
            )
        )

    # What is on it

    def read(self) -> None:
        """Ask the card what it tells without a PIN."""
        if self._reading:
            return
        self._reading = True
        self.render()
        station = self._desk.station

        def job() -> CardStatus:
            with station.roles.piv_card() as session:
                return provisioning.card_status(session, Roots.of_station(station), station.now())

        self._desk.work(Lane.CARD, job, self._read, self._unread)

    def _read(self, card: CardStatus) -> None:
        self._reading, self._card, self._unseen = False, card, None
        self.render()

    def _unread(self, trouble: Trouble) -> None:
        self._reading, self._card = False, None
        # An empty reader is no trouble here: the page says what to do.
        self._unseen = None if isinstance(trouble, NoCard | NoReader) else trouble
        self.render()

    # What can be done

    def _work(self, key: str) -> None:
        self._done, self._trouble = ("", {}), None
        works = {
            "request": self._begin_request,
            "resave": self._save_again,
            "install": self._begin_install,
            "pin": self._set_pin,
            "revocations": self._take_list,
        }
        works[key]()

    def _view(self, slot: Slot) -> CardWorkView | None:
        card = self._card
        if card is None:
            return None
        return CardWorkView(
            slots=provisioning.REQUESTED,
            slot=slot,
            tries=card.pin.tries_left,
            on_pad=card.pin.pin_pad,
            in_use=frozenset(Slot(one) for one in in_use(card.slots)),
            management_key=self.known_key,
        )

    def _open(self, dialog: CardWorkDialog, act: Callable[[CardWork], None]) -> None:
        dialog.given.connect(act)
        dialog.finished.connect(self._closed)
        dialog.finished.connect(dialog.deleteLater)
        self.dialog = dialog
        dialog.open()

    def _closed(self) -> None:
        self.dialog = None
        self.read()
        self._desk.ask_card.emit()

    def _begin_request(self) -> None:
        view = self._view(Slot.SIGNATURE)
        place = self.ask_place("officer-card.csr") if view else ""
        if view is None or not place:
            return
        dialog = RequestDialog(self._desk.look, self._page.window(), view)
        self._open(dialog, lambda work: self._request(work, Path(place)))

    def _request(self, work: CardWork, place: Path) -> None:
        """Make the key and its request, keep it, then save it."""

        def job(session: PivSession, now: datetime) -> Request:
            subject = provisioning.subject_for(work.slot, ISSUING_COUNTRY, work.organisation, "")
            return provisioning.request(
                session,
                work.slot,
                work.key_type,
                subject,
                work.pin,
                work.management_key,
                now,
                over_old=work.over_old,
                allow_last_try=work.last_try,
            )

        def made(request: Request) -> None:
            self._kept = request
            self._note("CARD.KEY_MADE", request.slot)
            self._accept()
            self._save(request, place)

        if not place.parent.is_dir():
            wipe(work.pin)
            self._refused(FileUnusable(file=place.name))
            return
        self._on_card(work, job, made)

    def _save_again(self) -> None:
        place = self.ask_place("officer-card.csr") if self._kept else ""
        if self._kept is not None and place:
            self._save(self._kept, Path(place))

    def _save(self, request: Request, place: Path) -> None:
        def job() -> None:
            try:
                place.write_bytes(request.pem)
            except OSError as reason:
                raise FileUnusable(file=place.name) from reason

        def saved(_none: None) -> None:
            self._kept = None
            self._ended("request", file=place.name)

        self._desk.work(Lane.RECORDS, job, saved, self._say)

    def _begin_install(self) -> None:
        if self._card is None:
            return
        file = self.ask_file("certificate_file")
        if not file:
            return

        def job() -> bytes:
            return card_commands.read_certificate(Path(file))

        self._desk.work(Lane.RECORDS, job, self._ask_install, self._say)

    def _ask_install(self, der: bytes) -> None:
        try:
            certificate = load_certificate(der)
        except Trouble as reason:
            self._say(reason)
            return
        view = self._view(_slot_for(certificate))
        if view is None:
            return
        facts = {
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "until": f"{certificate.not_valid_after_utc:%Y-%m-%d}",
        }
        dialog = InstallDialog(self._desk.look, self._page.window(), view, facts)
        self._open(dialog, lambda work: self._install(work, der))

    def _install(self, work: CardWork, der: bytes) -> None:
        roots = Roots.of_station(self._desk.station)

        def job(session: PivSession, now: datetime) -> SlotStatus:
            return provisioning.install(
                session,
                work.slot,
                der,
                roots,
                work.pin,
                work.management_key,
                now,
                allow_last_try=work.last_try,
            )

        def written(_status: SlotStatus) -> None:
            self._note("CARD.CERTIFICATE_WRITTEN", work.slot)
            self._accept()
            self._ended("install")

        self._on_card(work, job, written)

    def _take_list(self) -> None:
        file = self.ask_file("list_file")
        if not file:
            return
        station = self._desk.station

        def job() -> Mapping[str, str | int]:
            told = card_commands.revocations(
                Path(file), Roots.of_station(station), station.now()
            ).facts
            day = str(told["as_of"])[:10]
            return {"issuer": str(told["issuer"]), "n": int(told["entries"]), "day": day}

        def taken(facts: Mapping[str, str | int]) -> None:
            self._ended("revocations", **facts)
            self.read()

        self._desk.work(Lane.RECORDS, job, taken, self._say)

    # On the card

    def _on_card(
        self,
        work: CardWork,
        job: Callable[[PivSession, datetime], T],
        done: Callable[[T], None],
    ) -> None:
        """Run ``job`` with the card that was looked at; another one gets no PIN."""
        station, card = self._desk.station, self._card
        if self.dialog is not None:
            self.dialog.show_busy()

        def whole() -> T:
            try:
                with station.roles.piv_card() as session:
                    identity = session.identity()
                    told = identity.hex() if identity else None
                    if card is None or told != card.identity:
                        raise OtherCard
                    return job(session, station.now())
            finally:
                wipe(work.pin)

        self._desk.work(Lane.CARD, whole, done, self._refused)

    def _note(self, kind: str, slot: Slot) -> None:
        desk = self._desk
        officer = desk.sign_in.officer if desk.is_open and desk.sign_in else None
        desk.work(Lane.RECORDS, lambda: desk.station.note(officer, kind, slot=f"{slot:02X}"))

    def _accept(self) -> None:
        if self.dialog is not None:
            self.dialog.accept()

    def _refused(self, trouble: Trouble) -> None:
        if self.dialog is not None:
            self.dialog.show_trouble(self._desk.spoken(trouble), tries_after(trouble))
        else:
            self._say(trouble)

    def _ended(self, done: str, **facts: str | int) -> None:
        self._done = (done, facts)
        self.render()

    def _say(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

    # Files

    def _ask_file(self, what: str) -> str:
        title = self._page.say(f"ask.{what}")
        return QFileDialog.getOpenFileName(self._page, title, str(Path.home()))[0]

    def _ask_place(self, name: str) -> str:
        title = self._page.say("ask.request_file")
        start = str(Path.home() / name)
        return QFileDialog.getSaveFileName(self._page, title, start, "*.csr *.pem")[0]


def _slot_for(certificate: x509.Certificate) -> Slot:
    """Where a certificate belongs by its purpose; what it lacks is told when it is checked."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return Slot.AUTHENTICATION
    return Slot.SIGNATURE if DOCUMENT_SIGNER in purposes else Slot.AUTHENTICATION
