"""Uploads in parts on Azurite: what its blocks are, who ends them, what survives a lost answer."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.servers.faults import LostAnswer

from s3dlio_azure import AzureConfig, AzureProvider, SharedKey
from s3dlio_azure.block_ids import ABORTED, block_id, parse_block_id
from s3dlio_azure.store import LIMITS
from s3dlio_core.errors import (
    ConnectionFailedError,
    InvalidPartError,
    NotSupportedError,
    PreconditionFailedError,
    UploadNotFoundError,
)
from s3dlio_core.retry import RetryingStore, RetryPolicy
from s3dlio_core.store import Attributes, Condition, Limits
from s3dlio_core.transfer.plan import part_count, part_size_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import AzuriteServer, BlobFaultProxy
    from tests.servers.blob_container import BlobContainer
    from tests.servers.blob_endpoint import BlobEndpoint

    from s3dlio_azure import AzureStore
    from s3dlio_core.store import MultipartUpload, Part

#: Resumes an upload by its token, adds a part and completes it.
RESUMING = """
import os, sys
from s3dlio_azure import AzureStore

container, key, token = sys.argv[1:]
options = {"ca_bundle": os.environ["TEST_CA_BUNDLE"]}
with AzureStore.connect(container, **options) as store:
    upload = store.resume_multipart(key, token)
    assert [part.number for part in upload.parts()] == [1]
    upload.put_part(2, 5, b"67890")
    upload.complete(list(upload.parts()))
"""


def config_of(server: BlobEndpoint) -> AzureConfig:
    """How to reach a server."""
    return AzureConfig(
        endpoint=server.endpoint_url,
        credential=SharedKey(server.account, server.account_key),
        ca_bundle=server.ca_bundle,
        versions=False,
    )


@pytest.fixture
def store(azurite: AzuriteServer, azurite_container: BlobContainer) -> Iterator[AzureStore]:
    """A fresh container as we see it."""
    with AzureProvider(config_of(azurite)) as provider:
        yield provider.open(azurite_container.name)


@pytest.fixture
def faulty_store(
    blob_fault_proxy: BlobFaultProxy, azurite_container: BlobContainer
) -> Iterator[RetryingStore]:
    """The same container over a faulty line, with retries."""
    with AzureProvider(config_of(blob_fault_proxy)) as provider:
        bare = provider.open(azurite_container.name)
        yield RetryingStore(bare, RetryPolicy(base_s=0.001))


def with_parts(store: AzureStore | RetryingStore, key: str, *contents: bytes) -> MultipartUpload:
    """An upload that has parts."""
    upload = store.create_multipart(key)
    offset_bytes = 0
    for number, content in enumerate(contents, 1):
        upload.put_part(number, offset_bytes, content)
        offset_bytes += len(content)
    return upload


def blocks_of(container: BlobContainer, key: str) -> tuple[list[str], list[str]]:
    """The ids of a blob's blocks, committed and not, as azure-storage-blob tells them."""
    committed, uncommitted = container.client.get_blob_client(key).get_block_list("all")
    return [block.id for block in committed], [block.id for block in uncommitted]


# What is sent.


def test_commit_writes_all_attributes(store: AzureStore, azurite_container: BlobContainer) -> None:
    """Content headers, metadata, tags and tier are the blob's, as another program sees it."""
    attributes = Attributes(
        "text/x", "no-store", "gzip", "de", "inline", {"owner": "me"}, "Cool", {"team": "a b"}
    )
    upload = store.create_multipart("k", attributes=attributes)
    upload.complete([upload.put_part(1, 0, b"12345")])
    blob = azurite_container.head("k")
    content = blob.content_settings
    assert ("text/x", "no-store", "gzip", "de", "inline") == (
        content.content_type,
        content.cache_control,
        content.content_encoding,
        content.content_language,
        content.content_disposition,
    )
    assert (blob.metadata, blob.blob_tier) == ({"owner": "me"}, "Cool")
    client = azurite_container.client.get_blob_client("k")
    assert client.get_blob_tags() == {"team": "a b"}


def test_nothing_is_sent_to_begin(store: AzureStore, azurite: AzuriteServer) -> None:
    """An upload is there with its first part."""
    before = len(azurite.request_log())
    upload = store.create_multipart("k")
    assert (len(azurite.request_log()), list(upload.parts())) == (before, [])


