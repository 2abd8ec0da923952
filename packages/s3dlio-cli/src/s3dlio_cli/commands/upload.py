"""s3-cli upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import (
    customer_key_option,
    jobs_option,
    object_options,
    request_payer_option,
    settings_of,
)

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["upload"]


@command(
    "upload",
    "s3-cli upload report.csv s3://bucket/reports/",
    's3-cli upload "/data/*.log" s3://bucket/logs/',
    "s3-cli upload -r /data/ s3://bucket/data/",
    "s3-cli upload -c -j 64 -r /data/ s3://new-bucket/ --endpoint-url http://localhost:9000",
    "s3-cli upload report.csv s3://bucket/ --sse aws:kms --storage-class STANDARD_IA",
    "s3-cli upload /data/a.bin file:///backup/",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.argument("destination")
@click.option("-r", "--recursive", is_flag=True, help="Descend into subdirectories.")
@click.option("-c", "--create-bucket", is_flag=True, help="Create the bucket if it is missing.")
@click.option("--fsync", is_flag=True, help="Make local files survive a power failure.")
@jobs_option(32)
@object_options
@customer_key_option
@request_payer_option
@click.pass_context
def upload(
    ctx: click.Context,
    sources: tuple[str, ...],
    destination: str,
    *,
    recursive: bool,
    create_bucket: bool,
    fsync: bool,
    jobs: int,
) -> int:
    """Copy files, directories or patterns to any store.

    SOURCE is a path, a directory or a glob pattern (quote it, or let the shell expand it), or a
    URI of any store. DESTINATION is s3://bucket/prefix/, file:///path/ or a plain path.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    options = dict(settings_of(ctx).store_options)
    if fsync:
        options["fsync"] = "true"

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.upload(
            list(sources),
            destination,
            jobs,
            create_bucket,
            recursive=recursive,
            options=options,
            progress=observer,
            cancel=cancel,
            raise_on_failure=False,
        )

    return run_transfer(ctx, "upload", transfer)
