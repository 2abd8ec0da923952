"""s3-cli move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import jobs_option
from s3dlio_cli.transfer_options import transfer_keywords, transfer_options

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["move"]


@command(
    "move",
    "s3-cli mv report.csv s3://bucket/reports/",
    "s3-cli mv s3://bucket/a s3://bucket/archive/a",
    's3-cli mv "s3://bucket/logs/*.log" ./logs/',
    "s3-cli mv -r s3://bucket/data/ s3://my-bucket/data/",
    "s3-cli mv -r -n /data/ s3://bucket/data/",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.argument("destination")
@jobs_option(32)
@transfer_options
@click.pass_context
def move(
    ctx: click.Context,
    sources: tuple[str, ...],
    destination: str,
    *,
    recursive: bool,
    create_bucket: bool,
    jobs: int,
) -> int:
    """Move objects and files: copy, verify, then delete the source.

    SOURCE and DESTINATION are those of upload and download, of any store. Within one file system
    files are renamed. What fails, or is left out by a rule, stays where it is; symbolic links are
    moved themselves.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.move(
            list(sources),
            destination,
            jobs,
            recursive=recursive,
            create_bucket=create_bucket,
            **transfer_keywords(ctx, observer, cancel),
        )

    return run_transfer(ctx, "move", transfer)
