"""The XML of the S3 API, from well-behaved servers and from others."""

from __future__ import annotations

import tracemalloc
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.rest.xml import MalformedXmlError, is_xml_text
from s3dlio_core.store import ChecksumType, ContainerInfo, Part
from s3dlio_s3 import wire_xml

NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def listing(entries: str, extra: str = "", namespace: str = NS) -> bytes:
    """Return a page of ListObjectsV2."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult {namespace}>'
        f"<Name>b</Name>{extra}{entries}</ListBucketResult>"
    ).encode()


def entry(key: str) -> str:
    """Return one object of a page."""
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>"
        "<ETag>&quot;abc&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass>"
        "<Owner><ID>x</ID></Owner></Contents>"
    )


@pytest.mark.parametrize("namespace", [NS, "", 'xmlns="http://other.example/"'])
def test_listing_is_read_in_any_namespace(namespace: str) -> None:
    """Objects and prefixes are found whatever namespace the server sends."""
    prefix = "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
    page = wire_xml.parse_list_objects(listing(entry("k") + prefix, namespace=namespace))
    (found,) = page.objects
    assert ("k", 12, "abc", 1767323045.0, "STANDARD") == (
        found.key,
        found.size_bytes,
        found.etag,
        found.mtime,
        found.storage_class,
    )
    assert (["p/"], None) == (page.prefixes, page.next_token)


@pytest.mark.parametrize("encode", [quote, quote_plus])
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_url_encoded_keys_are_decoded(encode: type[str], key: str) -> None:
    """With encoding-type=url any key comes back, whether a space is sent as + or as %20."""
    body = listing(entry(encode(key)), "<EncodingType>url</EncodingType>")
    assert [key] == [found.key for found in wire_xml.parse_list_objects(body).objects]


def test_plain_keys_are_left_alone() -> None:
    """A server that ignores encoding-type has its keys taken as they are."""
    page = wire_xml.parse_list_objects(listing(entry("a+b%41")))
    assert page.objects[0].key == "a+b%41"


def test_key_that_is_no_utf8_stays_recognisable() -> None:
    """Bytes that aren't UTF-8 become surrogates, which are refused where the key is used."""
    body = listing(entry("bad%FF"), "<EncodingType>url</EncodingType>")
    assert wire_xml.parse_list_objects(body).objects[0].key == "bad\udcff"


def test_truncated_listing_has_a_token() -> None:
    """A truncated page gives the token of the next."""
    extra = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    assert wire_xml.parse_list_objects(listing("", extra)).next_token == "t"


def test_truncated_listing_without_a_token_is_an_error() -> None:
    """A page that is truncated but can't be continued is an error, never a silent end."""
    with pytest.raises(MalformedXmlError, match="NextContinuationToken"):
        wire_xml.parse_list_objects(listing("", "<IsTruncated>true</IsTruncated>"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        listing(entry("k"))[:-5],
        listing(entry("k"))[:60],
        b'<?xml version="1.0"?>',
    ],
)
def test_cut_document_is_known_as_cut(body: bytes) -> None:
    """A document that ends too early is told from one that is wrong."""
    with pytest.raises(MalformedXmlError) as raised:
        wire_xml.parse_list_objects(body)
    assert raised.value.cut


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Hello</body></html>",
        b'{"error": "no"}',
        b"<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
        b"<ListBucketResult><Contents><Key>k</Key><Size>x</Size></Contents></ListBucketResult>",
        b"<ListBucketResult><Contents><Key>k</Key><Size>"
        + b"9" * 20
        + b"</Size></Contents></ListBucketResult>",
        b"\xff\xfe<\x00L\x00i\x00s\x00t\x00",
    ],
)
def test_foreign_document_is_an_error(body: bytes) -> None:
    """Anything but a listing is an error."""
    with pytest.raises(MalformedXmlError) as raised:
        wire_xml.parse_list_objects(body)
    assert not raised.value.cut


def test_largest_legal_pages_are_read() -> None:
    """A page of 1,000 of the longest keys, each byte escaped, is within the bound."""
    objects = "".join(entry("&#x41;" * 1024) for _ in range(1000))
    page = wire_xml.parse_list_objects(listing(objects))
    assert ["A" * 1024] * 1000 == [found.key for found in page.objects]
    owner = f"<ID>{'f' * 64}</ID><DisplayName>{'n' * 255}</DisplayName>"
    uploads = (
        f"<Upload><Key>{'&#x41;' * 1024}</Key><UploadId>{'u' * 512}</UploadId>"
        f"<Initiator>{owner}</Initiator><Owner>{owner}</Owner>"
        "<StorageClass>REDUCED_REDUNDANCY</StorageClass>"
        "<Initiated>2026-01-02T03:04:05.000Z</Initiated>"
        "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>"
        "</Upload>"
    ) * 1000
    body = f"<ListMultipartUploadsResult {NS}>{uploads}</ListMultipartUploadsResult>"
    assert len(wire_xml.parse_list_uploads(body.encode()).uploads) == 1000


