"""The options that filter what sources find, and what they mean to the operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from s3dlio_cli.options import remembered_option, remembered_values

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from s3dlio_core.operations.filtering import FilterKeywords

__all__ = ["FILTER_OPTIONS", "add_filters", "filter_keywords", "filter_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

FILTER_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    remembered_option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help='Take only what matches: a glob, or "re:" and a regular expression. Repeatable.',
    ),
    remembered_option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out what matches, also of what is included. Repeatable.",
    ),
    remembered_option(
        "--min-size", metavar="SIZE", help="Leave out smaller ones: 4096, 10k, 5MiB."
    ),
    remembered_option("--max-size", metavar="SIZE", help="Leave out larger ones."),
    remembered_option(
        "--newer",
        metavar="TIME",
        help="Take what was modified since: 7d (ago), 12h, 2026-01-31, 2026-01-31T12:00Z.",
    ),
    remembered_option("--older", metavar="TIME", help="Take what was modified before."),
)
_NAMES = ("include", "exclude", "min_size", "max_size", "newer", "older")


def filter_options(function: _Function) -> _Function:
    """Add the options to a command."""
    for option in reversed(FILTER_OPTIONS):
        function = option(function)
    return function


def filter_keywords(ctx: click.Context) -> FilterKeywords:
    """Return what the options of this run mean to `s3dlio_core.operations`."""
    values = remembered_values(ctx)
    return cast("FilterKeywords", {name: values[name] for name in _NAMES if name in values})


def add_filters(ctx: click.Context, keywords: FilterKeywords) -> None:
    """Add what the options of this run mean to other keywords."""
    keywords.update(filter_keywords(ctx))