@pytest.mark.parametrize(
    "attributes", [Attributes(metadata={"name": "\u00e4"}), Attributes(content_type="x\n")]
)
def test_bad_attributes_show_at_the_beginning(store: AzureStore, attributes: Attributes) -> None:
    """Not when all parts were sent."""
    with pytest.raises(NotSupportedError):
        store.create_multipart("k", attributes=attributes)


def test_bad_condition_shows_at_the_beginning(store: AzureStore) -> None:
    """No blob can have such an ETag."""
    with pytest.raises(PreconditionFailedError):
        store.create_multipart("k", condition=Condition(if_match='W/"e"'))


# Tokens.


def test_upload_is_resumed_by_another_process(
    store: AzureStore, azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """By its token alone; attributes are those of the beginning."""
    upload = store.create_multipart("k", attributes=Attributes("text/x", tags={"t": "u"}))
    upload.put_part(1, 0, b"12345")
    subprocess.run(
        [sys.executable, "-c", RESUMING, azurite_container.name, "k", upload.token],
        env={**os.environ, **azurite.environment, "TEST_CA_BUNDLE": azurite.ca_bundle},
        check=True,
    )
    assert azurite_container.get("k") == b"1234567890"
    assert azurite_container.head("k").content_settings.content_type == "text/x"
    assert store.tags("k") == {"t": "u"}


def test_token_keeps_the_condition(store: AzureStore, azurite_container: BlobContainer) -> None:
    """It is the service's to check, at the end."""
    upload = store.create_multipart("k", condition=Condition(if_absent=True))
    upload.put_part(1, 0, b"12345")
    azurite_container.put("k", b"old")
    resumed = store.resume_multipart("k", upload.token)
    with pytest.raises(PreconditionFailedError):
        resumed.complete([resumed.put_part(1, 0, b"12345")])
    assert azurite_container.get("k") == b"old"


def test_token_keeps_the_size_of_parts(store: AzureStore) -> None:
    """So listed parts have their places."""
    upload = store.create_multipart("k", part_size_bytes=5)
    upload.put_part(2, 5, b"67890")
    (part,) = store.resume_multipart("k", upload.token).parts()
    assert (part.number, part.size_bytes, part.offset_bytes) == (2, 5, 5)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "5",
        "[]",
        "{}",
        json.dumps({"upload_id": "u"}),
        json.dumps({"upload_id": 5}),
        json.dumps({"upload_id": "0" * 32, "attributes": {"colour": "red"}}),
        json.dumps({"upload_id": "0" * 32, "attributes": 5}),
        json.dumps({"upload_id": "0" * 32, "if_absent": True, "if_match": "e"}),
        json.dumps({"upload_id": "0" * 32, "if_match": 5}),
    ],
)
def test_other_tokens_are_refused(store: AzureStore, token: str) -> None:
    """Those of other backends, and those that somebody changed."""
    with pytest.raises(UploadNotFoundError, match="names no upload"):
        store.resume_multipart("k", token)


# Who ends an upload.


def test_two_uploads_of_a_key_at_once(store: AzureStore, azurite_container: BlobContainer) -> None:
    """Their parts don't mix; the first to complete ends the other, which says so."""
    contents = {name: name.encode() * 1000 for name in "ab"}
    uploads = {name: store.create_multipart("k") for name in contents}

    def put(name: str, number: int) -> tuple[str, Part]:
        content = contents[name]
        return name, uploads[name].put_part(number, (number - 1) * len(content), content)

    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(put, name, number) for number in range(1, 11) for name in contents]
        done = [task.result() for task in tasks]
    parts = {name: [part for of, part in done if of == name] for name in contents}
    assert len(list(uploads["a"].parts())) == len(list(uploads["b"].parts())) == 10
    uploads["b"].complete(parts["b"])
    with pytest.raises(UploadNotFoundError, match="another upload") as raised:
        uploads["a"].complete(parts["a"])
    assert raised.value.code == "InvalidBlockList"
    with pytest.raises(UploadNotFoundError, match="another upload"):
        list(uploads["a"].parts())
    assert azurite_container.get("k") == contents["b"] * 10


