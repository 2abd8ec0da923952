"""Whether two answers speak of the same state of an object, and two stores of the same service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.mtimes import kept_mtime_s

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectInfo, ObjectStore

__all__ = ["TIME_SLACK_S", "same_account", "same_object", "same_service"]

#: Servers without ETags may tell two times of one write, some milliseconds apart (rclone: that of
#: its open handle, later that of the file), and a header cuts both to whole seconds.
TIME_SLACK_S = 1


def same_object(one: ObjectInfo, other: ObjectInfo) -> bool:
    """Whether two answers describe the same state of an object.

    An ETag that only one of them has proves nothing. Listings tell times finer than headers do
    (RFC 9110: whole seconds), so times are compared by the second, with a slack of one. A server
    that lists an object with the time that its metadata keep (rclone) still tells that of the
    write in headers, beside those metadata.
    """
    if one.size_bytes != other.size_bytes:
        return False
    if one.etag is not None and other.etag is not None:
        return one.etag == other.etag
    if one.mtime is None or other.mtime is None:
        return True
    return (
        _is_same_second(one.mtime, other.mtime)
        or _is_same_second(kept_mtime_s(one.attributes), other.mtime)
        or _is_same_second(one.mtime, kept_mtime_s(other.attributes))
    )


def same_service(one: ObjectStore, other: ObjectStore) -> bool:
    """Whether equal URIs mean the same objects in two stores: one service, or one machine.

    A server that is reached under two names looks like two services here.
    """
    if one is other:
        return True
    this, that = one.copy_source(""), other.copy_source("")
    return (this.scheme, this.endpoint) == (that.scheme, that.endpoint)


def same_account(one: ObjectStore, other: ObjectStore) -> bool:
    """Whether two stores are of one service and one signer, so that it can copy between them.

    Raises:
        CredentialsError: a store has no credentials to name.
    """
    # Naming who signs may take credentials, and so time: first what is known without.
    if _scheme(one) != _scheme(other) or not same_service(one, other):
        return False
    return one.copy_source("").identity == other.copy_source("").identity


def _scheme(store: ObjectStore) -> str:
    return store.uri.partition("://")[0]


def _is_same_second(one_s: float | None, other_s: float | None) -> bool:
    if one_s is None or other_s is None:
        return False
    return abs(int(one_s) - int(other_s)) <= TIME_SLACK_S
