"""Status lists in a folder, and in a bucket: moto is the other side of the S3 protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.enrollment.storage import (
    BucketLists,
    FolderLists,
    StorageUnreachable,
    StorageUnusable,
    status_storage,
)
from desk.issuance.ports import StatusForm

ADDRESS = "https://status.example/lists/"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 without a network; what its client signs with is invented."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with mock_aws():
        made = boto3.resource("s3").Bucket("status")
        made.create(CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        yield made


def test_a_folder_holds_both_forms_under_addresses_of_their_own(tmp_path: Path) -> None:
    place = status_storage(str(tmp_path), ADDRESS)
    assert place is not None

    place.publish("ab12", "first", b"\x01")
    place.publish("ab12", "second", b"\x02")

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "ab12.jwt": b"second",
        "ab12.cwt": b"\x02",
    }
    assert place.uri("ab12", StatusForm.CWT) == "https://status.example/lists/ab12.cwt"
    assert place.uri("ab12", StatusForm.JWT) == "https://status.example/lists/ab12.jwt"


def test_a_folder_that_is_gone_is_told_and_the_list_stays_due(tmp_path: Path) -> None:
    with pytest.raises(StorageUnreachable) as told:
        FolderLists(tmp_path / "gone", ADDRESS).publish("ab12", "jwt", b"cwt")

    assert told.value.facts == {"place": "gone", "reason": "folder"}


def test_a_bucket_holds_both_forms_as_what_they_are(bucket: Any) -> None:
    place = status_storage("s3://status/lists/v1/", ADDRESS)
    assert place is not None

    place.publish("ab12", "a.b.c", b"\xd2\x84")

    jwt, cwt = (bucket.Object(f"lists/v1/ab12.{form}").get() for form in ("jwt", "cwt"))
    assert (jwt["ContentType"], jwt["Body"].read()) == ("application/statuslist+jwt", b"a.b.c")
    assert (cwt["ContentType"], cwt["Body"].read()) == ("application/statuslist+cwt", b"\xd2\x84")
    assert {jwt["CacheControl"], cwt["CacheControl"]} == {"no-cache"}


def test_a_bucket_that_refuses_is_told_by_its_own_word(bucket: Any) -> None:
    with pytest.raises(StorageUnreachable) as told:
        BucketLists("other", "", ADDRESS).publish("ab12", "jwt", b"cwt")

    assert told.value.facts == {"place": "other", "reason": "NoSuchBucket"}


def test_a_storage_that_nobody_answers_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    place = BucketLists("status", "", ADDRESS, "http://127.0.0.1:9", "ap-northeast-2")

    with pytest.raises(StorageUnreachable) as told:
        place.publish("ab12", "jwt", b"cwt")

    assert told.value.facts["reason"] == "EndpointConnectionError"


@pytest.mark.parametrize(
    ("publish_to", "public_url", "reason"),
    [
        ("s3://status", "http://status.example", "public_url"),
        ("s3://status", "", "public_url"),
        ("/srv/status", "https://status.example/?list=", "public_url"),
        ("s3://", "https://status.example", "bucket"),
    ],
)
def test_settings_that_name_no_storage_are_refused(
    publish_to: str, public_url: str, reason: str
) -> None:
    with pytest.raises(StorageUnusable) as told:
        status_storage(publish_to, public_url)

    assert told.value.facts == {"reason": reason}


def test_without_a_storage_the_service_shows_the_lists() -> None:
    assert status_storage("", "") is None
