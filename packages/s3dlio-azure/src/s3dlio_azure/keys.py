"""Which names blobs and containers can have. Pure.

Rules that hold in this file:
- What the service would take for another name is refused: the write would land on another blob.
  Its front end resolves "." and "..", takes a backslash for a slash, and drops the dots at the end
  of a segment.

Sources: Azure Storage, "Naming and Referencing Containers, Blobs, and Metadata" ("No path segments
should end with a dot"); the answer of rclone's author to "Do we have list of unsupported characters
for azure blob file names?" (Stack Overflow 54805654) and AzureStorageExplorer issue 2833, which
tell what the service does.
"""

from __future__ import annotations

import re

from s3dlio_core.rest.percent import is_utf8

__all__ = ["container_flaw", "key_flaw", "prefix_flaw"]

KEY_MAX_CHARS = 1024
SEGMENT_COUNT_MAX = 254

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DOT_AT_END = re.compile(r"\.(?:/|\Z)")
# The service's own begin with a "$": $root, $web, $logs, $blobchangefeed.
_CONTAINER = re.compile(r"\$[a-z]{3,62}|(?=.{3,63}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")


def key_flaw(key: str) -> str:
    """Return why no blob can have such a name, or ""."""
    if not key:
        return "the key is empty"
    if len(key) > KEY_MAX_CHARS:
        return f"the key is longer than {KEY_MAX_CHARS} characters"
    if key.count("/") >= SEGMENT_COUNT_MAX:
        return f"the key has more than {SEGMENT_COUNT_MAX} segments"
    if not is_utf8(key):
        return "the key isn't valid Unicode"
    if "\\" in key:
        return "the key is refused: Azure takes a backslash for a slash"
    if "." in key and _DOT_AT_END.search(key):
        if not {".", ".."}.isdisjoint(key.split("/")):
            return "the key is refused: Azure resolves its segments . and .."
        return "the key is refused: Azure drops the dot at the end of a segment"
    if _CONTROL.search(key):
        return "Azure takes no control characters in a key"
    return ""


def prefix_flaw(prefix: str) -> bool:
    """Return whether no key can begin so."""
    return "\\" in prefix or not is_utf8(prefix) or _CONTROL.search(prefix) is not None


def container_flaw(name: str) -> str:
    """Return why no container can have such a name, or ""."""
    if _CONTAINER.fullmatch(name):
        return ""
    return (
        "no container can have this name: it takes 3 to 63 lower-case letters, digits and single "
        "hyphens between them"
    )
