r"""The patterns of `include` and `exclude`: which relative paths they take.

Rules that hold in this file:
- Pure. A path is relative to the source; a directory's ends in "/".
- A glob without "/" names one segment, at any depth. With a "/" it names the whole path; a "/" in
  front does nothing else. A "/" behind makes it name directories only.
- What names a directory takes all that lies in it.
- `re:` is a regular expression for the whole path of an object (`fullmatch`, and "." takes line
  breaks). It names no directory, but one that ends in "/.*" shows which ones it takes whole.
- What by its form can match nothing on any file system, and is most likely a mistake, is refused:
  an exclude that matches nothing leaves to a deletion what it should keep.
- A folder marker, the object `dir/`, stands for its directory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_core.selection.globs import tail_regex
from s3dlio_core.selection.regexes import compile_regex

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PatternSet"]

_REGEX = "re:"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ALL_BELOW = "(?:/.*)?"


class PatternSet:
    """Several patterns of which one has to match; their order means nothing."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Read patterns.

        Raises:
            UsageError: one is empty, or can't be read.
        """
        if _REGEX in texts:
            raise _names_nothing(_REGEX)
        globs = [text for text in texts if not text.startswith(_REGEX)]
        self._regexes = [
            compile_regex(text.removeprefix(_REGEX), hint=f"Leave out {_REGEX} to write a glob")
            for text in texts
            if text.startswith(_REGEX)
        ]
        self._whole_directories = [one for one in self._regexes if _takes_whole_directories(one)]
        self._objects = _any_of([_glob_of_objects(text) for text in globs])
        self._directories = _any_of([_glob_of_directories(text) for text in globs])

    @property
    def may_take_directories(self) -> bool:
        """Whether a directory could be taken with all that lies in it."""
        return self._directories is not None or bool(self._whole_directories)

    def takes(self, path: str) -> bool:
        """Whether an object is taken: by its own path, or with a directory that it lies in."""
        if path.endswith("/"):
            by_glob = self._takes_by_glob(path)
        else:
            by_glob = self._objects is not None and bool(self._objects.fullmatch(path))
        return by_glob or any(regex.fullmatch(path) for regex in self._regexes)

    def takes_directory(self, path: str) -> bool:
        """Whether all that lies in a directory is taken, whatever its name."""
        return self._takes_by_glob(path) or any(
            regex.fullmatch(path) for regex in self._whole_directories
        )

    def _takes_by_glob(self, directory: str) -> bool:
        return self._directories is not None and bool(self._directories.fullmatch(directory[:-1]))


def _any_of(sources: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(sources), re.DOTALL) if sources else None


def _glob_of_objects(text: str) -> str:
    """Return the regular expression of the objects that a glob takes."""
    path, only_directories = _split(text)
    return path + ("/.*" if only_directories else _ALL_BELOW)


def _glob_of_directories(text: str) -> str:
    """Return the regular expression of the directories, without "/" behind, that a glob takes."""
    return _split(text)[0] + _ALL_BELOW


def _split(text: str) -> tuple[str, bool]:
    """Return the regular expression of what a glob names, and whether that is directories only."""
    glob = _as_directory(text)
    path = glob.rstrip("/")
    if not path:
        raise _names_nothing(text)
    _check_relative(text, path.removeprefix("/").split("/"))
    anchored = "/" in text.rstrip("/")
    regex = tail_regex(path.removeprefix("/").split("/")).pattern
    return ("" if anchored else "(?:.*/)?") + f"(?:{regex})", glob.endswith("/")


def _names_nothing(text: str) -> UsageError:
    return UsageError(
        f"the pattern {text!r} names nothing", hint='Write "*" for everything, or leave it out'
    )


def _check_relative(text: str, segments: Sequence[str]) -> None:
    """Refuse what isn't written as a relative path is.

    Raises:
        UsageError: it has a "." or "..", or is a URI.
    """
    if not {".", ".."}.isdisjoint(segments) or _URI.match(text):
        raise UsageError(
            f"the pattern {text!r} is no path relative to the source",
            hint='Write what lies below the source, such as "/keep" or "keep/", without ".", ".." '
            f'and "://"; keys that do have these match a regular expression behind {_REGEX}',
        )


def _as_directory(text: str) -> str:
    """Write `a/**` as `a/`: it takes the same, and shows that `a` needn't be listed."""
    glob = text
    while glob.endswith("/**"):
        glob = glob[: -len("/**")]
    if glob == text or glob in {"", "**"}:
        return text
    return f"{glob}/"


def _takes_whole_directories(regex: re.Pattern[str]) -> bool:
    """Whether a directory that matches, "/" included, has nothing in it that doesn't match.

    That is so when the expression ends in "/.*" and nothing of it looks ahead or is an alternative.
    """
    source = regex.pattern
    return source.endswith("/.*") and "|" not in source and "(?" not in source
