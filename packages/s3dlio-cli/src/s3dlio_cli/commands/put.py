"""s3-cli put: a file, or standard input, to the very name that is given."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import (
    bwlimit_option,
    customer_key_option,
    jobs_option,
    object_options,
    remembered_option,
    remembered_values,
    request_payer_option,
)
from s3dlio_cli.overwrite_options import ATTRIBUTE_OPTIONS, OVERWRITE_OPTIONS
from s3dlio_cli.transfer_options import transfer_keywords

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["put"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_STDIN = "-"


def _put_options(function: _Function) -> _Function:
    """Add the options of what is written, and of what exists."""
    options: tuple[Callable[[Any], Any], ...] = (
        *OVERWRITE_OPTIONS,
        *ATTRIBUTE_OPTIONS,
        object_options,
        remembered_option(
            "--part-size",
            metavar="SIZE",
            help="Send in parts of this size: 64MiB. What fits into one is sent whole.",
        ),
        bwlimit_option,
        customer_key_option,
        request_payer_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@command(
    "put",
    "s3-cli put report.csv s3://bucket/reports/report.csv",
    "seq 1 1000 | s3-cli put - s3://bucket/numbers",
    "tar -cz data/ | s3-cli put - s3://bucket/data.tar.gz --content-type application/gzip",
)
@click.argument("source", metavar="FILE|-")
@click.argument("destination", metavar="URI")
@click.option("-c", "--create-bucket", is_flag=True, help="Create the bucket if it is missing.")
@jobs_option(16)
@_put_options
@click.pass_context
def put(
    ctx: click.Context, source: str, destination: str, *, create_bucket: bool, jobs: int
) -> int:
    """Write one file, or standard input (-), as one object.

    What comes from a pipe is sent in parts while it comes. The object appears when all of it is
    there; when reading fails, or on Ctrl-C, nothing appears and nothing is left.
    """
    from s3dlio_cli.transfers import run_transfer  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.bandwidth import make_bandwidth, paced  # noqa: PLC0415 - likewise
    from s3dlio_core.selection.filter_values import parse_size  # noqa: PLC0415 - not needed for `--help`

    part_size = remembered_values(ctx).get("part_size")
    part_size_bytes = None if part_size is None else parse_size(part_size)

    def put_file(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        keywords = transfer_keywords(ctx, observer, cancel)
        keywords["part_size_bytes"] = part_size_bytes
        return operations.put_file(source, destination, jobs, create_bucket, **keywords)

    def put_stream(observer: TransferObserver | None, cancel: CancelToken) -> TransferReport:
        keywords = transfer_keywords(ctx, observer, cancel)
        if keywords["compare"] is not None:
            raise click.UsageError("--size-only and --checksum compare, and a stream can't be", ctx)
        bandwidth = make_bandwidth(keywords["bwlimit"])
        with StreamInput(source) as stream:
            return operations.put_stream(
                paced(stream, bandwidth, cancel).readinto,
                destination,
                name=stream.name,
                create_bucket=create_bucket,
                attributes=keywords["attributes"],
                guess_content_type=keywords["guess_content_type"],
                overwrite=keywords["overwrite"],
                part_size_bytes=part_size_bytes,
                max_in_flight=jobs,
                options=keywords["options"],
                progress=observer,
                raise_on_failure=False,
            )

    is_stream = _is_stream(source)
    _check_names_object(destination)
    if not is_stream:
        return run_transfer(ctx, "put", put_file)
    from s3dlio_cli.stream_input import StreamInput  # noqa: PLC0415 - not needed for `--help`

    # Reading may wait for long: a signal ends it at once, and with it the upload.
    return run_transfer(ctx, "put", put_stream, cleans_up=False)


def _is_stream(source: str) -> bool:
    """Whether a source is standard input, a fifo, a device, or a file that doesn't tell its size.

    Raises:
        click.UsageError: it is a directory.
    """
    if source == _STDIN:
        return True
    try:
        status = Path(source).stat()
        if stat.S_ISREG(status.st_mode):
            return not status.st_size and _has_bytes(source)
    except OSError:
        return False  # whoever copies it says what is wrong
    if stat.S_ISDIR(status.st_mode):
        raise click.UsageError(f"{source} is a directory; upload -r takes directories")
    return True


def _check_names_object(destination: str) -> None:
    """Check that a destination isn't where objects lie: `put` gives one its very name.

    Raises:
        UsageError: it is.
    """
    from s3dlio_core.errors import UsageError  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.uri import parse_uri  # noqa: PLC0415 - not needed for `--help`

    uri = parse_uri(destination)
    if not uri.key or uri.key.endswith("/") or (uri.is_path and Path(uri.path).is_dir()):
        raise UsageError(
            "this names no object, but where objects lie",
            uri=destination,
            hint='Give its whole name; "upload" and "cp" keep the file\'s own',
        )


def _has_bytes(source: str) -> bool:
    """Whether a file has bytes, such as one of /proc, whatever size it tells."""
    with Path(source).open("rb", buffering=0) as file:
        return bool(file.read(1))
