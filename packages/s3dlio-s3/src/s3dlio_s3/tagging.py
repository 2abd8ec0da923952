"""Tags of objects: as the header x-amz-tagging writes them, the query of a URL, and as XML.

Rules that hold in this file:
- Pure. A value that S3 would refuse for every object is refused here, and stops a run.

Source: Amazon S3 User Guide, "Categorizing your objects using tags"; Amazon S3 API Reference,
PutObject and GetObjectTagging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.tags import bad_tags
from s3dlio_core.rest.xml import MalformedXmlError
from s3dlio_s3.wire_xml import parse_root

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["format_tagging", "parse_tag_set"]

TAG_COUNT_MAX: Final = 10
TAG_KEY_MAX_CHARS: Final = 128
TAG_VALUE_MAX_CHARS: Final = 256


def format_tagging(tags: Mapping[str, str]) -> str:
    """Write tags as the header x-amz-tagging does: "team=a%20b&year=2026"; "" for none.

    Raises:
        UsageError: more than S3 takes, or too long. It stops a run: all objects have these tags.
    """
    if len(tags) > TAG_COUNT_MAX:
        raise bad_tags(f"{len(tags)} tags, and an object has at most {TAG_COUNT_MAX}")
    for name, value in tags.items():
        if not 1 <= len(name) <= TAG_KEY_MAX_CHARS:
            raise bad_tags(
                f"the tag {name[:40]!r} doesn't have 1 to {TAG_KEY_MAX_CHARS} characters"
            )
        if len(value) > TAG_VALUE_MAX_CHARS:
            raise bad_tags(f"the tag {name!r} has more than {TAG_VALUE_MAX_CHARS} characters")
    try:
        return urlencode(tags, quote_via=quote, safe="")
    except UnicodeEncodeError:
        raise bad_tags("a tag isn't valid Unicode") from None


def parse_tag_set(body: bytes) -> dict[str, str]:
    """Parse the result of GetObjectTagging.

    Raises:
        MalformedXmlError: it isn't one, or has tags that no object can have in S3.
    """
    tree = parse_root(body)
    if not tree.name.startswith("Tagging"):
        raise MalformedXmlError(f"the root element is {tree.name}, not Tagging")
    tags = {row.get("Key", ""): row.get("Value", "") for row in tree.rows("Tag")}
    try:
        format_tagging(tags)
    except UsageError as error:
        raise MalformedXmlError(error.reason) from None
    return tags
