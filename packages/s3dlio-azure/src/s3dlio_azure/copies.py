"""Server-side copies: what a source is, and which operation reads it.

Rules that hold in this file:
- What can't be copied here is `NotSupportedError`, raised before anything is written: the caller
  streams instead.
- The source's ETag is always a condition, which the service checks as it reads.
- Copy Blob From URL keeps all that a blob has, its MD5 too, and can't change its content headers;
  Put Blob From URL writes what it is given. Each is used for what its documentation promises.
- A source is read with the destination's credential: by a signature that lasts an hour, by the
  given one, or by a token. Its URL is a secret.

Sources: Azure Storage, "Copy Blob From URL" and "Put Blob From URL" (x-ms-copy-source: at most
2 KiB; x-ms-copy-source-authorization; x-ms-copy-source-tag-option), "Put Block From URL".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from s3dlio_core.errors import NotSupportedError, ObjectNotFoundError, PermissionDeniedError
from s3dlio_core.rest.headers import quoted_etag
from s3dlio_core.rest.parts import looked_at
from s3dlio_core.store import check_version

if TYPE_CHECKING:
    from s3dlio_azure.store import AzureStore
    from s3dlio_core.store import Attributes, Condition, CopySource, ObjectInfo

__all__ = ["copy_block", "copy_object"]

SOURCE_URL_MAX_BYTES: Final = 2048


def copy_object(
    store: AzureStore,
    key: str,
    source: CopySource,
    attributes: Attributes | None,
    condition: Condition | None,
) -> ObjectInfo:
    """Copy a blob with one request; see `ObjectStore.copy_from`."""
    client, container = store.client, store.container
    headers = _source_headers(store, "copy", key, source)
    try:
        if attributes is None:
            client.copy_blob(container, key, headers, condition=condition)
        else:
            client.put_blob_from_url(
                container, key, headers, attributes=attributes, condition=condition
            )
    except ObjectNotFoundError as error:
        error.uri = _uri_of(store, source)
        raise
    except PermissionDeniedError as error:
        if client.config.blob_tags:
            error.hint = (
                "Beside reading and writing, a copy takes the permission for tags of both blobs; "
                "the option blob_tags=false leaves them"
            )
        raise
    return looked_at(lambda: client.head_blob(container, key))


def copy_block(
    store: AzureStore, key: str, name: str, source: CopySource, *, start: int, stop: int
) -> None:
    """Store bytes [start, stop) of a blob as a block; see `MultipartUpload.copy_part`.

    Args:
        store: the destination.
        key: the destination's key.
        name: the block's.
        source: what is copied.
        start: its first byte.
        stop: the end, exclusive.
    """
    headers = _source_headers(store, "copy part", key, source)
    try:
        store.client.put_block_from_url(store.container, key, name, headers, start=start, stop=stop)
    except ObjectNotFoundError as error:
        error.uri = _uri_of(store, source)
        raise


def _source_headers(
    store: AzureStore, operation: str, key: str, source: CopySource
) -> dict[str, str]:
    """Return the headers that name a source, let the service read it, and name its state.

    Raises:
        NotSupportedError: the source is of another service or account, or its URL is too long.
    """
    uri, here = store.uri_of(key), store.copy_source("")
    if (source.scheme, source.endpoint) != (here.scheme, here.endpoint) or (
        source.identity != here.identity
    ):
        raise NotSupportedError(
            "the source is of another service or account", operation=operation, uri=uri
        )
    check_version(store, operation, key, source.version)
    url, headers = store.client.sender.source_authorization(
        source.container, source.key, source.version
    )
    if len(url) > SOURCE_URL_MAX_BYTES:
        raise NotSupportedError(
            f"the source's URL has more than {SOURCE_URL_MAX_BYTES} bytes",
            operation=operation,
            uri=uri,
        )
    headers = {"x-ms-copy-source": url, **headers}
    if source.etag is not None:
        headers["x-ms-source-if-match"] = quoted_etag(
            source.etag, operation, _uri_of(store, source)
        )
    return headers


def _uri_of(store: AzureStore, source: CopySource) -> str:
    return f"{store.client.config.account_uri}{source.container}/{source.key}"
