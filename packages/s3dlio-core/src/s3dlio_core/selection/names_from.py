"""Names of objects that are given one by one instead of being found by a listing.

Rules that hold in this file:
- Lazy: a list may have millions of names.
- A name is relative to the one source, or a whole URI (for files also an absolute path) of what
  lies in one of the sources, as lists of failures have it.
- Sources that are patterns stand for their literal directory.
- A name that ends in "/" means all that lies below it.
- A name in a list of lines has no line break; a list with NUL bytes takes any name. Bytes that
  aren't UTF-8 are kept (surrogates), so every file can be named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.file_store.paths import absolute
from s3dlio_core.uri import PATH_SCHEMES, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from s3dlio_core.selection.sources import Selection

__all__ = ["Roots", "read_lines", "read_nul"]

_CHUNK_BYTES = 64 * 1024
#: No path and no key is longer; what is has other separators than those that are looked for.
_NAME_SIZE_MAX_BYTES = 1024 * 1024


def read_lines(stream: BinaryIO) -> Iterator[str]:
    """Yield the names of a list: one a line, without blank lines and those that begin with "#".

    Lines may also end in carriage return and line feed.

    Raises:
        LocalIOError: the list can't be read.
        UsageError: a name is longer than any path.
    """
    for line in _pieces(stream, b"\n"):
        name = line.removesuffix(b"\r")
        if name.strip() and not name.startswith(b"#"):
            yield _text(name)


def read_nul(stream: BinaryIO) -> Iterator[str]:
    """Yield the names of a list that has a NUL byte behind each.

    Raises:
        LocalIOError: the list can't be read.
        UsageError: a name is longer than any path.
    """
    return (_text(name) for name in _pieces(stream, b"\0") if name)


def _pieces(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    rest = b""
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            *pieces, rest = (rest + chunk).split(end)
            yield from pieces
            if len(rest) > _NAME_SIZE_MAX_BYTES:
                raise errors.UsageError(
                    f"a name in the list has more than {_NAME_SIZE_MAX_BYTES} bytes",
                    hint="Lists of lines and lists with NUL bytes are read by different options",
                )
    except OSError as error:
        raise errors.LocalIOError(
            f"the list of names can't be read: {error.strerror}", scope=errors.Scope.STORE
        ) from error
    if rest:
        yield rest


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


class Roots:
    """Where names lead: the sources."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        """Prepare to look names up in what sources select."""
        self._selections = selections
        self._objects: dict[str, tuple[Selection, str]] = {}
        self._directories: list[tuple[str, Selection]] = []
        for selection in selections:
            store, found = selection.place.store, selection.found
            if found is not None:
                self._objects[store.uri_of(found.key)] = selection, found.key
            else:
                self._directories.append((store.uri_of(selection.place.prefix), selection))
        uris = (selection.place.store.uri for selection in selections)
        self._schemes = {uri.partition("://")[0] for uri in uris}
        self._path_schemes = sorted(self._schemes & PATH_SCHEMES)

    @property
    def are_local(self) -> bool:
        """Whether all sources are directories and files of this machine."""
        return all(one.place.store.capabilities.directories for one in self._selections)

    def locate(self, name: str) -> tuple[Selection, str]:
        """Return the source that a name lies in, and its key there.

        Raises:
            InvalidKeyError: it lies in none, or in which isn't said.
            InvalidUriError: it is no URI although it looks like one.
            TypeError: it is no text.
        """
        if not isinstance(name, str):
            raise TypeError(f"a name is a text, not {name!r}")
        uris = self._uris(name)
        if not uris and not self._is_elsewhere(name):
            return self._relative(name)
        for uri in uris:
            if uri in self._objects:
                return self._objects[uri]
        for root, selection in self._directories:
            for uri in uris:
                if f"{uri}/".startswith(root):
                    return selection, selection.place.prefix + uri[len(root) :]
        raise errors.InvalidKeyError(
            "it lies in none of the sources", hint="Give its directory as a SOURCE"
        )

    def _uris(self, name: str) -> list[str]:
        """Return the URIs that a name may be; none when it's relative."""
        scheme, separator, _ = name.partition("://")
        if separator and scheme.lower() in self._schemes:
            parsed = parse_uri(name)
            if not parsed.is_path:
                return [str(parsed)]
            schemes, path = [parsed.scheme], parsed.path
        elif name.startswith("/"):
            schemes, path = self._path_schemes, name
        else:
            return []
        end = "/" if path.endswith("/") else ""
        return [f"{scheme}://{absolute(path)}{end}" for scheme in schemes]

    def _is_elsewhere(self, name: str) -> bool:
        """Whether a name is the URI of another kind of store; keys may look like some."""
        scheme, separator, _ = name.partition("://")
        if not separator or scheme.lower() in self._schemes:
            return False
        return scheme.lower() in PATH_SCHEMES or (scheme.isalnum() and self.are_local)

    def _relative(self, name: str) -> tuple[Selection, str]:
        selection = self._selections[0]
        if len(self._selections) != 1 or selection.found is not None:
            raise errors.InvalidKeyError(
                "a relative name needs one source, which is a directory",
                hint="Give one directory or prefix as SOURCE, or write whole URIs",
            )
        if selection.place.store.capabilities.directories:
            while name.startswith("./"):  # as `find .` writes them
                name = name[2:].lstrip("/")
        return selection, selection.place.prefix + name
