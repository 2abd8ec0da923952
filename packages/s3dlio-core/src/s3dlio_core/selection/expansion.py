"""From a selection to what it finds: objects, subdirectories that are left out, and errors.

Everything is lazy, and as little is listed as the pattern allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.listing import iterate
from s3dlio_core.selection.globs import is_glob, literal_lead, match_segment, tail_regex
from s3dlio_core.selection.regex_expansion import expand_regex, is_unread_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.selection.sources import Selection
    from s3dlio_core.store import ListError, ObjectInfo, ObjectStore

__all__ = ["expand"]


def expand(selection: Selection, *, recursive: bool) -> Iterator[ObjectInfo | str | ListError]:
    """Yield what a selection finds: objects, subdirectories that are left out, and errors."""
    place = selection.place
    if selection.found is not None:
        yield selection.found
    elif selection.pattern:
        yield from _glob(place.store, place.prefix, list(selection.pattern), recursive=recursive)
    elif selection.regex is not None:
        yield from expand_regex(place.store, place.prefix, selection.regex, recursive=recursive)
    else:
        yield from iterate(place.store, place.prefix, delimiter="" if recursive else "/")


def _glob(
    store: ObjectStore, prefix: str, segments: list[str], *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Expand a glob level by level, so that only directories that can match are listed."""
    head, rest = segments[0], segments[1:]
    if head == "**":
        regex = tail_regex(segments)
        for found in iterate(store, prefix):
            if (
                isinstance(found, str)
                or is_unread_directory(found)
                or regex.fullmatch(found.key, len(prefix))
            ):
                yield found
    elif rest and not is_glob(head):
        yield from _glob(store, f"{prefix}{head}/", rest, recursive=recursive)
    else:
        for found in iterate(store, prefix + literal_lead(head), delimiter="/"):
            name = (found if isinstance(found, str) else found.key)[len(prefix) :]
            if not match_segment(head, name.rstrip("/")):
                continue
            if isinstance(found, str):
                yield from _glob_below(store, found, rest, recursive=recursive)
            elif not rest or is_unread_directory(found):
                yield found


def _glob_below(
    store: ObjectStore, directory: str, rest: list[str], *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Go on with a glob in a directory that matched, or take its contents or itself."""
    if rest == [""]:
        yield from iterate(store, directory, delimiter="" if recursive else "/")
    elif rest:
        yield from _glob(store, directory, rest, recursive=recursive)
    elif recursive:
        yield from iterate(store, directory)
    else:
        yield directory
