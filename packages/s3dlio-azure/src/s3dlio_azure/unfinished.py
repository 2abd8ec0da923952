"""Uploads that were left: found by the blocks of blobs that were never committed.

Rules that hold in this file:
- Blocks of other programs are left alone.
- An upload that is to replace a blob isn't found: the service tells of blocks beside a blob only to
  who asks about that blob.

Source: Azure Storage, "List Blobs" (include=uncommittedblobs), "Get Block List".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_azure.block_ids import ABORTED, parse_block_id
from s3dlio_azure.multipart import make_token
from s3dlio_core.logs import get_logger
from s3dlio_core.rest.paging import all_pages
from s3dlio_core.store import MultipartInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_azure.store import AzureStore
    from s3dlio_core.store import ObjectInfo

__all__ = ["unfinished_uploads"]

logger = get_logger("azure")


def unfinished_uploads(store: AzureStore, prefix: str) -> Iterator[MultipartInfo]:
    """Yield the uploads of blobs that were never committed; see `ObjectStore.list_multiparts`."""
    pages = all_pages(
        lambda marker: store.client.list_blobs(
            store.container, prefix=prefix, marker=marker, include=("uncommittedblobs",)
        ),
        lambda page: page.next_token,
        operation="list multipart uploads",
        uri=store.uri,
    )
    for page in pages:
        for info in page.objects:
            # A blob that was never committed is empty, and has no MD5; one that was put has.
            if not info.size_bytes and not info.checksums:
                yield from _uploads_of(store, info)


def _uploads_of(store: AzureStore, info: ObjectInfo) -> Iterator[MultipartInfo]:
    """Yield the uploads to one key that weren't aborted."""
    blocks, _ = store.client.list_blocks(store.container, info.key, "uncommitted")
    names = [parse_block_id(block.name) for block in blocks]
    if None in names:
        logger.info("%s has unfinished blocks of another program", store.uri_of(info.key))
    numbers: dict[str, set[int]] = {}
    for upload_id, number in filter(None, names):
        numbers.setdefault(upload_id, set()).add(number)
    for upload_id, held in numbers.items():
        if ABORTED not in held:
            yield MultipartInfo(info.key, make_token(upload_id), info.mtime)
