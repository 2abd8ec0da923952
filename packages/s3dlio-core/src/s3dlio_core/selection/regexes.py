r"""Regular expressions over keys: what looks like one, where its literal part ends, how deep it is.

Rules that hold in this file:
- The syntax is that of Python's `re` module, with DOTALL: "." matches any character, "/" too.
- The literal directory of a pattern is the longest run of its leading segments without any of
  the signs ``\ ^ $ * + ? ( ) [ ] { } |``. A "." alone is none, so `v1.2/` is a plain directory.
- The rest must match the whole path relative to that directory (`re.fullmatch`).
- The depth of a pattern is the count of "/" in it that stand in no class: `[^/]+/x` is 1 deep.
- A pattern that ends in "/" means the contents of the directories that it matches.

Nothing protects from patterns that take exponential time, such as `(a+)+b`: a pattern comes from
whoever runs the program, and keys have at most 1,024 bytes.
"""

from __future__ import annotations

import re
import warnings

from s3dlio_core.errors import UsageError

__all__ = ["Regex", "compile_regex", "is_regex", "split_regex"]

_SIGN = re.compile(r"[\\^$*+?()\[\]{}|]")
# An escape, a "^" at a segment's start, a "$" at the end, and quantifiers: behind ")" any, behind
# "]" those that no glob has (`[ab]*` and `[ab]?` are globs).
_ONLY_REGEX = re.compile(
    r"\\.|(?:\A|/)\^|\$\Z|\(.*\)(?:[*+?]|\{\d+(?:,\d*)?\})|\[.*\](?:\+|\{\d+(?:,\d*)?\})",
    re.DOTALL,
)
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_SLASHES = frozenset(("/", r"\/"))
_SEPARATORS = _SLASHES | {"|"}
_QUANTIFIERS = frozenset("*+?{")
# A reference, an assertion or a flag may concern more than its own segment, and an empty name's
# beginning and end are none to "\B".
_FAR_REACHING = re.compile(r"\\[1-9B]|\(\?(?!:)")


class Regex:
    """A regular expression of the paths below a directory.

    Attributes:
        text: as it was written, without its literal directory.
        lead: what every match begins with, to list as little as possible.
        depth: how many "/" the matches of a listing have that isn't recursive.
        segments: what the names of the directories above those must match, outermost first; None
            for any name.
    """

    def __init__(self, text: str) -> None:
        """Compile it.

        Raises:
            UsageError: it is no regular expression; the message says where.
        """
        self.text = text
        self._compiled = compile_regex(
            text, hint='If it is none, say patterns="glob" or "literal" (--glob, --literal)'
        )
        if text.endswith("/"):
            self._compiled = compile_regex(f"{text}.*")
        pieces = _PIECE.findall(text)
        parts = _parts(pieces)
        self.lead = _lead(pieces) if parts else ""
        self.depth = sum(piece in _SLASHES for piece in pieces)
        self.segments: tuple[re.Pattern[str] | None, ...] = (None,) * self.depth
        if len(parts) == self.depth + 1 and not _FAR_REACHING.search(text):
            self.segments = tuple(compile_regex(part) for part in parts[:-1])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def matches(self, path: str) -> bool:
        """Whether a path relative to the literal directory matches as a whole."""
        return self._compiled.fullmatch(path) is not None


def is_regex(text: str) -> bool:
    """Whether a text has what only a regular expression has."""
    return _ONLY_REGEX.search(text) is not None


def split_regex(key: str) -> tuple[str, str]:
    """Split a pattern into its literal directory ("" or ending in "/") and the expression."""
    sign = _SIGN.search(key)
    cut = key.rfind("/", 0, sign.start() if sign else len(key)) + 1
    return key[:cut], key[cut:]


def compile_regex(text: str, hint: str = "") -> re.Pattern[str]:
    """Compile a regular expression of paths.

    Args:
        text: the expression.
        hint: of the error.

    Raises:
        UsageError: it is no regular expression; the message says where.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a later Python may read differently
            return re.compile(text, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        position = getattr(error, "pos", None)
        where = "" if position is None else f" at character {position + 1}"
        reason = getattr(error, "msg", error)
        raise UsageError(f"bad regex {text}: {reason}{where}", hint=hint) from error


def _parts(pieces: list[str]) -> list[str]:
    """Split an expression at each "/" outside of groups and classes.

    Nothing is returned where that says nothing of what matches: with a choice outside of groups,
    or a quantifier behind a "/".
    """
    parts = [""]
    group_depth = 0
    for index, piece in enumerate(pieces):
        group_depth += {"(": 1, ")": -1}.get(piece, 0)
        if group_depth or piece not in _SEPARATORS:
            parts[-1] += piece
        elif piece == "|" or _QUANTIFIERS.issuperset(pieces[index + 1 : index + 2] or " "):
            return []
        else:
            parts.append("")
    return parts


def _lead(pieces: list[str]) -> str:
    """Return the characters that every match begins with, as far as they are easily told."""
    lead = ""
    for piece in pieces[1:] if pieces[:1] == ["^"] else pieces:
        if piece in _QUANTIFIERS:
            return lead[:-1]
        char = piece[-1]
        is_escaped = piece[0] == "\\" and len(piece) > 1
        if char.isalnum() if is_escaped else (char == "." or _SIGN.match(piece)):
            return lead
        lead += char
    return lead
