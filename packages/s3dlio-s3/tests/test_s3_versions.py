"""Versions and encryption, with servers that honour them and with such that don't."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.servers.offline import Answer, open_store

from s3dlio_core import errors as core
from s3dlio_core.errors import Scope
from s3dlio_core.store import Attributes, ObjectInfo, Part
from s3dlio_s3 import (
    CustomerKey,
    Encryption,
    RequestSettings,
)
from s3dlio_s3.headers import object_info

if TYPE_CHECKING:
    from collections.abc import Callable


VERSION = "3/L4+kqtJl=="
TARGET = "/b/k?versionId=3%2FL4%2BkqtJl%3D%3D"
DESCRIBED = {"etag": '"e"', "content-length": "5", "last-modified": "x"}
ANSWERED = {**DESCRIBED, "x-amz-version-id": VERSION}
MARKER = {"x-amz-delete-marker": "true", "x-amz-version-id": VERSION}
UPLOAD = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
COPIED_OBJECT = b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>'
COPIED = b'<CopyPartResult><ETag>"e"</ETag></CopyPartResult>'


def test_version_is_named_in_the_query() -> None:
    """Percent-encoded, on reads and descriptions."""
    store, transport = open_store(Answer(200, ANSWERED, b"12345"), Answer(200, ANSWERED))
    with store.open_reader("k", version=VERSION) as reader:
        assert (b"12345", VERSION) == (reader.readall(), reader.info.version)
    assert store.head("k", version=VERSION).version == VERSION
    assert [TARGET, TARGET] == [request.target for request in transport.requests]


@pytest.mark.parametrize("headers", [DESCRIBED, {**DESCRIBED, "x-amz-version-id": "another"}])
def test_server_that_ignores_the_version_is_found_out(headers: dict[str, str]) -> None:
    """The current object isn't taken for the version that was asked for."""
    store, _ = open_store(Answer(200, headers, b"12345"), Answer(200, headers))
    for call in (store.open_reader, store.head):
        with pytest.raises(core.NotSupportedError, match="the server answered with the version"):
            call("k", version=VERSION)


def test_object_from_before_versions_is_null() -> None:
    """Its answer may have no version at all."""
    store, _ = open_store(
        Answer(200, DESCRIBED), Answer(200, {**DESCRIBED, "x-amz-version-id": "null"})
    )
    assert store.head("k", version="null").size_bytes == 5
    assert store.head("k", version="null").version == "null"


def test_empty_range_of_a_version_is_measured_by_itself() -> None:
    """What is looked at besides is the same version."""
    store, transport = open_store(Answer(200, ANSWERED))
    with store.open_reader("k", 2, 2, version=VERSION) as reader:
        assert (b"", VERSION) == (reader.readall(), reader.info.version)
    assert [TARGET] == [request.target for request in transport.requests]


@pytest.mark.parametrize("method", ["head", "read"])
def test_marker_of_a_deletion_is_a_missing_object(method: str) -> None:
    """405 says that a method isn't allowed; the header says why."""
    store, _ = open_store(Answer(405, MARKER, b""))
    call: Callable[..., object] = store.head if method == "head" else store.open_reader
    with pytest.raises(core.ObjectNotFoundError, match="marks the deletion") as raised:
        call("k", version=VERSION)
    assert not raised.value.retryable


def test_refused_head_asks_again_for_the_same_version() -> None:
    """With the same settings, too: who pays, and with which key."""
    body = b"<Error><Code>NoSuchVersion</Code><Message>No such version</Message></Error>"
    store, transport = open_store(
        Answer(404, {}),
        Answer(404, {}, body),
        settings=RequestSettings(request_payer=True),
    )
    with pytest.raises(core.ObjectNotFoundError):
        store.head("k", version=VERSION)
    assert [("HEAD", TARGET), ("GET", TARGET)] == [(r.method, r.target) for r in transport.requests]
    assert [r.headers["x-amz-request-payer"] for r in transport.requests] == ["requester"] * 2


def test_version_of_a_copy_source_stands_in_its_name() -> None:
    """Encoded for itself, after the key."""
    store, transport = open_store(Answer(200, {}, UPLOAD), Answer(200, {}, COPIED))
    source = store.copy_source("a b?c", version=VERSION)
    store.create_multipart("k").copy_part(1, 0, source, 0, 5)
    named = transport.requests[1].headers["x-amz-copy-source"]
    assert named == "/b/a%20b%3Fc?versionId=3%2FL4%2BkqtJl%3D%3D"


