"""Lists of blobs and containers: what is read of them, and what isn't."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.list_xml import (
    LIST_PAGE_MAX,
    count_list_blobs,
    parse_list_blobs,
    parse_list_containers,
)
from s3dlio_core.rest.xml import MalformedXmlError
from s3dlio_core.store import Attributes, ChecksumType, ContainerInfo, ObjectInfo

#: A blob as the service writes it.
WHOLE = """<Blob><Name>a b&amp;c/d</Name><VersionId>2026-01-02T03:04:05.1234567Z</VersionId>
<IsCurrentVersion>true</IsCurrentVersion><Properties>
<Creation-Time>Thu, 01 Jan 2026 00:00:00 GMT</Creation-Time>
<Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified><Etag>0x8DE49A8B</Etag>
<Content-Length>7</Content-Length><Content-Type>text/plain</Content-Type>
<Content-Encoding>gzip</Content-Encoding><Content-Language>de</Content-Language><Content-CRC64 />
<Content-MD5>mgNkuembtIDdJeHwKEyFVQ==</Content-MD5><Cache-Control>no-store</Cache-Control>
<Content-Disposition>inline</Content-Disposition><BlobType>BlockBlob</BlobType>
<AccessTier>Cool</AccessTier><LeaseStatus>unlocked</LeaseStatus>
<ServerEncrypted>true</ServerEncrypted><TagCount>2</TagCount></Properties>
<Metadata><My_x002D_Name>value</My_x002D_Name><empty /></Metadata><OrMetadata /></Blob>"""


def page(blobs: str, marker: str = "") -> bytes:
    """A page of List Blobs, with the byte order mark that the service puts before it."""
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        '<EnumerationResults ServiceEndpoint="https://a/" ContainerName="c">'
        f"<Prefix>x</Prefix><Blobs>{blobs}</Blobs>"
        f"<NextMarker>{marker}</NextMarker></EnumerationResults>"
    ).encode()


def blob(
    name: str, *, before: str = "", properties: str = "", after: str = "", size: int = 1
) -> str:
    """A blob with what matters."""
    return (
        f"<Blob><Name>{name}</Name>{before}<Properties><Content-Length>{size}</Content-Length>"
        f"{properties}</Properties>{after}</Blob>"
    )


def keys(body: bytes, *, include_directories: bool = False) -> list[str]:
    """What a page lists."""
    listed = parse_list_blobs(body, include_directories=include_directories)
    return [info.key for info in listed.objects]


def test_blob_is_described_whole() -> None:
    """Attributes, metadata, MD5 and tier come with the listing."""
    (found,) = parse_list_blobs(page(WHOLE)).objects
    assert found == ObjectInfo(
        "a b&c/d",
        7,
        1767323045.0,
        "0x8DE49A8B",
        checksums={"MD5": "mgNkuembtIDdJeHwKEyFVQ=="},
        checksum_type=ChecksumType.FULL_OBJECT,
        attributes=Attributes(
            "text/plain",
            "no-store",
            "gzip",
            "de",
            "inline",
            metadata={"my-name": "value", "empty": ""},
        ),
        storage_class="Cool",
        tag_count=2,
    )


def test_page_with_much_metadata_is_read() -> None:
    """A hundred values of each blob of a whole page are legal."""
    metadata = "".join(f"<m{number}>v</m{number}>" for number in range(100))
    one = blob("k", after=f"<Metadata>{metadata}</Metadata>")
    assert len(parse_list_blobs(page(one * LIST_PAGE_MAX)).objects) == LIST_PAGE_MAX


def test_blob_that_was_never_committed_may_have_no_size() -> None:
    """The service doesn't tell its properties; of any other blob it does."""
    body = page(
        "<Blob><Name>k</Name><Properties><BlobType>BlockBlob</BlobType></Properties></Blob>"
    )
    (found,) = parse_list_blobs(body, uncommitted=True).objects
    assert (found.key, found.size_bytes) == ("k", 0)
    with pytest.raises(MalformedXmlError):
        parse_list_blobs(body)


def test_blob_without_tags_has_none() -> None:
    """Their number is told of blobs that have any."""
    (found,) = parse_list_blobs(page(blob("k"))).objects
    assert found.tag_count == 0


def test_prefixes_and_marker() -> None:
    """What is rolled up stands beside the blobs; an empty marker is the end."""
    found = parse_list_blobs(page("<BlobPrefix><Name>a/</Name></BlobPrefix>" + blob("b"), "2!next"))
    assert (list(found.prefixes), [info.key for info in found.objects]) == (["a/"], ["b"])
    assert found.next_token == "2!next"
    assert parse_list_blobs(page("")).next_token is None


