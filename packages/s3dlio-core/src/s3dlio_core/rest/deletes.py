"""Keys that are deleted one by one, where no request can name several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import S3dlioError, Scope
from s3dlio_core.store import DeleteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from s3dlio_core.store import ObjectStore

__all__ = ["delete_singly"]


def delete_singly(store: ObjectStore, keys: Iterable[str]) -> Iterator[DeleteError]:
    """Delete each key as it comes; yield those that failed.

    Raises:
        S3dlioError: an error that isn't about the key alone.
    """
    for key in keys:
        try:
            store.delete(key)
        except S3dlioError as error:
            if error.scope is not Scope.OBJECT:
                raise
            yield DeleteError(key, error)
