r"""Glob patterns over keys, segment by segment.

`*` and `?` stay within a segment and match a leading dot; `**` as a whole segment crosses any
number of them; `[abc]`, `[a-z]` and `[!…]` are one character; `{a,b}` is either text, and may hold
signs and braces. Everything else is literal, "." and "\" included; POSIX classes such as
`[[:alpha:]]` aren't known. A pattern that ends in "/" means the contents of what it matches.
"""

from __future__ import annotations

import functools
import itertools
import re

from s3dlio_core.errors import UsageError

__all__ = ["is_glob", "literal_lead", "match_segment", "split_glob", "tail_regex"]

_STAR = "[^/]*"
_SIGN = re.compile(r"[*?]|\[[^/]+\]")
_FIRST_SIGN = re.compile(r"[*?\[{]")
# Of the groups: several patterns may be joined to one expression, so none is used twice.
_numbers = itertools.count()


def is_glob(text: str) -> bool:
    """Whether a text has a sign that only a pattern has."""
    return _SIGN.search(text) is not None or any(
        _choices(segment, found.start()) is not None
        for segment in text.split("/")
        for found in re.finditer("{", segment)
    )


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
    runs: list[list[str]] = [[]]  # what stands between the segments that are "**"
    is_directory = segments[-1] == ""
    for segment in segments[:-1] if is_directory else segments:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(_translate(segment) + "/")
    first, *between = ("".join(run) for run in runs)
    text = first
    if between:
        last = between.pop()
        text += "".join(_earliest("(?:[^/]*/)*?", run) for run in between if run)
        text += f"(?:[^/]*/)*{last}" if last else ".+/"
    return re.compile(f"{text}.*" if is_directory else text[:-1], re.DOTALL)


def _translate(segment: str) -> str:
    """Translate one segment into the text of a regular expression."""
    pieces = _pieces(segment)
    stars = [index for index, piece in enumerate(pieces) if piece == _STAR]
    if len(stars) < 2:
        return "".join(pieces)
    inner = ("".join(pieces[start + 1 : end]) for start, end in itertools.pairwise(stars))
    between = "".join(
        # A shorter choice that comes later may end earlier than the first.
        _earliest(f"{_STAR}?", text) if _has_one_length(text) else f"{_STAR}{text}"
        for text in inner
        if text
    )
    return "".join(pieces[: stars[0]]) + between + "".join(pieces[stars[-1] :])


def _has_one_length(text: str) -> bool:
    """Whether all that an expression matches is of one length: `re` looks behind for no other."""
    try:
        re.compile(f"(?<={text})")
    except re.error:
        return False
    return True


def _earliest(skipped: str, text: str) -> str:
    """Return an expression that takes the first place where a text matches, and tries no other.

    That is enough where something of any length follows, and keeps a name such as "-----…" from
    being shared out in all possible ways among the stars of "*-*-*-*.log".
    """
    name = f"at{next(_numbers)}"  # what a lookahead has found isn't looked for again
    return f"(?=(?P<{name}>{skipped}{text}))(?P={name})"


def _pieces(segment: str) -> list[str]:
    """Translate each sign and each character of a segment."""
    out: list[str] = []
    position = 0
    while position < len(segment):
        char = segment[position]
        if char == "*":
            out.append(_STAR)
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (end := _class_end(segment, position)):
            out.append(_translate_class(segment[position + 1 : end], segment))
            position = end
        elif char == "{" and (found := _choices(segment, position)) is not None:
            choices, position = found
            out.append(f"(?:{'|'.join(''.join(_pieces(choice)) for choice in choices)})")
        else:
            out.append(re.escape(char))
        position += 1
    return out


def _class_end(segment: str, start: int) -> int:
    """Return where a bracket expression ends, or 0: a "]" right at its start is one of it."""
    first = start + 1
    if segment[first : first + 1] in {"!", "^"}:
        first += 1
    return max(0, segment.find("]", first + 1))


def _translate_class(inside: str, segment: str) -> str:
    negated = inside[:1] in {"!", "^"}
    members = inside[1:] if negated else inside
    out: list[str] = []
    position = 0
    while position < len(members):
        first, last = members[position], members[position + 2 : position + 3]
        if not last or members[position + 1] != "-":
            out.append(re.escape(first))
            position += 1
            continue
        if last < first:
            raise UsageError(
                f"bad range {first}-{last} in the pattern {segment}",
                hint=f"Write {last}-{first}",
            )
        out.append(f"{re.escape(first)}-{re.escape(last)}")
        position += 3
    return f"(?!/)[{'^/' if negated else ''}{''.join(out)}]"


def _choices(segment: str, start: int) -> tuple[list[str], int] | None:
    """Return the texts between the braces that open at `start`, and where those close.

    None when they don't close, or hold no choice.
    """
    choices: list[str] = []
    depth, begin = 0, start + 1
    for position in range(start, len(segment)):
        char = segment[position]
        depth += {"{": 1, "}": -1}.get(char, 0)
        if not depth or (char == "," and depth == 1):
            choices.append(segment[begin:position])
            begin = position + 1
        if not depth:
            return (choices, position) if len(choices) > 1 else None
    return None
