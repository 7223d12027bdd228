"""Sheets are numbered, kept and voided with the records; a closed case holds no picture."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from desk.counter import closing, slips
from desk.counter.officers import Officer
from desk.counter.records import Records
from desk.counter.settings import load_settings
from desk.counter.station import Station
from desk.credential.claims import load_profile
from desk.issuance.case import (
    Case,
    Document,
    Ending,
    FaceCheck,
    IssuedCredential,
    Judgement,
    NotPossible,
    OfferFacts,
    RegisterFacts,
    State,
    Step,
    open_case,
)
from desk.issuance.eligibility import RuleOutcome, RuleResult, Source, Verdict, load_rules
from desk.issuance.posts import Contact, load_posts
from desk.issuance.roles import Role
from desk.store import cases, journal
from desk.store import slips as serials
from desk.store.cases import BlobKind
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.slips import SlipKind
from tests.counter.slips import samples
from tests.samples import ENTRY, PASSPORT

NOW = datetime(2026, 11, 23, 18, 38, tzinfo=UTC)
NUMBER = "LA-2026-001842"
OFFICER = Officer("T-001", "이서준", "Lee Seojun", "영사", "Consul", Role.OFFICER, "LA", "a" * 64)
PICTURES = (BlobKind.PORTRAIT, BlobKind.FACE, BlobKind.EF_SOD, BlobKind.DG1, BlobKind.DG2)


class Service:
    """Stands for the enrollment service; remembers which offers were voided."""

    def __init__(self) -> None:
        self.voided: list[tuple[str, str]] = []

    def void_offer(self, offer_id: str, reason: str) -> None:
        self.voided.append((offer_id, reason))


@cache
def empty_records() -> tuple[bytes, RecordsKey]:
    """Migrated and empty, made once: migrating costs half a second."""
    key = new_key()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.db"
        Store.open(file, key, StoreKind.TRAINING).close()
        return file.read_bytes(), key


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    content, key = empty_records()
    (tmp_path / "records.db").write_bytes(content)
    store = Store.open(tmp_path / "records.db", key, StoreKind.TRAINING)
    posts = load_posts()
    post = replace(posts.post("LA"), contact=Contact("+1 213 555 0142", "1 Sample St", ""))
    nothing = cast(Any, None)
    yield Station(
        home=tmp_path,
        settings=load_settings(),
        post=post,
        posts=posts,
        now=lambda: NOW,
        records=Records.around(store),
        readers=nothing,
        roles=nothing,
        trust=nothing,
        officers={},
        authority=nothing,
        profile=load_profile(),
        rules=load_rules(),
        link=cast(Any, Service()),
        training=True,
    )
    store.close()


def case_in(state: State, **facts: object) -> Case:
    """A case with everything that must not reach paper; every value is invented."""
    opened = open_case(NUMBER, "LA", "1", "T-001", "이서준", NOW - timedelta(minutes=12))
    return replace(
        opened,
        state=state,
        history=(*opened.history, Step(state, NOW - timedelta(minutes=1))),
        document=document(),
        register=register(),
        face=FaceCheck(
            Judgement.SAME, NOW, 0.31, "similar", "dlib", "1", (0.45, 0.6), 120.0, "00" * 32
        ),
        expiry_date=date(2029, 11, 22),
        **facts,  # type: ignore[arg-type]
    )


def document() -> Document:
    return PASSPORT


def register() -> RegisterFacts:
    return replace(ENTRY, as_of=NOW - timedelta(hours=3))


def offer(offer_id: str = "offer-1") -> OfferFacts:
    uri = f"openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx.example%2F{offer_id}"
    return OfferFacts(offer_id, uri, ("mdoc",), NOW, NOW + timedelta(minutes=10))


def verdict() -> Verdict:
    return Verdict(
        (
            RuleResult(
                "R-01", RuleOutcome.NOT_MET, "struck_off", {"date": "2025-09-30", "reason": "–"},
                Source.REGISTER, NOW - timedelta(hours=3),
            ),
            RuleResult("R-02", RuleOutcome.MET, "held", {"masked": "910314-2••••••"}),
            RuleResult("R-04", RuleOutcome.MET, "old_enough", {"years": 35, "date": "1991-03-14"}),
        ),
        "2026-11",
        NOW,
    )  # fmt: skip


OFFERED = {"offer": offer()}
REFUSED = {"verdict": verdict(), "ending": Ending("rule_not_met", "ELIG-01")}
KINDS = [
    (SlipKind.ENROLLMENT, State.OFFERED, OFFERED),
    (SlipKind.HANDOVER, State.PROVEN, {}),
    (SlipKind.HANDOVER, State.DELIVERED, {}),
    (SlipKind.REFUSAL, State.REFUSED, REFUSED),
]


def kept(station: Station, case: Case) -> Case:
    """Store the case and every picture that may lie beside it."""
    stamp = Stamp(NOW, "officer:T-001")
    with station.store.write() as session:
        cases.add(session, stamp, case)
        for kind in PICTURES:
            cases.keep_blob(session, stamp, case.number, kind, "image/jpeg", b"picture")
    return case


def slips_of(station: Station) -> tuple[serials.Slip, ...]:
    with station.store.read() as session:
        return serials.slips_of(session, NUMBER)


def blobs(station: Station) -> set[BlobKind]:
    with station.store.read() as session:
        return {kind for kind in BlobKind if cases.blob(session, NUMBER, kind) is not None}


def events(station: Station) -> list[str]:
    with station.store.read() as session:
        return [event.kind for event in journal.events(session, case=NUMBER)]


# Printing


@pytest.mark.parametrize(("kind", "state", "facts"), KINDS)
def test_a_sheet_is_numbered_kept_and_told_of(
    station: Station, kind: SlipKind, state: State, facts: dict[str, object]
) -> None:
    case = kept(station, case_in(state, **facts))

    printed, slip = closing.print_slip(station, OFFICER, case, kind, "en")

    assert slip.serial == "LA01-000001"
    assert printed.slips == (slip.serial,) and station.load(NUMBER) == printed
    assert slip.serial in samples.text(slip.pdf)
    assert closing.kept_slip(station, printed, kind) == slip
    assert events(station)[-3:] == ["SLIP.ISSUED", "CASE.SLIP_PRINTED", "CASE.FILE_KEPT"]


@pytest.mark.parametrize("language", ["ko", "en", "zh", "vi"])
@pytest.mark.parametrize(("kind", "state", "facts"), KINDS)
def test_nothing_of_the_person_reaches_paper(
    station: Station, kind: SlipKind, state: State, facts: dict[str, object], language: str
) -> None:
    case = kept(station, case_in(state, **facts))

    _, slip = closing.print_slip(station, OFFICER, case, kind, language)

    printed = samples.text(slip.pdf)
    assert "김•늘 KIM H•••••" in printed
    forbidden = (
        "하늘", "HANEUL", "M123A4567", "910314", "2345678", "1991", "03-14", "2019-0042117",
        "Invented", "2033", "0.31", "ELIG", "R-01", "T-001", "이서준",
    )  # fmt: skip
    for secret in forbidden:
        assert secret not in printed
        assert secret.encode() not in slip.pdf


def test_a_reprint_voids_the_former(station: Station) -> None:
    case = kept(station, case_in(State.PROVEN))

    case, first = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")
    case, second = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "vi")

    assert case.slips == (first.serial, second.serial)
    assert [(one.serial, one.counts, one.replaced_by) for one in slips_of(station)] == [
        (first.serial, False, second.serial),
        (second.serial, True, None),
    ]
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) == second


def test_a_sheet_counts_as_out_once_a_printer_took_it(station: Station) -> None:
    """Also for a desk that was started again; the sheet before says nothing of the next."""
    case = kept(station, case_in(State.PROVEN))
    case, first = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")
    assert not first.is_out
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) == first

    closing.note_out(station, OFFICER, first)
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) == replace(first, is_out=True)
    assert events(station)[-1] == "SLIP.CAME_OUT"

    case, second = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) == second


def test_a_sheet_of_before_the_proof_is_not_the_sheet_of_what_is_usable(
    station: Station,
) -> None:
    """«Not usable yet» lay in the applicant's hand, and the page called it the slip."""
    case = kept(station, case_in(State.DELIVERED))
    case, first = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")
    assert closing.kept_slip(station, case, SlipKind.HANDOVER) == first

    later = NOW + timedelta(minutes=1)
    steps = (*case.history, Step(State.PROVEN, later))
    proven = station.save(OFFICER, replace(case, state=State.PROVEN, history=steps), "PROOF.GIVEN")

    assert closing.kept_slip(station, proven, SlipKind.HANDOVER) is None
    at_the_time = replace(station, now=lambda: later)
    proven, second = closing.print_slip(at_the_time, OFFICER, proven, SlipKind.HANDOVER, "en")
    assert closing.kept_slip(station, proven, SlipKind.HANDOVER) == second
    assert [(one.serial, one.replaced_by) for one in slips_of(station)] == [
        (first.serial, second.serial),
        (second.serial, None),
    ]


