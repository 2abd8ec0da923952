"""s3-cli create-bucket, delete-bucket, list-buckets.

A bucket is a container of any store that has them: an S3 bucket, an Azure container, a directory.
A bare name without "/" means an S3 bucket, as in the first versions of s3-cli.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["bucket_uri", "create_bucket", "delete_bucket", "list_buckets"]


def bucket_uri(text: str) -> str:
    """Return the URI of what a user calls a bucket."""
    bare = "/" not in text and text not in {"", ".", ".."}
    return f"s3://{text}" if bare else text


@command(
    "create-bucket",
    "s3-cli create-bucket s3://my-bucket",
    "s3-cli mb my-bucket",
    "s3-cli mb az://my-container",
    "s3-cli mb file:///backup/new-directory",
)
@click.argument("bucket")
@click.pass_context
def create_bucket(ctx: click.Context, bucket: str) -> int:
    """Create a bucket, a container or a directory."""
    from s3dlio_core.operations import create_container  # noqa: PLC0415 - not needed for `--help`

    return _change(ctx, "created", bucket_uri(bucket), create_container)


@command(
    "delete-bucket",
    "s3-cli delete-bucket s3://my-bucket",
    "s3-cli rm -r s3://my-bucket/ && s3-cli rb my-bucket",
)
@click.argument("bucket")
@click.pass_context
def delete_bucket(ctx: click.Context, bucket: str) -> int:
    """Delete an empty bucket, container or directory. Delete its objects first."""
    from s3dlio_core.operations import delete_container  # noqa: PLC0415 - not needed for `--help`

    return _change(ctx, "deleted", bucket_uri(bucket), delete_container)


def _change(ctx: click.Context, done: str, uri: str, change: Callable[..., None]) -> int:
    """Change something about a bucket, and tell what was done."""
    from s3dlio_cli.output import emit_json, say  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`

    settings = settings_of(ctx)
    several = Several(str(ctx.command.name), (uri,), settings)
    done_count = 0
    with several.telling():
        change(uri, options=settings.store_options)
        done_count = 1
        if settings.as_json:
            emit_json({"type": done, "uri": uri})
        if not settings.is_silent:
            say(f"{done} {uri}")
    return several.end(done_count=done_count)


@command(
    "list-buckets",
    "s3-cli list-buckets",
    "s3-cli list-buckets --json --endpoint-url http://localhost:9000",
)
@click.argument("uri", default="s3://")
@click.pass_context
def list_buckets(ctx: click.Context, uri: str) -> int:
    """List the buckets of an account, one name a line.

    URI names the store by its scheme, and for Azure an account by its host; without it, s3:// is
    meant.
    """
    from s3dlio_cli.output import emit_json, emit_name, say  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.values import container_values  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.uri import parse_account  # noqa: PLC0415 - not needed for `--help`

    settings = settings_of(ctx)
    several = Several("list-buckets", (uri,), settings)
    account = parse_account(uri)
    count = 0
    with several.telling():
        for found in operations.list_containers(uri, options=settings.store_options):
            count += 1
            if settings.as_json:
                emit_json(container_values(f"{replace(account, container=found.name)}/", found))
            else:
                emit_name(found.name)
    code = several.end(bucket_count=count)
    if not settings.is_silent and (count or not code):
        say(f"Total buckets: {count}")
    return code