@pytest.mark.parametrize(
    "body",
    [
        listing("<a/>" * 2_000_000),
        listing("<a/>" * 200_000),
        listing("x" * 8_400_000),
        listing("<a>" * 200_001),
    ],
)
def test_hostile_document_costs_no_memory(body: bytes) -> None:
    """More bytes or more elements than a page can have are refused before they are parsed."""
    tracemalloc.start()
    try:
        with pytest.raises(MalformedXmlError, match="more than") as raised:
            wire_xml.parse_list_objects(body)
        assert not raised.value.cut
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_doctype_is_refused() -> None:
    """A document type, and so any entity, is refused."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + listing(entry("&b;"))
    with pytest.raises(MalformedXmlError, match="DOCTYPE"):
        wire_xml.parse_list_objects(bomb)
    assert wire_xml.parse_error(b"<!DOCTYPE x><Error><Code>NoSuchKey</Code></Error>") is None


def test_error_document() -> None:
    """Code, message, request id and region are read."""
    body = (
        b"<?xml version='1.0'?><Error><Code>AuthorizationHeaderMalformed</Code>"
        b"<Message>wrong</Message><Region>eu-west-1</Region><RequestId>R</RequestId></Error>"
    )
    expected = wire_xml.ErrorBody("AuthorizationHeaderMalformed", "wrong", "R", "eu-west-1")
    assert expected == wire_xml.parse_error(body)


def test_error_document_inside_another() -> None:
    """An error that another element wraps is found."""
    body = b"<ErrorResponse><Error><Code>X</Code></Error><RequestId>R</RequestId></ErrorResponse>"
    assert wire_xml.ErrorBody("X", request_id="R") == wire_xml.parse_error(body)


def test_error_document_that_quotes_a_control_character() -> None:
    """A server that quotes a key which XML can't carry still has its code read."""
    body = (
        b"<Error><Code>NoSuchKey</Code><Message>gone</Message><Key>a\x01b</Key>"
        b"<RequestId>R</RequestId></Error>"
    )
    assert wire_xml.ErrorBody("NoSuchKey", "gone", "R") == wire_xml.parse_error(body)


@pytest.mark.parametrize("body", [b"", b"<html/>", b"no", b"<Code>X</Code"])
def test_other_bodies_are_no_errors(body: bytes) -> None:
    """A body that is no error document is none."""
    assert wire_xml.parse_error(body) is None


def test_buckets_are_read() -> None:
    """ListBuckets gives names, times and the token."""
    body = (
        f"<ListAllMyBucketsResult {NS}><Buckets><Bucket><Name>b</Name>"
        "<CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket></Buckets>"
        "<ContinuationToken>t</ContinuationToken></ListAllMyBucketsResult>"
    ).encode()
    page = wire_xml.parse_list_buckets(body)
    assert ([ContainerInfo("b", 1767323045.0)], "t") == (page.buckets, page.next_token)


def test_parts_are_read() -> None:
    """ListParts gives numbers, sizes, ETags and the marker."""
    body = (
        f"<ListPartsResult {NS}><Part><PartNumber>3</PartNumber><ETag>&quot;e&quot;</ETag>"
        "<Size>7</Size></Part><IsTruncated>true</IsTruncated>"
        "<NextPartNumberMarker>3</NextPartNumberMarker></ListPartsResult>"
    ).encode()
    page = wire_xml.parse_list_parts(body)
    assert ([Part(3, 7, "e")], "3") == (page.parts, page.next_marker)


def test_uploads_are_read() -> None:
    """ListMultipartUploads gives decoded keys, ids and both markers."""
    body = (
        f"<ListMultipartUploadsResult {NS}><EncodingType>url</EncodingType><Upload><Key>a+b</Key>"
        "<UploadId>u</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated></Upload>"
        "<Upload><Key>c</Key><UploadId>v</UploadId><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"
        "<ChecksumType>FULL_OBJECT</ChecksumType></Upload>"
        "<IsTruncated>true</IsTruncated><NextKeyMarker>a+b</NextKeyMarker>"
        "<NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>"
    ).encode()
    page = wire_xml.parse_list_uploads(body)
    assert page.uploads == [
        wire_xml.UploadEntry("a b", "u", 1767323045.0),
        wire_xml.UploadEntry("c", "v", None, "CRC32", ChecksumType.FULL_OBJECT),
    ]
    assert ("a b", "u") == page.next_markers


def test_delete_errors_are_read() -> None:
    """DeleteObjects gives the errors with their keys, and none in quiet success."""
    body = (
        f"<DeleteResult {NS}><Error><Key>k</Key><Code>AccessDenied</Code><Message>no</Message>"
        "</Error></DeleteResult>"
    ).encode()
    expected = [wire_xml.ErrorBody("AccessDenied", "no", key="k")]
    assert expected == wire_xml.parse_delete_errors(body)
    assert wire_xml.parse_delete_errors(b"<DeleteResult/>") == []


@given(keys=st.lists(st.text().filter(is_xml_text), max_size=5))
def test_keys_survive_the_body_of_a_deletion(keys: list[str]) -> None:
    """Every key that XML can carry arrives exactly, carriage returns and newlines included."""
    root = ET.fromstring(wire_xml.delete_body(keys))
    found = [element.text or "" for element in root.iter(f"{{{wire_xml.NAMESPACE}}}Key")]
    assert keys == found
