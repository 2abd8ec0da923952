"""From a selection to what it finds: objects, subdirectories that are left out, and errors.

Everything is lazy, and as little is listed as the pattern and the filters allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.listing import iterate
from s3dlio_core.selection.globs import is_glob, literal_lead, match_segment, tail_regex
from s3dlio_core.selection.pruning import all_below, enters, one_level
from s3dlio_core.selection.regex_expansion import expand_regex, is_unread_directory

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from s3dlio_core.selection.filters import Sieve
    from s3dlio_core.selection.sources import Selection
    from s3dlio_core.store import ListError, ObjectInfo, ObjectStore

__all__ = ["expand"]


def expand(
    selection: Selection, *, recursive: bool, sieve: Sieve | None = None
) -> Iterator[ObjectInfo | str | ListError]:
    """Yield what a selection finds: objects, subdirectories that are left out, and errors.

    Args:
        selection: what is looked for.
        recursive: go below a directory's own level.
        sieve: filters what is found, and counts what it leaves out.
    """
    found_all = _found(selection, sieve, recursive=recursive)
    if sieve is None:
        return found_all
    return (found for found in found_all if isinstance(found, str) or sieve.keep(found))


def _found(
    selection: Selection, sieve: Sieve | None, *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Yield what is found, without directories that the filters leave out whole."""
    store, prefix = selection.place.store, selection.place.prefix
    if selection.found is not None:
        yield selection.found
    elif selection.pattern:
        yield from _glob(store, prefix, list(selection.pattern), sieve, recursive=recursive)
    elif selection.regex is not None:
        yield from expand_regex(store, prefix, selection.regex, sieve, recursive=recursive)
    elif recursive:
        yield from all_below(store, prefix, sieve)
    else:
        yield from one_level(store, prefix, sieve)


def _glob(
    store: ObjectStore, prefix: str, segments: list[str], sieve: Sieve | None, *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Expand a glob level by level, so that only directories that can match are listed."""
    head, rest = segments[0], segments[1:]
    if head == "**":
        regexes = _at_any_depth(segments, recursive=recursive)
        for below in all_below(store, prefix, sieve):
            if is_unread_directory(below) or any(
                regex.fullmatch(below.key, len(prefix)) for regex in regexes
            ):
                yield below
    elif rest and not is_glob(head):
        yield from _glob(store, f"{prefix}{head}/", rest, sieve, recursive=recursive)
    else:
        for found in iterate(store, prefix + literal_lead(head), delimiter="/"):
            name = (found if isinstance(found, str) else found.key)[len(prefix) :]
            if not match_segment(head, name.rstrip("/")):
                continue
            if isinstance(found, str):
                if enters(sieve, found):
                    yield from _glob_below(store, found, rest, sieve, recursive=recursive)
            elif not rest or is_unread_directory(found):
                yield found


def _at_any_depth(segments: list[str], *, recursive: bool) -> list[re.Pattern[str]]:
    """Return the expressions of the paths that a glob means, which begins with `**`.

    As with any other glob, the contents of a directory are one level of it, and a directory that
    matches is meant with all that lies in it, only with recursion.
    """
    if not segments[-1]:
        return [tail_regex(segments if recursive else [*segments[:-1], "*"])]
    return [tail_regex(segments), *([tail_regex([*segments, ""])] if recursive else ())]


def _glob_below(
    store: ObjectStore, directory: str, rest: list[str], sieve: Sieve | None, *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Go on with a glob in a directory that matched, or take its contents or itself."""
    if rest == [""]:
        yield from (all_below if recursive else one_level)(store, directory, sieve)
    elif rest:
        yield from _glob(store, directory, rest, sieve, recursive=recursive)
    elif recursive:
        yield from all_below(store, directory, sieve)
    else:
        yield directory
