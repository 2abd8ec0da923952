"""The s3 store against the conformance suite, on each of the two servers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.e2e.truth import boto3_client
from tests.servers import SignedClient

from s3dlio_core.retry import RetryingStore
from s3dlio_core.testing import ObjectStoreTests
from s3dlio_s3 import Credentials, S3Config, S3Provider

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tests.servers import MotoServer, RcloneServer, S3Server

    from s3dlio_core.store import ObjectStore
    from s3dlio_s3 import S3Store


class S3Tests(ObjectStoreTests):
    """What the classes below share."""

    many_keys_count = 1_005
    model_examples = 10
    server: S3Server
    #: Tests that the server itself fails, and why.
    deviations: ClassVar[Mapping[str, str]] = {}
    #: Tests in which the server itself trips, so that they need retries.
    retried: ClassVar[Collection[str]] = ()

    @pytest.fixture(autouse=True)
    def _expect_deviations(self, request: pytest.FixtureRequest) -> None:
        name = request.function.__name__
        if name in self.deviations:
            request.applymarker(pytest.mark.xfail(strict=True, reason=self.deviations[name]))

    @pytest.fixture
    def store(self, request: pytest.FixtureRequest, bare_store: ObjectStore) -> ObjectStore:
        """A store of a fresh bucket, with retries where the server itself trips."""
        if request.function.__name__ in self.retried:
            return RetryingStore(bare_store)
        return bare_store

    @pytest.fixture
    def bare_store(self, provider: S3Provider, new_container_name: str) -> Iterator[S3Store]:
        """A store of a fresh bucket."""
        provider.create_container(new_container_name)
        yield provider.open(new_container_name)
        self.server.drop_bucket(new_container_name)

    @pytest.fixture
    def versioned_store(self, store: ObjectStore) -> ObjectStore:
        """A store of a bucket whose versioning is switched on."""
        if store.capabilities.versions:
            with boto3_client(self.server) as client:
                client.put_bucket_versioning(
                    Bucket=_bucket(store), VersioningConfiguration={"Status": "Enabled"}
                )
        return store

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Store an object with botocore's signature."""
        with SignedClient(self.server) as client:
            client.put_object(_bucket(store), key, data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read an object with botocore's signature."""
        with SignedClient(self.server) as client:
            return client.get_object(_bucket(store), key)


class TestS3OnMoto(S3Tests):
    """Moto, which holds any key and checks conditions; without retries."""

    deviations: ClassVar[Mapping[str, str]] = {
        "test_multipart_if_match": "CompleteMultipartUpload ignores If-Match",
        "test_complete_after_abort_is_refused": "500 where NoSuchUpload is due",
        "test_part_after_abort_is_refused": "500 where NoSuchUpload is due",
        "test_part_after_complete_is_refused": "500 where NoSuchUpload is due",
    }

    @pytest.fixture
    def provider(self, moto_s3: MotoServer) -> Iterator[S3Provider]:
        """A provider for the server."""
        type(self).server = moto_s3
        with S3Provider(_config(moto_s3)) as provider:
            yield provider


class TestS3OnMotoWithChecksums(TestS3OnMoto):
    """Moto again, with checksums on all that is written and read, as on AWS."""

    many_keys_count = 50
    model_examples = 5

    @pytest.fixture
    def provider(self, moto_s3: MotoServer) -> Iterator[S3Provider]:
        """A provider for the server, whose front door compares the checksums."""
        type(self).server = moto_s3
        config = dataclasses.replace(
            _config(moto_s3),
            request_checksum_calculation="when_supported",
            response_checksum_validation="when_supported",
        )
        with S3Provider(config) as provider:
            yield provider


class TestS3OnRclone(S3Tests):
    """rclone, which lacks conditions and UploadPartCopy, and whose keys are paths."""

    holds_key_below_key = False
    deviations: ClassVar[Mapping[str, str]] = {
        "test_copy_keeps_attributes": "adds the metadata mtime",
        "test_copy_replaces_attributes": "keeps the source's metadata too",
        "test_too_small_a_part_is_refused": "takes parts of any size",
        "test_delete_of_a_prefix_deletes_nothing": "500 for a directory",
    }
    # It answers 500, or cuts the connection, when two requests meet at one key.
    retried = (
        "test_threads_write_the_same_key",
        "test_threads_put_and_delete_at_once",
        "test_readers_never_see_half_a_put",
    )

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
            object_tags=False,
            etag_changes=False,
            versions=False,
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
        ca_bundle=server.ca_bundle,
    )


def _bucket(store: ObjectStore) -> str:
    return store.uri.removeprefix("s3://")
