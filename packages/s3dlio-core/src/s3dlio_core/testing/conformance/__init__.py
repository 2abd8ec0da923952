"""The conformance suite: what every store must pass.

A backend's own test file is short:

    class TestMemory(ObjectStoreTests):
        @pytest.fixture
        def provider(self):
            return MemoryProvider()

        def raw_put(self, store, key, data): ...  # by another client than the store
        def raw_get(self, store, key): ...

The fixtures `store`, `versioned_store`, `missing_container_store` and `new_container_name` can be
overridden, and so can what declares gaps of a test server: `can_hold`, `holds_key_below_key`. A
known deviation is an inherited test, overridden with `pytest.mark.xfail(strict=True, reason=…)`, so
that it stands in the backend's own file.

base         fixtures and steps       deletes      exactly what is named
puts         contents, attributes     multipart    parts, resumption, copied parts
reads        ranges and buffers       conditions   if_absent, if_match, ETags
keys         odd keys                 copies       server-side copies
listing      order, pages, delimiter  failures     classes and scopes of errors
concurrency  threads, fork, pickle    providers    containers
versions     older states of an object   mtimes    modification times that are kept
tags         kept, told and copied    renames     without copying bytes
model        random sequences against a dictionary
"""

from __future__ import annotations

from s3dlio_core.testing.conformance.base import ConformanceBase
from s3dlio_core.testing.conformance.concurrency import ConcurrencyTests, LifecycleTests
from s3dlio_core.testing.conformance.conditions import ConditionTests
from s3dlio_core.testing.conformance.copies import CopyTests
from s3dlio_core.testing.conformance.deletes import DeleteTests
from s3dlio_core.testing.conformance.failures import ErrorTests
from s3dlio_core.testing.conformance.keys import KeyTests
from s3dlio_core.testing.conformance.listing import ListTests
from s3dlio_core.testing.conformance.model import ModelTests
from s3dlio_core.testing.conformance.mtimes import MtimeTests
from s3dlio_core.testing.conformance.multipart import CopyPartTests, MultipartTests, ResumeTests
from s3dlio_core.testing.conformance.providers import ProviderTests
from s3dlio_core.testing.conformance.puts import AttributeTests, PutTests
from s3dlio_core.testing.conformance.reads import ReadTests
from s3dlio_core.testing.conformance.renames import RenameTests
from s3dlio_core.testing.conformance.tags import TagTests
from s3dlio_core.testing.conformance.versions import VersionTests

__all__ = ["BelowPrefixTests", "ConformanceBase", "ObjectStoreTests"]


class BelowPrefixTests(
    PutTests,
    AttributeTests,
    MtimeTests,
    ReadTests,
    KeyTests,
    ListTests,
    DeleteTests,
    MultipartTests,
    ResumeTests,
    CopyPartTests,
    ConditionTests,
    CopyTests,
    RenameTests,
    TagTests,
    ErrorTests,
    ConcurrencyTests,
    LifecycleTests,
    ModelTests,
):
    """What stays below a prefix of one container: none is made, and none needs versions.

    For a container of a user; a store's own tests are `ObjectStoreTests`.
    """


class ObjectStoreTests(BelowPrefixTests, VersionTests, ProviderTests):
    """Every behaviour of the contract. Subclass it for a store; see the module's docstring."""
