"""s3-cli delete."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.filter_options import filter_keywords, filter_options
from s3dlio_cli.names_options import names_are_typed, names_of, names_options
from s3dlio_cli.options import (
    dry_run_option,
    failure_options,
    remembered_values,
    request_payer_option,
    settings_of,
)
from s3dlio_cli.pattern_options import pattern_options, patterns_of

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["delete"]


@command(
    "delete",
    "s3-cli delete s3://bucket/reports/report.csv",
    "s3-cli rm s3://bucket/a s3://bucket/b",
    "s3-cli rm -r s3://bucket/logs/",
    "s3-cli rm -r s3://bucket/logs/ --include '*.tmp' --older 30d",
    "s3-cli rm -rf s3://bucket/logs/",
    "s3-cli rm -n -r s3://bucket/",
    "s3-cli rm s3://bucket/ --files-from doomed.txt --failures failed.txt",
)
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="Everything below a prefix or directory.")
@click.option(
    "-f",
    "--force",
    "-y",
    "--yes",
    "force",
    is_flag=True,
    help="Don't ask. (Without it, -r asks on a terminal.)",
)
# Scripts for the first versions of the program give it; deletions go in batches.
@click.option("-j", "--jobs", type=click.IntRange(1), expose_value=False, hidden=True)
@filter_options
@names_options
@dry_run_option
@failure_options
@pattern_options
@request_payer_option
@click.pass_context
def delete(ctx: click.Context, uris: tuple[str, ...], *, recursive: bool, force: bool) -> int:
    """Delete exactly the objects that are named.

    Never a neighbour with the same beginning. An object or a directory that exists as written wins
    over a glob; a regular expression must be asked for with --regex. With -r a URI names a prefix
    or a directory, and everything below it is deleted; on a terminal that is shown first, and done
    when you agree. With --files-from a URI says where the objects lie that FILE names.
    """
    from s3dlio_cli.confirmation import can_ask, confirm  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    values = remembered_values(ctx)
    patterns, names = patterns_of(ctx), names_of(ctx)
    delete_them = functools.partial(
        operations.delete,
        list(uris),
        recursive,
        patterns=patterns,
        options=settings_of(ctx).store_options,
        raise_on_failure=False,
        **filter_keywords(ctx),
    )
    asks = recursive and not force and "dry_run" not in values

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        if asks:
            if names_are_typed(ctx) and can_ask():
                raise click.UsageError(
                    "-r asks, and what is typed is the list of names: give a file, or -f", ctx
                )
            confirm(None if names is not None else delete_them)
        return delete_them(
            names=names,
            progress=observer,
            cancel=cancel,
            dry_run="dry_run" in values,
            failures=values.get("failures"),
            failures0=values.get("failures0"),
        )

    return run_transfer(ctx, "delete", transfer, cleans_up=False)
