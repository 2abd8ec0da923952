"""Copies, checksums and commits on a canned wire server that answers as the documentation says.

Azurite has neither Put Blob From URL nor Put Block From URL: what it can do is tested by the
conformance suite.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.servers.canned import CannedServer, answer

from s3dlio_azure import AzureConfig, AzureProvider, AzureStore, Sas, SharedKey
from s3dlio_core.errors import (
    IntegrityError,
    InvalidPartError,
    NotSupportedError,
    ObjectNotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    S3dlioError,
    Scope,
    ServiceError,
    UsageError,
)
from s3dlio_core.store import Attributes, Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3dlio_azure.credentials import Credential
    from s3dlio_core.store import CopySource

KEY = SharedKey("account", base64.b64encode(b"hunter2" * 9).decode())
SAS = Sas("sv=2023-11-03&se=2999-01-01&sr=c&sp=racwdt&sig=c2VjcmV0%3D")
REQUEST_ID = {"x-ms-request-id": "REQ7"}
COPIED = answer(202, headers={**REQUEST_ID, "ETag": '"e2"', "x-ms-copy-status": "success"})
PUT = answer(201, headers={**REQUEST_ID, "ETag": '"e2"'})
DESCRIBED = answer(
    200,
    headers={**REQUEST_ID, "ETag": '"e2"', "x-ms-blob-type": "BlockBlob", "x-ms-version": "v"},
    length=5,
)
#: As Azurite says it.
LACKING = answer(501, headers={**REQUEST_ID, "x-ms-error-code": "APINotImplemented"})


def refusal(status: int, code: str) -> bytes:
    """An error as the service answers it, with what it says of a copy's source."""
    body = f"<Error><Code>{code}</Code><Message>Said so.\nRequestId:REQ7</Message></Error>"
    return answer(status, body.encode(), headers={**REQUEST_ID, "x-ms-error-code": code})


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[CannedServer, AzureStore]]]:
    """A function that starts a canned server, and opens a store of its container "target"."""
    with contextlib.ExitStack() as stack:

        def make(
            *answers: bytes, credential: Credential = KEY, **switches: Any
        ) -> tuple[CannedServer, AzureStore]:
            server = CannedServer(list(answers))
            stack.callback(server.close)
            endpoint = f"{server.endpoint_url}/account"
            config = AzureConfig(endpoint=endpoint, credential=credential, **switches)
            return server, stack.enter_context(AzureProvider(config)).open("target")

        yield make


def signed_permissions(server: CannedServer, number: int = 0) -> str:
    """What a request lets the service do with the source."""
    url = urlsplit(server.requests[number][1]["x-ms-copy-source"])
    return parse_qs(url.query)["sp"][0]


def source_of(store: AzureStore, etag: str | None = "e1", key: str = "a/b c") -> CopySource:
    """A blob of another container."""
    return dataclasses.replace(store.copy_source(key, etag), container="from")


def copied_headers(server: CannedServer) -> dict[str, str]:
    """What the first request said."""
    return server.requests[0][1]


# What each operation says.


def test_copy_keeps_all(serve: Any) -> None:
    """Copy Blob From URL: no attribute is sent, so all are the source's; its tags by a switch."""
    server, store = serve(COPIED, DESCRIBED)
    info = store.copy_from(source_of(store), "k")
    assert server.targets() == ["PUT /account/target/k", "HEAD /account/target/k"]
    headers = copied_headers(server)
    assert headers["content-length"] == "0"
    assert headers["x-ms-requires-sync"] == "true"
    assert headers["x-ms-copy-source-tag-option"] == "COPY"
    assert not [name for name in headers if name.startswith(("x-ms-blob-", "x-ms-meta-"))]
    assert not {"x-ms-tags", "x-ms-access-tier", "if-match", "if-none-match"} & set(headers)
    assert (info.key, info.size_bytes, info.etag) == ("k", 5, "e2")


def test_copy_replaces_attributes(serve: Any) -> None:
    """Put Blob From URL: what is given and nothing else, but the tags."""
    server, store = serve(PUT, DESCRIBED)
    store.copy_from(
        source_of(store), "k", attributes=Attributes("text/x", metadata={"owner": "me"})
    )
    headers = copied_headers(server)
    assert headers["x-ms-blob-type"] == "BlockBlob"
    assert headers["x-ms-copy-source-blob-properties"] == "false"
    assert headers["x-ms-copy-source-tag-option"] == "COPY"
    assert (headers["x-ms-blob-content-type"], headers["x-ms-meta-owner"]) == ("text/x", "me")
    assert not {"x-ms-requires-sync", "x-ms-tags"} & set(headers)


