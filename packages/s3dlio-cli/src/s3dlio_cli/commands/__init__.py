"""The commands, one file a verb or family. What only a run needs is imported inside it."""

from __future__ import annotations

from s3dlio_cli.commands.buckets import create_bucket, delete_bucket, list_buckets
from s3dlio_cli.commands.delete import delete
from s3dlio_cli.commands.download import download
from s3dlio_cli.commands.list import list_objects
from s3dlio_cli.commands.stat import stat
from s3dlio_cli.commands.upload import upload

__all__ = [
    "create_bucket",
    "delete",
    "delete_bucket",
    "download",
    "list_buckets",
    "list_objects",
    "stat",
    "upload",
]
