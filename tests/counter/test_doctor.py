"""desk.counter.doctor and freshness: what is old, what is behind, what cannot be asked."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from desk.counter import doctor, freshness
from desk.counter.board import LINES, Board, BoardCheck, CheckKey, CheckState, lines
from desk.counter.doctor import Patient
from desk.counter.settings import load_settings
from desk.counter.statuses import StatusSignerUnknown
from desk.enrollment.storage import FolderLists
from desk.issuance.ports import ServiceHealth
from desk.mrtd.trust import TrustStore
from desk.store.key_ring import CardKind, EnrolledCard
from desk.store.status import ListContent, Pointing, Validity
from desk.training import csca, csca_lists
from desk.training.authority import SIGNER_LIFE, TrainingAuthority
from desk.training.csca import Pair
from desk.trouble import Trouble
from desk.words import TroubleWords, Words

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = load_settings().trust
SETTINGS = load_settings()
CHECKS = SETTINGS.checks
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def country() -> Pair:
    return csca.create(NOW, seed=b"doctor").country


@pytest.fixture
def store(tmp_path: Path, country: Pair) -> TrustStore:
    store = TrustStore(tmp_path)
    store.import_certificate(country.certificate, NOW - 5 * DAY)
    return store


def test_an_empty_store_judges_nobody(tmp_path: Path) -> None:
    with pytest.raises(freshness.TrustListMissing):
        freshness.trust_list(TrustStore(tmp_path).contents(), LIMITS, NOW)


def test_a_certificate_does_not_age_beside_a_fresh_list(store: TrustStore, country: Pair) -> None:
    later = NOW + 60 * DAY
    alone = freshness.trust_list(store.contents(), LIMITS, later)
    raw = csca_lists.master_list(country, [country.certificate], NOW, later - DAY)
    store.import_master_list(raw, country.certificate, later)

    both = freshness.trust_list(store.contents(), LIMITS, later)

    assert (alone.state, alone.code) == (CheckState.ATTENTION, "TRUST-30")
    assert (both.state, both.facts["days"]) == (CheckState.READY, 1)


@pytest.mark.parametrize(("days", "state"), [(7, CheckState.READY), (8, CheckState.ATTENTION)])
def test_revocation_lists_are_to_be_asked_for_again(
    store: TrustStore, country: Pair, days: int, state: CheckState
) -> None:
    asked = NOW - timedelta(days=days)
    store.import_revocation_list(csca_lists.revocation_list(country, [], asked), asked)

    found = freshness.revocations(store.contents(), LIMITS, NOW)

    assert found.state is state
    if state is CheckState.ATTENTION:
        assert found.code == "TRUST-32"
        assert found.facts == {"lists": 1, "days": 8}
        fact = Words("officer").text(f"part_fact.revocations_{found.fact}", "ko", **found.facts)
        assert fact == "폐지 목록 1개 · 8일 전에 가져옴"
        assert TroubleWords().of("TRUST-32", "ko").next


def test_no_revocation_list_is_told_and_without_a_trust_list_not_asked(
    store: TrustStore, tmp_path: Path
) -> None:
    missing = freshness.revocations(store.contents(), LIMITS, NOW)
    unasked = freshness.revocations(TrustStore(tmp_path / "none").contents(), LIMITS, NOW)

    assert (missing.state, missing.code) == (CheckState.ATTENTION, "TRUST-33")
    assert unasked.state is CheckState.NOT_DONE


def listed(signed: datetime | None, *, used: bool = True) -> ListContent:
    values = {7: Validity.SUSPENDED} if used else {}
    return ListContent("1", 100, values, NOW, signed, signed)


@pytest.mark.parametrize(
    ("lists", "state", "code"),
    [
        ([], CheckState.READY, None),
        ([listed(None, used=False)], CheckState.READY, None),
        ([listed(NOW - 12 * HOUR)], CheckState.READY, None),
        ([listed(NOW - 13 * HOUR)], CheckState.ATTENTION, "STATUS-30"),
        ([listed(NOW - HOUR), listed(NOW - 13 * HOUR)], CheckState.ATTENTION, "STATUS-30"),
    ],
)
def test_age_of_the_status_list(
    lists: list[ListContent], state: CheckState, code: str | None
) -> None:
    found = freshness.status_lists(lists, SETTINGS, NOW)

    assert (found.state, found.code) == (state, code)


# 25 hours were pinned here: a desk that was off for a weekend had lists that nobody could use.
@pytest.mark.parametrize(("signed", "code"), [(None, "STATUS-32"), (NOW - 14 * DAY, "STATUS-31")])
def test_a_status_list_nobody_can_use_is_a_trouble(signed: datetime | None, code: str) -> None:
    with pytest.raises(Trouble) as caught:
        freshness.status_lists([listed(signed)], SETTINGS, NOW)

    assert caught.value.code == code


def test_how_long_a_status_list_lasts_follows_the_setting() -> None:
    settings = replace(SETTINGS, status=replace(SETTINGS.status, lifetime_hours=480))
    old = listed(NOW - 16 * DAY)

    found = freshness.status_lists([old], settings, NOW)
    with pytest.raises(freshness.StatusListEnded) as ended:
        freshness.status_lists([old], SETTINGS, NOW)

    assert found.facts == {"hours": 384, "lifetime": 480}
    assert "384 h ago. 480 h after" in TroubleWords().of("STATUS-30", "en", found.facts).text
    assert ended.value.facts == {"hours": 384, "lifetime": 336}


@pytest.fixture(scope="module")
def ministry() -> TrainingAuthority:
    return TrainingAuthority.create(NOW, ())


def lists_at(
    ministry: TrainingAuthority, at: datetime, signed: datetime, **standing: int
) -> BoardCheck:
    """What the board says of the status lists at a moment, signed then; ``standing``
    credentials point to each host."""
    store = SimpleNamespace(read=nullcontext)
    chain = ministry.status_signer.certificate_chain
    pointing = tuple(Pointing("1", f"https://{host}/1.cwt") for host in standing)
    roots = SimpleNamespace(signer=(ministry.iaca,))
    patient = SimpleNamespace(
        store=lambda: store,
        settings=SETTINGS,
        status_signer=lambda: chain,
        roots=lambda: roots,
        place=lambda: FolderLists(Path(), "https://lists.example"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor.status, "list_names", lambda _session: ("1",))
        patch.setattr(doctor.status, "content", lambda _session, _name: listed(signed))
        patch.setattr(doctor.status, "pointing", lambda _session, _now: pointing)
        patch.setattr(
            doctor.status,
            "standing_at",
            lambda _session, _now, uris: sum(standing[uri.split("/")[2]] for uri in uris),
        )
        return doctor._guarded(
            CheckKey.STATUS_LIST, lambda: doctor._status_lists(cast(Patient, patient), at)
        )


@pytest.mark.parametrize(
    ("left", "state", "code"),
    [
        (61 * DAY, CheckState.READY, None),
        (60 * DAY, CheckState.ATTENTION, "STATUS-38"),
        (-HOUR, CheckState.UNUSABLE, "STATUS-36"),
    ],
)
def test_a_status_signer_that_ends_is_told_before_and_stops_the_desk(
    ministry: TrainingAuthority, left: timedelta, state: CheckState, code: str | None
) -> None:
    """Lists that nobody took any more were called freshly signed."""
    now = NOW - DAY + SIGNER_LIFE - left

    found = lists_at(ministry, now, signed=now)

    assert (found.state, found.code) == (state, code)
    assert found.facts.get("days", 60) == 60


def test_of_signer_and_lists_the_worse_is_told(ministry: TrainingAuthority) -> None:
    ending = NOW + SIGNER_LIFE - 30 * DAY

    assert lists_at(ministry, ending, signed=ending - 13 * HOUR).code == "STATUS-30"
    assert lists_at(ministry, ending, signed=ending).code == "STATUS-38"


@pytest.mark.parametrize(
    ("left", "state", "code"),
    [
        (61 * DAY, CheckState.READY, None),
        (60 * DAY, CheckState.ATTENTION, "AUTH-03"),
        (-HOUR, CheckState.ATTENTION, "AUTH-02"),
    ],
)
def test_a_certificate_that_asks_phones_is_told_before_it_ends(
    ministry: TrainingAuthority, left: timedelta, state: CheckState, code: str | None
) -> None:
    """Phones refused the check at the counter, and nothing said why."""
    certificates = ministry.verifier_signer.certificate_chain
    now = NOW - DAY + SIGNER_LIFE - left

    found = doctor._guarded(CheckKey.VERIFIER, lambda: freshness.verifier(certificates, now))

    assert (found.state, found.code) == (state, code)


def test_credentials_that_point_where_no_list_is_published_are_told(
    ministry: TrainingAuthority,
) -> None:
    """After `[status] public_url` was changed the board said that all is well."""
    here, former = {"lists.example": 40}, {"former.example:8443": 7}

    moved = lists_at(ministry, NOW, NOW, **here, **former)
    ended = lists_at(ministry, NOW, NOW, **here, **{"former.example:8443": 0})

    assert lists_at(ministry, NOW, NOW, **here).state is CheckState.READY
    assert (moved.state, moved.code) == (CheckState.ATTENTION, "STATUS-39")
    assert moved.facts == {"count": 7, "address": "former.example:8443"}
    assert ended.state is CheckState.READY


def test_a_status_signer_of_another_authority_stops_the_desk(ministry: TrainingAuthority) -> None:
    stranger = TrainingAuthority.create(NOW, ())
    chain = stranger.status_signer.certificate_chain

    with pytest.raises(StatusSignerUnknown):
        freshness.status_signer(chain, (ministry.iaca,), NOW)


def test_the_clock_is_held_against_the_newest_signature() -> None:
    """Two minutes behind is let pass; without any signature it stands as not done."""
    signed = [NOW - 5 * DAY, NOW]

    fine = freshness.clock(signed, CHECKS, NOW - timedelta(minutes=2))
    with pytest.raises(freshness.ClockBehind) as behind:
        freshness.clock(signed, CHECKS, NOW - timedelta(minutes=3))
    none = freshness.clock([], CHECKS, NOW)

    assert fine.state is CheckState.READY
    assert fine.facts == {"at": "2026-11-22 09:30"}
    assert behind.value.facts == {"at": "2026-11-22 09:30", "minutes": 3}
    assert none.state is CheckState.NOT_DONE


def test_signed_trust_lists_are_among_the_times(store: TrustStore, country: Pair) -> None:
    """A single certificate says nothing of when it was brought; a revocation list does."""
    assert freshness.signed_times(store.contents()) == []
    store.import_revocation_list(csca_lists.revocation_list(country, [], NOW), NOW)

    assert freshness.signed_times(store.contents()) == [NOW]


@pytest.mark.parametrize(
    ("queue", "seconds", "state"),
    [
        (0, 0, CheckState.READY),
        (1, 600, CheckState.READY),
        (1, 660, CheckState.ATTENTION),
    ],
)
def test_a_phone_that_waits_long_is_told(queue: int, seconds: int, state: CheckState) -> None:
    found = doctor.queue_age(ServiceHealth(True, "0", queue, 5.0, seconds), CHECKS)

    assert found.state is state
    assert (found.code == "LINK-31") is (state is CheckState.ATTENTION)


def test_a_slow_service_is_told() -> None:
    found = doctor.service(ServiceHealth(True, "0", 0, 2001.0), CHECKS)

    assert (found.state, found.code) == (CheckState.ATTENTION, "LINK-30")


def test_a_service_that_is_set_otherwise_is_told_by_the_entries() -> None:
    """What stands in the settings of a desk was without any effect, and nothing said so."""
    own = replace(load_settings().enrollment, url="https://issue.example", dpop="required")
    told = {"encryption": "optional", "dpop": "optional", "batch": 3, "attestation": "off"}
    health = ServiceHealth(True, "0", 0, 5.0, terms=told)

    found = doctor.terms(health, own)

    assert found is not None
    assert (found.state, found.code) == (CheckState.ATTENTION, "LINK-32")
    spoken = TroubleWords().of("LINK-32", "en", found.facts)
    assert "dpop, batch" in spoken.text
    assert "dpop = optional, batch = 3" in spoken.next
    assert doctor.terms(health, replace(own, dpop="optional", batch=3)) is None
    assert doctor.terms(health, replace(own, url="")) is None
    assert doctor.terms(replace(health, terms={}), own) is None, "a service of before"


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(freshness.DiskNearlyFull):
        freshness.disk(tmp_path, replace(CHECKS, disk_megabytes=1 << 40))
    assert freshness.disk(tmp_path, replace(CHECKS, disk_megabytes=0)).state is CheckState.READY


def ready(key: CheckKey) -> BoardCheck:
    return BoardCheck(key, CheckState.READY)


def test_a_line_of_the_board_shows_the_worst_of_its_parts() -> None:
    """And under equals the part the line is named for."""
    checks = [ready(key) for key in CheckKey]
    worse = [
        replace(one, state=CheckState.ATTENTION) if one.key is CheckKey.DISK else one
        for one in checks
    ]

    assert [one.key for one in lines(checks)] == list(LINES)
    assert [one.key for one in lines(worse) if one.state is not CheckState.READY] == ["disk"]
    assert Board(tuple(worse), NOW, ()).can_open


@pytest.mark.parametrize("state", [CheckState.NOT_DONE, CheckState.UNUSABLE, CheckState.CHECKING])
def test_what_was_not_asked_never_opens_the_desk(state: CheckState) -> None:
    checks = [
        replace(ready(key), state=state) if key is CheckKey.OFFICER_CARD else ready(key)
        for key in CheckKey
    ]

    assert not Board(tuple(checks), NOW, ()).can_open
    assert Board(tuple(ready(key) for key in CheckKey), NOW, ()).can_open


def enrolled(kind: CardKind) -> EnrolledCard:
    return EnrolledCard(kind, b"", "", NOW, "officer:T-001")


@pytest.mark.parametrize(
    ("kinds", "code"),
    [((), "KEYS-02"), ((CardKind.OFFICER,) * 3, "KEYS-12")],
)
def test_records_that_one_loss_could_close_for_good_are_told(
    kinds: tuple[CardKind, ...], code: str
) -> None:
    patient = cast(Patient, SimpleNamespace(cards=lambda: tuple(map(enrolled, kinds))))

    found = doctor._guarded(CheckKey.RECORDS_CARDS, lambda: doctor._records_cards(patient))

    assert (found.state, found.code) == (CheckState.ATTENTION, code)


def test_a_recovery_card_beside_the_officers_is_ready() -> None:
    kinds = (CardKind.OFFICER, CardKind.OFFICER, CardKind.RECOVERY)
    patient = cast(Patient, SimpleNamespace(cards=lambda: tuple(map(enrolled, kinds))))

    found = doctor._records_cards(patient)

    assert found.state is CheckState.READY
    assert found.facts == {"cards": 2, "recovery": 1}
