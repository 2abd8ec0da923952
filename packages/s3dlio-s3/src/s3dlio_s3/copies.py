"""Server-side copies: what a source is, and whether and how this service reads it.

Rules that hold in this file:
- What can't be copied here is `NotSupportedError`, raised before anything is written: the caller
  streams instead.
- The source's ETag is checked by the service where it is known to check it
  (`S3Config.trusts_copies`: AWS, and what the option conditional_copies vouches for). Many other
  servers ignore x-amz-copy-source-if-match: there each copy costs a HEAD before it. A change
  between that look and the copy of a whole object goes unseen; one between the parts of an object
  doesn't (`Capabilities.copy_if_match`).
- A source that takes a customer key is copied where the same key is known here; a source names it
  by its digest only.

Sources: Amazon S3 API Reference, CopyObject and UploadPartCopy ("x-amz-copy-source",
"x-amz-copy-source-if-match", "x-amz-tagging-directive"); Amazon S3 User Guide, "Using server-side
encryption with customer-provided keys (SSE-C)".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    NotSupportedError,
    ObjectNotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
)
from s3dlio_core.rest.parts import looked_at
from s3dlio_core.store import Condition, CopySource, check_version
from s3dlio_s3.arns import ARN_PREFIX
from s3dlio_s3.encryption import SOURCE_ENCRYPTION_HEADER

if TYPE_CHECKING:
    from s3dlio_core.store import Attributes, ObjectInfo
    from s3dlio_s3.bucket import S3Store
    from s3dlio_s3.encryption import CustomerKey
    from s3dlio_s3.settings import RequestSettings

__all__ = ["access_headers", "access_of", "check_source", "copy_object"]

_PAYS = "requester"
_KEY = "sse-c="


def access_of(settings: RequestSettings) -> str:
    """Return what reading takes under these settings, as `CopySource.access` tells it."""
    words = [_PAYS] if settings.request_payer else []
    if settings.customer_key is not None:
        words.append(f"{_KEY}{settings.customer_key.digest}")
    return " ".join(words)


def access_headers(settings: RequestSettings, access: str) -> dict[str, str]:
    """Return the headers by which a copy reads its source, beside those of the settings."""
    headers = {"x-amz-request-payer": _PAYS} if _PAYS in access.split() else {}
    key = _source_key(settings, access)
    if key is not None:
        headers.update(key.headers(SOURCE_ENCRYPTION_HEADER))
    return headers


def _source_key(settings: RequestSettings, access: str) -> CustomerKey | None:
    """Return the key that decrypts a source, or None: it takes none, or none that is known."""
    if settings.copy_source_customer_key is not None:
        return settings.copy_source_customer_key
    key = settings.customer_key
    return key if key is not None and f"{_KEY}{key.digest}" in access.split() else None


def check_source(store: S3Store, operation: str, source: CopySource, key: str) -> None:
    """Check that the service can read a source of a copy, and that it has the given ETag.

    Args:
        store: the destination.
        operation: what is done, for errors.
        source: what is copied.
        key: the copy's key.

    Raises:
        NotSupportedError: the source is of another service or account, or takes what isn't known.
        PreconditionFailedError: it has another ETag.
    """
    uri, config = store.uri_of(key), store.client.sender.config
    if config.anonymous:
        raise NotSupportedError("anonymous requests copy nothing", operation=operation, uri=uri)
    here = store.copy_source("")
    if (source.scheme, source.endpoint, source.identity) != (
        here.scheme,
        here.endpoint,
        here.identity,
    ):
        raise NotSupportedError(
            "the source is of another service or account", operation=operation, uri=uri
        )
    source_key = _source_key(config.settings, source.access)
    if _KEY in source.access and source_key is None:
        raise NotSupportedError(
            "the source's customer key isn't known to the destination",
            operation=operation,
            uri=uri,
            hint="Set the destination's option sse_copy_source_customer_key",
        )
    check_version(store, operation, key, source.version)
    _check_regions(store, operation, source.container, key)
    if source.etag is None or config.trusts_copies:
        return
    if source_key != config.settings.customer_key:
        raise NotSupportedError(
            "the source can't be looked at with the destination's customer key",
            operation=operation,
            uri=uri,
        )
    _check_etag(store, operation, source)


def _check_etag(store: S3Store, operation: str, source: CopySource) -> None:
    described = store.client.head_object(source.container, source.key, version=source.version)
    if described.etag != source.etag:
        raise PreconditionFailedError(
            f"the source has the ETag {described.etag or '(none)'}, not {source.etag}",
            operation=operation,
            uri=f"s3://{source.container}/{source.key}",
        )


def _check_regions(store: S3Store, operation: str, source: str, key: str) -> None:
    # CopyObject: neither access points ("x-amz-copy-source") nor Transfer Acceleration copy from
    # one region to another.
    is_accelerated = store.client.sender.config.use_accelerate_endpoint
    if not is_accelerated and not any(
        name.startswith(ARN_PREFIX) for name in (source, store.bucket)
    ):
        return
    regions = {store.client.sender.region_of(name) for name in (source, store.bucket)}
    if len(regions) > 1:
        raise NotSupportedError(
            "neither access points nor accelerated hosts copy between "
            f"{' and '.join(sorted(regions))}",
            operation=operation,
            uri=store.uri_of(key),
        )


def copy_object(
    store: S3Store,
    source: CopySource,
    key: str,
    attributes: Attributes | None,
    condition: Condition | None,
) -> ObjectInfo:
    """Copy an object that `check_source` has passed; see `ObjectStore.copy_from`."""
    is_conditional = condition is not None and condition != Condition()
    if is_conditional and not store.client.sender.config.trusts_copies:
        raise NotSupportedError(
            "the server isn't known to honour conditions on copies",
            operation="copy",
            uri=store.uri_of(key),
            hint="Set the option conditional_copies if it does",
        )
    try:
        result = store.client.copy_object(
            store.bucket, key, source, attributes=attributes, condition=condition
        )
    except ObjectNotFoundError as error:
        error.uri = f"s3://{source.container}/{source.key}"
        raise
    except PermissionDeniedError as error:
        error.hint = error.hint or (
            "Beside reading and writing, a copy of an object with tags takes the permissions "
            "s3:GetObjectTagging and s3:PutObjectTagging; the option object_tags=false leaves them"
        )
        raise
    info = looked_at(lambda: store.client.head_object(store.bucket, key))
    if not result.checksums:
        return info
    return replace(info, checksums=result.checksums, checksum_type=result.checksum_type)
