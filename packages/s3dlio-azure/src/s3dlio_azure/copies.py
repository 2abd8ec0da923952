"""Server-side copies: what a source is, and which operation reads it.

Rules that hold in this file:
- What can't be copied here is `NotSupportedError`, raised before anything is written: the caller
  streams instead.
- The source's ETag is always a condition, which the service checks as it reads.
- Copy Blob From URL keeps all that a blob has, its MD5 too, and can't change its content headers;
  Put Blob From URL writes what it is given. Each is used for what its documentation promises.
- A source is read with the destination's credential: by a signature that lasts an hour, by the
  given one, or by a token. Its URL is a secret.
- Tags take permissions that reading and writing don't, and some accounts have none: they are asked
  for only where the source has some, or may have. A copy that is refused with them is made without
  them when the source turns out to have none.

Sources: Azure Storage, "Copy Blob From URL" and "Put Blob From URL" (x-ms-copy-source: at most
2 KiB; x-ms-copy-source-authorization; x-ms-copy-source-tag-option), "Put Block From URL".
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from s3dlio_core.errors import NotSupportedError, ObjectNotFoundError, PermissionDeniedError
from s3dlio_core.rest.headers import quoted_etag
from s3dlio_core.rest.parts import looked_at
from s3dlio_core.store import check_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_azure.store import AzureStore
    from s3dlio_core.store import Attributes, Condition, CopySource, ObjectInfo

__all__ = ["TAGS_HINT", "copy_block", "copy_object"]

SOURCE_URL_MAX_BYTES: Final = 2048

#: How a copy is refused for its tags, or for something else: the service doesn't say.
_MAYBE_TAGS: Final = frozenset({"AuthorizationPermissionMismatch", "CannotVerifyCopySource"})
#: What to do where a blob's tags may not be read.
TAGS_HINT: Final = (
    "Tags take permissions of their own: t of a SAS token, or a role such as Storage Blob Data "
    "Owner; the option blob_tags=false (S3DLIO_SOURCE_BLOB_TAGS and S3DLIO_DEST_BLOB_TAGS) leaves "
    "them behind"
)


def copy_object(
    store: AzureStore,
    key: str,
    source: CopySource,
    attributes: Attributes | None,
    condition: Condition | None,
) -> ObjectInfo:
    """Copy a blob with one request; see `ObjectStore.copy_from`."""
    copy = functools.partial(_copy, store, key, source, attributes, condition)
    try:
        if _may_take_tags(store, source, attributes):
            _copy_with_tags(store, source, copy)
        else:
            copy(tags=False)
    except ObjectNotFoundError as error:
        error.uri = _uri_of(store, source)
        raise
    return looked_at(lambda: store.client.head_blob(store.container, key))


def _may_take_tags(store: AzureStore, source: CopySource, attributes: Attributes | None) -> bool:
    """Whether a copy has its source's tags, should that have any."""
    is_given = attributes is not None and attributes.tags
    return store.capabilities.tags and source.tag_count != 0 and not is_given


def _copy_with_tags(store: AzureStore, source: CopySource, copy: Callable[..., None]) -> None:
    """Copy a blob with its tags; without, if that is refused and it has none.

    Raises:
        NotSupportedError: the service has no such copies, or doesn't copy tags here.
        PermissionDeniedError: the blob has tags, and they, or it, can't be copied.
    """
    try:
        copy(tags=True)
    except (NotSupportedError, PermissionDeniedError) as error:
        if not error.code:
            # The server has no such operation, or the source can't be named.
            raise
        count = source.tag_count
        if count is None:
            found = store.client.head_blob(source.container, source.key, version=source.version)
            count = found.tag_count
        if count:
            if error.code in _MAYBE_TAGS:
                error.hint = TAGS_HINT
            raise
        copy(tags=False)


def _copy(
    store: AzureStore,
    key: str,
    source: CopySource,
    attributes: Attributes | None,
    condition: Condition | None,
    *,
    tags: bool,
) -> None:
    client, container = store.client, store.container
    headers = _source_headers(store, "copy", key, source, tags=tags)
    if attributes is None:
        client.copy_blob(container, key, headers, tags=tags, condition=condition)
    else:
        client.put_blob_from_url(
            container, key, headers, attributes=attributes, tags=tags, condition=condition
        )


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
    headers = _source_headers(store, "copy part", key, source, tags=False)
    try:
        store.client.put_block_from_url(store.container, key, name, headers, start=start, stop=stop)
    except ObjectNotFoundError as error:
        error.uri = _uri_of(store, source)
        raise


def _source_headers(
    store: AzureStore, operation: str, key: str, source: CopySource, *, tags: bool
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
        source.container, source.key, source.version, tags=tags
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
