"""--range: one range of bytes, as HTTP writes it (RFC 9110 section 14.1.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

__all__ = ["ByteRange", "parse_byte_range", "read_byte_range"]

# No object has so many bytes, and Python reads numbers of any length but thousands of digits.
_RANGE = re.compile(r"(?:bytes=)?(\d{0,40})-(\d{0,40})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range of bytes; without values it is all.

    Attributes:
        start: the first byte.
        stop: the end, exclusive; None is the object's end.
        last_bytes: so many at the end instead.
        is_from_start: whether the object must have a byte at `start`.
    """

    start: int = 0
    stop: int | None = None
    last_bytes: int | None = None
    is_from_start: bool = False


def parse_byte_range(text: str) -> ByteRange:
    """Read a range: "0-99" (both ends belong to it), "100-" or "-100".

    Raises:
        ValueError: it is none.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or not (found[1] or found[2]):
        raise ValueError(f"{text!r} is no range; write 0-99, 100- or -100")
    first, last = found.groups()
    if not first:
        if not int(last):
            raise ValueError("a range of no bytes")
        return ByteRange(last_bytes=int(last))
    if not last:
        return ByteRange(int(first), is_from_start=True)
    if int(last) < int(first):
        raise ValueError(f"{text!r} ends before it begins")
    return ByteRange(int(first), int(last) + 1, is_from_start=True)


def read_byte_range(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> ByteRange | None:
    """Read the value of an option.

    Raises:
        click.BadParameter: it is no range.
    """
    try:
        return None if value is None else parse_byte_range(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
