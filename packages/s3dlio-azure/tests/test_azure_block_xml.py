"""Lists of blocks and of tags, from well-behaved servers and from others."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.block_ids import block_id
from s3dlio_azure.block_xml import (
    BLOCKS_BODY_MAX_BYTES,
    Block,
    block_list_body,
    parse_block_list,
    parse_tags,
)
from s3dlio_core.rest.xml import MalformedXmlError

#: As "Get Block List" shows it, with both lists.
BLOCKS = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<BlockList>
  <CommittedBlocks>
    <Block><Name>QkFBQQ==</Name><Size>1000</Size></Block>
    <Block><Name>QkFBQg==</Name><Size>5</Size></Block>
  </CommittedBlocks>
  <UncommittedBlocks>
    <Block><Name>QkFBQw==</Name><Size>4194304000</Size></Block>
  </UncommittedBlocks>
</BlockList>""".encode()

#: As "Get Blob Tags" shows it; an empty value as servers write it.
TAGS = b"""<?xml version="1.0" encoding="utf-8"?>
<Tags><TagSet><Tag><Key>Project</Key><Value>Contoso</Value></Tag>
<Tag><Key>a b</Key><Value /></Tag></TagSet></Tags>"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("committed", [Block("QkFBQQ==", 1000), Block("QkFBQg==", 5)]),
        ("uncommitted", [Block("QkFBQw==", 4_194_304_000)]),
    ],
)
def test_each_list_is_told_from_the_other(kind: str, expected: list[Block]) -> None:
    """In the server's order, as a block blob has them."""
    assert parse_block_list(BLOCKS, kind) == expected


@pytest.mark.parametrize("body", [b"<BlockList/>", b"<BlockList><CommittedBlocks/></BlockList>"])
@pytest.mark.parametrize("kind", ["committed", "uncommitted"])
def test_no_blocks(body: bytes, kind: str) -> None:
    """An empty list, or none at all."""
    assert parse_block_list(body, kind) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"<Error><Code>X</Code></Error>",
        BLOCKS[:200],
        b"<!DOCTYPE BlockList><BlockList/>",
        BLOCKS.replace(b"<Size>5</Size>", b""),
        BLOCKS.replace(b"<Size>5<", b"<Size>-5<"),
        b" " * (BLOCKS_BODY_MAX_BYTES + 1),
    ],
)
def test_what_is_no_list_of_blocks(body: bytes) -> None:
    """It is an error, never a blob without blocks."""
    with pytest.raises(MalformedXmlError):
        parse_block_list(body, "committed")


def test_largest_list_is_within_the_bounds() -> None:
    """As many uncommitted blocks as a blob can have, each of the largest size."""
    name = block_id("0" * 32, 999_999)
    block = f"<Block><Name>{name}</Name><Size>4194304000</Size></Block>"
    body = f"<BlockList><UncommittedBlocks>{block * 100_000}</UncommittedBlocks></BlockList>"
    assert parse_block_list(body.encode(), "uncommitted") == [Block(name, 4_194_304_000)] * 100_000


@given(st.lists(st.integers(1, 50_000), max_size=30))
def test_body_names_the_blocks_in_order(numbers: list[int]) -> None:
    """Those that were sent for this upload, not what the blob is made of."""
    names = [block_id("0" * 32, number) for number in numbers]
    root = ET.fromstring(block_list_body(names))
    assert (root.tag, [(each.tag, each.text) for each in root]) == (
        "BlockList",
        [("Uncommitted", name) for name in names],
    )


def test_tags_are_read() -> None:
    """An empty value is one."""
    assert parse_tags(TAGS) == {"Project": "Contoso", "a b": ""}


@pytest.mark.parametrize(
    "body", [b"<Tags/>", b"<Tags><TagSet /></Tags>", b'<Tags xmlns="x"><TagSet></TagSet></Tags>']
)
def test_blob_without_tags(body: bytes) -> None:
    """Whatever namespace there is."""
    assert parse_tags(body) == {}


@pytest.mark.parametrize(
    "body", [b"", b"<TagSet/>", b"<Tags><TagSet><Tag><Key>a</Key></Tag></TagSet></Tags>"]
)
def test_what_is_no_set_of_tags(body: bytes) -> None:
    """It is an error, never a blob without tags."""
    with pytest.raises(MalformedXmlError):
        parse_tags(body)
