"""The lists of the Blob service: pages of blobs, and of containers.

Rules that hold in this file:
- Pure. Bodies arrive whole; whoever reads them bounds their size by the constants here.
- What wasn't asked for isn't listed, whatever a server sends: snapshots, old versions, what was
  deleted.
- Each blob of a page of 5,000 costs: no property is read that nobody needs.

Source: Azure Storage, List Blobs and List Containers, "Response body" (from version 2021-02-12 on
names with characters that XML can't carry are percent-encoded, and marked so).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from s3dlio_azure.headers import is_directory, md5_checksums, read_metadata
from s3dlio_core.rest.headers import http_date, strip_etag, whole_number
from s3dlio_core.rest.xml import MalformedXmlError, expect, number, parse_root
from s3dlio_core.store import Attributes, ChecksumType, ContainerInfo, ObjectInfo, Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    from s3dlio_core.rest.xml import XmlTree

__all__ = [
    "LIST_BODY_MAX_BYTES",
    "LIST_PAGE_MAX",
    "ContainersPage",
    "count_list_blobs",
    "parse_list_blobs",
    "parse_list_containers",
]

LIST_PAGE_MAX = 5000

#: A page of blobs, the longest answer that is read whole. The largest that is legal has 5,000: a
#: name of 1,024 characters, each written by 6 bytes, 8 KiB of metadata, and 2 KiB for all else.
LIST_BODY_MAX_BYTES = LIST_PAGE_MAX * (6 + 8 + 2) * 1024
#: Tags of a page: a blob has some 30 elements, and a pair of tags for each value of its metadata.
#: A mean of 130 of them is more than a page is known to have.
TAG_COUNT_MAX = LIST_PAGE_MAX * 2 * 160


@dataclass(frozen=True, slots=True)
class ContainersPage:
    """A page of List Containers."""

    containers: Sequence[ContainerInfo]
    next_marker: str | None = None


def parse_list_blobs(
    body: bytes, *, include_directories: bool = False, uncommitted: bool = False
) -> Page:
    """Parse a page of List Blobs, made with include=metadata.

    Args:
        body: the answer's body.
        include_directories: whether blobs that stand for directories are listed.
        uncommitted: whether blobs are listed that were never committed, which may have no size.

    Raises:
        MalformedXmlError: it isn't one.
    """
    tree = _parse(body)
    space = tree.namespace
    objects, prefixes = [], []
    for element in _children(tree, "Blobs"):
        if element.tag == f"{space}Blob":
            info = _blob(element, space, include_directories, "0" if uncommitted else "")
            if info is not None:
                objects.append(info)
        elif element.tag == f"{space}BlobPrefix":
            prefixes.append(_name(element, space))
        # The garbage collector would else go through the whole page again and again.
        element.clear()
    return Page(objects, prefixes, tree.text("NextMarker") or None)


def count_list_blobs(body: bytes) -> tuple[int, str | None]:
    """Return how many blobs a page of List Blobs has, whatever they are, and the next marker.

    Raises:
        MalformedXmlError: it isn't one.
    """
    tree = _parse(body)
    return len(_children(tree, "Blobs")), tree.text("NextMarker") or None


def parse_list_containers(body: bytes) -> ContainersPage:
    """Parse a page of List Containers.

    Raises:
        MalformedXmlError: it isn't one.
    """
    tree = _parse(body)
    # When a container was made isn't told: its Last-Modified is that of its properties.
    containers = [
        ContainerInfo(_name(element, tree.namespace)) for element in _children(tree, "Containers")
    ]
    return ContainersPage(containers, tree.text("NextMarker") or None)


def _parse(body: bytes) -> XmlTree:
    tree = parse_root(body, size_max_bytes=LIST_BODY_MAX_BYTES, tag_count_max=TAG_COUNT_MAX)
    return expect(tree, "EnumerationResults")


def _children(tree: XmlTree, name: str) -> Element:
    """Return the element that holds the list."""
    found = tree.root.find(tree.namespace + name)
    if found is None:
        # Any document with such a root would else be an empty list.
        raise MalformedXmlError(f"the list has no {name}")
    return found


def _blob(
    element: Element,
    space: str,
    include_directories: bool,
    untold_size: str,
) -> ObjectInfo | None:
    """Return what a Blob element says, or None where it isn't an object of the listing."""
    text = element.findtext
    if (
        text(f"{space}Snapshot")
        or text(f"{space}Deleted") == "true"
        or text(f"{space}IsCurrentVersion") == "false"
    ):
        return None
    properties = element.find(f"{space}Properties")
    if properties is None:
        raise MalformedXmlError("a Blob has no Properties")
    metadata = _metadata(element.find(f"{space}Metadata"), space)
    info = _described(_name(element, space), properties, space, metadata, untold_size)
    resource_type = properties.findtext(f"{space}ResourceType") or ""
    return None if not include_directories and is_directory(info, resource_type) else info


def _described(
    key: str,
    properties: Element,
    space: str,
    metadata: Mapping[str, str] | None,
    untold_size: str,
) -> ObjectInfo:
    text = properties.findtext
    checksums = md5_checksums(text(f"{space}Content-MD5") or "")
    return ObjectInfo(
        key,
        number(text(f"{space}Content-Length") or untold_size),
        http_date(text(f"{space}Last-Modified") or ""),
        strip_etag(text(f"{space}Etag") or ""),
        checksums=checksums,
        checksum_type=ChecksumType.FULL_OBJECT if checksums else None,
        attributes=None
        if metadata is None
        else Attributes(
            text(f"{space}Content-Type") or "",
            text(f"{space}Cache-Control") or "",
            text(f"{space}Content-Encoding") or "",
            text(f"{space}Content-Language") or "",
            text(f"{space}Content-Disposition") or "",
            metadata,
        ),
        storage_class=text(f"{space}AccessTier") or "",
        encryption=text(f"{space}EncryptionScope") or "",
        # Told of blobs that have any.
        tag_count=whole_number(text(f"{space}TagCount") or "0"),
    )


def _metadata(element: Element | None, space: str) -> Mapping[str, str] | None:
    """Return a blob's metadata, or None where the service can't read them."""
    if element is None:
        return {}
    if element.get("Encrypted") == "true":
        return None
    skip = len(space)
    return read_metadata({one.tag[skip:]: one.text or "" for one in element})


def _name(element: Element, space: str) -> str:
    found = element.find(f"{space}Name")
    text = "" if found is None else found.text or ""
    if not text or found is None:
        raise MalformedXmlError(f"a {element.tag[len(space) :]} has no Name")
    if found.get("Encoded") == "true":
        # A name that isn't UTF-8 stays recognisable, and is refused where it is used.
        return unquote(text, errors="surrogateescape")
    return text
