"""What no emulator proves: encryption, tags, classes, regions, clocks, URLs of a real service."""

from __future__ import annotations

import base64
import dataclasses
import os
import time
import types
import urllib.request
import zlib
from typing import TYPE_CHECKING, Any

import pytest

import s3dlio
from s3dlio_core.rest import clock
from s3dlio_core.retry import RetryingStore
from s3dlio_core.store import Attributes
from s3dlio_s3 import Encryption, RequestSettings, S3Client, S3Store
from s3dlio_s3.partitions import partition_of

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_s3 import S3Config
    from tests.live.bucket import LiveBucket

#: Regions that every account of their partition has; of two, one isn't the bucket's.
REGIONS = {
    "aws": ("eu-west-3", "us-west-2"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
}
CONTENT = b"live content"


def head(live: LiveBucket, key: str) -> dict[str, Any]:
    """Describe an object by boto3."""
    described: dict[str, Any] = live.client.head_object(Bucket=live.name, Key=key)
    return described


def changed(live: LiveBucket, **changes: Any) -> S3Config:
    """Return the configuration with something changed."""
    return dataclasses.replace(live.config, **changes)


def test_tree_goes_up_and_comes_back(live: LiveBucket, tmp_path: Path) -> None:
    """Files go up, a large one in parts, and come back the same; boto3 reads them too."""
    source, back = tmp_path / "source", tmp_path / "back"
    source.mkdir()
    files = {"small": b"x", "empty": b"", "large": os.urandom(20 << 20), "é ü+%41": b"odd name"}
    for name, content in files.items():
        (source / name).write_bytes(content)
    s3dlio.upload([f"{source}/"], f"{live.uri}tree/", recursive=True)
    s3dlio.download([f"{live.uri}tree/"], f"{back}/", recursive=True)
    assert files == {path.name: path.read_bytes() for path in back.rglob("*") if path.is_file()}
    assert all(content == live.get(f"{live.prefix}tree/{name}") for name, content in files.items())


def test_checksum_is_kept_and_compared(live: LiveBucket) -> None:
    """The service keeps the checksum of what was meant, and tells it to whoever reads."""
    key = f"{live.prefix}checksum"
    config = changed(
        live, checksum_algorithm="CRC32", response_checksum_validation="when_supported"
    )
    with S3Store.connect(live.name, config) as store:
        store.put(key, CONTENT)
        with store.open_reader(key) as reader:
            assert CONTENT == reader.readall()
    told = live.client.head_object(Bucket=live.name, Key=key, ChecksumMode="ENABLED")
    assert zlib.crc32(CONTENT).to_bytes(4, "big") == base64.b64decode(told["ChecksumCRC32"])


def test_encryption_is_asked_for(live: LiveBucket) -> None:
    """An object is encrypted as it was asked for (SSE-S3)."""
    key = f"{live.prefix}encrypted"
    settings = RequestSettings(encryption=Encryption("AES256"))
    with S3Store.connect(live.name, changed(live, settings=settings)) as store:
        store.put(key, CONTENT)
    assert head(live, key)["ServerSideEncryption"] == "AES256"


def test_tags_and_class_are_kept(live: LiveBucket) -> None:
    """Tags, storage class and metadata arrive as they were given."""
    key = f"{live.prefix}attributes"
    attributes = Attributes(
        content_type="text/plain",
        metadata={"colour": "blue"},
        storage_class="INTELLIGENT_TIERING",
        tags={"team": "a b", "year": "2026"},
    )
    with S3Store.connect(live.name, live.config) as store:
        store.put(key, CONTENT, attributes=attributes)
    found = head(live, key)
    assert ("text/plain", "INTELLIGENT_TIERING") == (found["ContentType"], found["StorageClass"])
    assert found["Metadata"] == {"colour": "blue"}
    tags = live.client.get_object_tagging(Bucket=live.name, Key=key)["TagSet"]
    assert {"team": "a b", "year": "2026"} == {tag["Key"]: tag["Value"] for tag in tags}


@pytest.mark.parametrize("region", [0, 1])
def test_bucket_is_found_from_another_region(live: LiveBucket, region: int) -> None:
    """A client that is configured for another region finds the bucket by any request."""
    others = REGIONS.get(partition_of(live.config.signing_region).name)
    if others is None:
        pytest.skip("this partition has one region only")
    key = f"{live.prefix}elsewhere-{region}"
    for call in ("head", "put", "list"):
        with S3Store.connect(live.name, changed(live, region=others[region])) as store:
            live.put(key, CONTENT)
            if call == "head":
                assert len(CONTENT) == store.head(key).size_bytes
            elif call == "put":
                store.put(key, CONTENT)
            else:
                assert [key] == [found.key for found in store.list_page(key).objects]


@pytest.mark.parametrize("off_s", [-3600.0, 3600.0])
def test_clock_that_is_off_is_corrected(
    live: LiveBucket, off_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is an hour off signs with the service's time after one refusal."""
    off = types.SimpleNamespace(
        time=lambda: time.time() + off_s, strftime=time.strftime, gmtime=time.gmtime
    )
    monkeypatch.setattr(clock, "time", off)
    key = f"{live.prefix}clock{off_s}"
    with RetryingStore(S3Store.connect(live.name, live.config)) as store:
        store.put(key, CONTENT)
        assert len(CONTENT) == store.head(key).size_bytes
    assert CONTENT == live.get(key)


def test_presigned_url_reads(live: LiveBucket) -> None:
    """Whoever has a presigned URL reads the object, without credentials."""
    key = f"{live.prefix}presigned é+"
    live.put(key, CONTENT)
    client = S3Client(live.config)
    url = client.presign("GET", live.name, key, expires_s=300)
    with urllib.request.urlopen(url) as answer:
        assert CONTENT == answer.read()
    client.close()


def test_copy_on_the_service(live: LiveBucket) -> None:
    """An object is copied without its bytes passing through this machine."""
    live.put(f"{live.prefix}original", CONTENT)
    with S3Store.connect(live.name, live.config) as store:
        store.copy_from(store.copy_source(f"{live.prefix}original"), f"{live.prefix}copy ü")
    assert CONTENT == live.get(f"{live.prefix}copy ü")
