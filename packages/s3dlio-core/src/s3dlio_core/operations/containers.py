"""Buckets, containers and directories: create, delete, list."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.session import Session
from s3dlio_core.uri import parse_account, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from s3dlio_core.operations.arguments import (
        UriLike,
    )
    from s3dlio_core.store import (
        ContainerInfo,
        StoreProvider,
    )

__all__ = ["create_container", "delete_container", "list_containers", "list_containers_in"]


def create_container(uri: UriLike, *, options: Mapping[str, str] | None = None) -> None:
    """Create a bucket, container or directory.

    Raises:
        ContainerExistsError: it exists, or the name belongs to somebody else.
    """
    with _container(uri, options) as (provider, name):
        provider.create_container(name)


def delete_container(uri: UriLike, *, options: Mapping[str, str] | None = None) -> None:
    """Delete an empty bucket, container or directory.

    Raises:
        ContainerNotFoundError: it doesn't exist.
        ContainerNotEmptyError: it holds objects.
    """
    with _container(uri, options) as (provider, name):
        provider.delete_container(name)


def list_containers(
    scheme: str = "s3", *, options: Mapping[str, str] | None = None
) -> Iterator[ContainerInfo]:
    """List the buckets or containers of an account.

    Args:
        scheme: "s3", "az" …; "s3://" and "az://account.blob.core.windows.net" are understood, too.
        options: the store's settings.

    Raises:
        NotSupportedError: the store has no such list.
    """
    with Session(options) as session:
        yield from list_containers_in(session, scheme)


def list_containers_in(session: Session, scheme: str) -> Iterator[ContainerInfo]:
    """List as `list_containers` does, in a session that goes on."""
    account = parse_account(scheme)
    session.check_options([account])
    yield from session.provider(account).list_containers()


@contextlib.contextmanager
def _container(
    uri: UriLike, options: Mapping[str, str] | None
) -> Iterator[tuple[StoreProvider, str]]:
    parsed = parse_uri(uri)
    with Session(options) as session:
        session.check_options([parsed])
        provider = session.provider(parsed)
        if parsed.key.rstrip("/") and not provider.containers_are_paths:
            raise errors.UsageError(
                "this names an object, not a container", uri=str(uri), hint="Leave out the key"
            )
        yield provider, session.container_name(parsed)
