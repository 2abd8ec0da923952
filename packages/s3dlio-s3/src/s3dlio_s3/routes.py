"""Where the buckets are: what is configured, and what services said since.

Rules that hold in this file:
- A bucket's address is worked out once. One that is found in another region stays found there.
- Making a bucket is not sent on: it is made where it is configured to be.

Sources: Amazon S3 API Reference, "Request routing" (a redirect's host must not be used again; the
region may); Amazon S3 User Guide, "Using Transfer Acceleration" (no CreateBucket, DeleteBucket).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.logs import get_logger
from s3dlio_s3.redirects import TEMPORARY_REDIRECT, is_elsewhere, told_region

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_s3.config import S3Config
    from s3dlio_s3.endpoints import Address
    from s3dlio_s3.errors import Refusal

__all__ = ["Routes"]

logger = get_logger("s3")


class Routes:
    """The addresses of one configuration's buckets. Thread-safe."""

    def __init__(self, config: S3Config) -> None:
        self._config = config
        self._addresses: dict[str, Address] = {}
        self._announced: dict[tuple[str, str], object] = {}

    def address(self, bucket: str) -> Address:
        """Return where requests to a bucket go; to the service itself for "".

        Raises:
            UsageError, NotSupportedError: see `Endpoint.address`.
        """
        address = self._addresses.get(bucket)
        if address is None:
            address = self._addresses[bucket] = self._config.address(bucket)
        return address

    def address_to_manage(self, bucket: str) -> Address:
        """Return where a bucket is made or deleted, and forget where it was."""
        self._addresses.pop(bucket, None)
        return self._config.address(bucket, accelerates=False)

    def moved(
        self, bucket: str, address: Address, refusal: Refusal, ask: Callable[[], str]
    ) -> Address | None:
        """Return where a refused request should go instead; None where the refusal stands.

        Args:
            bucket: the bucket, or "".
            address: where the request went.
            refusal: the answer.
            ask: asks AWS for the bucket's region, where the refusal left it out.
        """
        if not bucket or not is_elsewhere(refusal.status, refusal.error):
            return None
        region = told_region(refusal.headers, refusal.error)
        if self._config.endpoint_url:
            # Nothing but the signature can change there: an unsigned request would be the same.
            if self._config.anonymous or refusal.status == TEMPORARY_REDIRECT:
                return None
        elif not region:
            region = ask()
        return self._config.moved(address, bucket, region)

    def remember(self, bucket: str, address: Address) -> None:
        """Send what follows to where a bucket was found; say so once."""
        self._addresses[bucket] = address
        mark = object()
        if self._announced.setdefault((bucket, address.region), mark) is mark:
            logger.info(
                "the bucket %s is in the region %s, not in %s",
                bucket,
                address.region,
                self._config.region,
            )
