"""The relying services' requests against what a phone has: given, lacking, accepted or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from desk.counter import relying
from desk.counter.relying import (
    TRAINING,
    Outcome,
    Weighed,
    contents,
    readiness,
    services_of,
)
from desk.counter.settings import load_settings
from desk.counter.slips import ServiceUse
from desk.counter.station import Station
from desk.credential.claims import ClaimProfile, Format, load_profile
from desk.issuance.case import Case, open_case
from desk.issuance.posts import (
    PostsUnsound,
    RelyingService,
    Services,
    ServiceState,
    load_posts,
    load_services,
)
from tests.enrollment.counter import invented_values
from tests.samples import ENTRY, PASSPORT

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 18, 38, tzinfo=UTC)
BOTH = (Format.MDOC, Format.SD_JWT)


@pytest.fixture(scope="module")
def profile() -> ClaimProfile:
    return load_profile()


def service(**changes: Any) -> RelyingService:
    facts: dict[str, Any] = {
        "id": "x",
        "name": {"ko": "가", "en": "A"},
        "state": ServiceState.LISTED,
        "listed": "2026-11",
        "claims": (),
    }
    return RelyingService(**(facts | changes))


def weighed(
    profile: ClaimProfile, one: RelyingService, formats: Sequence[Format] = BOTH
) -> Weighed:
    held = contents(profile, invented_values(), formats)
    (result,) = readiness(Services(TODAY, (one,)), profile, held, TODAY).services
    return result


def korean(names: Sequence[Any]) -> list[str]:
    return [name["ko"] for name in names]


def mdoc_query(*paths: tuple[str, str], **members: Any) -> dict[str, Any]:
    claims = [{"path": list(path), **members} for path in paths]
    meta = {"doctype_value": "org.iso.23220.photoid.1"}
    return {"credentials": [{"id": "a", "format": "mso_mdoc", "meta": meta, "claims": claims}]}


def test_a_service_that_has_not_said_what_it_asks_is_not_counted_as_accepting(
    profile: ClaimProfile,
) -> None:
    told = weighed(profile, service())

    assert told.outcome is Outcome.NOT_TOLD
    assert told.asked == ()


def test_items_that_the_credential_says_are_given(profile: ClaimProfile) -> None:
    told = weighed(profile, service(claims=("family_name", "birth_date")))

    assert told.outcome is Outcome.ACCEPTED
    assert korean(told.given) == ["성 (로마자)", "생년월일"]
    assert told.lacking == ()


@pytest.mark.parametrize(
    ("item", "name"), [("resident_number", "주민등록번호"), ("shoe_size", "shoe_size")]
)
def test_what_no_credential_says_is_lacking(profile: ClaimProfile, item: str, name: str) -> None:
    """Withheld by the profile, or unknown to it: the service would not take the credential."""
    told = weighed(profile, service(claims=("family_name", item)))

    assert told.outcome is Outcome.LACKING
    assert korean(told.given) == ["성 (로마자)"]
    assert korean(told.lacking) == [name]


def test_a_services_own_query_counts_instead_of_its_items(profile: ClaimProfile) -> None:
    query = mdoc_query(("org.iso.23220.1", "portrait"))

    told = weighed(profile, service(claims=("resident_number",), request=query))

    assert told.outcome is Outcome.ACCEPTED
    assert korean(told.given) == ["사진"]


def test_a_value_that_is_asked_for_must_be_the_one_that_is_said(profile: ClaimProfile) -> None:
    born = ("org.iso.23220.1", "birth_date")

    right = weighed(profile, service(request=mdoc_query(born, values=["1988-07-21"])))
    wrong = weighed(profile, service(request=mdoc_query(born, values=["1988-07-22"])))

    assert right.outcome is Outcome.ACCEPTED
    assert wrong.outcome is Outcome.LACKING


@pytest.mark.parametrize(
    ("formats", "outcome"),
    [((Format.MDOC,), Outcome.ACCEPTED), ((Format.SD_JWT,), Outcome.LACKING)],
)
def test_a_format_the_phone_has_not_got_answers_nothing(
    profile: ClaimProfile, formats: tuple[Format, ...], outcome: Outcome
) -> None:
    query = mdoc_query(("org.iso.23220.1", "family_name"))

    assert weighed(profile, service(request=query), formats).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"opens": date(2026, 11, 23)}, Outcome.ACCEPTED),
        ({"opens": date(2026, 11, 24)}, Outcome.NOT_OPEN),
        ({"state": ServiceState.ANNOUNCED}, Outcome.NOT_OPEN),
        ({"state": ServiceState.ANNOUNCED, "opens": date(2026, 11, 1)}, Outcome.ACCEPTED),
    ],
)
def test_a_service_takes_it_from_its_day_on(
    profile: ClaimProfile, changes: dict[str, Any], outcome: Outcome
) -> None:
    told = weighed(profile, service(claims=("family_name",), **changes))

    assert told.outcome is outcome
    assert korean(told.given) == ["성 (로마자)"]


def test_no_real_service_is_given_a_request_that_nobody_published() -> None:
    assert all(one.request is None and not one.claims for one in services_of(training=False))


def test_a_rehearsal_has_exercises_behind_the_real_ones(profile: ClaimProfile) -> None:
    held = contents(profile, invented_values(), BOTH)

    listed = services_of(training=True)
    told = {one.service.id: one for one in readiness(listed, profile, held, TODAY).services}

    assert told["training-age"].outcome is Outcome.ACCEPTED
    assert len(told["training-age"].given) == 2
    assert told["training-number"].outcome is Outcome.LACKING
    assert all("훈련" in one.name["ko"] for one in load_services(TRAINING))


def test_a_holder_is_promised_only_what_was_weighed(
    profile: ClaimProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What paper and the applicant's window say is what the officer's proof page says."""
    day = date(2027, 1, 4)
    listed = (
        service(id="takes", name=named("takes"), claims=("family_name",)),
        service(id="asks", name=named("asks"), claims=("resident_number",)),
        service(id="later", name=named("later"), claims=("family_name",), opens=day),
        service(id="silent", name=named("silent")),
        service(id="promised", name=named("promised"), state=ServiceState.ANNOUNCED),
    )
    monkeypatch.setattr(relying, "load_services", lambda: Services(TODAY, listed))

    told = relying.uses(station(profile), case())
    unknown = relying.uses(station(profile), replace(case(), expiry_date=None))

    assert told == (
        ServiceUse(named("takes"), True),
        ServiceUse(named("later"), False, day),
        ServiceUse(named("silent"), False, announced=True),
        ServiceUse(named("promised"), False),
    )
    assert unknown == told[2:]


def named(name: str) -> dict[str, str]:
    return {"ko": name, "en": name}


def case() -> Case:
    opened = open_case("LA-2026-001842", "LA", "1", "T-001", "이서준", NOW)
    return replace(opened, document=PASSPORT, register=ENTRY, expiry_date=date(2029, 11, 22))


def station(profile: ClaimProfile) -> Station:
    """As much of one as weighing looks at."""
    found = SimpleNamespace(
        settings=load_settings(), profile=profile, post=load_posts().post("LA"), now=lambda: NOW
    )
    return cast(Station, found)


@pytest.mark.parametrize("content", ["{", "[]", '{"credentials": [{}]}', '{"credentials": 3}'])
def test_a_request_that_is_none_is_told_when_the_file_is_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "request.json").write_text(content, encoding="utf-8")
    (tmp_path / "services.toml").write_text(
        "as_of = 2026-11-22\n[[service]]\nid = 'x'\nname = { ko = '가', en = 'A' }\n"
        "state = 'listed'\nlisted = ''\nclaims = []\nrequest = 'request.json'\n",
        encoding="utf-8",
    )

    with pytest.raises(PostsUnsound):
        load_services(tmp_path / "services.toml")
