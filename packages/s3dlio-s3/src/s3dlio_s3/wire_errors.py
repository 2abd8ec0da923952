"""What goes wrong on the way to S3, as s3dlio's errors."""

from __future__ import annotations

import functools

from s3dlio_core.rest import wire_errors

__all__ = ["PLACES", "error_of_request"]

#: What hints name.
PLACES = wire_errors.Places(
    "ca_bundle", "AWS_CA_BUNDLE", "the endpoint URL, the region and the bucket's name"
)

#: What an `HttpClient` for S3 translates with.
error_of_request = functools.partial(wire_errors.error_of_request, places=PLACES)
