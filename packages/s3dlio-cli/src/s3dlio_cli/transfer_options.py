"""The options that the commands which copy share, and what they mean to the operations.

They are remembered, not passed to the command: `transfer_keywords` gathers what was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from s3dlio_cli.filter_options import FILTER_OPTIONS, add_filters
from s3dlio_cli.names_options import NAMES_OPTIONS, names_of
from s3dlio_cli.options import (
    bwlimit_option,
    customer_key_option,
    dry_run_option,
    failure_options,
    object_options,
    remembered_option,
    remembered_values,
    request_payer_option,
    settings_of,
)
from s3dlio_cli.overwrite_options import (
    ATTRIBUTE_OPTIONS,
    COMPARE_OPTIONS,
    add_attributes,
    add_overwrite,
    overwrite_option,
)
from s3dlio_cli.pattern_options import pattern_options, patterns_of
from s3dlio_cli.side_options import options_of_side, side_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3dlio_core.operations.settings import TransferKeywords
    from s3dlio_core.transfer.events import CancelToken, TransferObserver

__all__ = ["links_option", "sync_options", "transfer_keywords", "transfer_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

links_option = remembered_option(
    "--links",
    type=click.Choice(("follow", "skip")),
    help="What to do with symbolic links below a directory. [follow]",
)
#: What chooses among sources.
_CHOOSING: tuple[Callable[[Any], Any], ...] = (
    click.option("-r", "--recursive", is_flag=True, help="Descend into subdirectories."),
    pattern_options,
    *NAMES_OPTIONS,
    overwrite_option("always"),
)
_COPYING: tuple[Callable[[Any], Any], ...] = (
    click.option("-c", "--create-bucket", is_flag=True, help="Create the bucket if it is missing."),
    remembered_option("--fsync", is_flag=True, help="Make local files survive a power failure."),
    dry_run_option,
    failure_options,
    remembered_option(
        "--retries",
        type=click.IntRange(0),
        metavar="N",
        help="At the end try what failed again, up to N times. [0]",
    ),
    bwlimit_option,
    *FILTER_OPTIONS,
    links_option,
    *COMPARE_OPTIONS,
    *ATTRIBUTE_OPTIONS,
    object_options,
    customer_key_option,
    request_payer_option,
    side_options,
)


def transfer_options(function: _Function) -> _Function:
    """Add the options to a command that copies what is chosen."""
    return _with((*_CHOOSING, *_COPYING), function)


def sync_options(function: _Function) -> _Function:
    """Add the options to a command that copies a tree as a whole."""
    return _with((overwrite_option("changed"), *_COPYING), function)


def _with(options: Sequence[Callable[[Any], Any]], function: _Function) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function


def transfer_keywords(
    ctx: click.Context, observer: TransferObserver | None, cancel: CancelToken
) -> TransferKeywords:
    """Return what the options of this run mean to `s3dlio_core.operations`.

    Args:
        ctx: the command's.
        observer: is told the progress.
        cancel: stops the transfer.
    """
    values = remembered_values(ctx)
    options = dict(settings_of(ctx).store_options)
    if "fsync" in values:
        options["fsync"] = "true"
    if "links" in values:
        options["links"] = values["links"]
    keywords: TransferKeywords = {
        "options": options,
        "source_options": options_of_side(ctx, "source"),
        "dest_options": options_of_side(ctx, "dest"),
        "progress": observer,
        "cancel": cancel,
        "raise_on_failure": False,
        "names": names_of(ctx),
        "retries": values.get("retries", 0),
        "dry_run": "dry_run" in values,
        "failures": values.get("failures"),
        "failures0": values.get("failures0"),
        "patterns": patterns_of(ctx),
        "bwlimit": values.get("bwlimit"),
    }
    add_filters(ctx, keywords)
    add_overwrite(ctx, keywords)
    add_attributes(ctx, keywords)
    return keywords
