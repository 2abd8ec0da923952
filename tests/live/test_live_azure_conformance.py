"""The conformance suite on the live container, as far as it stays below a prefix."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_azure import AzureProvider
from s3dlio_azure.keys import key_flaw
from s3dlio_core.retry import RetryingStore
from s3dlio_core.testing.conformance import BelowPrefixTests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore
    from tests.live.container import LiveContainer


class TestLiveAzureConformance(BelowPrefixTests):
    """All but the tests that make containers, and those that need versioning switched on."""

    many_keys_count = 5_005
    model_examples = 3
    live: LiveContainer

    @pytest.fixture(autouse=True)
    def _bind(self, live_container: LiveContainer) -> None:
        type(self).live = live_container

    @pytest.fixture
    def provider(self, live_container: LiveContainer) -> Iterator[AzureProvider]:
        """A provider with the user's own configuration."""
        with AzureProvider(live_container.config) as provider:
            yield provider

    @pytest.fixture
    def store(self, provider: AzureProvider, live_container: LiveContainer) -> ObjectStore:
        """The container, with retries: a network is between."""
        return RetryingStore(provider.open(live_container.name))

    @pytest.fixture
    def prefix(self, live_container: LiveContainer) -> str:
        """A prefix that no other test uses, below that of this run."""
        return f"{live_container.prefix}{uuid.uuid4().hex[:12]}/"

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Store a blob by azure-storage-blob."""
        self.live.put(key, data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read a blob by azure-storage-blob."""
        return self.live.get(key)

    def can_hold(self, key: str) -> bool:
        """What Azure itself holds as it is."""
        return not key_flaw(key)
