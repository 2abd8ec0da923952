"""What a regular expression finds.

Without recursion, directories are listed level by level, and only those whose names can belong to
a match; otherwise everything is listed that begins as each match does. A directory matches when
its path does with the "/" behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.listing import iterate
from s3dlio_core.selection.pruning import all_below, enters
from s3dlio_core.store import ListError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.selection.filters import Sieve
    from s3dlio_core.selection.regexes import Regex
    from s3dlio_core.store import ObjectInfo, ObjectStore

__all__ = ["expand_regex", "is_unread_directory"]


def expand_regex(
    store: ObjectStore, root: str, regex: Regex, sieve: Sieve | None = None, *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Yield what matches: objects, subdirectories that are left out, and errors.

    Args:
        store: is listed.
        root: the literal directory as a key: "" or ending in "/".
        regex: what the paths below it must match.
        sieve: says what needn't be listed.
        recursive: look at all depths, not only at the expression's own.
    """
    if recursive:
        for found in all_below(store, root + regex.lead, sieve):
            if _is_meant(found, root, regex):
                yield found
    else:
        directory, _, name = regex.lead.rpartition("/")
        above = f"{root}{directory}/" if directory or regex.lead.startswith("/") else root
        yield from _level(store, root, regex, sieve, above, regex.lead.count("/"), name)


def _level(
    store: ObjectStore,
    root: str,
    regex: Regex,
    sieve: Sieve | None,
    above: str,
    level: int,
    lead: str,
) -> Iterator[ObjectInfo | str | ListError]:
    """Look into one directory, so many levels below the root, for names that begin with a lead."""
    for found in iterate(store, above + lead, delimiter="/"):
        if level == regex.depth:
            if _is_meant(found, root, regex) and (
                not isinstance(found, str) or enters(sieve, found)
            ):
                yield found
        elif isinstance(found, str):
            segment = regex.segments[level]
            name = found[len(above) : -1]
            if (segment is None or segment.fullmatch(name)) and enters(sieve, found):
                yield from _level(store, root, regex, sieve, found, level + 1, "")
        elif is_unread_directory(found):
            yield found


def _is_meant(found: ObjectInfo | str | ListError, root: str, regex: Regex) -> bool:
    key = found if isinstance(found, str) else found.key
    return regex.matches(key[len(root) :]) or is_unread_directory(found)


def is_unread_directory(found: ObjectInfo | str | ListError) -> bool:
    """Whether this is a directory that couldn't be listed: what lies in it might match."""
    return isinstance(found, ListError) and found.key.endswith("/")
