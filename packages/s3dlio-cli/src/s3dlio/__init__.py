"""Universal copy between `s3://`, `file://` and every other installed store.

    import s3dlio

    s3dlio.upload(["/data/*.log"], "s3://bucket/logs/", progress=True)
    s3dlio.download("s3://bucket/dataset/", "./local/")

This module only re-exports; the functions are documented in `s3dlio_core.operations`.
"""

from __future__ import annotations

from s3dlio_core import __version__
from s3dlio_core.errors import (
    CancelledError,
    ContainerNotFoundError,
    CredentialsError,
    DeletionRefusedError,
    NothingMatchedError,
    ObjectNotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    S3dlioError,
    TransferFailedError,
    UsageError,
)
from s3dlio_core.operations import (
    ListEntry,
    check,
    copy,
    create_container,
    delete,
    delete_container,
    download,
    exists,
    get,
    get_many,
    get_range,
    list,  # noqa: A004 - the name is promised to callers
    list_containers,
    move,
    open,  # noqa: A004 - likewise
    open_store,
    presign,
    put,
    put_many,
    stat,
    stat_many,
    sync,
    upload,
)
from s3dlio_core.store import Attributes, Condition, ObjectInfo, ObjectStore
from s3dlio_core.transfer import (
    CancelToken,
    Failure,
    Planned,
    Settled,
    Snapshot,
    TransferObserver,
    TransferReport,
)
from s3dlio_core.trees.check_report import CheckReport, Discrepancy

__all__ = [
    "Attributes",
    "CancelToken",
    "CancelledError",
    "CheckReport",
    "Condition",
    "ContainerNotFoundError",
    "CredentialsError",
    "DeletionRefusedError",
    "Discrepancy",
    "Failure",
    "ListEntry",
    "NothingMatchedError",
    "ObjectInfo",
    "ObjectNotFoundError",
    "ObjectStore",
    "PermissionDeniedError",
    "Planned",
    "PreconditionFailedError",
    "S3dlioError",
    "Settled",
    "Snapshot",
    "TransferFailedError",
    "TransferObserver",
    "TransferReport",
    "UsageError",
    "__version__",
    "check",
    "copy",
    "create_container",
    "delete",
    "delete_container",
    "download",
    "exists",
    "get",
    "get_many",
    "get_range",
    "list",
    "list_containers",
    "move",
    "open",
    "open_store",
    "presign",
    "put",
    "put_many",
    "stat",
    "stat_many",
    "sync",
    "upload",
]
