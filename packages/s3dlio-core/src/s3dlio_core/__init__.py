"""The core of s3dlio: the store contract, local stores, the transfer engine and the operations.

Nothing here needs more than the standard library. Backends are found by their scheme; see
`s3dlio_core.registry`.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    raise ImportError("s3dlio doesn't run on Windows; use it in the Windows Subsystem for Linux")

from s3dlio_core.store import (
    Attributes,
    Capabilities,
    Condition,
    ContainerInfo,
    CopySource,
    Limits,
    ListOrder,
    MultipartUpload,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Page,
    Part,
    StoreProvider,
)
from s3dlio_core.uri import Uri, parse_uri

__all__ = [
    "Attributes",
    "Capabilities",
    "Condition",
    "ContainerInfo",
    "CopySource",
    "Limits",
    "ListOrder",
    "MultipartUpload",
    "ObjectInfo",
    "ObjectReader",
    "ObjectStore",
    "Page",
    "Part",
    "StoreProvider",
    "Uri",
    "parse_uri",
]

__version__ = "0.1.0"