def test_copy_replaces_tags(serve: Any) -> None:
    """By those that are given; both together would be refused."""
    server, store = serve(PUT, DESCRIBED)
    store.copy_from(source_of(store), "k", attributes=Attributes(tags={"team": "a b"}))
    headers = copied_headers(server)
    assert headers["x-ms-tags"] == "team=a%20b"
    assert "x-ms-copy-source-tag-option" not in headers


@pytest.mark.parametrize("attributes", [None, Attributes("text/x")])
def test_copy_of_a_blob_that_has_no_tags_asks_for_none(
    serve: Any, attributes: Attributes | None
) -> None:
    """They would take a permission that most don't have."""
    server, store = serve(COPIED, DESCRIBED)
    source = dataclasses.replace(source_of(store), tag_count=0)
    store.copy_from(source, "k", attributes=attributes)
    assert not [name for name in copied_headers(server) if "tag" in name]
    assert signed_permissions(server) == "r"


@pytest.mark.parametrize("attributes", [None, Attributes("text/x")])
def test_copy_without_tags(serve: Any, attributes: Attributes | None) -> None:
    """Where the account has none, or they may not be read."""
    server, store = serve(COPIED, DESCRIBED, blob_tags=False)
    store.copy_from(source_of(store), "k", attributes=attributes)
    assert not [name for name in copied_headers(server) if "tag" in name]


@pytest.mark.parametrize("attributes", [None, Attributes("text/x")])
def test_copy_has_the_tags_of_all_that_is_written(
    serve: Any, attributes: Attributes | None
) -> None:
    """Instead of its source's, where the configuration names some."""
    server, store = serve(COPIED, DESCRIBED, tags={"team": "blue"})
    assert not store.capabilities.tags
    store.copy_from(source_of(store), "k", attributes=attributes)
    headers = copied_headers(server)
    assert headers["x-ms-tags"] == "team=blue"
    assert "x-ms-copy-source-tag-option" not in headers


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [(None, "team=blue"), (Attributes(tags={"other": "1"}), "other=1")],
)
def test_new_blobs_have_the_tags_of_the_configuration(
    serve: Any, attributes: Attributes | None, expected: str
) -> None:
    """Unless they have their own; in one piece or in parts."""
    server, store = serve(PUT, PUT, PUT, DESCRIBED, tags={"team": "blue"})
    store.put("k", b"12345", attributes=attributes)
    upload = store.create_multipart("k", attributes=attributes)
    upload.complete([upload.put_part(1, 0, b"12345")])
    found = [headers.get("x-ms-tags") for _, headers, _ in server.requests]
    assert found == [expected, None, expected, None]


def test_bad_tags_of_the_configuration_stop_a_run() -> None:
    """All blobs were to have them."""
    with pytest.raises(UsageError, match="characters that Azure refuses") as raised:
        AzureConfig(account="account", tags={"team": "me@home"})
    assert raised.value.scope is Scope.STORE


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [(None, "Cool"), (Attributes("text/x"), "Cool"), (Attributes(storage_class="Hot"), "Hot")],
)
def test_copy_has_the_tier_that_was_asked_for(
    serve: Any, attributes: Attributes | None, expected: str
) -> None:
    """That of the copy itself, else that of all that is written."""
    server, store = serve(COPIED, DESCRIBED, access_tier="Cool")
    store.copy_from(source_of(store), "k", attributes=attributes)
    assert copied_headers(server)["x-ms-access-tier"] == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition(if_absent=True), {"if-none-match": "*"}),
        (Condition(if_match="e0"), {"if-match": '"e0"'}),
    ],
)
@pytest.mark.parametrize("attributes", [None, Attributes("text/x")])
def test_condition_on_the_destination(
    serve: Any, condition: Condition, expected: dict[str, str], attributes: Attributes | None
) -> None:
    """It goes with either operation, beside that on the source."""
    server, store = serve(COPIED, DESCRIBED)
    store.copy_from(source_of(store), "k", attributes=attributes, condition=condition)
    headers = copied_headers(server)
    assert {name: headers[name] for name in expected} == expected
    assert headers["x-ms-source-if-match"] == '"e1"'


def test_part_is_copied(serve: Any) -> None:
    """Put Block From URL: the range, inclusive, and the source's ETag as the condition."""
    server, store = serve(answer(201, headers=REQUEST_ID))
    upload = store.create_multipart("k")
    part = upload.copy_part(2, 10, source_of(store), 10, 15)
    query = parse_qs(urlsplit(server.targets()[0]).query)
    assert (query["comp"], query["blockid"]) == (["block"], [part.etag])
    headers = copied_headers(server)
    assert headers["x-ms-source-range"] == "bytes=10-14"
    assert headers["x-ms-source-if-match"] == '"e1"'
    assert headers["content-length"] == "0"
    assert (part.number, part.offset_bytes, part.size_bytes) == (2, 10, 5)


