"""s3-cli check."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.filter_options import filter_keywords, filter_options
from s3dlio_cli.options import (
    customer_key_option,
    jobs_option,
    remembered_values,
    request_payer_option,
    settings_of,
)
from s3dlio_cli.side_options import options_of_side, side_options
from s3dlio_cli.transfer_options import links_option

__all__ = ["check"]


@command(
    "check",
    "s3-cli check /data s3://bucket/data",
    "s3-cli check s3://bucket/data /data --checksum",
    "s3-cli check s3://bucket s3://my-bucket --dest-profile backup --exclude '*.tmp'",
    "s3-cli check /data s3://bucket/data --json | jq -r 'select(.type == \"missing\") | .path'",
)
@click.argument("source")
@click.argument("destination")
@click.option("--checksum", is_flag=True, help="Compare bytes, by checksums or by reading.")
@jobs_option(32)
@filter_options
@links_option
@customer_key_option
@request_payer_option
@side_options
@click.pass_context
def check(ctx: click.Context, source: str, destination: str, *, checksum: bool, jobs: int) -> int:
    """Compare two directories or prefixes, and copy nothing.

    Prints "missing: PATH" for what only SOURCE has, "extra: PATH" for what only DESTINATION has,
    and "different: PATH" where the sizes differ, or with --checksum the bytes. The exit code is 1
    if there is any, or if something can't be compared.
    """
    from s3dlio_cli.checking import run_check  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    options = dict(settings_of(ctx).store_options)
    if "links" in remembered_values(ctx):
        options["links"] = remembered_values(ctx)["links"]
    return run_check(
        ctx,
        lambda tell, observer, cancel: operations.check(
            source,
            destination,
            jobs,
            checksum=checksum,
            tell=tell,
            options=options,
            source_options=options_of_side(ctx, "source"),
            dest_options=options_of_side(ctx, "dest"),
            progress=observer,
            cancel=cancel,
            **filter_keywords(ctx),
        ),
    )
