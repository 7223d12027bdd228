"""The list of officers at the station: taken in, kept whole, counted at once, never set back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.cards.revocation import Revocations
from desk.counter.officer_list import (
    HeldOfficers,
    ListForOtherPosts,
    ListNotKept,
    ListOlder,
    ListSource,
    take,
)
from desk.credential.signer import LocalSigner
from desk.issuance.officers import (
    ListExpired,
    ListNotGenuine,
    ListUnsound,
    OfficersMissing,
)
from desk.training.authority import TrainingAuthority
from desk.training.card_authority import revocation_list
from desk.training.officers import LIST_LIFE, PEOPLE, officers_of, sign_list

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OFFICERS = officers_of("LA", [f"{number:064x}" for number in range(1, len(PEOPLE) + 1)])


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW, ())


class Place:
    """A station's folder, a clock that is set by hand, and lists from the ministry."""

    def __init__(self, folder: Path, authority: TrainingAuthority) -> None:
        self.now = NOW
        self.folder, self.authority = folder, authority
        self.revocations = Revocations(folder / "revocations", [authority.officer_root])
        self.source = ListSource(
            file=folder / "home" / "officers.jws",
            roots=lambda: [authority.officer_root],
            usable=self.revocations.check,
            now=lambda: self.now,
        )

    def sent(self, number: int, officers: object = OFFICERS, by: LocalSigner | None = None) -> Path:
        file = self.folder / f"list-{number}.jws"
        signer = by or self.authority.list_signer
        file.write_text(sign_list(signer, officers, number, self.now))  # type: ignore[arg-type]
        return file


@pytest.fixture
def place(tmp_path: Path, authority: TrainingAuthority) -> Place:
    return Place(tmp_path, authority)


def test_a_list_taken_in_counts_at_once(place: Place) -> None:
    held = HeldOfficers(place.source)
    with pytest.raises(OfficersMissing):
        held.get("0" * 64)

    first = take(place.sent(1), place.source, "LA")
    assert first.before is None
    assert list(held) == [one.card for one in OFFICERS] and len(held) == 5
    assert held.get("e" * 64) is None

    left = OFFICERS[1:]
    second = take(place.sent(2, left), place.source, "LA")
    assert second.before == first.list
    assert OFFICERS[0].card not in held and held[OFFICERS[1].card] == OFFICERS[1]


def test_the_same_list_again_changes_nothing(place: Place) -> None:
    file = place.sent(3)
    take(file, place.source, "LA")
    before = place.source.file.stat()

    again = take(file, place.source, "LA")

    assert again.was_there
    assert place.source.file.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("number", [2, 3])
def test_an_older_list_brings_nobody_back(place: Place, number: int) -> None:
    """Not even one that is signed later under a number given out before."""
    take(place.sent(3, OFFICERS[1:]), place.source, "LA")
    place.now += timedelta(days=1)

    with pytest.raises(ListOlder) as refused:
        take(place.sent(number), place.source, "LA")

    assert refused.value.facts == {"held": 3, "given": number}
    assert OFFICERS[0].card not in HeldOfficers(place.source)


def test_a_list_that_has_run_out_still_keeps_older_ones_away(place: Place) -> None:
    take(place.sent(3, OFFICERS[1:]), place.source, "LA")
    former = place.sent(2)
    place.now += LIST_LIFE
    held = HeldOfficers(place.source)

    with pytest.raises(ListExpired):
        held.held()
    with pytest.raises(ListExpired):
        take(former, place.source, "LA")
    with pytest.raises(ListOlder):
        take(place.sent(2), place.source, "LA")
    take(place.sent(4), place.source, "LA")
    assert held.held().number == 4


def test_a_list_without_this_post_is_refused(place: Place) -> None:
    elsewhere = [replace(one, post="SF") for one in OFFICERS]

    with pytest.raises(ListForOtherPosts) as refused:
        take(place.sent(1, elsewhere), place.source, "LA")

    assert refused.value.facts == {"post": "LA"}
    assert not place.source.file.exists()


def test_what_is_not_the_ministrys_never_comes_into_place(place: Place) -> None:
    take(place.sent(1), place.source, "LA")
    kept = place.source.file.read_bytes()
    stranger = TrainingAuthority.create(NOW, ()).list_signer
    rubbish = place.folder / "rubbish"
    rubbish.write_bytes("목록".encode())

    with pytest.raises(ListNotGenuine):
        take(place.sent(2, by=stranger), place.source, "LA")
    with pytest.raises(ListUnsound):
        take(rubbish, place.source, "LA")
    with pytest.raises(OfficersMissing):
        take(place.folder / "nowhere", place.source, "LA")

    assert place.source.file.read_bytes() == kept


def test_a_file_altered_in_place_opens_the_desk_to_nobody(place: Place) -> None:
    take(place.sent(1), place.source, "LA")
    held = HeldOfficers(place.source)
    assert len(held) == 5
    head, _, signature = place.source.file.read_text().strip().split(".")
    other = place.sent(2, OFFICERS[:1]).read_text().split(".")[1]

    place.source.file.write_text(f"{head}.{other}.{signature}")

    with pytest.raises(ListNotGenuine):
        held.get(OFFICERS[0].card)


def test_a_signer_taken_back_later_ends_its_list(place: Place) -> None:
    take(place.sent(1), place.source, "LA")
    held = HeldOfficers(place.source)
    assert len(held) == 5

    signer = place.authority.list_signer.certificate_chain[0]
    place.revocations.take(revocation_list(place.authority, signer, NOW))
    place.now += timedelta(minutes=1)

    with pytest.raises(ListNotGenuine) as refused:
        len(held)
    assert refused.value.facts == {"reason": "revoked"}


def test_a_folder_that_cannot_be_written_is_told(place: Place) -> None:
    place.source.file.parent.write_text("a file where the folder should be")

    with pytest.raises(ListNotKept) as refused:
        take(place.sent(1), place.source, "LA")
    assert refused.value.facts == {"file": "officers.jws"}


def test_a_half_written_list_of_a_killed_program_is_not_seen(place: Place) -> None:
    take(place.sent(1), place.source, "LA")
    place.source.file.with_name("officers.jws.new").write_text("half")

    assert len(HeldOfficers(place.source)) == 5
    assert take(place.sent(2), place.source, "LA").list.number == 2
