"""Filters: what of a source is left out.

Rules that hold in this file:
- Pure: no store, no clock.
- The order of the patterns means nothing: what an exclude takes is left out; where there are
  includes, what none of them takes is left out, too. How they are read: `filter_patterns`.
- Sizes: from the least to the greatest, both included. Times: `newer` is from that moment on,
  `older` is before it, so that one moment divides all objects into two. An object whose time the
  store doesn't tell is neither.
- A directory that is excluded whole isn't listed, and nothing is said about it: not even that it
  can't be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_core.selection.filter_patterns import PatternSet
from s3dlio_core.store import ListError

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectInfo

__all__ = ["Filters", "Sieve", "left_out_text"]

#: The character that sorts behind all others.
_GREATEST = chr(0x10FFFF)
#: Amazon S3 User Guide, "Naming Amazon S3 objects"; Azure takes as many characters.
_KEY_MAX_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Filters:
    """What objects must be like to be taken.

    Attributes:
        include: patterns of which one must match; () takes all.
        exclude: patterns of which none may match.
        size_min_bytes: the least size.
        size_max_bytes: the greatest size, or None.
        newer_s: last modified at this moment or after it; seconds since the epoch, or None.
        older_s: last modified before this moment, or None.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    size_min_bytes: int = 0
    size_max_bytes: int | None = None
    newer_s: float | None = None
    older_s: float | None = None
    _include: PatternSet | None = field(init=False, repr=False, compare=False)
    _exclude: PatternSet | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        size_max = math.inf if self.size_max_bytes is None else self.size_max_bytes
        if self.size_min_bytes > size_max:
            raise UsageError(
                f"no size lies between {self.size_min_bytes} and {size_max} bytes",
                hint="Exchange them",
            )
        if self.newer_s is not None and self.older_s is not None and self.newer_s >= self.older_s:
            raise UsageError(
                "no time is both newer and older than these",
                hint="Exchange them: newer is the earlier moment",
            )
        for name in ("include", "exclude"):
            texts = getattr(self, name)
            object.__setattr__(self, f"_{name}", PatternSet(texts) if texts else None)

    @property
    def excludes_directories(self) -> bool:
        """Whether there may be directories that needn't be listed."""
        return self._exclude is not None and self._exclude.may_take_directories

    def keep(self, path: str, info: ObjectInfo) -> bool:
        """Whether an object is taken.

        Args:
            path: its path, relative to the source.
            info: from a listing, or from `head`.
        """
        return self.keep_name(path) and self._keep_size(info) and self._keep_time(info)

    def keep_name(self, path: str) -> bool:
        """Whether an object of this relative path may be taken."""
        if self._exclude is not None and self._exclude.takes(path):
            return False
        return self._include is None or self._include.takes(path)

    def enter(self, directory: str) -> bool:
        """Whether there may be something to take in a directory; its path ends in "/"."""
        return self._exclude is None or not self._exclude.takes_directory(directory)

    def _keep_size(self, info: ObjectInfo) -> bool:
        size_max = self.size_max_bytes
        return self.size_min_bytes <= info.size_bytes and (
            size_max is None or info.size_bytes <= size_max
        )

    def _keep_time(self, info: ObjectInfo) -> bool:
        newer_s, older_s = self.newer_s, self.older_s
        if newer_s is None and older_s is None:
            return True
        return (
            info.mtime is not None
            and (newer_s is None or info.mtime >= newer_s)
            and (older_s is None or info.mtime < older_s)
        )


class Sieve:
    """The filters over what one source finds; it counts what they leave out.

    Attributes:
        object_count: objects left out by themselves.
        directory_count: directories left out whole.
    """

    def __init__(self, filters: Filters, prefix: str) -> None:
        """Begin.

        Args:
            filters: decide.
            prefix: of the source's keys; what follows it is the relative path.
        """
        self.filters = filters
        self._cut = len(prefix)
        self.object_count = 0
        self.directory_count = 0

    def keep(self, found: ObjectInfo | ListError) -> bool:
        """Whether an object is taken, or an error told."""
        path = found.key[self._cut :]
        if not isinstance(found, ListError):
            kept = self.filters.keep(path, found)
        elif path.endswith("/"):
            return self.enter(found.key)
        else:
            kept = self.filters.keep_name(path)
        self.object_count += not kept
        return kept

    def enter(self, directory: str) -> bool:
        """Whether a directory may hold something to take; its key ends in "/"."""
        entered = self.filters.enter(directory[self._cut :])
        self.directory_count += not entered
        return entered

    def behind_excluded(self, key: str) -> str:
        """Return what sorts behind all of the outermost excluded directory that a key lies in.

        "" when it lies in none, or when no key can be told to sort there.
        """
        end = self._cut
        while (end := key.find("/", end) + 1) > 0:
            if not self.filters.enter(key[self._cut : end]):
                behind = key[:end] + _GREATEST
                if key < behind and len(behind.encode(errors="surrogatepass")) <= _KEY_MAX_BYTES:
                    self.directory_count += 1
                    return behind
                return ""
        return ""

    @property
    def anything(self) -> bool:
        """Whether something was left out."""
        return bool(self.object_count or self.directory_count)


def left_out_text(object_count: int, directory_count: int) -> str:
    """Return the words for what filters left out."""
    parts = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in (
            (object_count, "object", "objects"),
            (directory_count, "directory with all in it", "directories with all in them"),
        )
        if count
    ]
    return f"the filters left out {' and '.join(parts)}"