def test_empty_page_with_a_marker_goes_on() -> None:
    """The service may end a page before it has found anything."""
    found = parse_list_blobs(page("", "more"))
    assert (list(found.objects), found.next_token) == ([], "more")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_encoded_name_is_decoded(name: str) -> None:
    """Names that XML can't carry come percent-encoded, and say so."""
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    body = page(blob("_").replace("<Name>_", f'<Name Encoded="true">{encoded}'))
    assert [name] == keys(body)


def test_percent_sign_of_a_plain_name_is_kept() -> None:
    """A name that isn't marked is what it is."""
    assert keys(page(blob("a%41+b"))) == ["a%41+b"]


def test_blob_that_stands_for_a_directory_is_left_out() -> None:
    """Hadoop's mark, that of a hierarchical namespace, and nothing that has bytes."""
    mark = "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>"
    body = page(
        blob("marked", after=mark, size=0)
        + blob("Marked", after=mark.replace("hdi", "Hdi").replace("true", "True"), size=0)
        + blob("directory", properties="<ResourceType>directory</ResourceType>", size=0)
        + blob("file", properties="<ResourceType>file</ResourceType>", size=0)
        + blob("bytes", after=mark, size=1)
        + blob("empty", size=0)
    )
    assert keys(body) == ["file", "bytes", "empty"]
    assert len(keys(body, include_directories=True)) == 6


def test_what_was_not_asked_for_is_left_out() -> None:
    """Snapshots, older versions and deleted blobs are no objects."""
    body = page(
        blob("snapshot", before="<Snapshot>2026-01-02T03:04:05.1Z</Snapshot>")
        + blob("old", before="<IsCurrentVersion>false</IsCurrentVersion>")
        + blob("deleted", before="<Deleted>true</Deleted>")
        + blob("here", before="<Deleted>false</Deleted><Snapshot />")
    )
    assert keys(body) == ["here"]
    assert count_list_blobs(body) == (4, None)


def test_metadata_that_cannot_be_read_leaves_the_attributes_open() -> None:
    """A blob with a key of its customer shows none of them."""
    (found,) = parse_list_blobs(page(blob("a", after='<Metadata Encrypted="true" />'))).objects
    assert found.attributes is None


def test_namespace_is_no_matter() -> None:
    """Elements are told by their local names."""
    body = page(WHOLE).replace(b"<EnumerationResults", b'<EnumerationResults xmlns="urn:x"')
    assert parse_list_blobs(body) == parse_list_blobs(page(WHOLE))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no element found"),
        (b"<html><body>Welcome</body></html>", "html"),
        (b"<EnumerationResults><NextMarker/></EnumerationResults>", "no Blobs"),
        (b"<!DOCTYPE x []>" + page(""), "DOCTYPE"),
        (page("<Blob><Name>a</Name></Blob>"), "no Properties"),
        (page("<Blob><Name>a</Name><Properties/></Blob>"), "number"),
        (page(blob("a").replace("<Content-Length>1", "<Content-Length>-1")), "number"),
        (page(blob("")), "no Name"),
        (page("<BlobPrefix/>"), "no Name"),
    ],
)
def test_what_is_no_list_is_refused(body: bytes, says: str) -> None:
    """Nothing is taken for an empty list that isn't one."""
    with pytest.raises(MalformedXmlError, match=says):
        parse_list_blobs(body)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_page_that_is_cut_short_says_so(share: float) -> None:
    """It may be asked for again."""
    body = page(WHOLE + blob("b"))
    with pytest.raises(MalformedXmlError) as raised:
        parse_list_blobs(body[: int(len(body) * share)])
    assert raised.value.cut


def test_containers() -> None:
    """Names, and the marker of the next page."""
    body = (
        b"<EnumerationResults><Containers><Container><Name>one</Name><Properties>"
        b"<Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified></Properties></Container>"
        b"<Container><Name>$web</Name></Container></Containers><NextMarker>/a/two</NextMarker>"
        b"</EnumerationResults>"
    )
    found = parse_list_containers(body)
    assert list(found.containers) == [ContainerInfo("one"), ContainerInfo("$web")]
    assert found.next_marker == "/a/two"


def test_blobs_are_no_containers() -> None:
    """Any document with such a root would else be an empty list."""
    with pytest.raises(MalformedXmlError, match="no Containers"):
        parse_list_containers(page(WHOLE))