def test_etag_of_a_copied_version_is_that_versions() -> None:
    """Where the server's own check isn't trusted, the version is looked at first."""
    store, transport = open_store(Answer(200, {}, UPLOAD), Answer(200, ANSWERED))
    source = store.copy_source("k", "another", VERSION)
    with pytest.raises(core.PreconditionFailedError):
        store.create_multipart("k").copy_part(1, 0, source, 0, 5)
    assert transport.requests[1].target == TARGET


@pytest.mark.parametrize(
    ("headers", "md5"),
    [
        ({}, True),
        ({"x-amz-server-side-encryption": "AES256"}, True),
        ({"x-amz-server-side-encryption": "aws:kms"}, False),
        ({"x-amz-server-side-encryption": "aws:kms:dsse"}, False),
        ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, False),
    ],
)
def test_encrypted_parts_have_etags_that_tell_nothing(headers: dict[str, str], md5: bool) -> None:
    """Under a key of KMS or of one's own no ETag is made of MD5s, so none is expected."""
    store, _ = open_store(Answer(200, headers, UPLOAD))
    upload = store.create_multipart("k")
    assert md5 == json.loads(upload.token).get("md5_etags", False)
    assert md5 == (upload.expected_etag([Part(1, 5, "0" * 32)]) is not None)


KEY = CustomerKey(b"k" * 32)
PREFIX = "x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("settings", "answered", "confirmed"),
    [
        (RequestSettings(), {}, True),
        (RequestSettings(encryption=Encryption()), {PREFIX: "AES256"}, True),
        (RequestSettings(encryption=Encryption()), {}, False),
        (RequestSettings(encryption=Encryption("aws:kms")), {PREFIX: "AES256"}, False),
        (RequestSettings(customer_key=KEY), {f"{PREFIX}-customer-key-md5": KEY.digest}, True),
        (RequestSettings(customer_key=KEY), {f"{PREFIX}-customer-key-md5": "another"}, False),
        (RequestSettings(customer_key=KEY), {}, False),
    ],
)
def test_server_that_ignores_encryption_is_found_out(
    settings: RequestSettings, answered: dict[str, str], confirmed: bool
) -> None:
    """An object that may lie there in plain text isn't reported as stored; nothing is retried."""
    answers = [Answer(200, {**DESCRIBED, **answered}), Answer(200, answered, COPIED_OBJECT)]
    store, _ = open_store(*answers, settings=settings)
    calls: tuple[Callable[[], object], ...] = (
        lambda: store.client.put_object("b", "k", b"12345"),
        lambda: store.client.copy_object("b", "k", store.copy_source("source")),
    )
    for call in calls:
        if confirmed:
            call()
            continue
        with pytest.raises(core.ServiceError, match="doesn't confirm the encryption") as raised:
            call()
        error = raised.value
        assert (False, True, Scope.CONTAINER) == (error.retryable, error.maybe_done, error.scope)


def test_upload_that_would_not_be_encrypted_is_aborted() -> None:
    """Before any of its bytes leaves."""
    settings = RequestSettings(customer_key=KEY)
    store, transport = open_store(Answer(200, {}, UPLOAD), Answer(204, {}), settings=settings)
    with pytest.raises(core.ServiceError, match="with the customer key"):
        store.create_multipart("k")
    assert [("POST", "/b/k?uploads="), ("DELETE", "/b/k?uploadId=u")] == [
        (request.method, request.target) for request in transport.requests
    ]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ""),
        ({"x-amz-server-side-encryption": "AES256"}, "AES256"),
        ({"x-amz-server-side-encryption": "aws:kms"}, "aws:kms"),
        ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, "SSE-C"),
    ],
)
def test_encryption_is_told(headers: dict[str, str], expected: str) -> None:
    """As the service calls it; a key of one's own is SSE-C."""
    info = object_info("k", headers, 5)
    assert isinstance(info, ObjectInfo)
    assert expected == info.encryption


def test_class_and_tags_are_no_attributes_of_a_description() -> None:
    """A copy of what is described doesn't take them over."""
    headers = {**DESCRIBED, "x-amz-storage-class": "GLACIER_IR", "x-amz-tagging-count": "2"}
    info = object_info("k", headers)
    assert ("GLACIER_IR", Attributes()) == (info.storage_class, info.attributes)
