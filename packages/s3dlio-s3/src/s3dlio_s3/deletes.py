"""Many keys of a bucket deleted with one request.

Rules that hold in this file:
- A key that a document can't hold as it is, or that S3 can't have, goes alone.
- An answer that tells of a key that wasn't asked for ends the deletion: nothing it says can be
  trusted.

Source: Amazon S3 API Reference, DeleteObjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import ObjectNotFoundError, Scope, ServiceError
from s3dlio_core.rest.deletes import delete_singly
from s3dlio_core.rest.xml import is_xml_text
from s3dlio_core.store import DeleteError
from s3dlio_s3.errors import error_of_code
from s3dlio_s3.keys import key_flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_s3.bucket import S3Store
    from s3dlio_s3.wire_xml import ErrorBody

__all__ = ["delete_batch"]


def delete_batch(store: S3Store, keys: list[str]) -> Iterator[DeleteError]:
    """Delete exactly these keys, no more than a request may name; yield those that failed."""
    together = []
    for key in keys:
        if not key_flaw(key) and is_xml_text(key):
            together.append(key)
        else:
            yield from delete_singly(store, (key,))
    if together:
        yield from _delete_together(store, together)


def _delete_together(store: S3Store, keys: list[str]) -> Iterator[DeleteError]:
    for told in store.client.delete_objects(store.bucket, keys):
        key = _key_of(told, keys)
        if key is None:
            # Which of the keys are gone can't be told from such an answer.
            raise ServiceError(
                f"the service tells of a key that wasn't to be deleted: {told.key[:100]!r}",
                operation="delete",
                uri=store.uri,
                scope=Scope.CONTAINER,
                retryable=False,
                code=told.code,
                maybe_done=True,
            )
        error = error_of_code(told, "delete", store.uri_of(key))
        if isinstance(error, ObjectNotFoundError):
            continue
        if error.scope is not Scope.OBJECT:
            raise error
        yield DeleteError(key, error)


def _key_of(told: ErrorBody, keys: list[str]) -> str | None:
    """Return the key that an error is about, or None when it was never asked for.

    Servers that don't escape a carriage return have XML turn it into a newline.
    """
    if told.key in keys:
        return told.key
    for key in keys:
        if key.replace("\r\n", "\n").replace("\r", "\n") == told.key:
            return key
    return None
