"""The options about what exists at the destination, and what new objects are to have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from s3dlio_cli.options import remembered_option, remembered_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from s3dlio_core.operations.settings import TransferKeywords
    from s3dlio_core.store import Attributes

__all__ = [
    "ATTRIBUTE_OPTIONS",
    "COMPARE_OPTIONS",
    "OVERWRITE_OPTIONS",
    "add_attributes",
    "add_overwrite",
    "overwrite_option",
]

#: As in s3dlio_core, which isn't imported for `--help`; a test compares them.
_OVERWRITES = ("always", "never", "newer", "changed")
#: Flags, and the comparison that each asks for.
_COMPARES = {"size_only": "size", "checksum": "checksum"}
_HEADERS = (
    "content_type",
    "cache_control",
    "content_encoding",
    "content_language",
    "content_disposition",
)
#: A comma begins another name only where a name and "=" follow: values have commas, too.
_NEXT_NAME = re.compile(r",(?=[A-Za-z0-9_.-]+=)")


def overwrite_option(default: str) -> Callable[[Any], Any]:
    """Return --overwrite, with what the command does where it isn't given."""
    return remembered_option(
        "--overwrite",
        type=click.Choice(_OVERWRITES),
        help=f"Replace what exists: always; never; if the source is newer, or changed. [{default}]",
    )


COMPARE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    remembered_option(
        "--size-only", is_flag=True, help="Replace what exists if its size differs, only."
    ),
    remembered_option(
        "--checksum", is_flag=True, help="Replace what exists if its checksum differs."
    ),
)

#: Those of a command that replaces what exists unless it is told otherwise.
OVERWRITE_OPTIONS = (overwrite_option("always"), *COMPARE_OPTIONS)

ATTRIBUTE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    remembered_option(
        "--metadata",
        multiple=True,
        metavar="NAME=VALUE",
        help="User metadata of the new objects; several with commas, or repeated.",
    ),
    remembered_option("--content-type", metavar="TYPE", help="Their Content-Type."),
    remembered_option("--cache-control", metavar="TEXT", help="Their Cache-Control."),
    remembered_option("--content-encoding", metavar="TEXT", help="Their Content-Encoding."),
    remembered_option("--content-language", metavar="TEXT", help="Their Content-Language."),
    remembered_option("--content-disposition", metavar="TEXT", help="Their Content-Disposition."),
    remembered_option(
        "--no-guess-mime-type",
        is_flag=True,
        help="Don't guess the Content-Type from a name when the source has none.",
    ),
)


def add_overwrite(ctx: click.Context, keywords: TransferKeywords) -> None:
    """Add what the options about existing objects mean to other keywords."""
    values = remembered_values(ctx)
    compares = [compare for flag, compare in _COMPARES.items() if flag in values]
    if len(compares) > 1:
        raise click.UsageError("--size-only and --checksum exclude each other")
    keywords["overwrite"] = values.get("overwrite")
    keywords["compare"] = compares[0] if compares else None


def add_attributes(ctx: click.Context, keywords: TransferKeywords) -> None:
    """Add what the options about attributes mean to other keywords."""
    values = remembered_values(ctx)
    keywords["attributes"] = _attributes(values)
    keywords["guess_content_type"] = "no_guess_mime_type" not in values


def _attributes(values: Mapping[str, Any]) -> Attributes | None:
    from s3dlio_core.store import Attributes  # noqa: PLC0415 - not needed for `--help`

    headers = {name: values[name] for name in _HEADERS if name in values}
    metadata = _metadata(values.get("metadata", ()))
    return Attributes(**headers, metadata=metadata) if headers or metadata else None


def _metadata(given: Sequence[str]) -> dict[str, str]:
    """Return the metadata that options name."""
    found: dict[str, str] = {}
    for text in given:
        for pair in _NEXT_NAME.split(text):
            name, equals, value = pair.partition("=")
            if not equals or not name:
                raise click.UsageError(f'--metadata takes NAME=VALUE, not "{pair}"')
            found[name.lower()] = value
    return found
