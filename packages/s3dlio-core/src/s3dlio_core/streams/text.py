"""A stream as texts, which ends like the stream below it: an exception commits nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NoReturn

from s3dlio_core.streams.ownership import refuse_pickling
from s3dlio_core.streams.writer import ObjectWriter

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["TextStream"]


class TextStream(io.TextIOWrapper):
    """A text stream over an `ObjectStream` or an `ObjectWriter`."""

    def discard(self) -> None:
        """Abort what is written; a stream that is read is closed."""
        below = self.buffer
        if isinstance(below, ObjectWriter):
            below.discard()
        else:
            below.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self.discard()
        self.close()

    def __del__(self) -> None:
        # Instead of io's own, which closes, and so would commit. What is below ends by itself.
        pass

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse_pickling(self)
