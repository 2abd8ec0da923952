"""Tags of blobs: as the header x-ms-tags writes them, and as the XML of Get Blob Tags.

Rules that hold in this file:
- Pure. What the service would refuse is refused here, with a line that says which tag it is. The
  error is of object scope, since tags may come from the source of a copy, unless all blobs are to
  have them.

Source: Azure Storage, "Set Blob Tags" (limits and characters), "Put Blob" (x-ms-tags).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from s3dlio_core.errors import Scope, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["format_tags"]

TAG_COUNT_MAX: Final = 10
TAG_KEY_MAX_CHARS: Final = 128
TAG_VALUE_MAX_CHARS: Final = 256

_TEXT = re.compile("[A-Za-z0-9 +./:=_-]*")
_HINT = (
    "Azure takes letters and digits of ASCII, spaces and + - . / : = _; the option "
    "blob_tags=false leaves the tags of copied objects behind"
)


def format_tags(
    tags: Mapping[str, str], operation: str = "", uri: str = "", *, scope: Scope = Scope.OBJECT
) -> str:
    """Write tags as the header x-ms-tags does: "team=a%20b&year=2026"; "" for none.

    Args:
        tags: their names and values.
        operation: what is done, for errors.
        uri: likewise.
        scope: how far an error reaches.

    Raises:
        UsageError: more than the service takes, too long, or of other characters.
    """
    for reason, hint in _faults(tags):
        raise UsageError(reason, operation=operation, uri=uri, hint=hint, scope=scope)
    return urlencode(tags, quote_via=quote, safe="")


def _faults(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with tags, each with a hint."""
    if len(tags) > TAG_COUNT_MAX:
        yield f"{len(tags)} tags, and a blob has at most {TAG_COUNT_MAX}", ""
    for name, value in tags.items():
        if not 1 <= len(name) <= TAG_KEY_MAX_CHARS:
            yield f"the tag {name[:40]!r} doesn't have 1 to {TAG_KEY_MAX_CHARS} characters", ""
        if len(value) > TAG_VALUE_MAX_CHARS:
            yield f"the tag {name[:40]!r} has more than {TAG_VALUE_MAX_CHARS} characters", ""
        if not (_TEXT.fullmatch(name) and _TEXT.fullmatch(value)):
            yield f"the tag {name[:40]!r} has characters that Azure refuses", _HINT
