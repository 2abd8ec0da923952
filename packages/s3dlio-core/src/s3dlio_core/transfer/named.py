"""Finding objects by their names, many at a time, without a listing."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core import errors
from s3dlio_core.selection.names_from import Roots
from s3dlio_core.selection.pruning import all_below
from s3dlio_core.transfer.in_order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from s3dlio_core.selection import Selection
    from s3dlio_core.store import ListError, ObjectInfo
    from s3dlio_core.transfer.events import CancelToken

__all__ = ["NamedObjects", "NotFound"]


@dataclass(frozen=True, slots=True)
class NotFound:
    """A name that leads nowhere.

    Attributes:
        uri: where it would be, or the name.
        error: why.
    """

    uri: str
    error: errors.S3dlioError


#: What a name leads to: an object, the key of a directory, or nothing.
_Answer: TypeAlias = "tuple[Selection, ObjectInfo | str] | NotFound"


class NamedObjects:
    """Names, and how many of them are looked up at a time."""

    def __init__(
        self,
        names: Iterable[str],
        jobs: int,
        cancel: CancelToken,
        *,
        takes_directories: bool = True,
    ) -> None:
        """Prepare to look names up.

        Args:
            names: read once, as they are needed.
            jobs: requests at the same time, at the most.
            cancel: ends a wait.
            takes_directories: a name that ends in "/" means all that lies below it; otherwise the
                object of exactly this name.
        """
        self._names = names
        self._jobs = jobs
        self._cancel = cancel
        self._takes_directories = takes_directories

    def find(
        self, selections: Sequence[Selection]
    ) -> Iterator[tuple[Selection, ObjectInfo | ListError] | NotFound]:
        """Yield what the names lead to in what sources select, in the order of the names.

        Raises:
            S3dlioError: of container or store scope.
        """
        for answer in self._answers(Roots(selections)):
            if isinstance(answer, NotFound):
                yield answer
                continue
            selection, found = answer
            if not isinstance(found, str):
                yield selection, found
            else:
                yield from _below(selection, found)

    def _answers(self, roots: Roots) -> Iterator[_Answer]:
        if roots.are_local:  # a look at a file costs less than a thread's turn
            for name in self._names:
                self._cancel.raise_if_cancelled()
                yield self._look_up(roots, name)
        else:
            look_up = functools.partial(self._look_up, roots)
            with contextlib.closing(
                in_order(look_up, self._names, self._jobs, self._cancel)
            ) as answers:
                for _, answer in answers:
                    yield answer

    def _look_up(self, roots: Roots, name: str) -> _Answer:
        uri = name
        try:
            selection, key = roots.locate(name)
            if selection.found is not None:
                return selection, selection.found
            uri = selection.place.store.uri_of(key)
            is_directory = key == selection.place.prefix or key.endswith("/")
            if is_directory and self._takes_directories:
                return selection, key
            return selection, selection.place.store.head(key)
        except (errors.InvalidUriError, errors.InvalidKeyError) as error:
            return NotFound(uri, error)
        except errors.S3dlioError as error:
            if error.scope is not errors.Scope.OBJECT:
                raise
            return NotFound(uri, error)


def _below(
    selection: Selection, directory: str
) -> Iterator[tuple[Selection, ObjectInfo | ListError] | NotFound]:
    """Yield all that lies below a directory that was named."""
    store = selection.place.store
    found_any = False
    for found in all_below(store, directory, None):
        found_any = True
        yield selection, found
    if not found_any:
        missing = errors.ObjectNotFoundError("nothing lies below it", operation="list")
        yield NotFound(store.uri_of(directory), missing)