def test_server_that_fails_at_a_copied_part_without_a_word_has_none(serve: Any) -> None:
    """As Azurite does with a SAS token: then the object is streamed."""
    _, store = serve(answer(500), refusal(500, "InternalError"))
    upload = store.create_multipart("k")
    with pytest.raises(NotSupportedError, match="can't copy blocks"):
        upload.copy_part(1, 0, source_of(store), 0, 5)
    with pytest.raises(ServiceError) as raised:
        upload.copy_part(1, 0, source_of(store), 0, 5)
    assert raised.value.retryable


def test_parts_of_both_kinds_become_a_blob(serve: Any) -> None:
    """Copied and sent ones are listed alike."""
    server, store = serve(
        answer(201, headers=REQUEST_ID), answer(201, headers=REQUEST_ID), PUT, DESCRIBED
    )
    upload = store.create_multipart("k")
    parts = [upload.copy_part(1, 0, source_of(store), 0, 3), upload.put_part(2, 3, b"45")]
    upload.complete(parts)
    _, _, body = server.requests[2]
    assert b"".join(b"<Uncommitted>%s</Uncommitted>" % part.etag.encode() for part in parts) in body


def test_source_without_an_etag_has_no_condition(serve: Any) -> None:
    """Whatever is there is copied."""
    server, store = serve(COPIED, DESCRIBED)
    store.copy_from(source_of(store, None), "k")
    assert "x-ms-source-if-match" not in copied_headers(server)


# How the source is read.


def test_source_is_read_by_a_signature_of_the_key(serve: Any) -> None:
    """For this blob, to read it and its tags only, for an hour."""
    server, store = serve(COPIED, DESCRIBED)
    store.copy_from(source_of(store), "k")
    url = urlsplit(copied_headers(server)["x-ms-copy-source"])
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert url.path == "/account/from/a/b%20c"
    assert (query["sr"], query["sp"]) == ("b", "rt")
    assert query["se"] < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4000))
    assert query["sig"]


def test_source_is_read_by_the_given_signature(serve: Any) -> None:
    """As it was given."""
    server, store = serve(COPIED, DESCRIBED, credential=SAS)
    store.copy_from(source_of(store), "k")
    assert copied_headers(server)["x-ms-copy-source"].endswith(f"/from/a/b%20c?{SAS.token}")


def test_version_of_the_source_is_named(serve: Any) -> None:
    """Beside what authorizes."""
    server, store = serve(COPIED, DESCRIBED)
    source = dataclasses.replace(source_of(store), version="2026-01-02T03:04:05.6789012Z")
    store.copy_from(source, "k")
    query = parse_qs(urlsplit(copied_headers(server)["x-ms-copy-source"]).query)
    assert query["versionid"] == ["2026-01-02T03:04:05.6789012Z"]
    assert query["sr"] == ["bv"]


# What can't be copied here.


@pytest.mark.parametrize(
    "change",
    [{"scheme": "s3"}, {"endpoint": "https://other.blob.core.windows.net"}, {"identity": "other"}],
)
def test_source_of_elsewhere_is_refused(serve: Any, change: dict[str, Any]) -> None:
    """Nothing is sent: the caller streams."""
    server, store = serve()
    source = dataclasses.replace(source_of(store), **change)
    with pytest.raises(NotSupportedError, match="another service or account"):
        store.copy_from(source, "k")
    with pytest.raises(NotSupportedError, match="another service or account"):
        store.create_multipart("k").copy_part(1, 0, source, 0, 5)
    assert server.requests == []


def test_source_whose_url_is_too_long_is_refused(serve: Any) -> None:
    """The service takes 2 KiB of it, and a letter may need nine."""
    server, store = serve()
    with pytest.raises(NotSupportedError, match="more than 2048 bytes"):
        store.copy_from(source_of(store, key="\u20ac" * 250), "k")
    assert server.requests == []


@pytest.mark.parametrize("attributes", [None, Attributes("text/x")])
def test_server_without_the_operation_is_asked_once(
    serve: Any, attributes: Attributes | None
) -> None:
    """From then on the caller is told at once to stream."""
    server, store = serve(LACKING)
    for _ in range(2):
        with pytest.raises(NotSupportedError, match=r"the server has no .* From URL"):
            store.copy_from(source_of(store), "k", attributes=attributes)
    assert len(server.requests) == 1


