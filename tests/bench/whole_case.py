"""The machine's share of a whole case, phase by phase; the time of people is not in it.

    python -m tests.bench.whole_case [CASES]

The scripted officer and applicant of the rehearsal go through the same functions as the
window's buttons, with the training chip and card in this process and the phone-facing
service in its own. The first case (models loaded, caches cold) is shown apart.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from desk.app.home import Home
from desk.app.rehearsal import Rehearsal, open_rehearsal, passport_of
from desk.app.scripted import Script, still_frame
from desk.app.serve import release_holder
from desk.counter import approving, closing, deciding, document, facing, intake, proving
from desk.face.quality import judge
from desk.issuance.case import Case, Judgement, State
from desk.issuance.digest import case_digest
from desk.issuance.flagged import flagged_items
from desk.store.slips import SlipKind
from desk.training.phone import Phone

T = TypeVar("T")
PIN = "271828"


class Watch:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}

    def __call__(self, phase: str, work: Callable[[], T]) -> T:
        begun = time.perf_counter()
        made = work()
        spent = time.perf_counter() - begun
        self.phases[phase] = self.phases.get(phase, 0.0) + spent
        return made


def one_case(script: Script, rehearsal: Rehearsal, phone: Phone) -> Watch:
    """From the opened case to the closed one."""
    watch, station, officer = Watch(), rehearsal.station, script.officer
    person = rehearsal.people[0]
    release_holder(rehearsal, person.overseas_number)
    case = watch("open and consent", lambda: _opened(script))
    rehearsal.bench.lay_passport(passport_of(rehearsal, person))
    zone = "\n".join(person.mrz_lines)
    case = watch(
        "read and judge chip",
        lambda: document.read_document(station, officer, case, zone, True, lambda _: None),
    )
    rehearsal.bench.take_passport()
    case = watch("eligibility", lambda: _decided(script, case))
    frame = still_frame(person)
    quality = watch("find and judge face", lambda: judge(script.finder.find(frame), frame))
    case = watch(
        "compare faces",
        lambda: facing.judge_face(
            station, officer, case, frame, quality, Judgement.SAME, script.matcher
        ),
    )
    case = watch("approve (card)", lambda: _approved(script, case))
    case = watch("offer", lambda: script.offer(case, PIN))
    case = watch("phone, sign two, deliver", lambda: _delivered(script, case, phone))
    case = watch("prove on the phone", lambda: _proven(script, case, phone))
    case, _slip = watch(
        "slip (PDF)",
        lambda: closing.print_slip(station, officer, case, SlipKind.HANDOVER, "en"),
    )
    said = {"passport": True, "slip": True, "loss": True}
    watch("close and wipe", lambda: closing.close_case(station, officer, case, said))
    return watch


def _opened(script: Script) -> Case:
    station = script.rehearsal.station
    case = intake.open_case(station, script.officer)
    answers = dict.fromkeys(intake.PURPOSES, True)
    return intake.record_consent(station, script.officer, case, answers, "ko")


def _decided(script: Script, case: Case) -> Case:
    station, officer = script.rehearsal.station, script.officer
    case = deciding.confirm_in_person(station, officer, case)
    return deciding.accept(station, officer, deciding.decide(station, officer, case))


def _approved(script: Script, case: Case) -> Case:
    station, officer = script.rehearsal.station, script.officer
    case = approving.ready_for_approval(station, officer, case)
    for item in flagged_items(case):
        case = approving.open_item(station, officer, case, item.key)
    pin = bytearray(b"123456")
    return approving.sign_as_preparer(station, officer, case, pin, case_digest(case))


def _delivered(script: Script, case: Case, phone: Phone) -> Case:
    assert case.offer is not None
    offer = case.offer.uri

    def receive() -> None:
        phone.scan(offer)
        phone.redeem(PIN)

    receiving = threading.Thread(target=receive)
    receiving.start()
    card, after = script.unlocked_card(), 0
    with card:
        while case.state is not State.DELIVERED:
            case, after = script.attend(case, card, after, 1.0)
    receiving.join()
    return case


def _proven(script: Script, case: Case, phone: Phone) -> Case:
    station, officer = script.rehearsal.station, script.officer
    check = proving.place_check(station, officer, case)
    phone.scan(check.uri)
    presenting = threading.Thread(target=phone.present)
    presenting.start()
    proven = None
    while proven is None:
        proven = proving.take_answer(station, officer, case, check, 1.0)
    presenting.join()
    return proven


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder, httpx.Client(trust_env=False) as http:
        begun = time.perf_counter()
        rehearsal = open_rehearsal(Home.make(Path(folder)))
        print(f"opened in {time.perf_counter() - begun:.2f} s (new home, service included)")
        try:
            script = Script.begin(rehearsal)
            watches = []
            for _ in range(cases + 1):
                phone = Phone(
                    http,
                    rehearsal.station.now,
                    anchors=(rehearsal.authority.iaca,),
                    verifiers=(rehearsal.authority.relying_party_root,),
                    on_event=lambda _event: None,
                )
                watches.append(one_case(script, rehearsal, phone))
        finally:
            rehearsal.close()
    first, rest = watches[0], watches[1:]
    print(f"{'phase':26}{'first':>9}{'median':>9}{'min':>9}{'max':>9}   ms")
    for phase in first.phases:
        times = sorted(watch.phases[phase] * 1000 for watch in rest)
        middle = statistics.median(times)
        row = (first.phases[phase] * 1000, middle, times[0], times[-1])
        print(f"{phase:26}" + "".join(f"{value:9.0f}" for value in row))
    totals = sorted(sum(watch.phases.values()) for watch in rest)
    print(f"{'whole case':26}{sum(first.phases.values()) * 1000:9.0f}", end="")
    print(
        "".join(
            f"{value * 1000:9.0f}" for value in (statistics.median(totals), totals[0], totals[-1])
        )
    )


if __name__ == "__main__":
    main()