def test_a_sheet_is_known_by_what_it_tells_of_and_by_no_clock(station: Station) -> None:
    """A desk whose clock was behind the one that refused printed another at each look."""
    case = kept(station, case_in(State.REFUSED, **REFUSED))
    behind = replace(station, now=lambda: NOW - timedelta(days=1))
    case, slip = closing.print_slip(behind, OFFICER, case, SlipKind.REFUSAL, "en")

    assert closing.kept_slip(behind, case, SlipKind.REFUSAL) == slip


def test_a_sheet_that_an_earlier_version_printed_came_out(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log does not say so, nor of which state the sheet was when it took its number."""
    append = journal.append

    def former(*told: Any, **facts: Any) -> Any:
        if "SLIP.ISSUED" in told:
            del facts["state"]
        return append(*told, **facts)

    case = kept(station, case_in(State.PROVEN))
    monkeypatch.setattr(journal, "append", former)
    case, slip = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")

    assert closing.kept_slip(station, case, SlipKind.HANDOVER) == replace(slip, is_out=True)


def test_a_qr_is_never_printed_twice(station: Station) -> None:
    case = kept(station, case_in(State.OFFERED, **OFFERED))
    case, first = closing.print_slip(station, OFFICER, case, SlipKind.ENROLLMENT, "en")

    with pytest.raises(slips.NewOfferNeeded) as caught:
        closing.print_slip(station, OFFICER, case, SlipKind.ENROLLMENT, "en")

    stored = station.load(NUMBER)
    assert caught.value.facts == {"slip": first.serial}
    assert stored.state is State.APPROVED and stored.offer is None
    assert cast(Any, station.link).voided == [("offer-1", "reprinted")]
    assert [one.void_reason for one in slips_of(station)] == ["reprinted"]


def test_the_next_offer_takes_the_next_number(station: Station) -> None:
    case = kept(station, case_in(State.OFFERED, **OFFERED))
    case, first = closing.print_slip(station, OFFICER, case, SlipKind.ENROLLMENT, "en")

    case = replace(case, offer=offer("offer-2"))
    case, second = closing.print_slip(station, OFFICER, case, SlipKind.ENROLLMENT, "en")

    assert (first.serial, second.serial) == ("LA01-000001", "LA01-000002")
    assert [one.offer_id for one in slips_of(station)] == ["offer-1", "offer-2"]
    assert [one.counts for one in slips_of(station)] == [False, True]
    assert cast(Any, station.link).voided == []


def test_a_sheet_that_cannot_be_drawn_takes_no_number(station: Station) -> None:
    # U+13000, an Egyptian hieroglyph: in none of the bundled fonts.
    odd = replace(station.post, contact=Contact(address="\U00013000"))
    case = kept(station, case_in(State.PROVEN))
    case, first = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")

    with pytest.raises(slips.GlyphMissing):
        closing.print_slip(replace(station, post=odd), OFFICER, case, SlipKind.HANDOVER, "en")

    assert [(one.serial, one.counts) for one in slips_of(station)] == [(first.serial, True)]
    assert station.load(NUMBER).slips == (first.serial,)


@pytest.mark.parametrize(
    ("kind", "state", "facts"),
    [
        (SlipKind.HANDOVER, State.APPROVED, {}),
        (SlipKind.HANDOVER, State.REFUSED, {}),
        (SlipKind.REFUSAL, State.PROVEN, {}),
        (SlipKind.ENROLLMENT, State.APPROVED, {}),
        (SlipKind.ENROLLMENT, State.OFFERED, {"offer": replace(offer(), expires_at=NOW)}),
        (SlipKind.HANDOVER, State.PROVEN, {"closed_at": NOW}),
    ],
)
def test_a_case_has_only_the_sheets_of_its_state(
    station: Station, kind: SlipKind, state: State, facts: dict[str, object]
) -> None:
    case = kept(station, case_in(state, **facts))

    with pytest.raises(NotPossible):
        closing.print_slip(station, OFFICER, case, kind, "en")

    assert slips_of(station) == ()


@pytest.mark.parametrize("administrative", [None, date(2029, 11, 22)])
def test_the_sheet_tells_the_day_on_which_the_phone_ceases_to_serve(
    station: Station, administrative: date | None
) -> None:
    """A signature's end comes before the administrative one, and is what the holder meets."""
    issued = IssuedCredential("mdoc", "key", "uri", 1, NOW, datetime(2027, 11, 23, 2, tzinfo=UTC))
    facts = replace(case_in(State.PROVEN), expiry_date=administrative, issued=(issued,))
    case = kept(station, facts)

    _, slip = closing.print_slip(station, OFFICER, case, SlipKind.HANDOVER, "en")

    # 02:00 UTC is still the day before in Los Angeles.
    assert "2027-11-22" in samples.text(slip.pdf)
    assert "2029" not in samples.text(slip.pdf)


def test_a_refusal_without_a_rule_tells_no_reason(station: Station) -> None:
    ending = Ending("content_changed", "CHIP-07", "photo was replaced")
    case = kept(station, case_in(State.REFUSED, verdict=verdict(), ending=ending))

    _, slip = closing.print_slip(station, OFFICER, case, SlipKind.REFUSAL, "en")

    printed = samples.text(slip.pdf)
    assert "확인이 더 필요합니다" in printed
    for told in ("말소", "미충족", "CHIP", "photo was replaced"):
        assert told not in printed


# Closing


@pytest.mark.parametrize("state", [State.PROVEN, State.REFUSED, State.DELIVERED])
def test_a_closed_case_keeps_its_sheet_and_no_picture(station: Station, state: State) -> None:
    case = kept(station, case_in(state, **(REFUSED if state is State.REFUSED else {})))
    kind = SlipKind.REFUSAL if state is State.REFUSED else SlipKind.HANDOVER
    case, slip = closing.print_slip(station, OFFICER, case, kind, "en")

    closed = closing.close_case(station, OFFICER, case, {"passport": True, "slip": True})

    assert closed.closed_at == NOW and closed.state is state
    assert station.load(NUMBER) == closed
    assert blobs(station) == {BlobKind.SLIP}
    assert closing.kept_slip(station, closed, kind) == slip
    assert events(station)[-3:] == ["CASE.FILES_WIPED", "CASE.CLOSED", "AUDIT.HEAD_NOTED"]


def test_the_noted_head_is_the_one_before_it(station: Station) -> None:
    case = kept(station, case_in(State.PROVEN))

    closing.close_case(station, OFFICER, case, {"passport": True, "loss": True, "slip": False})

    with station.store.read() as session:
        told, noted = journal.events(session, case=NUMBER)[-2:]
    assert told.facts["given"] == "loss,passport"
    assert (noted.facts["seq"], noted.facts["head"]) == (told.seq, told.hash)


def test_wiped_pictures_are_gone_from_the_files(station: Station) -> None:
    case = kept(station, case_in(State.PROVEN))

    closing.close_case(station, OFFICER, case, {"passport": True})

    # The log file was moved in and cut: the old pages lie nowhere.
    log = station.home / "records.db-wal"
    assert not log.exists() or log.stat().st_size == 0


def test_the_passport_goes_back_first(station: Station) -> None:
    case = kept(station, case_in(State.PROVEN))

    with pytest.raises(closing.NotGivenBack):
        closing.close_case(station, OFFICER, case, {"passport": False, "slip": True})

    assert station.load(NUMBER).closed_at is None
    assert blobs(station) == set(PICTURES)


@pytest.mark.parametrize("state", [State.OPENED, State.APPROVED, State.OFFERED, State.SIGNING])
def test_an_open_case_is_not_closed(station: Station, state: State) -> None:
    case = kept(station, case_in(state))

    with pytest.raises(NotPossible):
        closing.close_case(station, OFFICER, case, {"passport": True})


def test_closing_twice_changes_nothing(station: Station) -> None:
    case = kept(station, case_in(State.PROVEN))
    closed = closing.close_case(station, OFFICER, case, {"passport": True})
    told = events(station)

    again = closing.close_case(station, OFFICER, closed, {"passport": True})

    assert again == closed and events(station) == told