def test_server_without_copied_parts_is_asked_once(serve: Any) -> None:
    """It may copy whole blobs all the same."""
    server, store = serve(LACKING, COPIED, DESCRIBED)
    upload = store.create_multipart("k")
    for number in (1, 2):
        with pytest.raises(NotSupportedError, match="no Put Block From URL"):
            upload.copy_part(number, 0, source_of(store), 0, 5)
    store.copy_from(source_of(store), "k")
    assert len(server.requests) == 3


def test_refusal_of_one_blob_is_not_remembered(serve: Any) -> None:
    """Another one may be copied."""
    _, store = serve(refusal(409, "BlobUsesCustomerSpecifiedEncryption"), COPIED, DESCRIBED)
    source = dataclasses.replace(source_of(store), tag_count=0)
    with pytest.raises(NotSupportedError):
        store.copy_from(source, "k")
    assert store.copy_from(source, "k").size_bytes == 5


# What the service says of the source.


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "BlobNotFound", ObjectNotFoundError),
        (404, "CannotVerifyCopySource", ObjectNotFoundError),
        (403, "CannotVerifyCopySource", PermissionDeniedError),
        (412, "CannotVerifyCopySource", PreconditionFailedError),
        (412, "SourceConditionNotMet", PreconditionFailedError),
        (409, "BlobAlreadyExists", PreconditionFailedError),
    ],
)
@pytest.mark.parametrize("part", [False, True])
def test_refused_source(
    serve: Any, status: int, code: str, expected: type[S3dlioError], *, part: bool
) -> None:
    """Each is told for what it is, and no secret with it."""
    server, store = serve(refusal(status, code))
    source = dataclasses.replace(source_of(store), tag_count=0)
    upload = store.create_multipart("k")
    with pytest.raises(expected) as raised:
        _ = upload.copy_part(1, 0, source, 0, 5) if part else store.copy_from(source, "k")
    if expected is ObjectNotFoundError:
        assert raised.value.uri == "az://from/a/b c"
    query = parse_qs(urlsplit(copied_headers(server)["x-ms-copy-source"]).query)
    assert query["sig"][0] not in f"{raised.value} {raised.value!r} {vars(raised.value)}"


#: How tags are refused: by permission, and where an account has none.
REFUSED_TAGS = pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AuthorizationPermissionMismatch"),
        (403, "CannotVerifyCopySource"),
        (409, "FeatureNotSupportedForAccount"),
    ],
)


@REFUSED_TAGS
@pytest.mark.parametrize("attributes", [None, Attributes("text/x")])
def test_refused_tags_are_left_out_where_there_are_none(
    serve: Any, status: int, code: str, attributes: Attributes | None
) -> None:
    """Who copies by key alone doesn't know; the source is asked for their number."""
    server, store = serve(refusal(status, code), DESCRIBED, COPIED, DESCRIBED)
    assert store.copy_from(source_of(store), "k", attributes=attributes).size_bytes == 5
    copy, head = "PUT /account/target/k", "HEAD /account/target/k"
    assert server.targets() == [copy, "HEAD /account/from/a/b%20c", copy, head]
    assert (signed_permissions(server), signed_permissions(server, 2)) == ("rt", "r")
    assert "x-ms-copy-source-tag-option" not in server.requests[2][1]


@REFUSED_TAGS
@pytest.mark.parametrize("is_known", [False, True])
def test_refused_tags_are_never_left_behind(
    serve: Any, status: int, code: str, *, is_known: bool
) -> None:
    """The error says what they take, and how to do without; or the caller streams."""
    tagged = DESCRIBED.replace(b"x-ms-version", b"x-ms-tag-count: 2\r\nx-ms-version")
    server, store = serve(refusal(status, code), tagged)
    source = dataclasses.replace(source_of(store), tag_count=2 if is_known else None)
    with pytest.raises((PermissionDeniedError, NotSupportedError)) as raised:
        store.copy_from(source, "k")
    assert ("blob_tags=false" in raised.value.hint) == (status == 403)
    assert isinstance(raised.value, NotSupportedError) == (status == 409)
    assert len(server.requests) == (1 if is_known else 2)


def test_refused_copy_is_told_as_it_is(serve: Any) -> None:
    """Where tags had no part in it."""
    _, store = serve(refusal(403, "AuthorizationPermissionMismatch"))
    source = dataclasses.replace(source_of(store), tag_count=0)
    with pytest.raises(PermissionDeniedError) as raised:
        store.copy_from(source, "k")
    assert "blob_tags" not in raised.value.hint


