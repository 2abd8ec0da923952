"""What no emulator proves of Azure: its checksums, order, conflicts, clock, tiers, copies."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
import types
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

import s3dlio
from s3dlio_azure import AzureStore, SharedKey
from s3dlio_core.errors import PreconditionFailedError
from s3dlio_core.rest import clock
from s3dlio_core.retry import RetryingStore
from s3dlio_core.store import Attributes, Condition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.container import LiveContainer

CONTENT: Final = b"live content"
MIB: Final = 1 << 20


@pytest.fixture
def store(live_container: LiveContainer) -> Iterator[AzureStore]:
    """The container, without retries."""
    with AzureStore.connect(live_container.name, live_container.config) as store:
        yield store


def needs_flat(live: LiveContainer) -> None:
    """Skip where an account with a hierarchical namespace hasn't what is tested."""
    if live.has_directories:
        pytest.skip("an account with a hierarchical namespace hasn't this")


def test_tree_goes_up_and_comes_back(live_container: LiveContainer, tmp_path: Path) -> None:
    """Files go up, a large one in blocks, and come back the same; others read them too."""
    source, back = tmp_path / "source", tmp_path / "back"
    source.mkdir()
    files = {"small": b"x", "empty": b"", "large": os.urandom(20 * MIB), "é ü+%41": b"odd name"}
    for name, content in files.items():
        (source / name).write_bytes(content)
    s3dlio.upload([f"{source}/"], f"{live_container.uri}tree/", recursive=True)
    s3dlio.download([f"{live_container.uri}tree/"], f"{back}/", recursive=True)
    assert files == {path.name: path.read_bytes() for path in back.rglob("*") if path.is_file()}
    for name, content in files.items():
        assert content == live_container.get(f"{live_container.prefix}tree/{name}")


def test_listing_has_all_names_in_whatever_order(
    live_container: LiveContainer, store: AzureStore
) -> None:
    """Names that orders of bytes, of UTF-16 and of directories put elsewhere, in small pages."""
    names = ["a", "a b", "a.b", "a/b", "a-", "A", "é", "\ue000", "\U0001f600", "z/a/b"]
    keys = {f"{live_container.prefix}order/{name}" for name in names}
    for key in keys:
        live_container.put(key, b"")
    listed: list[str] = []
    token = None
    while True:
        page = store.list_page(f"{live_container.prefix}order/", page_size=2, token=token)
        listed += [info.key for info in page.objects]
        token = page.next_token
        if token is None:
            break
    assert sorted(keys) == sorted(listed)


def test_one_of_many_writers_wins(live_container: LiveContainer, store: AzureStore) -> None:
    """Who comes at the same moment, or later, is refused: 409 and 412 are one thing."""
    key = f"{live_container.prefix}contested"
    start = threading.Barrier(8)

    def write(number: int) -> bool:
        start.wait()
        try:
            store.put(key, b"%d" % number, condition=Condition(if_absent=True))
        except PreconditionFailedError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(write, range(8)))
    assert won.count(True) == 1
    assert live_container.get(key) == b"%d" % won.index(True)


def test_one_of_many_commits_wins(live_container: LiveContainer, store: AzureStore) -> None:
    """Likewise of uploads in blocks: the others' blocks are gone, and that is told as refusal."""
    key = f"{live_container.prefix}contested-blocks"
    uploads = [
        store.create_multipart(key, part_size_bytes=MIB, condition=Condition(if_absent=True))
        for _ in range(3)
    ]
    parts = [upload.put_part(1, 0, b"%d" % n) for n, upload in enumerate(uploads)]
    won = []
    for upload, part in zip(uploads, parts, strict=True):
        try:
            upload.complete([part])
            won.append(True)
        except s3dlio.S3dlioError:
            won.append(False)
    assert won == [True, False, False]
    assert live_container.get(key) == b"0"


@pytest.mark.parametrize("algorithm", ["CRC64", "MD5"])
def test_checksum_is_compared(live_container: LiveContainer, algorithm: str) -> None:
    """The service takes a blob and blocks with the checksum that we compute, as its own is."""
    config = dataclasses.replace(live_container.config, checksum_algorithm=algorithm)
    keys = [f"{live_container.prefix}{algorithm}-{form}" for form in ("whole", "blocks")]
    with AzureStore.connect(live_container.name, config) as store:
        store.put(keys[0], CONTENT)
        upload = store.create_multipart(keys[1], part_size_bytes=MIB)
        upload.complete([upload.put_part(1, 0, CONTENT)])
    assert [CONTENT, CONTENT] == [live_container.get(key) for key in keys]


