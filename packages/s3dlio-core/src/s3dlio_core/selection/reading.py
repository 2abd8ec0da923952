"""How the text of a source is read: as a literal name, a glob or a regular expression.

The order of the rules:
1. What the caller says explicitly. A glob without signs is a literal name, and so is a directory
   that ends in "/", since it leaves nothing to match.
2. What exists exactly as it is written is literal.
3. What has something that only a regular expression has is one, where that may be guessed.
4. What has `*`, `?`, `[…]` or `{…,…}` is a glob.
5. Everything else is literal.
"""

from __future__ import annotations

from enum import Enum

from s3dlio_core.errors import UsageError
from s3dlio_core.selection.globs import is_glob
from s3dlio_core.selection.regexes import is_regex, split_regex

__all__ = ["Reading", "read", "reading_hint"]


class Reading(Enum):
    """How a text is to be read, or was."""

    AUTO = "auto"
    LITERAL = "literal"
    GLOB = "glob"
    REGEX = "regex"

    @classmethod
    def of(cls, patterns: str, version: str | None = None) -> Reading:
        """Return what the keyword `patterns` of an operation means.

        Args:
            patterns: "auto", "literal", "glob" or "regex".
            version: of the one object that is meant, if one is: its name is literal.

        Raises:
            UsageError: it is none of the four words, or a pattern is to have a version.
        """
        try:
            asked = cls(patterns)
        except ValueError:
            known = ", ".join(f'"{one.value}"' for one in cls)
            raise UsageError(f"patterns is one of {known}, not {patterns!r}") from None
        if version is None:
            return asked
        if asked in {cls.GLOB, cls.REGEX}:
            raise UsageError(f"a version is of one object, which {asked.meaning} doesn't name")
        return cls.LITERAL

    @property
    def meaning(self) -> str:
        """The words for it in messages."""
        return {"literal": "a literal name"}.get(self.value, f"a {self.value}")


def read(text: str, asked: Reading, *, exists_as_written: bool, may_be_regex: bool) -> Reading:
    """Decide how a text is read; see the module's docstring.

    Args:
        text: a key or path, without scheme and container.
        asked: what the caller says, or AUTO.
        exists_as_written: whether there is an object or directory of exactly this name.
        may_be_regex: whether a regular expression may be guessed.

    Returns:
        LITERAL, GLOB or REGEX.
    """
    if asked is not Reading.AUTO:
        nothing_to_match = {
            Reading.GLOB: not is_glob(text),
            Reading.REGEX: not split_regex(text)[1],
        }
        return Reading.LITERAL if nothing_to_match.get(asked) else asked
    if exists_as_written:
        return Reading.LITERAL
    if may_be_regex and is_regex(text):
        return Reading.REGEX
    return Reading.GLOB if is_glob(text) else Reading.LITERAL


def reading_hint(text: str, asked: Reading, was: Reading) -> str:
    """Return how else a text that matched nothing could be read, or "".

    Args:
        text: the key or path.
        asked: what the caller said, or AUTO.
        was: how it was read.
    """
    if asked is not Reading.AUTO:
        return ""
    fits = {Reading.REGEX: is_regex(text), Reading.GLOB: is_glob(text), Reading.LITERAL: True}
    others = [other for other, does in fits.items() if does and other is not was]
    if not others:
        return ""
    words = " or ".join(f'patterns="{other.value}" (--{other.value})' for other in others)
    return f"To read it otherwise, say {words}"
