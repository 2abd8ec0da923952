"""Byte ranges of blobs: core's reader over Get Blob.

Source: Azure Storage, Get Blob and "Specifying the range header for Blob service operations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_azure.headers import object_info
from s3dlio_core.rest.range_reader import open_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_azure.store import AzureStore
    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.rest.range_reader import RangeReader
    from s3dlio_core.store import ObjectInfo
    from s3dlio_http.client import HttpAnswer

__all__ = ["open_blob"]


def open_blob(
    store: AzureStore,
    key: str,
    start: int,
    stop: int | None,
    if_match: str | None,
    version: str | None,
) -> RangeReader:
    """Open bytes [start, stop) of a blob.

    Raises:
        InvalidRangeError: start is negative or beyond the end, or stop before start.
        PreconditionFailedError: the blob has another ETag.
        S3dlioError: as `BlobClient.get_blob`.
    """
    return open_range(_Blob(store, key, version), start, stop, if_match)


@dataclass(slots=True)
class _Blob:
    """A blob, as `range_reader.RangeSource` describes it."""

    store: AzureStore
    key: str
    version: str | None

    @property
    def uri(self) -> str:
        return self.store.uri_of(self.key)

    def get(self, start: int, stop: int | None, if_match: str | None) -> HttpAnswer:
        return self.store.client.get_blob(
            self.store.container,
            self.key,
            start=start,
            stop=stop,
            if_match=if_match,
            version=self.version,
        )

    def head(self, if_match: str | None) -> ObjectInfo:
        info = self.store.client.head_blob(
            self.store.container, self.key, if_match=if_match, version=self.version
        )
        self.store.check_is_object("read", info)
        return info

    def describe(self, headers: Mapping[str, str], size_bytes: int) -> ObjectInfo:
        info = object_info(self.key, headers, size_bytes)
        self.store.check_is_object("read", info)
        return info

    def check(self, info: ObjectInfo) -> ContentCheck | None:
        return self.store.content_check(info, version=self.version)