def test_missing_part_is_named(store: AzureStore) -> None:
    """The others are there, so the upload isn't gone."""
    upload = store.create_multipart("k")
    first = upload.put_part(1, 0, b"12345")
    second = upload.put_part(3, 5, b"12345")
    never = type(first)(2, 5, block_id(json.loads(upload.token)["upload_id"], 2))
    with pytest.raises(InvalidPartError, match="part 2 was never stored"):
        upload.complete([first, never, second])
    assert upload.complete([first, second]).size_bytes == 10


def test_blocks_of_another_length_are_in_the_way(
    store: AzureStore, azurite_container: BlobContainer
) -> None:
    """The line says whose they are, and what ends them; what was advised works."""
    azurite_container.client.get_blob_client("k").stage_block("short", b"x")
    upload = store.create_multipart("k")
    with pytest.raises(InvalidPartError, match="of another program") as raised:
        upload.put_part(1, 0, b"12345")
    assert raised.value.code == "InvalidBlobOrBlock"
    assert "deleted" in raised.value.hint
    store.delete("k")
    upload.complete([upload.put_part(1, 0, b"12345")])
    assert azurite_container.get("k") == b"12345"


def test_abort_touches_no_blob(store: AzureStore, azurite_container: BlobContainer) -> None:
    """What was committed stays as it was; the parts stay uncommitted, and are marked."""
    old = with_parts(store, "k", b"old")
    old.complete(list(old.parts()))
    before = azurite_container.head("k")
    upload = with_parts(store, "k", b"new", b"er")
    upload.abort()
    assert azurite_container.get("k") == b"old"
    assert azurite_container.head("k").etag == before.etag
    _, uncommitted = blocks_of(azurite_container, "k")
    numbers = sorted(parse_block_id(_encoded(name))[1] for name in uncommitted)  # type: ignore[index]
    assert numbers == [ABORTED, 1, 2]


def test_abort_of_an_empty_upload_sends_nothing(store: AzureStore, azurite: AzuriteServer) -> None:
    """There is nothing to mark."""
    upload = store.create_multipart("k")
    before = len(azurite.request_log())
    upload.abort()
    assert len(azurite.request_log()) == before


def test_abort_elsewhere_after_completion_leaves_no_block(
    store: AzureStore, azurite_container: BlobContainer
) -> None:
    """A block that nobody needs would be in the way of other programs for a week."""
    upload = with_parts(store, "k", b"12345")
    upload.complete(list(upload.parts()))
    store.resume_multipart("k", upload.token).abort()
    assert blocks_of(azurite_container, "k")[1] == []


def test_abort_without_the_container(store: AzureStore, azurite_container: BlobContainer) -> None:
    """What was to be discarded went with it."""
    upload = with_parts(store, "k", b"12345")
    azurite_container.client.delete_container()
    upload.abort()
    azurite_container.client.create_container()


# What is found.


def test_listed_uploads_are_ours(store: AzureStore, azurite_container: BlobContainer) -> None:
    """Blocks of other programs, empty blobs and what was aborted aren't listed."""
    azurite_container.client.get_blob_client("foreign").stage_block("short", b"x")
    azurite_container.put("empty", b"")
    with_parts(store, "aborted", b"12345").abort()
    with_parts(store, "ours", b"12345")
    (found,) = store.list_multiparts()
    resumed = store.resume_multipart(found.key, found.token)
    resumed.complete(list(resumed.parts()))
    assert azurite_container.get("ours") == b"12345"


