"""Every error that s3dlio raises on purpose: one tree, drawn here.

    S3dlioError (RuntimeError)
    ├── ObjectNotFoundError (FileNotFoundError)    object      no such key
    ├── UploadNotFoundError (FileNotFoundError)    object      no such multipart upload
    ├── PreconditionFailedError (FileExistsError)  object      a condition on a write or read
    ├── ConflictError                              object   R  a concurrent operation
    ├── CollisionError (FileExistsError)           object      two sources for one destination
    ├── SourceChangedError                         object      the source changed during the copy
    ├── IntegrityError                             object   R  wrong length or checksum
    ├── InvalidKeyError (ValueError)               object      the store can't hold this key
    ├── InvalidRangeError (ValueError)             object      a byte range outside the object
    ├── InvalidPartError (ValueError)              object      parts that don't fit together
    ├── ObjectTooLargeError (ValueError)           object      over the store's limits
    ├── NotSupportedError (NotImplementedError)    object      the store can't do this at all
    ├── LocalIOError (OSError)                     object      the operating system refused
    ├── PermissionDeniedError (PermissionError)    object      known, but not allowed
    ├── ContainerNotFoundError (FileNotFoundError) container   no such bucket or directory
    ├── ContainerExistsError (FileExistsError)     container   the name is taken
    ├── ContainerNotEmptyError (OSError)           container   delete its objects first
    ├── StorageFullError (OSError)                 container   no space or quota left
    ├── DeletionRefusedError                       container   a sync that would delete too much
    ├── CredentialsError (PermissionError)         store       missing, wrong or expired
    ├── ConnectionFailedError (ConnectionError)    store    R  unreachable, or cut off
    ├── RequestTimeoutError (TimeoutError)         object   R  no answer in time
    ├── ThrottledError                             object   R  the service asks to slow down
    ├── ServiceError                               object   r  any other refusal; R for a 5xx
    ├── UsageError (ValueError)                    store       the caller's arguments
    │   ├── InvalidUriError
    │   ├── UnsupportedSchemeError
    │   └── StoreConflictError
    ├── NothingMatchedError (FileNotFoundError)    store       a source selects nothing
    ├── CancelledError                             store       the caller's token
    └── TransferFailedError                        store       some objects failed; has the report

R: retryable, r: sometimes. The second column is the default `scope`: an error of object scope is
recorded and the run goes on; one of container or store scope would meet every other object too,
so it stops the run.

Rules that hold here: each error also subclasses the builtin that fits, so that code written for
local files catches it; the message names the operation, the URI, the reason and, where there is
one, what to do next; no message carries a secret (stores must not put one in a reason).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from s3dlio_core.transfer.report import TransferReport

__all__ = [
    "CancelledError",
    "CollisionError",
    "ConflictError",
    "ConnectionFailedError",
    "ContainerExistsError",
    "ContainerNotEmptyError",
    "ContainerNotFoundError",
    "CredentialsError",
    "DeletionRefusedError",
    "IntegrityError",
    "InvalidKeyError",
    "InvalidPartError",
    "InvalidRangeError",
    "InvalidUriError",
    "LocalIOError",
    "NotSupportedError",
    "NothingMatchedError",
    "ObjectNotFoundError",
    "ObjectTooLargeError",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "RequestTimeoutError",
    "S3dlioError",
    "Scope",
    "ServiceError",
    "SourceChangedError",
    "StorageFullError",
    "StoreConflictError",
    "ThrottledError",
    "TransferFailedError",
    "UnsupportedSchemeError",
    "UploadNotFoundError",
    "UsageError",
]


class Scope(enum.Enum):
    """How far an error reaches: this object, its whole container, or the whole store."""

    OBJECT = "object"
    CONTAINER = "container"
    STORE = "store"


class S3dlioError(RuntimeError):
    """Base of the tree. It is a RuntimeError because programs for the original catch that.

    Attributes:
        reason: what went wrong, in a few words.
        operation: the operation that failed, e.g. "put" or "list".
        uri: what it was done to; the store's base URI when no object is concerned.
        hint: what to do next, or "".
        retryable: whether the same call may succeed later.
        retry_after_s: how long the service asks to wait, in seconds, or None.
        scope: how far the error reaches.
        code: the service's own error code, or "".
        request_id: the service's request id, or "".
        maybe_done: True when the request may have been carried out although no answer came, or
            an earlier one that was made again.
    """

    default_scope: ClassVar[Scope] = Scope.OBJECT
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        reason: str,
        *,
        operation: str = "",
        uri: str = "",
        hint: str = "",
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        scope: Scope | None = None,
        code: str = "",
        request_id: str = "",
        maybe_done: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = operation
        self.uri = uri
        self.hint = hint
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after_s = retry_after_s
        self.scope = self.default_scope if scope is None else scope
        self.code = code
        self.request_id = request_id
        self.maybe_done = maybe_done

    def __str__(self) -> str:
        head = " ".join(part for part in (self.operation, self.uri) if part)
        text = f"{head}: {self.reason}" if head else self.reason
        details = [f"code {self.code}"] if self.code and self.code not in self.reason else []
        if self.request_id:
            details.append(f"request id {self.request_id}")
        if details:
            text += f" ({', '.join(details)})"
        # Keys, and what a server says, may hold anything: no control character reaches a terminal.
        return printable(f"{text}. {self.hint}" if self.hint else text)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.reason, dict(self.__dict__)))


def _rebuild(cls: type[S3dlioError], reason: str, state: dict[str, Any]) -> S3dlioError:
    error = cls(reason)
    error.__dict__.update(state)
    return error


def printable(text: str) -> str:
    """Return text with control characters and undecodable bytes escaped, safe for a terminal."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


