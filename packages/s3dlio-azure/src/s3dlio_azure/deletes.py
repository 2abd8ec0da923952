"""Many blobs of a container deleted with one request.

Rules that hold in this file:
- A key that no blob can have is told as such, and isn't sent.
- An answer that tells of what wasn't asked for, or not of all that was, ends the deletion: nothing
  it says can be trusted.
- Where the service has no batches, or fails at one without a word, the blobs are deleted singly.

Source: Azure Storage, Blob Batch and Delete Blob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_azure.errors import says_nothing
from s3dlio_azure.keys import key_flaw
from s3dlio_core.errors import (
    NotSupportedError,
    ObjectNotFoundError,
    S3dlioError,
    Scope,
    ServiceError,
)
from s3dlio_core.rest.deletes import delete_singly
from s3dlio_core.store import DeleteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_azure.batch import BatchAnswer, SubAnswer
    from s3dlio_azure.store import AzureStore

__all__ = ["delete_batch", "is_gone"]

#: What somebody is told who may not see the container, whether or not the blob is there.
_UNSEEN = "ResourceNotFound"


def delete_batch(store: AzureStore, keys: Sequence[str]) -> Iterator[DeleteError]:
    """Delete exactly these keys, no more than a batch may have; yield those that failed."""
    together = [key for key in keys if not key_flaw(key)]
    if len(together) < len(keys):
        yield from delete_singly(store, [key for key in keys if key_flaw(key)])
    if len(together) > 1 and store.client.has_batches:
        try:
            answer = store.client.delete_blobs(store.container, together)
        except NotSupportedError:
            store.client.has_batches = False
        except ServiceError as error:
            # What was deleted all the same is gone when it is deleted by itself.
            if not says_nothing(error):
                raise
        else:
            yield from _failures(store, together, answer)
            return
    yield from delete_singly(store, together)


def _failures(store: AzureStore, keys: Sequence[str], answer: BatchAnswer) -> Iterator[DeleteError]:
    _check_complete(store, keys, answer)
    for number, key in enumerate(keys):
        error = _error(store, key, answer.by_number[number])
        if error is None:
            continue
        if error.scope is not Scope.OBJECT:
            raise error
        yield DeleteError(key, error)


def _check_complete(store: AzureStore, keys: Sequence[str], answer: BatchAnswer) -> None:
    """Check that each key was answered.

    Raises:
        S3dlioError: what was answered instead.
    """
    if len(answer.by_number) == len(keys):
        return
    if answer.to_all is not None and answer.to_all.status >= 400:
        raise store.client.error_of_batch(store.container, answer.to_all)
    raise ServiceError(
        f"the service tells of {len(answer.by_number)} of {len(keys)} keys that were to be deleted",
        operation="delete",
        uri=store.uri,
        scope=Scope.CONTAINER,
        retryable=True,
        maybe_done=True,
    )


def _error(store: AzureStore, key: str, answer: SubAnswer) -> S3dlioError | None:
    """Return why a key wasn't deleted, or None: it was, or is gone."""
    if 200 <= answer.status < 300:
        return None
    error = store.client.error_of_deletion(store.container, key, answer)
    return None if is_gone(error) else error


def is_gone(error: S3dlioError) -> bool:
    """Return whether an error of a deletion says that there is no such blob."""
    return isinstance(error, ObjectNotFoundError) and error.code != _UNSEEN
