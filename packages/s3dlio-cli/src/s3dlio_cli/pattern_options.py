"""--literal, --glob and --regex: how the names that a command takes are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from s3dlio_cli.options import remembered_option, remembered_values

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["pattern_options", "patterns_of"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_READINGS = {
    "literal": "Take names as they are written.",
    "glob": "Take them for glob patterns.",
    "regex": "Take them for regular expressions.",
}


def pattern_options(function: _Function) -> _Function:
    """Add the three options to a command."""
    for name, text in reversed(_READINGS.items()):
        function = remembered_option(f"--{name}", is_flag=True, help=text)(function)
    return function


def patterns_of(ctx: click.Context) -> str:
    """Return what the given options mean to the keyword `patterns`.

    Raises:
        click.UsageError: they contradict each other.
    """
    given = [name for name in _READINGS if name in remembered_values(ctx)]
    if len(given) > 1:
        raise click.UsageError(f"--{given[0]} and --{given[1]} exclude each other", ctx)
    return given[0] if given else "auto"
