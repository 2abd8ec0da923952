"""The conformance suite on the live bucket, as far as it stays below a prefix."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.retry import RetryingStore
from s3dlio_core.testing.conformance import BelowPrefixTests
from s3dlio_s3 import S3Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore
    from tests.live.bucket import LiveBucket


class TestLiveConformance(BelowPrefixTests):
    """All but the tests that make buckets, and those that need versioning switched on."""

    many_keys_count = 1_005
    model_examples = 3
    live: LiveBucket

    @pytest.fixture(autouse=True)
    def _bind(self, live: LiveBucket) -> None:
        type(self).live = live

    @pytest.fixture
    def provider(self, live: LiveBucket) -> Iterator[S3Provider]:
        """A provider with the user's own configuration."""
        with S3Provider(live.config) as provider:
            yield provider

    @pytest.fixture
    def store(self, provider: S3Provider, live: LiveBucket) -> ObjectStore:
        """The bucket, with retries: a network is between."""
        return RetryingStore(provider.open(live.name))

    @pytest.fixture
    def prefix(self, live: LiveBucket) -> str:
        """A prefix that no other test uses, below that of this run."""
        return f"{live.prefix}{uuid.uuid4().hex[:12]}/"

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Store an object by boto3."""
        self.live.put(key, data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read an object by boto3."""
        return self.live.get(key)
