"""Status lists in a storage of files, read by everybody from there: a folder that a web
server shows, or a bucket of Amazon S3 or of one that speaks its protocol.

Each list is two files, ``NAME.jwt`` and ``NAME.cwt``: a storage cannot answer by the Accept
header, so each form has an address of its own (Token Status List draft-20, section 8.1 asks
no more than that the address gives a token). Who may write comes from where the S3 client
looks by itself (environment, its own files, the machine's role), never from the settings.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from desk.issuance.ports import StatusForm, StatusPlace
from desk.trouble import Trouble

MEDIA_TYPES = {
    StatusForm.JWT: "application/statuslist+jwt",
    StatusForm.CWT: "application/statuslist+cwt",
}
# How long a list may be believed stands in its own ttl and exp; a cache between would make a
# credential usable later than the counter says.
_CACHING = "no-cache"
_BUCKET = "s3://"
_SECONDS = 10


class StorageUnreachable(Trouble):
    """A list could not be written; the one before stays. Facts: ``place``, ``reason``."""

    code = "STATUS-33"


class StorageUnusable(Trouble):
    """The settings name no storage that can be used. Facts: ``reason``."""

    code = "STATUS-34"


def status_storage(
    publish_to: str, public_url: str, endpoint: str = "", region: str = ""
) -> StatusPlace | None:
    """The storage of the settings; None where they name none. Raises StorageUnusable.

    ``publish_to`` is a folder or ``s3://bucket/prefix``, ``public_url`` where the same is read,
    ``endpoint`` the address of an S3 that is not Amazon's.
    """
    if not publish_to:
        return None
    read_at = urlsplit(public_url)
    if read_at.scheme != "https" or not read_at.netloc or read_at.query or read_at.fragment:
        raise StorageUnusable(reason="public_url")
    base = public_url.rstrip("/")
    if not publish_to.startswith(_BUCKET):
        return FolderLists(Path(publish_to), base)
    bucket, _, prefix = publish_to.removeprefix(_BUCKET).partition("/")
    if not bucket:
        raise StorageUnusable(reason="bucket")
    if endpoint and not _is_address(endpoint):
        raise StorageUnusable(reason="endpoint")
    return BucketLists(bucket, prefix.strip("/"), base, endpoint, region)


def _is_address(endpoint: str) -> bool:
    """What the S3 client would take; asked before it is loaded, at the first list."""
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@dataclass(frozen=True)
class FolderLists:
    """A folder, on this machine or shared; each file is replaced as a whole."""

    folder: Path
    public_url: str

    def uri(self, name: str, form: StatusForm) -> str:
        return f"{self.public_url}/{name}.{form.value}"

    def publish(self, name: str, jwt: str, cwt: bytes) -> None:
        try:
            self._replace(f"{name}.{StatusForm.CWT.value}", cwt)
            self._replace(f"{name}.{StatusForm.JWT.value}", jwt.encode("ascii"))
        except OSError as reason:
            raise StorageUnreachable(place=self.folder.name, reason="folder") from reason

    def _replace(self, name: str, content: bytes) -> None:
        """By a file of its own name: on a share another desk may be writing the same list, and
        neither lays the other's half under the list's name."""
        self._sweep(name)
        part = self.folder / f".{name}.{secrets.token_hex(8)}.part"
        try:
            # Not by tempfile, whose files nobody else may read.
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _sweep(self, name: str) -> None:
        """What a killed publisher left. One that hung and lost its turn cannot go on then: its
        list is an older one."""
        for left in self.folder.glob(f".{name}.*part"):
            with suppress(OSError):
                left.unlink()


@dataclass(frozen=True)
class BucketLists:
    """A bucket; ``endpoint`` is empty for Amazon's own."""

    bucket: str
    prefix: str
    public_url: str
    endpoint: str = ""
    region: str = ""
    _clients: list[Any] = field(default_factory=list, repr=False, compare=False)

    def uri(self, name: str, form: StatusForm) -> str:
        return f"{self.public_url}/{name}.{form.value}"

    def publish(self, name: str, jwt: str, cwt: bytes) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            for form, content in ((StatusForm.CWT, cwt), (StatusForm.JWT, jwt.encode("ascii"))):
                self._client().put_object(
                    Bucket=self.bucket,
                    Key="/".join(filter(None, (self.prefix, f"{name}.{form.value}"))),
                    Body=content,
                    ContentType=MEDIA_TYPES[form],
                    CacheControl=_CACHING,
                )
        except ClientError as refused:
            code = str(refused.response.get("Error", {}).get("Code", ""))
            raise StorageUnreachable(place=self.bucket, reason=code) from refused
        except BotoCoreError as broken:
            raise StorageUnreachable(place=self.bucket, reason=type(broken).__name__) from broken
        except ValueError as broken:
            # A host that is none, by the client's own rules.
            raise StorageUnusable(reason="endpoint") from broken

    def _client(self) -> Any:
        """Made at the first list: loading the library takes as long as starting the window."""
        if not self._clients:
            import boto3
            from botocore.config import Config

            config = Config(
                connect_timeout=_SECONDS,
                read_timeout=_SECONDS,
                retries={"max_attempts": 2},
                # Newer checksums are unknown to some that speak the protocol.
                request_checksum_calculation="when_required",
            )
            self._clients.append(
                boto3.client(
                    "s3",
                    endpoint_url=self.endpoint or None,
                    region_name=self.region or None,
                    config=config,
                )
            )
        return self._clients[0]
