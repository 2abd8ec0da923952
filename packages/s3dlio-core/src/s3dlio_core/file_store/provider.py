"""FileProvider: directories as containers, each named by its path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from s3dlio_core import errors
from s3dlio_core.file_store.paths import Translated, absolute, is_directory, sync_directory
from s3dlio_core.file_store.store import FileStore
from s3dlio_core.store import ContainerInfo, StoreProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

__all__ = ["FileProvider"]


class FileProvider(StoreProvider):
    """The local machine's directories."""

    #: What URIs of its directories begin with.
    scheme: ClassVar[str] = "file"
    option_names = frozenset({"fsync", "links"})
    containers_are_paths = True

    def __init__(
        self, *, fsync: bool = False, follow_links: bool = True, own_links: bool = False
    ) -> None:
        """Make the provider.

        Args:
            fsync: what is written survives a power failure once its store is closed.
            follow_links: listings have what symbolic links point to; else they leave links out.
            own_links: listings have the links themselves.
        """
        self._fsync = fsync
        self._follow_links = follow_links
        self._own_links = own_links

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Make the provider; "fsync" is "true" or "false", "links" is "follow", "skip" or "own"."""
        del scheme, host
        fsync = _choice(options, "fsync", ("false", "true"))
        links = _choice(options, "links", ("follow", "skip", "own"))
        return cls(fsync=fsync == "true", follow_links=links == "follow", own_links=links == "own")

    def open(self, container: str) -> FileStore:
        """Open a directory by its path."""
        return FileStore(
            container,
            fsync=self._fsync,
            follow_links=self._follow_links,
            own_links=self._own_links,
        )

    def list_containers(self) -> Iterator[ContainerInfo]:
        """Refuse: any directory is a container."""
        raise errors.NotSupportedError(
            "a file system has no list of containers",
            operation="list containers",
            uri=f"{self.scheme}://",
            hint="List a directory instead",
        )

    def create_container(self, name: str) -> None:
        """Create a directory and those above it."""
        uri = self._uri(name)
        with Translated("create", uri):
            above = _missing_above(name) if self._fsync else []
            try:
                os.makedirs(name)
            except FileExistsError:
                if not os.path.isdir(name):
                    raise errors.InvalidKeyError("a file stands there") from None
                raise errors.ContainerExistsError("it exists already") from None
            for directory in above:
                sync_directory(directory)

    def delete_container(self, name: str) -> None:
        """Remove a directory that holds no file; empty directories in it go, too."""
        with Translated("delete", self._uri(name)):
            if not os.path.isdir(name):
                raise errors.ContainerNotFoundError("no such directory")
            empty: list[str] = []
            for directory, subdirectories, files in os.walk(name):
                links = (os.path.islink(os.path.join(directory, one)) for one in subdirectories)
                if files or any(links):
                    raise errors.ContainerNotEmptyError("the directory isn't empty")
                empty.append(directory)
            for directory in reversed(empty):
                os.rmdir(directory)

    def container_exists(self, name: str) -> bool:
        """Return whether the directory exists.

        Raises:
            PermissionDeniedError: it can't be told.
        """
        with Translated("stat", self._uri(name)):
            return is_directory(name)

    def _uri(self, path: str) -> str:
        return f"{self.scheme}://" + absolute(path).rstrip("/")


def _choice(options: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return the value of an option; the first choice when it isn't given."""
    value = options.get(name, choices[0])
    if value not in choices:
        known = " or ".join(f'"{choice}"' for choice in choices)
        raise errors.UsageError(f'the option {name} is {known}, not "{value}"')
    return value


def _missing_above(path: str) -> list[str]:
    """Return the directories that will have a new entry when a directory is made."""
    found: list[str] = []
    path = absolute(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
        found.append(path)
    return found
