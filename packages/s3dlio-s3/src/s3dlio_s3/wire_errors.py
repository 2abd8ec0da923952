"""What goes wrong on the way to S3, as s3dlio's errors. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.rest.wire_errors import Places, error_of_wire

if TYPE_CHECKING:
    from s3dlio_core.errors import S3dlioError
    from s3dlio_http.client import HttpRequest
    from s3dlio_http.wire_errors import WireError

__all__ = ["PLACES", "error_of_request"]

#: What hints name.
PLACES = Places("ca_bundle", "AWS_CA_BUNDLE", "the endpoint URL, the region and the bucket's name")


def error_of_request(request: HttpRequest, error: WireError) -> S3dlioError:
    """Return the error of a request that had no answer, or a broken one."""
    return error_of_wire(
        error.kind.name,
        origin=request.origin,
        said=error.said,
        places=PLACES,
        operation=request.operation,
        uri=request.uri,
        maybe_done=error.maybe_done,
    )
