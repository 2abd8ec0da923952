"""One state of one object, read by ranges.

Each answer is compared with the first: its ETag is asked for where the store honours that, and in
any case size, ETag or time must be the same. So no stream is ever a mix of two states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import PreconditionFailedError, SourceChangedError
from s3dlio_core.identity import same_object

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectInfo, ObjectReader, ObjectStore

__all__ = ["PinnedObject"]


@dataclass(frozen=True, slots=True)
class PinnedObject:
    """An object as it was first seen.

    Attributes:
        store: holds it.
        info: what the first answer said.
        version: the version that was asked for, or None.
    """

    store: ObjectStore
    info: ObjectInfo
    version: str | None = None

    @property
    def uri(self) -> str:
        """Its URI."""
        return self.store.uri_of(self.info.key)

    def open(self, start: int, stop: int) -> ObjectReader:
        """Open bytes [start, stop) of this state.

        Raises:
            SourceChangedError: it is another by now.
        """
        pin = self.info.etag if self.store.capabilities.read_if_match else None
        try:
            reader = self.store.open_reader(
                self.info.key, start, stop, if_match=pin, version=self.version
            )
        except PreconditionFailedError as error:
            raise self._changed() from error
        if not same_object(reader.info, self.info):
            reader.close()
            raise self._changed()
        return reader

    def _changed(self) -> SourceChangedError:
        return SourceChangedError(
            "the object changed while it was read",
            operation="read",
            uri=self.uri,
            hint="Open it again",
        )
