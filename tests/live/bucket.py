"""The bucket that `make live` is given, and what boto3 sees of it.

Rules that hold in this package:
- Nothing outside a fresh prefix of this run is written, and nothing but the bucket itself listed.
- The configuration is the environment's, as users have it: region, profile, endpoint, credentials.
- What was stored is asked of boto3, never of this project alone.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
from botocore.config import Config
from tools.live import BUCKET_VARIABLE

from s3dlio_core.uri import parse_uri
from s3dlio_s3.config_options import current_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_s3 import S3Config

__all__ = ["LiveBucket", "open_live_bucket"]


@dataclass(frozen=True)
class LiveBucket:
    """A bucket and this run's prefix in it.

    Attributes:
        name: the bucket.
        prefix: ends in "/"; nobody else's objects are below it.
        config: how this project reaches it.
        client: boto3's, with the same settings.
    """

    name: str
    prefix: str
    config: S3Config
    client: Any

    @property
    def uri(self) -> str:
        """The prefix as a URI."""
        return f"s3://{self.name}/{self.prefix}"

    def put(self, key: str, data: bytes) -> None:
        """Store an object by boto3."""
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """Read an object by boto3, which compares its checksum."""
        with contextlib.closing(self.client.get_object(Bucket=self.name, Key=key)["Body"]) as body:
            return bytes(body.read())

    def clear(self) -> None:
        """Delete what this run left: objects, their versions, unfinished uploads."""
        for upload in self._pages("list_multipart_uploads", "Uploads"):
            self.client.abort_multipart_upload(
                Bucket=self.name, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        # One by one: no list of keys in XML could hold those with control characters.
        with ThreadPoolExecutor(16) as threads:
            for _ in threads.map(self._delete, self._pages("list_objects_v2", "Contents")):
                pass
            for _ in threads.map(self._delete, self._versions()):
                pass

    def _versions(self) -> list[dict[str, Any]]:
        """What a bucket that keeps versions still has. Not every server can list it."""
        try:
            kinds = ("Versions", "DeleteMarkers")
            return [item for kind in kinds for item in self._pages("list_object_versions", kind)]
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NotImplemented":
                raise
            return []

    def _delete(self, item: dict[str, Any]) -> None:
        version = {"VersionId": item["VersionId"]} if "VersionId" in item else {}
        self.client.delete_object(Bucket=self.name, Key=item["Key"], **version)

    def _pages(self, operation: str, kind: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator(operation).paginate(Bucket=self.name, Prefix=self.prefix)
        return [
            item
            for page in pages
            for item in page.get(kind, [])
            if item["Key"].startswith(self.prefix)
        ]


@contextlib.contextmanager
def open_live_bucket() -> Iterator[LiveBucket]:
    """Open what the environment names, with a fresh prefix; clear that at the end."""
    given = parse_uri(os.environ[BUCKET_VARIABLE])
    base = given.key if not given.key or given.key.endswith("/") else f"{given.key}/"
    config = current_config({})
    client = boto3.client(
        "s3",
        endpoint_url=config.endpoint_url or None,
        region_name=config.signing_region,
        config=Config(max_pool_connections=16),
    )
    bucket = LiveBucket(
        given.container, f"{base}s3dlio-live-{uuid.uuid4().hex[:12]}/", config, client
    )
    try:
        yield bucket
    finally:
        bucket.clear()
        client.close()