def test_tier_metadata_and_headers_are_kept(
    live_container: LiveContainer, store: AzureStore
) -> None:
    """As they were given; metadata whose names Azure can't have come back by theirs."""
    key = f"{live_container.prefix}attributes"
    attributes = Attributes(
        content_type="text/plain",
        cache_control="max-age=7",
        metadata={"colour": "blue", "two-words": "a b"},
        storage_class="Cool",
    )
    store.put(key, CONTENT, attributes=attributes)
    found = live_container.client.get_blob_client(key).get_blob_properties()
    assert (found.content_settings.content_type, found.blob_tier) == ("text/plain", "Cool")
    assert found.metadata["colour"] == "blue"
    info = store.head(key)
    assert info.attributes is not None
    assert info.attributes.metadata == {"colour": "blue", "two-words": "a b"}
    assert info.storage_class == "Cool"


def test_tags_are_kept(live_container: LiveContainer, store: AzureStore) -> None:
    """Index tags, where the account has them."""
    needs_flat(live_container)
    key = f"{live_container.prefix}tags"
    store.put(key, CONTENT, attributes=Attributes(tags={"team": "a b", "year": "2026"}))
    tags = live_container.client.get_blob_client(key).get_blob_tags()
    assert tags == {"team": "a b", "year": "2026"}


@pytest.mark.parametrize("off_s", [-3600.0, 3600.0])
def test_clock_that_is_off_is_corrected(
    live_container: LiveContainer, off_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is an hour off signs with the service's time after one refusal."""
    if not isinstance(live_container.credential, SharedKey):
        pytest.skip("needs an account key")
    off = types.SimpleNamespace(
        time=lambda: time.time() + off_s, strftime=time.strftime, gmtime=time.gmtime
    )
    monkeypatch.setattr(clock, "time", off)
    key = f"{live_container.prefix}clock{off_s}"
    bare = AzureStore.connect(live_container.name, live_container.config)
    with RetryingStore(bare) as retrying:
        retrying.put(key, CONTENT)
        assert len(CONTENT) == retrying.head(key).size_bytes
    assert CONTENT == live_container.get(key)


def test_presigned_url_reads(live_container: LiveContainer) -> None:
    """Whoever has a presigned URL reads the blob, without credentials."""
    if not isinstance(live_container.credential, SharedKey):
        pytest.skip("needs an account key")
    name = "presigned é+"
    live_container.put(f"{live_container.prefix}{name}", CONTENT)
    url = s3dlio.presign(f"{live_container.uri}{name}", expires_s=300)
    with urllib.request.urlopen(url) as answer:
        assert CONTENT == answer.read()


def test_copy_on_the_service(live_container: LiveContainer, store: AzureStore) -> None:
    """A blob is copied without its bytes passing through this machine, with what belongs to it."""
    key = f"{live_container.prefix}original"
    store.put(key, CONTENT, attributes=Attributes(metadata={"two-words": "a b"}))
    target = f"{live_container.prefix}copy ü"
    store.copy_from(store.copy_source(key), target)
    assert CONTENT == live_container.get(target)
    info = store.head(target)
    assert info.attributes is not None
    assert info.attributes.metadata == {"two-words": "a b"}


def test_copy_by_blocks_on_the_service(live_container: LiveContainer, store: AzureStore) -> None:
    """Part by part: Put Block From URL, which emulators lack."""
    content = os.urandom(9 * MIB)
    key, target = f"{live_container.prefix}parted", f"{live_container.prefix}parted-copy"
    store.put(key, content)
    source = store.copy_source(key, store.head(key).etag)
    upload = store.create_multipart(target, size_bytes=len(content), part_size_bytes=5 * MIB)
    parts = [
        upload.copy_part(1, 0, source, 0, 5 * MIB),
        upload.copy_part(2, 5 * MIB, source, 5 * MIB, len(content)),
    ]
    upload.complete(parts)
    assert content == live_container.get(target)


def test_directories_are_no_objects(live_container: LiveContainer, store: AzureStore) -> None:
    """What an account with a hierarchical namespace makes of a path isn't listed as an object."""
    prefix = f"{live_container.prefix}directories/"
    store.put(f"{prefix}d/e/f", CONTENT)
    page = store.list_page(prefix)
    assert [info.key for info in page.objects] == [f"{prefix}d/e/f"]
    page = store.list_page(prefix, delimiter="/")
    assert ([], [f"{prefix}d/"]) == ([info.key for info in page.objects], list(page.prefixes))
    store.delete(f"{prefix}d/e/f")
    assert not store.list_page(prefix).objects
