"""Server-side copies: what each request says, and what can't be copied."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.servers.offline import Answer, open_store

from s3dlio_core import errors as core
from s3dlio_core.store import Attributes, ChecksumType
from s3dlio_s3 import Credentials, CustomerKey, RequestSettings, S3Config, S3Store
from s3dlio_s3.copies import access_of

DESCRIBED = Answer(200, {"etag": '"e"', "content-length": "5", "last-modified": "x"})
COPIED = b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>'
PART = b'<CopyPartResult><ETag>"e"</ETag></CopyPartResult>'
UPLOAD = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
TAGS = b"<Tagging><TagSet><Tag><Key>a b</Key><Value>&amp;c</Value></Tag></TagSet></Tagging>"
KEY, OTHER = CustomerKey(b"k" * 32), CustomerKey(b"o" * 32)
OF_SOURCE = "x-amz-copy-source-server-side-encryption-customer-key"
CONFIRMED = {
    "x-amz-server-side-encryption-customer-key-md5": KEY.digest,
}


def described(**headers: str) -> Answer:
    """A description of an object."""
    return Answer(200, {**DESCRIBED.headers, **headers})


@pytest.mark.parametrize("trusted", [True, False])
def test_etag_of_the_source_is_always_the_condition(trusted: bool) -> None:
    """A server that isn't trusted with it is asked before."""
    before = [] if trusted else [described()]
    store, transport = open_store(
        *before, Answer(200, {}, COPIED), described(), conditional_copies=trusted
    )
    store.copy_from(store.copy_source("from", "e"), "k")
    methods = [(request.method, request.target) for request in transport.requests]
    expected = [("PUT", "/b/k"), ("HEAD", "/b/k")]
    assert methods == (expected if trusted else [("HEAD", "/b/from"), *expected])
    copy = transport.requests[-2]
    assert copy.headers["x-amz-copy-source-if-match"] == '"e"'
    assert copy.body is None
    assert not {"x-amz-metadata-directive", "x-amz-tagging-directive"} & set(copy.headers)


def test_attributes_are_replaced_and_tags_kept() -> None:
    """Unless some are given: each has a directive of its own."""
    for tags in ({}, {"t": "u"}):
        store, transport = open_store(Answer(200, {}, COPIED), described())
        store.copy_from(store.copy_source("from"), "k", attributes=Attributes("text/x", tags=tags))
        headers = transport.requests[0].headers
        assert ("REPLACE", "text/x") == (
            headers["x-amz-metadata-directive"],
            headers["content-type"],
        )
        directive = ("REPLACE", "t=u") if tags else (None, None)
        assert directive == (headers.get("x-amz-tagging-directive"), headers.get("x-amz-tagging"))


def test_copies_may_do_without_tags() -> None:
    """Then the service isn't to take them over either, for which a permission may be missing."""
    store, transport = open_store(Answer(200, {}, COPIED), described(), object_tags=False)
    store.copy_from(store.copy_source("from"), "k")
    headers = transport.requests[0].headers
    assert headers["x-amz-tagging-directive"] == "REPLACE"
    assert not {"x-amz-tagging", "x-amz-metadata-directive"} & set(headers)


def test_checksum_of_a_copy_is_told() -> None:
    """As the service's answer has it."""
    body = COPIED.replace(
        b"</ETag>",
        b"</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>",
    )
    store, _ = open_store(Answer(200, {}, body), described())
    info = store.copy_from(store.copy_source("from"), "k")
    assert ({"CRC32": "AAAAAA=="}, ChecksumType.FULL_OBJECT) == (
        info.checksums,
        info.checksum_type,
    )


def test_refused_copy_names_the_permissions() -> None:
    """Those that only objects with tags take are easily forgotten."""
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    store, _ = open_store(Answer(403, {}, body))
    with pytest.raises(core.PermissionDeniedError, match="s3:GetObjectTagging"):
        store.copy_from(store.copy_source("from"), "k")


def test_anonymous_requests_copy_nothing() -> None:
    """The service refuses them, so none is sent."""
    store, transport = open_store(anonymous=True, credentials=None)
    assert not store.capabilities.copy
    with pytest.raises(core.NotSupportedError, match="anonymous"):
        store.copy_from(store.copy_source("from"), "k")
    assert transport.requests == []


def test_accelerated_hosts_copy_within_a_region() -> None:
    """Between two the service answers 400, so the bytes are streamed."""
    config = S3Config(credentials=Credentials("AKID", "secret"), use_accelerate_endpoint=True)
    with S3Store.connect("bucket", config) as store:
        source = store.copy_source("from")
        store.check_copy_source("copy", source, "k")
        there = dataclasses.replace(config, region="eu-west-1").address("bucket")
        store.client.sender._routes.remember("bucket", there)
        elsewhere = dataclasses.replace(source, container="other")
        with pytest.raises(core.NotSupportedError, match="between eu-west-1 and us-east-1"):
            store.check_copy_source("copy", elsewhere, "k")


def test_server_without_copied_parts_is_found_out() -> None:
    """It takes the request for an UploadPart of nothing, whose answer has no body."""
    store, _ = open_store(Answer(200, {}, UPLOAD), Answer(200, {"etag": '"empty"'}))
    upload = store.create_multipart("k")
    with pytest.raises(core.NotSupportedError, match="no UploadPartCopy"):
        upload.copy_part(1, 0, store.copy_source("from"), 0, 5)


