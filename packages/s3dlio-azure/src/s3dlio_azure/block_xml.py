"""Lists of blocks, and tags, as the XML of the Blob service.

Rules that hold in this file:
- Pure. Bodies arrive whole; whoever reads them bounds their size by the constants here.
- A list is asked for of one kind: both together would be half as long again.

Sources: Azure Storage, Get Block List, Put Block List, Get Blob Tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from s3dlio_core.rest.xml import MalformedXmlError, checked_rows, number, parse_root

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BLOCKS_BODY_MAX_BYTES",
    "TAGS_BODY_MAX_BYTES",
    "Block",
    "block_list_body",
    "parse_block_list",
    "parse_tags",
]

#: A blob has at most 100,000 uncommitted blocks ("Put Block"): of 64 bytes in base64 each, with
#: sizes of ten digits and the names of the elements, 160 bytes are enough.
BLOCKS_BODY_MAX_BYTES: Final = 100_000 * 160 + 64 * 1024
#: A block has three elements.
_BLOCK_TAG_COUNT_MAX = 100_000 * 6 + 1000
#: Ten tags of three elements, and the tags that hold them.
_TAGS_TAG_COUNT_MAX = 1000
TAGS_BODY_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """A block as a list has it.

    Attributes:
        name: its id, in base64.
        size_bytes: its length.
    """

    name: str
    size_bytes: int


def block_list_body(names: Iterable[str]) -> bytes:
    """Return the body of Put Block List: these uncommitted blocks, in this order."""
    blocks = "".join([f"<Uncommitted>{name}</Uncommitted>" for name in names])
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{blocks}</BlockList>'.encode()


def parse_block_list(body: bytes, kind: str) -> list[Block]:
    """Parse the answer of Get Block List.

    Args:
        body: the answer's body.
        kind: what was asked for: "committed" or "uncommitted".

    Raises:
        MalformedXmlError: it isn't one, or has no such list.
    """
    tree = parse_root(
        body, size_max_bytes=BLOCKS_BODY_MAX_BYTES, tag_count_max=_BLOCK_TAG_COUNT_MAX
    )
    blocks = tree.root.find(f"{tree.namespace}{kind.capitalize()}Blocks")
    if tree.name != "BlockList":
        raise MalformedXmlError(f"the root element is {tree.name}, not BlockList")
    if blocks is None:
        # Without blocks some servers leave the list out.
        return []
    name, size = f"{tree.namespace}Name", f"{tree.namespace}Size"
    return [
        Block(block.findtext(name) or "", number(block.findtext(size) or "")) for block in blocks
    ]


def parse_tags(body: bytes) -> dict[str, str]:
    """Parse the answer of Get Blob Tags.

    Raises:
        MalformedXmlError: it isn't one.
    """
    tree = parse_root(body, size_max_bytes=TAGS_BODY_MAX_BYTES, tag_count_max=_TAGS_TAG_COUNT_MAX)
    if tree.name != "Tags":
        raise MalformedXmlError(f"the root element is {tree.name}, not Tags")
    return {row["Key"]: row["Value"] for row in checked_rows(tree, "Tag", ("Key", "Value"))}