def test_empty_blobs_that_were_put_are_not_asked_for_blocks(
    store: AzureStore, azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """Their MD5 tells that they are whole."""
    for number in range(3):
        azurite_container.put(f"empty{number}", b"")
    with_parts(store, "ours", b"12345")
    before = len(azurite.request_log())
    assert [found.key for found in store.list_multiparts()] == ["ours"]
    assert len(azurite.request_log()) == before + 2


def test_listing_goes_on_behind_a_page(store: AzureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads may be on any page."""
    for number in range(3):
        with_parts(store, f"k{number}", b"12345")
    whole = store.client.list_blobs
    monkeypatch.setattr(
        store.client, "list_blobs", lambda *args, **given: whole(*args, page_size=1, **given)
    )
    assert [found.key for found in store.list_multiparts()] == ["k0", "k1", "k2"]


def test_upload_that_replaces_a_blob_is_found_by_its_token_alone(
    store: AzureStore, azurite_container: BlobContainer
) -> None:
    """The service's listing doesn't tell it."""
    azurite_container.put("k", b"old")
    upload = with_parts(store, "k", b"12345")
    assert list(store.list_multiparts()) == []
    assert [part.number for part in store.resume_multipart("k", upload.token).parts()] == [1]


# Lost answers.


@pytest.mark.parametrize("condition", [None, Condition(if_absent=True)])
def test_commit_whose_answer_is_lost_counts(
    faulty_store: RetryingStore,
    blob_fault_proxy: BlobFaultProxy,
    azurite_container: BlobContainer,
    condition: Condition | None,
) -> None:
    """The second attempt is refused, and the blob's blocks prove that it is this upload's."""
    upload = faulty_store.create_multipart("k", condition=condition)
    parts = [upload.put_part(1, 0, b"12345"), upload.put_part(2, 5, b"67890")]
    rule = blob_fault_proxy.add(LostAnswer(), method="PUT", pattern="comp=blocklist")
    info = upload.complete(parts)
    assert rule.applied_count == 1
    assert (info.size_bytes, info.etag) == (10, azurite_container.head("k").etag.strip('"'))
    assert azurite_container.get("k") == b"1234567890"


def test_commit_that_was_replaced_does_not_count(
    store: AzureStore, azurite_container: BlobContainer
) -> None:
    """Other parts, another state of it, another blob of the same size, or none."""
    upload = store.create_multipart("k")
    parts = [upload.put_part(1, 0, b"12345"), upload.put_part(2, 5, b"67890")]
    info = upload.complete(parts)
    assert upload.is_result(info, parts)
    assert not upload.is_result(info, parts[:1])
    assert not upload.is_result(info, parts[::-1])
    azurite_container.client.get_blob_client("k").set_blob_metadata({"owner": "me"})
    assert not upload.is_result(info, parts)
    assert upload.is_result(store.head("k"), parts)
    azurite_container.put("k", b"0987654321")
    assert not upload.is_result(info, parts)
    assert not upload.is_result(store.head("k"), parts)
    azurite_container.client.delete_blob("k")
    assert not upload.is_result(info, parts)


def test_abort_after_a_lost_commit_leaves_the_blob_alone(
    faulty_store: RetryingStore,
    blob_fault_proxy: BlobFaultProxy,
    azurite_container: BlobContainer,
) -> None:
    """Nobody knows that it was carried out, so nothing may be undone, nor left beside it."""
    bare = faulty_store.inner
    upload = bare.create_multipart("k")
    parts = [upload.put_part(1, 0, b"12345")]
    blob_fault_proxy.add(LostAnswer(), method="PUT", pattern="comp=blocklist")
    with pytest.raises(ConnectionFailedError) as raised:
        upload.complete(parts)
    assert raised.value.maybe_done
    upload.abort()
    assert azurite_container.get("k") == b"12345"
    assert blocks_of(azurite_container, "k")[1] == []


# Sizes.


@given(
    size_bytes=st.integers(1, LIMITS.object_size_max_bytes or 0),
    alignment_bytes=st.sampled_from([1, 512, 4096]),
    wanted_bytes=st.none() | st.integers(1, LIMITS.part_size_max_bytes),
)
def test_any_size_fits_into_50000_blocks(
    size_bytes: int, alignment_bytes: int, wanted_bytes: int | None
) -> None:
    """Up to 190.7 TiB, whatever the source's alignment and the part size that is asked for."""
    source = Limits(put_size_max_bytes=2**62, alignment_bytes=alignment_bytes)
    part_bytes = part_size_for(size_bytes, source, LIMITS, wanted_bytes)
    if part_bytes is None:
        assert size_bytes <= 5000 * 1024**2
        return
    assert part_bytes <= 4000 * 1024**2
    assert part_count(size_bytes, part_bytes) <= 50_000
    last = block_id("0" * 32, part_count(size_bytes, part_bytes))
    assert len(last) == len(block_id("0" * 32, 1))


def _encoded(name: str) -> str:
    """A block's id as the wire has it: azure-storage-blob decodes it."""
    return base64.b64encode(name.encode()).decode()
