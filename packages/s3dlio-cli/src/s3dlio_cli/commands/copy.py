"""s3-cli copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import jobs_option, version_option
from s3dlio_cli.transfer_options import transfer_keywords, transfer_options

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["copy"]


@command(
    "copy",
    "s3-cli cp report.csv s3://bucket/reports/",
    "s3-cli cp s3://bucket/reports/report.csv s3://bucket/old/report.csv",
    "s3-cli cp -r s3://bucket/data/ /backup/data/",
    's3-cli cp "s3://bucket/logs/*.log" file:///backup/logs/',
    "s3-cli cp -r s3://bucket/data/ az://container/data/",
    "s3-cli cp -r s3://bucket/data/ s3://my-bucket/data/ --dest-profile backup",
    "s3-cli cp -r s3://bucket/ s3://my-bucket/ --dest-endpoint-url http://localhost:9000",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.argument("destination")
@jobs_option(32)
@version_option
@transfer_options
@click.pass_context
def copy(
    ctx: click.Context,
    sources: tuple[str, ...],
    destination: str,
    *,
    recursive: bool,
    create_bucket: bool,
    jobs: int,
    version_id: str | None,
) -> int:
    """Copy objects, files, prefixes or patterns from any store to any other.

    SOURCE and DESTINATION are paths, or URIs of any store. SOURCE may be a glob or a regular
    expression (quote it); with --version-id it is one object, whose name is taken literally.
    --source-… and --dest-… are settings of one side alone.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    def transfer(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        return operations.copy(
            list(sources),
            destination,
            jobs,
            recursive=recursive,
            create_bucket=create_bucket,
            version=version_id,
            **transfer_keywords(ctx, observer, cancel),
        )

    return run_transfer(ctx, "copy", transfer)
