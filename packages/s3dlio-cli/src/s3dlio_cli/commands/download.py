"""s3-cli download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import jobs_option, version_option
from s3dlio_cli.transfer_options import transfer_keywords, transfer_options

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["download"]


@command(
    "download",
    "s3-cli download s3://bucket/reports/report.csv ./",
    "s3-cli download -r s3://bucket/data/ ./data/",
    's3-cli download "s3://bucket/logs/*.log" ./logs/',
    "s3-cli download -r s3://bucket/data/ direct:///nvme/data/",
    "s3-cli download -r -j 128 s3://bucket/data/ ./data/ --profile backup",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.argument("destination")
@jobs_option(64)
@version_option
@transfer_options
@click.pass_context
def download(
    ctx: click.Context,
    sources: tuple[str, ...],
    destination: str,
    *,
    recursive: bool,
    create_bucket: bool,
    jobs: int,
    version_id: str | None,
) -> int:
    """Copy objects, prefixes or patterns to a directory.

    SOURCE is a URI: one object, a prefix that ends in "/", or a glob or regular expression
    (quote it). With --version-id it is one object, whose name is taken literally.
    DESTINATION is a directory, or a URI of any store.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.download(
            list(sources),
            destination,
            jobs,
            recursive,
            create_bucket=create_bucket,
            version=version_id,
            **transfer_keywords(ctx, observer, cancel),
        )

    return run_transfer(ctx, "download", transfer)
