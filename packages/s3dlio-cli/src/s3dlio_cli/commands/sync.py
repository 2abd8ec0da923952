"""s3-cli sync."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import jobs_option
from s3dlio_cli.transfer_options import sync_options, transfer_keywords

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["sync"]


@command(
    "sync",
    "s3-cli sync /data s3://bucket/data",
    "s3-cli sync s3://bucket/data /data --dry-run --delete",
    "s3-cli sync s3://bucket/data /data --delete --max-delete 100",
    "s3-cli sync s3://bucket s3://my-bucket --checksum --dest-profile backup",
    "s3-cli sync /data s3://bucket/data --delete --exclude '*.tmp' --exclude cache/",
)
@click.argument("source")
@click.argument("destination")
@click.option("--delete", is_flag=True, help="Delete what only DESTINATION has, at the end.")
@click.option(
    "--max-delete",
    type=click.IntRange(0),
    metavar="N",
    help="Delete nothing at all if it would be more than N objects.",
)
@jobs_option(32)
@sync_options
@click.pass_context
def sync(
    ctx: click.Context,
    source: str,
    destination: str,
    *,
    delete: bool,
    max_delete: int | None,
    create_bucket: bool,
    jobs: int,
) -> int:
    """Make one directory or prefix like another.

    What lies below SOURCE goes below DESTINATION, whatever the slashes; both are taken literally.
    What is there and unchanged isn't copied. With --delete, what only DESTINATION has is deleted
    when all is copied: nothing of it if anything failed, if a listing wasn't whole or in order, or
    if SOURCE is empty, and never what the filters leave out.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.sync(
            source,
            destination,
            jobs,
            delete=delete,
            max_delete=max_delete,
            create_bucket=create_bucket,
            **transfer_keywords(ctx, observer, cancel),
        )

    return run_transfer(ctx, "sync", transfer)
