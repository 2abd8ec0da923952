"""The keyword arguments of filters, which transfers, deletions and listings share."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from s3dlio_core.errors import UsageError
from s3dlio_core.selection.filter_values import parse_size, parse_time
from s3dlio_core.selection.filters import Filters

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from typing_extensions import Unpack

__all__ = ["FilterKeywords", "Moment", "Patterns", "Size", "make_filters"]

#: One pattern or several.
Patterns: TypeAlias = "str | Sequence[str]"
#: Bytes, or a text such as "10k" or "5MiB"; see `s3dlio_core.selection.filter_values`.
Size: TypeAlias = "int | str"
#: A time, a duration before now, or a text such as "7d" or "2026-01-31"; likewise.
Moment: TypeAlias = "str | dt.datetime | dt.timedelta"


class FilterKeywords(TypedDict, total=False):
    """The keyword arguments of filters; all are optional, and all given ones must hold.

    Patterns are globs, or regular expressions behind "re:", for the path relative to the source;
    `s3dlio_core.selection.filter_patterns` has their rules.

    Attributes:
        include: one pattern or several: take only what one of them matches. An empty sequence is
            refused: it would include nothing.
        exclude: one pattern or several: leave out what one of them matches, also what is included.
            Directories that match aren't looked into.
        min_size: leave out what is smaller: bytes, or a text such as "10k".
        max_size: leave out what is larger.
        newer: leave out what was last modified before this time: "7d" (ago), a timedelta (ago),
            "2026-01-31", a datetime.
        older: leave out what was last modified at this time or later.
    """

    include: Patterns | None
    exclude: Patterns | None
    min_size: Size | None
    max_size: Size | None
    newer: Moment | None
    older: Moment | None


def make_filters(**keywords: Unpack[FilterKeywords]) -> Filters | None:
    """Return the filters that keywords describe; None when they describe none.

    Raises:
        UsageError: a pattern, size or time that can't be read, or `include` without a pattern.
        TypeError: patterns of another type.
    """
    smallest, largest = keywords.get("min_size"), keywords.get("max_size")
    newer, older = keywords.get("newer"), keywords.get("older")
    include = _patterns("include", keywords.get("include"))
    if not include and keywords.get("include") is not None:
        raise UsageError("include has no pattern", hint="Leave it out to take everything")
    now_s = time.time()
    filters = Filters(
        include=include,
        exclude=_patterns("exclude", keywords.get("exclude")),
        size_min_bytes=0 if smallest is None else parse_size(smallest),
        size_max_bytes=None if largest is None else parse_size(largest),
        newer_s=None if newer is None else parse_time(newer, now_s),
        older_s=None if older is None else parse_time(older, now_s),
    )
    return None if filters == Filters() else filters


def _patterns(name: str, given: Patterns | None) -> tuple[str, ...]:
    if given is None:
        return ()
    several: object = (given,) if isinstance(given, str) else given
    texts = tuple(several) if isinstance(several, Iterable) else (several,)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} is a pattern or several, not {given!r}")
    return texts
