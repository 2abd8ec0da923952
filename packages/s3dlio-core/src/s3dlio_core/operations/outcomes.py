"""What becomes of each of many objects: a result, or the error that concerns it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from s3dlio_core.errors import S3dlioError
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.in_order import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from s3dlio_core.transfer.events import CancelToken

__all__ = ["outcomes"]

_Entry = TypeVar("_Entry")
_Result = TypeVar("_Result")


def outcomes(
    function: Callable[[_Entry], _Result],
    entries: Iterable[_Entry],
    jobs: int,
    cancel: CancelToken,
    is_its_own: Callable[[_Entry, S3dlioError], bool],
) -> Generator[tuple[_Entry, _Result | S3dlioError], None, None]:
    """Yield each entry with what a function returns for it, or with its error; see `in_order`.

    Args:
        function: is called in threads.
        entries: read by the caller's thread, as they are needed.
        jobs: threads at the most.
        cancel: ends a wait.
        is_its_own: says whether an error concerns this entry alone. Any other would meet the
            others, too, and is raised.

    Raises:
        CancelledError: the token was set while a call was waited for.
        S3dlioError: an error that is nobody's own.
    """

    def outcome(entry: _Entry) -> _Result | S3dlioError:
        try:
            return function(entry)
        except S3dlioError as error:
            if not is_its_own(entry, error):
                raise
            drop_frames(error)
            return error

    return in_order(outcome, entries, jobs, cancel)