# Who pays, and which key.


def keyed(*answers: Answer, **settings: Any) -> tuple[S3Store, Any]:
    """A trusted store with settings."""
    return open_store(*answers, conditional_copies=True, settings=RequestSettings(**settings))


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize(
    ("own", "of_source", "sent"),
    [
        ({}, {}, None),
        ({"customer_key": KEY}, {"customer_key": KEY}, KEY),
        ({"customer_key": KEY}, {}, None),
        ({"customer_key": KEY, "copy_source_customer_key": OTHER}, {"customer_key": OTHER}, OTHER),
        ({"copy_source_customer_key": OTHER}, {}, OTHER),
    ],
)
def test_key_of_the_source_is_sent_where_it_is_known(
    own: dict[str, Any], of_source: dict[str, Any], sent: CustomerKey | None, parts: bool
) -> None:
    """The destination's own, or the one that is given for sources."""
    confirmed = CONFIRMED if "customer_key" in own else {}
    answers = [
        Answer(200, confirmed, UPLOAD if parts else COPIED),
        Answer(200, confirmed, PART) if parts else described(**confirmed),
    ]
    store, transport = keyed(*answers, **own)
    reader, _ = keyed(**of_source)
    source = reader.copy_source("from", "e")
    if parts:
        store.create_multipart("k").copy_part(1, 0, source, 0, 5)
    else:
        store.copy_from(source, "k")
    copy = transport.requests[1 if parts else 0]
    assert (None if sent is None else sent.encoded) == copy.headers.get(OF_SOURCE)
    assert all(key.encoded not in repr(source) for key in (KEY, OTHER))


@pytest.mark.parametrize("own", [{}, {"customer_key": OTHER}])
def test_source_of_an_unknown_key_is_not_copied(own: dict[str, Any]) -> None:
    """Nothing is sent; the caller streams."""
    store, transport = keyed(**own)
    reader, _ = keyed(customer_key=KEY)
    with pytest.raises(core.NotSupportedError, match="customer key isn't known"):
        store.copy_from(reader.copy_source("from", "e"), "k")
    assert transport.requests == []


def test_source_of_another_key_is_not_looked_at_with_the_own_one() -> None:
    """A server that isn't trusted would have to be asked before: streamed instead."""
    settings = RequestSettings(customer_key=KEY, copy_source_customer_key=OTHER)
    store, transport = open_store(settings=settings)
    with pytest.raises(core.NotSupportedError, match="looked at"):
        store.copy_from(store.copy_source("from", "e"), "k")
    assert transport.requests == []


def test_who_pays_for_the_source_pays_for_the_copy() -> None:
    """Although the destination's own settings don't say so."""
    store, transport = keyed(Answer(200, {}, COPIED), described())
    reader, _ = keyed(request_payer=True)
    store.copy_from(reader.copy_source("from", "e"), "k")
    assert transport.requests[0].headers["x-amz-request-payer"] == "requester"
    assert "x-amz-request-payer" not in transport.requests[1].headers
    both = access_of(RequestSettings(request_payer=True, customer_key=KEY))
    assert both == f"requester sse-c={KEY.digest}"


# Tags.


def test_tags_are_read() -> None:
    """Of the object, or of a version of it, which the answer must name."""
    store, transport = open_store(
        Answer(200, {}, TAGS), Answer(200, {"x-amz-version-id": "v"}, TAGS), Answer(200, {}, TAGS)
    )
    assert store.tags("k") == {"a b": "&c"}
    assert store.tags("k", version="v") == {"a b": "&c"}
    targets = [request.target for request in transport.requests]
    assert ["/b/k?tagging=", "/b/k?tagging=&versionId=v"] == targets
    with pytest.raises(core.NotSupportedError, match="answered with the version"):
        store.tags("k", version="v")


@pytest.mark.parametrize(
    "body",
    [
        b"the object itself",
        b"<Other/>",
        b"<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>",
        b"<Tagging>%s</Tagging>" % b"".join(b"<Tag><Key>%d</Key></Tag>" % n for n in range(11)),
    ],
)
def test_what_cannot_be_tags_is_an_error_of_the_object(body: bytes) -> None:
    """Also more of them than S3 keeps: they couldn't be written."""
    store, _ = open_store(Answer(200, {}, body))
    with pytest.raises(core.ServiceError) as raised:
        store.tags("k")
    assert raised.value.scope is core.Scope.OBJECT


@pytest.mark.parametrize(("told", "count"), [({}, None), ({"x-amz-tagging-count": "2"}, 2)])
def test_number_of_tags_is_told(told: dict[str, str], count: int | None) -> None:
    """By descriptions and reads."""
    store, _ = open_store(described(**told), described(**told))
    assert store.head("k").tag_count == count
    with store.open_reader("k") as reader:
        assert reader.info.tag_count == count


def test_store_that_gives_tags_takes_none_over() -> None:
    """Its own are for every new object; a server without tags has none to tell."""
    assert open_store()[0].capabilities.tags
    assert not open_store(settings=RequestSettings(tags={"a": "b"}))[0].capabilities.tags
    store, transport = open_store(object_tags=False)
    with pytest.raises(core.NotSupportedError):
        store.tags("k")
    assert (store.capabilities.tags, transport.requests) == (False, [])