def test_refused_copy_keeps_a_better_hint(serve: Any) -> None:
    """What has nothing to do with tags is told as it is, also where there are some."""
    _, store = serve(refusal(403, "BlobImmutableDueToPolicy"))
    source = dataclasses.replace(source_of(store), tag_count=2)
    with pytest.raises(PermissionDeniedError, match="legal hold"):
        store.copy_from(source, "k")


def test_refused_tags_name_their_permission(serve: Any) -> None:
    """Also where they are read by themselves."""
    _, store = serve(refusal(403, "AuthorizationPermissionMismatch"))
    with pytest.raises(PermissionDeniedError, match="blob_tags=false"):
        store.tags("k")


def test_copy_that_is_not_finished_is_an_error(serve: Any) -> None:
    """It was to be there with the answer."""
    pending = answer(202, headers={**REQUEST_ID, "ETag": '"e"', "x-ms-copy-status": "pending"})
    _, store = serve(pending)
    with pytest.raises(ServiceError, match="wasn't finished") as raised:
        store.copy_from(source_of(store), "k")
    assert raised.value.maybe_done


def test_answer_of_another_server_is_no_copy(serve: Any) -> None:
    """Any web server says 202."""
    _, store = serve(answer(202, headers={"ETag": '"e"'}))
    with pytest.raises(ServiceError, match="no Azure Blob Storage"):
        store.copy_from(source_of(store), "k")


# Checksums.


def test_blobs_and_parts_carry_no_checksum_unasked(serve: Any) -> None:
    """This server isn't known to compare any."""
    server, store = serve(answer(201, headers=REQUEST_ID), PUT)
    store.create_multipart("k").put_part(1, 0, b"12345")
    store.put("k", b"12345")
    for _, headers, _ in server.requests:
        assert not {"content-md5", "x-ms-content-crc64"} & set(headers)


@pytest.mark.parametrize(
    ("checksum", "header", "value"),
    [
        ("MD5", "content-md5", "gnzLDuqKcGxMNKFokfhOew=="),
        ("CRC64", "x-ms-content-crc64", "+Mpi/7fiahY="),
    ],
)
def test_blobs_and_parts_carry_their_checksum(
    serve: Any, checksum: str, header: str, value: str
) -> None:
    """The one that was asked for, and what the service tells is compared with it."""
    told = {**REQUEST_ID, "ETag": '"e"', header: value}
    right, wrong = answer(201, headers=told), answer(201, headers={**told, header: "AAAAAAAAAAA="})
    server, store = serve(right, wrong, right, wrong, checksum_algorithm=checksum)
    upload = store.create_multipart("k")
    writes: list[Callable[[], object]] = [
        lambda: upload.put_part(1, 0, b"12345"),
        lambda: store.put("k", b"12345"),
    ]
    for write in writes:
        write()
        assert server.requests[-1][1][header] == value
        with pytest.raises(IntegrityError, match="the service got other bytes"):
            write()


def test_refused_parts_that_are_all_there_are_not_gone(serve: Any) -> None:
    """The service has them, and its own reason."""
    server, store = serve(answer(201, headers=REQUEST_ID))
    upload = store.create_multipart("k")
    part = upload.put_part(1, 0, b"12345")
    block = f"<Block><Name>{part.etag}</Name><Size>5</Size></Block>"
    listed = f"<BlockList><UncommittedBlocks>{block}</UncommittedBlocks></BlockList>"
    server.answers += [
        refusal(400, "InvalidBlockList"),
        answer(200, listed.encode(), headers=REQUEST_ID),
    ]
    with pytest.raises(
        InvalidPartError, match="has all parts, and refuses them: Said so"
    ) as raised:
        upload.complete([part])
    assert (raised.value.code, raised.value.request_id) == ("InvalidBlockList", "REQ7")


def test_too_many_blocks_say_what_ends_them(serve: Any) -> None:
    """A hundred thousand unfinished blocks are those of uploads that broke off."""
    _, store = serve(refusal(409, "BlockCountExceedsLimit"))
    with pytest.raises(S3dlioError, match="100,000 unfinished") as raised:
        store.create_multipart("k").put_part(1, 0, b"12345")
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(None, ObjectNotFoundError), (Condition(if_match="e"), PreconditionFailedError)],
)
def test_commit_where_no_blob_is_found(
    serve: Any, condition: Condition | None, expected: type[S3dlioError]
) -> None:
    """A blob that isn't there has no ETag; without a condition it is what was said."""
    _, store = serve(answer(201, headers=REQUEST_ID), refusal(404, "BlobNotFound"))
    upload = store.create_multipart("k", condition=condition)
    part = upload.put_part(1, 0, b"12345")
    with pytest.raises(expected):
        upload.complete([part])