class ObjectNotFoundError(S3dlioError, FileNotFoundError):
    """No object has this key."""


class UploadNotFoundError(S3dlioError, FileNotFoundError):
    """No multipart upload has this token: completed, aborted or expired."""


class PreconditionFailedError(S3dlioError, FileExistsError):
    """The object isn't in the state that the caller's condition asks for."""


class ConflictError(S3dlioError):
    """A concurrent operation on the same key got in the way."""

    default_retryable = True


class CollisionError(S3dlioError, FileExistsError):
    """Another object of the same run takes this one's place at the destination."""


class SourceChangedError(S3dlioError):
    """The source is no longer what it was when the copy began."""


class IntegrityError(S3dlioError):
    """Bytes are missing, or a checksum differs."""

    default_retryable = True


class InvalidKeyError(S3dlioError, ValueError):
    """The store can't hold an object of this name."""


class InvalidRangeError(S3dlioError, ValueError):
    """The byte range lies outside the object."""


class InvalidPartError(S3dlioError, ValueError):
    """The parts of a multipart upload don't fit together."""


class ObjectTooLargeError(S3dlioError, ValueError):
    """The object is larger than the store takes."""


class NotSupportedError(S3dlioError, NotImplementedError):
    """The store can't do this at all; its capabilities say so."""


class LocalIOError(S3dlioError, OSError):
    """The operating system refused a file operation for a reason that has no class of its own."""


class PermissionDeniedError(S3dlioError, PermissionError):
    """The caller is known, but not allowed to do this."""


class ContainerNotFoundError(S3dlioError, FileNotFoundError):
    """The bucket, container or directory doesn't exist."""

    default_scope = Scope.CONTAINER


class ContainerExistsError(S3dlioError, FileExistsError):
    """The bucket, container or directory exists, or its name belongs to somebody else."""

    default_scope = Scope.CONTAINER


class ContainerNotEmptyError(S3dlioError, OSError):
    """The bucket, container or directory still holds objects."""

    default_scope = Scope.CONTAINER


class StorageFullError(S3dlioError, OSError):
    """No space, no inode or no quota is left."""

    default_scope = Scope.CONTAINER


class DeletionRefusedError(S3dlioError):
    """A sync would delete what its rules keep; nothing was deleted."""

    default_scope = Scope.CONTAINER


class CredentialsError(S3dlioError, PermissionError):
    """No credentials were found, or the service refuses them."""

    default_scope = Scope.STORE


class ConnectionFailedError(S3dlioError, ConnectionError):
    """The endpoint can't be reached, or cut the connection."""

    default_scope = Scope.STORE
    default_retryable = True


class RequestTimeoutError(S3dlioError, TimeoutError):
    """The service didn't answer in time."""

    default_retryable = True


class ThrottledError(S3dlioError):
    """The service asks to slow down."""

    default_retryable = True


class ServiceError(S3dlioError):
    """Any other refusal by the service."""


class UsageError(S3dlioError, ValueError):
    """The caller's arguments make no sense together."""

    default_scope = Scope.STORE


class InvalidUriError(UsageError):
    """The text is no URI that s3dlio can use."""


class UnsupportedSchemeError(UsageError):
    """No installed store serves this scheme."""


class StoreConflictError(UsageError):
    """Two installed packages claim the same scheme."""


class NothingMatchedError(S3dlioError, FileNotFoundError):
    """A source selects no object at all."""

    default_scope = Scope.STORE


class CancelledError(S3dlioError):
    """The caller's cancel token was set."""

    default_scope = Scope.STORE


class TransferFailedError(S3dlioError):
    """Some objects could not be transferred, or a source matched nothing; all else was done.

    Attributes:
        report: what was done and what failed.
    """

    default_scope = Scope.STORE
    report: TransferReport

    @classmethod
    def from_report(cls, report: TransferReport) -> TransferFailedError:
        """Build the error that names the first failures of a report."""
        shown = [str(failure.error) for failure in report.failures[:3]]
        more = report.failed_count - len(shown)
        if more > 0:
            shown.append(f"and {more} more")
        shown += [f"nothing matched {source}" for source in report.unmatched]
        error = cls(
            f"{report.failed_count} of {report.failed_count + report.done_count} objects failed: "
            + "; ".join(shown),
            operation=report.operation,
        )
        error.report = report
        return error
