"""Status lists in a folder, and in a bucket: moto is the other side of the S3 protocol."""

from __future__ import annotations

import errno
import os
import stat
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


def test_two_desks_on_a_share_write_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both wrote one: what the second had begun was laid under the list's name, empty."""
    seen: list[set[str]] = []
    sync = os.fsync

    def look(descriptor: int) -> None:
        sync(descriptor)
        seen.append({file.name for file in tmp_path.iterdir() if file.suffix == ".part"})

    monkeypatch.setattr(os, "fsync", look)
    for _desk in range(2):
        FolderLists(tmp_path, ADDRESS).publish("ab12", "jwt", b"cwt")

    assert len(seen) == len(set[str]().union(*seen)) == 4


def test_an_older_list_that_hung_on_its_way_is_not_laid_over_the_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, sync, newer = FolderLists(tmp_path, ADDRESS), os.fsync, [True]

    def overtaken(descriptor: int) -> None:
        sync(descriptor)
        if newer:
            newer.clear()
            place.publish("ab12", "newer", b"newer")

    monkeypatch.setattr(os, "fsync", overtaken)
    with pytest.raises(StorageUnreachable):
        place.publish("ab12", "older", b"older")

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "ab12.jwt": b"newer",
        "ab12.cwt": b"newer",
    }


def test_nothing_half_is_left_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by a publisher that was killed nor by a full disk; other lists' are let be."""
    place = FolderLists(tmp_path, ADDRESS)
    for left in (".ab12.cwt.part", ".ab12.jwt.0f3a.part", ".cd34.jwt.0f3a.part"):
        (tmp_path / left).write_bytes(b"half")

    place.publish("ab12", "jwt", b"cwt")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnreachable):
        place.publish("ab12", "other", b"other")

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "ab12.jwt": b"jwt",
        "ab12.cwt": b"cwt",
        ".cd34.jwt.0f3a.part": b"half",
    }


def full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_the_web_server_may_read_what_is_published(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        FolderLists(tmp_path, ADDRESS).publish("ab12", "jwt", b"cwt")
    finally:
        os.umask(former)

    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o644}


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


@pytest.mark.parametrize(
    "endpoint",
    ["minio.example:9000", "minio", "https://", "https://minio.example:99999", "ftp://minio"],
)
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    """It passed, and every publication after it fell over an error without a code."""
    with pytest.raises(StorageUnusable) as told:
        status_storage("s3://status", ADDRESS, endpoint)

    assert told.value.facts == {"reason": "endpoint"}


def test_an_endpoint_that_the_client_refuses_is_told_with_its_code() -> None:
    place = status_storage("s3://status", ADDRESS, "https://host_name", "ap-northeast-2")
    assert place is not None

    with pytest.raises(StorageUnusable):
        place.publish("ab12", "jwt", b"cwt")


def test_an_endpoint_with_a_scheme_and_a_host_is_taken() -> None:
    place = status_storage("s3://status", ADDRESS, "https://minio.example:9000")

    assert place == BucketLists("status", "", ADDRESS.rstrip("/"), "https://minio.example:9000")


def test_without_a_storage_the_service_shows_the_lists() -> None:
    assert status_storage("", "") is None
