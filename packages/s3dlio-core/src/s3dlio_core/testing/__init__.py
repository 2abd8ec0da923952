"""For tests of stores: the conformance suite, a faulty store, a source and a sink for scale.

Needs the extra `s3dlio-core[testing]`; nothing else in s3dlio imports this package.

conformance  `ObjectStoreTests`: subclass it, and your store is tested against the contract
directories  `DirectoryStoreTests`: the same for a store whose containers are directories
wrappers     `check_wrapper`: a store that wraps another leaves no method out
faults       `FaultyStore`: fails chosen calls of any store, also in the middle of a body
recording    `ListedStore`: a store in memory that remembers how it was listed
generated    `GeneratedSource`: any number of objects, made as they are read
discarding   `DiscardingSink`: takes everything, keeps counts, compares with the source
"""

from __future__ import annotations

import pytest

# Before the import: otherwise failing assertions of an installed module show no values.
pytest.register_assert_rewrite(
    "s3dlio_core.testing.conformance",
    "s3dlio_core.testing.directories",
    "s3dlio_core.testing.wrappers",
)

from s3dlio_core.testing.conformance import ObjectStoreTests  # noqa: E402 - see above
from s3dlio_core.testing.directories import DirectoryStoreTests  # noqa: E402 - see above
from s3dlio_core.testing.discarding import DiscardingSink  # noqa: E402 - see above
from s3dlio_core.testing.faults import Call, Fault, FaultyStore  # noqa: E402 - see above
from s3dlio_core.testing.generated import GeneratedSource  # noqa: E402 - see above
from s3dlio_core.testing.recording import ListedStore  # noqa: E402 - see above
from s3dlio_core.testing.wrappers import check_wrapper  # noqa: E402 - see above

__all__ = [
    "Call",
    "DirectoryStoreTests",
    "DiscardingSink",
    "Fault",
    "FaultyStore",
    "GeneratedSource",
    "ListedStore",
    "ObjectStoreTests",
    "check_wrapper",
]
