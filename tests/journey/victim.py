"""The desk that gets killed: a process of its own, told on stdin what to do.

``python -m tests.journey.victim`` loads the program once and forks a desk for each line of
JSON it reads: ``{"home", "url", "point", "log"}``. The forked desk drives a case and kills
itself (SIGKILL) at the point; what its screens would show (``{"offer"}``, ``{"check"}``) and
how it ended (``{"ended": status}``) comes out as lines of JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.app.home import Home
from desk.app.rehearsal import Rehearsal, open_rehearsal
from desk.app.scripted import Script
from desk.cards.piv import PivSession
from desk.cards.piv_data import Slot
from desk.counter import intake, offering, proving
from desk.counter.settings import Settings
from desk.enrollment.link import HttpLink
from desk.issuance.case import Case, CaseKind, State
from desk.store import cases, journal
from desk.store.database import Store
from tests.journey.acts import PIN, only_case, settings_with


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Point:
    """Where the desk dies: ``where`` is an event or a call, ``nth`` which one of its kind;
    ``early`` points lie before the approval, the others begin behind it; ``keys`` is how many
    the phone asks for at once."""

    name: str
    where: str
    when: str
    nth: int = 1
    plan: str = "prove"
    own_service: bool = False
    early: bool = False
    keys: int = 1

    def settings(self, url: str) -> Settings:
        """With the service at ``url`` where the desk does not start its own."""
        where = "" if self.own_service else url
        return settings_with(where, batch_unattested=self.keys > 1)


POINTS = (
    Point("case opened", "CASE.OPENED", "durable", early=True),
    Point("passport read, not yet durable", "DOCUMENT.CHECKED", "writing", early=True),
    Point("face judged", "FACE.JUDGED", "durable", early=True),
    Point("approval signed by 9A, not stored", "sign 9A", "after", early=True),
    Point("offer at the service, not in the records", "place_offer", "after"),
    Point("offer placed", "OFFER.PLACED", "durable"),
    Point("phone's key taken", "PHONE.KEY_TAKEN", "durable", own_service=True),
    Point("intent durable, nothing signed", "CRED.INTENT", "durable"),
    Point("9C signed, signature lost", "sign 9C", "after"),
    Point("four of a batch signed, none durable", "sign 9C", "after", nth=4, keys=10),
    Point("a batch signed and durable", "CRED.SIGNED", "durable", keys=10),
    Point("credential signed and durable", "CRED.SIGNED", "durable", own_service=True),
    Point("status list out, no answer yet", "publish_status", "after"),
    Point("credential on the case, no answer yet", "CASE.CREDENTIAL_SIGNED", "durable"),
    Point("answer handed to the service", "answer", "after"),
    Point("second intent durable", "CRED.INTENT", "durable", nth=2),
    Point("second signature lost", "sign 9C", "after", nth=2),
    Point("delivered", "CASE.ANSWERED", "durable", nth=2, own_service=True),
    Point("check at the service", "place_check", "after"),
    Point("phone has presented", "check_answer", "after"),
    Point("valid in the records, not on the list", "STATUS.CHANGED", "durable"),
    Point("valid on the list, case not yet", "PROOF.GIVEN", "writing"),
    Point("withdrawn, service not told", "OFFER.WITHDRAWN", "durable", plan="withdraw"),
    Point("cancelled halfway", "CASE.CANCELLED", "writing", plan="cancel"),
)
# Behind an approval of a case that replaces or resumes what its holder has.
RENEWALS = (
    Point("reissue: old one ended, not durable", "STATUS.CHANGED", "writing", 2, plan="renew"),
    Point(
        "reissue: both in the records, not on the list", "STATUS.CHANGED", "durable", plan="renew"
    ),
    Point("reissue: on the list, case not yet", "PROOF.GIVEN", "writing", plan="renew"),
    Point("resume: decided, not durable", "PROOF.DECIDED", "writing", plan="renew"),
    Point("resume: decided, not on the list", "PROOF.DECIDED", "durable", plan="renew"),
)


def arm(point: Point) -> None:
    """Make this process die at the point."""
    left = [point.nth]

    def reached() -> None:
        left[0] -= 1
        if left[0] == 0:
            die()

    if point.where.startswith("sign "):
        _after_signature(Slot(int(point.where[5:], 16)), reached)
    elif point.when == "after":
        _after_call(HttpLink, point.where, reached)
    else:
        _at_event(point, reached)


def _after_signature(slot: Slot, reached: Callable[[], None]) -> None:
    real = PivSession.verify_and_sign

    def sign(self: PivSession, used: Slot, *rest: Any) -> bytes:
        signature = real(self, used, *rest)
        if used is slot:
            reached()
        return signature

    PivSession.verify_and_sign = sign  # type: ignore[method-assign]


def _after_call(kind: type, name: str, reached: Callable[[], None]) -> None:
    real = getattr(kind, name)

    def call(*args: Any, **facts: Any) -> Any:
        answer = real(*args, **facts)
        if name != "check_answer" or answer is not None:
            reached()
        return answer

    setattr(kind, name, call)


def _at_event(point: Point, reached: Callable[[], None]) -> None:
    """Inside the transaction of the event, or as soon as it is committed."""
    append, write = journal.append, Store.write
    written: list[str] = []

    def noted(session: Any, stamp: Any, kind: str, /, *rest: Any, **facts: Any) -> Any:
        event = append(session, stamp, kind, *rest, **facts)
        written.append(kind)
        if point.when == "writing" and kind == point.where:
            reached()
        return event

    @contextmanager
    def watched(self: Store) -> Iterator[Any]:
        written.clear()
        with write(self) as session:
            yield session
        if point.when == "durable" and point.where in written:
            reached()

    journal.append = noted
    Store.write = watched  # type: ignore[method-assign]


def log_signatures(target: Path) -> None:
    """Note everything 9C signs, before anybody else hears of it."""
    real = PivSession.verify_and_sign

    def sign(self: PivSession, used: Slot, data: bytes, *rest: Any) -> bytes:
        signature = real(self, used, data, *rest)
        if used is Slot.SIGNATURE:
            with target.open("a") as file:
                file.write(hashlib.sha256(data).hexdigest() + "\n")
        return signature

    PivSession.verify_and_sign = sign  # type: ignore[method-assign]


def say(**words: object) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def drive(rehearsal: Rehearsal, plan: str) -> None:
    script = Script.begin(rehearsal)
    if plan == "renew":
        _renew(rehearsal, script)
        return
    case = only_case(rehearsal) or script.approved_case(rehearsal.people[0])
    case = script.offer(case, PIN)
    assert case.offer is not None
    say(offer=case.offer.uri)
    if plan == "prove":
        _prove(rehearsal, script, _attend(script, case, State.DELIVERED))
        return
    case = _attend(script, case, State.SIGNING)
    if plan == "withdraw":
        offering.withdraw(rehearsal.station, script.officer, case, "new_qr")
    else:
        intake.cancel(rehearsal.station, script.officer, case, "applicant_left")


def _renew(rehearsal: Rehearsal, script: Script) -> None:
    with rehearsal.station.store.read() as session:
        (case,) = cases.open_cases(session)
    if case.kind is CaseKind.REISSUE:
        case = script.offer(case, PIN)
        assert case.offer is not None
        say(offer=case.offer.uri)
        case = _attend(script, case, State.DELIVERED)
    _prove(rehearsal, script, case)


def _attend(script: Script, case: Case, until: State) -> Case:
    card, after = script.unlocked_card(), 0
    while case.state is not until:
        case, after = script.attend(case, card, after, 0.5)
    return case


def _prove(rehearsal: Rehearsal, script: Script, case: Case) -> None:
    station, officer = rehearsal.station, script.officer
    check = proving.place_check(station, officer, case)
    say(check=check.uri)
    while proving.take_answer(station, officer, case, check, 1.0) is None:
        pass


def live(order: dict[str, str]) -> None:
    """The life of one desk, up to its point."""
    point = next(one for one in (*POINTS, *RENEWALS) if one.name == order["point"])
    log_signatures(Path(order["log"]))
    arm(point)
    settings = point.settings(order["url"])
    rehearsal = open_rehearsal(
        Home.make(Path(order["home"])), settings=settings, service_options=("--wait", "0.5")
    )
    drive(rehearsal, point.plan)


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live(json.loads(line))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
