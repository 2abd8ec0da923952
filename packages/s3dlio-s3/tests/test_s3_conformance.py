"""The s3 store against the conformance suite, on each of the two servers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.servers import SignedClient

from s3dlio_core.errors import NotSupportedError, ObjectNotFoundError
from s3dlio_core.store import Condition
from s3dlio_core.testing import ObjectStoreTests
from s3dlio_s3 import Credentials, S3Config, S3Provider, S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.servers import MotoServer, RcloneServer, S3Server

    from s3dlio_core.store import ObjectStore


class S3Tests(ObjectStoreTests):
    """What the classes below share."""

    many_keys_count = 1_005
    model_examples = 10
    server: S3Server
    #: Tests that the server itself fails, and why: always, or when threads meet.
    deviations: ClassVar[Mapping[str, str]] = {}
    races: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _expect_deviations(self, request: pytest.FixtureRequest) -> None:
        name = request.function.__name__
        if name in self.deviations:
            mark = pytest.mark.xfail(strict=True, reason=self.deviations[name])
            request.applymarker(mark)
        if name in self.races:
            request.applymarker(pytest.mark.xfail(strict=False, reason=self.races[name]))

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Store an object with botocore's signature."""
        with SignedClient(self.server) as client:
            client.put_object(_bucket(store), key, data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read an object with botocore's signature."""
        with SignedClient(self.server) as client:
            return client.get_object(_bucket(store), key)


class TestS3OnMoto(S3Tests):
    """Moto, which holds any key and checks conditions."""

    deviations: ClassVar[Mapping[str, str]] = {
        "test_multipart_if_match": "CompleteMultipartUpload ignores If-Match",
        "test_complete_after_abort_is_refused": "500 where NoSuchUpload is due",
        "test_part_after_abort_is_refused": "500 where NoSuchUpload is due",
        "test_part_after_complete_is_refused": "500 where NoSuchUpload is due",
    }
    races: ClassVar[Mapping[str, str]] = {
        "test_threads_write_the_same_key": "500 when puts of one key meet",
        "test_readers_never_see_half_a_put": "500 when a read meets a put",
    }

    @pytest.fixture
    def provider(self, moto_s3: MotoServer) -> Iterator[S3Provider]:
        """A provider for the server."""
        type(self).server = moto_s3
        with S3Provider(_config(moto_s3)) as provider:
            yield provider

    def test_copy_if_absent(self, store: ObjectStore, prefix: str) -> None:
        """A server that isn't known to honour conditions on copies isn't asked to."""
        store.put(f"{prefix}source", b"12345")
        with pytest.raises(NotSupportedError):
            store.copy_from(
                store.copy_source(f"{prefix}source"),
                f"{prefix}target",
                condition=Condition(if_absent=True),
            )
        with pytest.raises(ObjectNotFoundError):
            store.head(f"{prefix}target")


class TestS3OnRclone(S3Tests):
    """rclone, which lacks conditions and UploadPartCopy, and whose keys are paths."""

    holds_key_below_key = False
    deviations: ClassVar[Mapping[str, str]] = {
        "test_copy_keeps_attributes": "adds the metadata mtime",
        "test_copy_replaces_attributes": "keeps the source's metadata too",
        "test_too_small_a_part_is_refused": "takes parts of any size",
        "test_delete_of_a_prefix_deletes_nothing": "500 for a directory",
    }
    races: ClassVar[Mapping[str, str]] = {
        "test_readers_never_see_half_a_put": "cuts the connection when a read meets a put",
    }

    @pytest.fixture
    def provider(self, rclone_s3: RcloneServer) -> Iterator[S3Provider]:
        """A provider for the server."""
        type(self).server = rclone_s3
        config = dataclasses.replace(
            _config(rclone_s3),
            put_if_absent=False,
            put_if_match=False,
            read_if_match=False,
            copy_part=False,
            etag_changes=False,
        )
        with S3Provider(config) as provider:
            yield provider

    def can_hold(self, key: str) -> bool:
        """Keys are paths of a file system, whose names have at most 255 bytes."""
        segments = key.split("/")
        return all(
            segment not in {"", ".", ".."} and len(segment.encode()) <= 255 for segment in segments
        )


def _config(server: S3Server) -> S3Config:
    return S3Config(
        endpoint_url=server.endpoint_url,
        region=server.region,
        credentials=Credentials(server.access_key, server.secret_key),
    )


def _bucket(store: ObjectStore) -> str:
    assert isinstance(store, S3Store)
    return store.bucket
