r"""Glob patterns over keys, segment by segment.

`*` and `?` stay within a segment and match a leading dot; `**` as a whole segment crosses any
number of them; `[abc]`, `[a-z]` and `[!…]` are one character; `{a,b}` is either text. Everything
else is literal, "." and "\" included.
"""

from __future__ import annotations

import functools
import re

from s3dlio_core.errors import UsageError

__all__ = ["GLOB_SIGNS", "is_glob", "literal_lead", "match_segment", "split_glob", "tail_regex"]

GLOB_SIGNS = re.compile(r"[*?]|\[[^/]+\]|\{[^/{}]*,[^/{}]*\}")
_FIRST_SIGN = re.compile(r"[*?\[{]")


def is_glob(text: str) -> bool:
    """Whether a text has a sign that only a pattern has."""
    return GLOB_SIGNS.search(text) is not None


def split_glob(key: str) -> tuple[str, list[str]]:
    """Split a pattern into its literal directory ("" or ending in "/") and its segments."""
    segments = key.split("/")
    literal = 0
    while not is_glob(segments[literal]):
        literal += 1
    directory = "".join(f"{segment}/" for segment in segments[:literal])
    return directory, segments[literal:]


def literal_lead(segment: str) -> str:
    """Return what every match of a segment begins with, to list as little as possible."""
    found = _FIRST_SIGN.search(segment)
    return segment[: found.start()] if found else segment


def match_segment(segment: str, name: str) -> bool:
    """Whether a name without "/" matches one segment of a pattern."""
    return _segment_regex(segment).fullmatch(name) is not None


@functools.lru_cache(maxsize=256)
def _segment_regex(segment: str) -> re.Pattern[str]:
    return re.compile(_translate(segment), re.DOTALL)


def tail_regex(segments: list[str]) -> re.Pattern[str]:
    """Return the regular expression of a relative path that matches these segments."""
    parts: list[str] = []
    last = len(segments) - 1
    for index, segment in enumerate(segments):
        if segment == "**":
            parts.append(".+" if index == last else "(?:[^/]*/)*")
        else:
            parts.append(_translate(segment) + ("" if index == last else "/"))
    return re.compile("".join(parts), re.DOTALL)


def _translate(segment: str) -> str:
    """Translate one segment into the text of a regular expression."""
    out: list[str] = []
    position = 0
    while position < len(segment):
        char = segment[position]
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (end := _class_end(segment, position)):
            out.append(_translate_class(segment[position + 1 : end], segment))
            position = end
        elif (
            char == "{"
            and (end := segment.find("}", position)) > 0
            and ("," in segment[position:end])
        ):
            choices = segment[position + 1 : end].split(",")
            out.append(f"(?:{'|'.join(_translate(choice) for choice in choices)})")
            position = end
        else:
            out.append(re.escape(char))
        position += 1
    return "".join(out)


def _class_end(segment: str, start: int) -> int:
    """Return where a bracket expression ends, or 0: a "]" right at its start is one of it."""
    first = start + 1
    if segment[first : first + 1] in {"!", "^"}:
        first += 1
    return max(0, segment.find("]", first + 1))


def _translate_class(inside: str, segment: str) -> str:
    negated = inside[:1] in {"!", "^"}
    members = inside[1:] if negated else inside
    escaped = members.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    for doubled in ("&&", "~~", "||", "--"):
        escaped = escaped.replace(doubled, "\\" + "\\".join(doubled))
    text = f"[{'^/' if negated else ''}{escaped.replace('^', chr(92) + '^')}]"
    try:
        re.compile(text)
    except re.error as error:
        raise UsageError(f"bad bracket expression in the pattern {segment}: {error}") from error
    return f"(?!/){text}"
