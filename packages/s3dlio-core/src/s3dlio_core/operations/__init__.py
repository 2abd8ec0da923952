"""The operations that a user calls: one function each, for every store.

Sources and destinations are URIs or local paths (`str` or `os.PathLike`); how they are read and
mapped is described in `s3dlio_core.selection` and `s3dlio_core.mapping`. Rules that hold for all
of them:

- `options` are the stores' settings, e.g. {"endpoint_url": …, "region": …, "profile": …}; what is
  not given comes from the environment and the stores' own configuration files.
- Each call opens its own connections and closes them. To keep them, use `open_store`.
- No signal handler is installed and no environment variable changed. Worker threads are daemons.
"""

from __future__ import annotations

from s3dlio_core.operations.arguments import JOBS_MAX
from s3dlio_core.operations.bulk import get_many, put_many, stat_many
from s3dlio_core.operations.checking import check
from s3dlio_core.operations.containers import (
    create_container,
    delete_container,
    list_containers,
    list_containers_in,
)
from s3dlio_core.operations.deleting import delete
from s3dlio_core.operations.describing import describe_many
from s3dlio_core.operations.objects import (
    ListEntry,
    describe,
    exists,
    get,
    get_range,
    list,  # noqa: A004 - the name is promised to callers
    list_in,
    open_store,
    put,
    stat,
)
from s3dlio_core.operations.presigning import presign, presign_in
from s3dlio_core.operations.put_stream import put_stream
from s3dlio_core.operations.streaming import (
    open,  # noqa: A004 - the name is promised to callers
    open_raw,
    open_writer,
)
from s3dlio_core.operations.syncing import sync
from s3dlio_core.operations.transfers import copy, download, move, put_file, upload

__all__ = [
    "JOBS_MAX",
    "ListEntry",
    "check",
    "copy",
    "create_container",
    "delete",
    "delete_container",
    "describe",
    "describe_many",
    "download",
    "exists",
    "get",
    "get_many",
    "get_range",
    "list",
    "list_containers",
    "list_containers_in",
    "list_in",
    "move",
    "open",
    "open_raw",
    "open_store",
    "open_writer",
    "presign",
    "presign_in",
    "put",
    "put_file",
    "put_many",
    "put_stream",
    "stat",
    "stat_many",
    "sync",
    "upload",
]
