"""The options that name what is to be copied, one by one, in files."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from s3dlio_cli.options import remembered_option, remembered_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

__all__ = ["NAMES_OPTIONS", "names_are_typed", "names_of", "names_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

NAMES_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    remembered_option(
        "--files-from",
        type=click.File("rb"),
        multiple=True,
        metavar="FILE",
        help="Take only what FILE (- is standard input) names, one a line. Repeatable.",
    ),
    remembered_option(
        "--files-from0",
        type=click.File("rb"),
        multiple=True,
        metavar="FILE",
        help="The same with a NUL byte behind each name.",
    ),
)


def names_options(function: _Function) -> _Function:
    """Add the options to a command."""
    for option in reversed(NAMES_OPTIONS):
        function = option(function)
    return function


def names_of(ctx: click.Context) -> Iterator[str] | None:
    """Return the names that the lists of this run have, read as they are needed; None: no list.

    Raises:
        UsageError: a list would be emptied, since the failures are to be written to it; or two
            are one stream, of which the second would get nothing.
    """
    from s3dlio_core.selection.names_from import read_lines, read_nul  # noqa: PLC0415 - not needed for `--help`

    values = remembered_values(ctx)
    lines, nuls = values.get("files_from", ()), values.get("files_from0", ())
    if not lines and not nuls:
        return None
    numbers = [number for one in (*lines, *nuls) if (number := _descriptor(one)) is not None]
    if len(set(numbers)) < len(numbers):
        raise click.UsageError("standard input is one list of names, and was given as several")
    for stream in (*lines, *nuls):
        for option in ("failures", "failures0"):
            if option in values and _is_same(stream, values[option]):
                raise click.UsageError(
                    f"--{option} would empty the list of names {values[option]}: "
                    "write the failures to another file"
                )
    return itertools.chain(*(read_lines(one) for one in lines), *(read_nul(one) for one in nuls))


def names_are_typed(ctx: click.Context) -> bool:
    """Whether standard input is one of the lists, so that nobody can answer a question there."""
    values = remembered_values(ctx)
    lists = (*values.get("files_from", ()), *values.get("files_from0", ()))
    return any(_descriptor(stream) == 0 for stream in lists)


def _descriptor(stream: BinaryIO) -> int | None:
    try:
        return stream.fileno()
    except OSError:
        return None  # a stream of a program has no file


def _is_same(stream: BinaryIO, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.stat(path))  # noqa: PTH116 - text
    except OSError:
        return False  # it is only to be created, or a stream of a program has no file
