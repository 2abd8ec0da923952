"""The s3:// store: `S3Provider` for an account, and from `bucket` `S3Store` for a bucket.

Rules that hold in this file:
- A provider and its stores share one client, and so one pool of connections.
- Making a provider sends nothing and needs no credentials.

Source: Amazon S3 API Reference, ListBuckets, CreateBucket, DeleteBucket, HeadBucket.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import (
    ContainerExistsError,
    ContainerNotFoundError,
    PermissionDeniedError,
    ServiceError,
    UsageError,
)
from s3dlio_core.rest.paging import all_pages
from s3dlio_core.store import StoreProvider
from s3dlio_s3.bucket import S3Store
from s3dlio_s3.client import S3Client
from s3dlio_s3.config_options import (
    OPTION_GROUPS,
    OPTION_NAMES,
    WRITE_OPTIONS,
    current_config,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

    from s3dlio_core.store import ContainerInfo
    from s3dlio_s3.config import S3Config

__all__ = ["S3Provider", "S3Store"]

# A redirect proves that the bucket exists, in another region.
_ELSEWHERE = frozenset({"PermanentRedirect", "TemporaryRedirect", "Redirect", "IncorrectEndpoint"})


class S3Provider(StoreProvider):
    """An S3 service: it opens, lists, makes and deletes buckets.

    A pickle of it, or of a store that it opened, holds its `S3Config` and so explicit credentials
    in plain text.
    """

    option_names = OPTION_NAMES
    option_groups = OPTION_GROUPS
    write_options = WRITE_OPTIONS
    own_side_options = MappingProxyType({"profile": {"profile_first": "true"}})
    checksum_options = MappingProxyType({"response_checksum_validation": "when_supported"})

    def __init__(self, config: S3Config) -> None:
        """Take a configuration; nothing is sent."""
        self.config = config
        self.client = S3Client(config)

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Make a provider from options, then environment, then profile."""
        if host:
            raise UsageError(f"an {scheme}:// URI names a bucket, not a host", uri=host)
        return cls(current_config(options))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.config,))

    def open(self, container: str) -> S3Store:
        """Return the store of a bucket. No request is made."""
        if not container:
            raise UsageError("the bucket is missing", hint="Write s3://bucket/key")
        return S3Store(self.client, container)

    def list_containers(self) -> Iterator[ContainerInfo]:
        """Yield the account's buckets."""
        pages = all_pages(
            lambda token: self.client.list_buckets(token=token),
            lambda page: page.next_token,
            operation="list buckets",
        )
        for page in pages:
            yield from page.buckets

    def create_container(self, name: str) -> None:
        """Create a bucket in the configured region."""
        # In us-east-1 AWS answers 200 to the creation of a bucket that the caller has already.
        if self.container_exists(name):
            raise ContainerExistsError(
                "the bucket exists", operation="create bucket", uri=f"s3://{name}"
            )
        self.client.create_bucket(name)

    def delete_container(self, name: str) -> None:
        """Delete an empty bucket."""
        self.client.delete_bucket(name)

    def container_exists(self, name: str) -> bool:
        """Return whether a bucket exists; True also when it may not be read."""
        try:
            self.client.head_bucket(name)
        except ContainerNotFoundError:
            return False
        except PermissionDeniedError:
            return True
        except ServiceError as error:
            if error.code in _ELSEWHERE:
                return True
            raise
        return True

    def close(self) -> None:
        """Close the connections that the provider's stores share."""
        self.client.close()
