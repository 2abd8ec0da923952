"""s3-cli upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import jobs_option
from s3dlio_cli.transfer_options import transfer_keywords, transfer_options

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["upload"]


@command(
    "upload",
    "s3-cli upload report.csv s3://bucket/reports/",
    's3-cli upload "/data/*.log" s3://bucket/logs/',
    r's3-cli upload "/data/app-\d+\.log" s3://bucket/logs/',
    "s3-cli upload -r /data/ s3://bucket/data/",
    "s3-cli upload -r --overwrite changed /data/ s3://bucket/data/",
    "s3-cli upload -r -c /data/ az://new-container/data/",
    "s3-cli upload -c -j 64 -r /data/ s3://new-bucket/ --endpoint-url http://localhost:9000",
    "s3-cli upload report.csv s3://bucket/ --sse aws:kms --storage-class STANDARD_IA",
    "s3-cli upload /data/a.bin file:///backup/",
    "s3-cli upload -r direct:///nvme/data/ s3://bucket/data/",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.argument("destination")
@jobs_option(32)
@transfer_options
@click.pass_context
def upload(
    ctx: click.Context,
    sources: tuple[str, ...],
    destination: str,
    *,
    recursive: bool,
    create_bucket: bool,
    jobs: int,
) -> int:
    """Copy files, directories or patterns to any store.

    SOURCE is a path, a directory, a glob (quote it, or let the shell expand it) or a regular
    expression (quote it), or a URI of any store. DESTINATION is s3://bucket/prefix/,
    az://container/prefix/, file:///path/, a plain path, or direct:///path/, which leaves the page
    cache alone.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.upload(
            list(sources),
            destination,
            jobs,
            create_bucket,
            recursive=recursive,
            **transfer_keywords(ctx, observer, cancel),
        )

    return run_transfer(ctx, "upload", transfer)
