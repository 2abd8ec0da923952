"""s3-cli download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import (
    customer_key_option,
    jobs_option,
    request_payer_option,
    settings_of,
    version_option,
)

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["download"]


@command(
    "download",
    "s3-cli download s3://bucket/reports/report.csv ./",
    "s3-cli download -r s3://bucket/data/ ./data/",
    's3-cli download "s3://bucket/logs/*.log" ./logs/',
    "s3-cli download -r -j 128 s3://bucket/data/ ./data/ --profile backup",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.argument("destination")
@click.option("-r", "--recursive", is_flag=True, help="Also what lies deeper than one level.")
@click.option("-c", "--create-bucket", is_flag=True, help="Create the destination if missing.")
@click.option("--fsync", is_flag=True, help="Make local files survive a power failure.")
@jobs_option(64)
@version_option
@customer_key_option
@request_payer_option
@click.pass_context
def download(
    ctx: click.Context,
    sources: tuple[str, ...],
    destination: str,
    *,
    recursive: bool,
    create_bucket: bool,
    fsync: bool,
    jobs: int,
    version_id: str | None,
) -> int:
    """Copy objects, prefixes or patterns to a directory.

    SOURCE is a URI: one object, a prefix that ends in "/", or a glob pattern (quote it). With
    --version-id it is one object, whose name is taken literally.
    DESTINATION is a directory, or a URI of any store.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    options = dict(settings_of(ctx).store_options)
    if fsync:
        options["fsync"] = "true"

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.download(
            list(sources),
            destination,
            jobs,
            recursive,
            create_bucket=create_bucket,
            version=version_id,
            options=options,
            progress=observer,
            cancel=cancel,
            raise_on_failure=False,
        )

    return run_transfer(ctx, "download", transfer)
