"""Objects of S3 as sources of byte ranges, and what their bytes are compared with.

Source: Amazon S3 API Reference, GetObject and HeadObject.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import S3dlioError
from s3dlio_core.logs import get_logger
from s3dlio_s3.checksums import content_check
from s3dlio_s3.headers import object_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import ObjectInfo
    from s3dlio_http.client import HttpAnswer
    from s3dlio_s3.client import S3Client

__all__ = ["S3Object", "check_of"]

logger = get_logger("s3")


@dataclass(slots=True)
class S3Object:
    """An object, or one of its versions; a `s3dlio_core.rest.range_reader.RangeSource`."""

    client: S3Client
    bucket: str
    key: str
    version: str | None

    @property
    def uri(self) -> str:
        """The object's URI, for messages."""
        return f"s3://{self.bucket}/{self.key}"

    def get(self, start: int, stop: int | None, if_match: str | None) -> HttpAnswer:
        """Ask for bytes; see `S3Client.get_object`."""
        return self.client.get_object(
            self.bucket,
            self.key,
            start=start,
            stop=stop,
            if_match=if_match,
            version=self.version,
            # No range has any.
            checksums=start == 0 and stop is None and self._reads_checksums,
        )

    def head(self, if_match: str | None) -> ObjectInfo:
        """Describe the object."""
        return self.client.head_object(
            self.bucket, self.key, if_match=if_match, version=self.version
        )

    def describe(self, headers: Mapping[str, str], size_bytes: int) -> ObjectInfo:
        """Describe the object by the headers of an answer."""
        return object_info(self.key, headers, size_bytes)

    def check(self, info: ObjectInfo) -> ContentCheck | None:
        """Return what the bytes are compared with, where the configuration wants it."""
        if not self._reads_checksums:
            return None
        return check_of(self.client, self.bucket, info, self.version)

    @property
    def _reads_checksums(self) -> bool:
        return self.client.sender.config.reads_checksums


def check_of(client: S3Client, bucket: str, info: ObjectInfo, version: str | None) -> ContentCheck:
    """Return what compares the bytes of an object with the checksum that an answer told.

    Args:
        client: asks for the sizes of parts, where the checksum is made of parts.
        bucket: the bucket.
        info: the object, from an answer with checksums.
        version: the version that was asked for, if one was.
    """
    pin = info.etag if client.sender.config.read_if_match else None

    def part_size_of(number: int) -> int | None:
        try:
            return client.head_part(bucket, info.key, number, if_match=pin, version=version)
        except S3dlioError as error:
            if error.retryable:
                raise
            logger.debug("the size of a part of %s isn't known: %s", info.key, error)
            return None

    return content_check(info, f"s3://{bucket}/{info.key}", part_size_of)
