"""For tests of stores: the conformance suite, a faulty store, a source and a sink for scale.

Needs the extra `s3dlio-core[testing]`; nothing else in s3dlio imports this package.

conformance  `ObjectStoreTests`: subclass it, and your store is tested against the contract
wrappers     `check_wrapper`: a store that wraps another leaves no method out
faults       `FaultyStore`: fails chosen calls of any store, also in the middle of a body
generated    `GeneratedSource`, `DiscardingSink`: any number of objects in flat memory
"""

from __future__ import annotations

import pytest

# Before the import: otherwise failing assertions of an installed module show no values.
pytest.register_assert_rewrite("s3dlio_core.testing.conformance")

from s3dlio_core.testing.conformance import ObjectStoreTests  # noqa: E402 - see above

__all__ = ["ObjectStoreTests"]
