"""URIs: text in, (scheme, container, key) out.

Rules that hold in this file:
- Pure: no disk, no environment, no network.
- Keys are exact. Nothing is percent-decoded or normalised; "?" and "#" are bytes of the key, and
  so are "//", "." and "..". (That is why urllib.parse.urlsplit isn't used.)
- A text without a scheme is a local path.

Forms, by scheme:
    s3://bucket/key            memory://name/key
    s3://arn:aws:s3:region:account:accesspoint/name/key; the whole ARN is the container
    az://container/key         azure:// means the same; the account comes from the configuration
    az://account.blob.core.windows.net/container/key, https://account.blob…/container/key
    file:///abs/path           file://./relative/path, or a plain path
    direct:///abs/path         direct://./relative/path
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from s3dlio_core.errors import InvalidUriError

__all__ = ["PATH_SCHEMES", "Uri", "parse_account", "parse_uri"]

#: Schemes whose URIs are paths of the local machine.
PATH_SCHEMES = frozenset({"file", "direct"})

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_MISTYPED = re.compile(r"(s3|az|azure|file|direct|memory):/", re.IGNORECASE)
_AZURE_HOST = re.compile(r"https://[^/]*\.blob\.[^/]+/")
# The ARNs that stand for a bucket, with their own slashes (AWS General Reference, "ARNs"). Of the
# kind that is none, e.g. arn:aws:s3:::bucket, the first slash ends the container as ever.
_S3_ARN = re.compile(
    r"arn:[^/:]*:[^/:]*:[^/:]*:[^/:]*:"
    r"(?:accesspoint|outpost[:/][^/:]*[:/](?:accesspoint|bucket))[:/][^/\s\x00-\x1f\x7f]+(?=/|\Z)"
)
_CONTAINER = re.compile(r"[^\s/\x00-\x1f\x7f]+")
# A URL with a shared access signature (Azure Storage, "Create a service SAS"): it holds a secret.
_SIGNED = re.compile(r"\?(?:[^?]*&)?sig=", re.IGNORECASE)
# With the version that it always has; a key may have less.
_SIGNED_WHOLLY = re.compile(r"\?(?=(?:[^?]*&)?sv=)(?:[^?]*&)?sig=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Uri:
    """A parsed URI.

    Attributes:
        scheme: "s3", "az", "file", "direct", "memory" or another registered one; lower case.
        container: bucket or container. For a path scheme, "/" or "" (the working directory).
        key: the exact key, relative to the container; "" when only a container is named.
        host: the account's host name where the URI names one (Azure), else "".
    """

    scheme: str
    container: str
    key: str
    host: str = ""

    @property
    def is_path(self) -> bool:
        """Whether this names a path of the local machine."""
        return self.scheme in PATH_SCHEMES

    def __str__(self) -> str:
        if self.is_path:
            path = f"{self.container}{self.key}"
            return f"{self.scheme}://{path if path.startswith(('/', './', '../')) else './' + path}"
        base = "/".join(part for part in (self.host, self.container) if part)
        return f"{self.scheme}://{base}/{self.key}" if self.key else f"{self.scheme}://{base}"

    @property
    def path(self) -> str:
        """The local path of a path scheme; "." for the working directory itself."""
        return f"{self.container}{self.key}" or "."


def parse_uri(text: str | os.PathLike[str]) -> Uri:
    """Parse a URI or a local path.

    Args:
        text: a URI of one of the forms above, or a path.

    Returns:
        The parts, exactly as written.

    Raises:
        InvalidUriError: an empty text, a missing container, a NUL byte, or a container that no
            service would accept.
    """
    given = os.fspath(text)
    if not isinstance(given, str):
        raise InvalidUriError(f"expected text or a path of text, got {type(given).__name__}")
    if not given or "\x00" in given:
        raise InvalidUriError(
            "the URI is empty" if not given else "a URI can't contain a NUL byte",
            uri=given,
            hint="Write scheme://container/key or a local path",
        )
    found = _SCHEME.match(given)
    if found is None:
        return _parse_plain_path(given)
    scheme, rest = found[1].lower(), given[found.end() :]
    if scheme in PATH_SCHEMES:
        return _parse_path(scheme, rest, given)
    if scheme == "https":
        if not _AZURE_HOST.match(given.lower()):
            raise InvalidUriError(
                "an https:// URL is understood for Azure blobs only",
                uri=given.partition("?")[0],
                hint=_FORMS_HINT,
            )
        scheme = "az"
    elif scheme == "azure":
        scheme = "az"
    host = ""
    if scheme == "az":
        host, rest = _host_and_rest(rest)
        _check_unsigned(given, _SIGNED if host else _SIGNED_WHOLLY)
    if scheme == "s3" and (arn := _S3_ARN.match(rest)):
        return Uri(scheme, arn[0], rest[arn.end() + 1 :])
    container, _, key = rest.partition("/")
    _check_container(container, given)
    return Uri(scheme, container, key, host)


def parse_account(text: str) -> Uri:
    """Parse what names an account: a scheme, with "://" or not, and for Azure a host behind it.

    Args:
        text: e.g. "s3", "az://", "https://account.blob.core.windows.net/"; what follows is no
            matter.

    Returns:
        Scheme and host.
    """
    scheme, _, rest = text.partition(":")
    scheme, rest = scheme.lower(), rest.removeprefix("//")
    if scheme == "azure" or _AZURE_HOST.match(f"{text.lower()}/"):
        scheme = "az"
    return Uri(scheme, "", "", _host_and_rest(rest)[0] if scheme == "az" else "")


_FORMS_HINT = "Write for example s3://bucket/key, az://container/key, file:///path or a plain path"


def _host_and_rest(text: str) -> tuple[str, str]:
    """Return the host that an az URI names, or "", and what follows: no container has a dot."""
    host, _, rest = text.partition("/")
    return (host, rest) if "." in host else ("", text)


def _check_unsigned(given: str, signed: re.Pattern[str]) -> None:
    """Refuse a signature: taken for a part of the key, it would be shown and listed for."""
    if signed.search(given):
        raise InvalidUriError(
            "the URL holds a shared access signature",
            uri=given.partition("?")[0],
            hint="Leave out the ? and what follows it; set AZURE_STORAGE_SAS_TOKEN to that, or the "
            "option sas_token",
        )


def _check_container(container: str, given: str) -> None:
    if not _CONTAINER.fullmatch(container):
        reason = "the bucket or container is missing" if not container else "bad container name"
        raise InvalidUriError(reason, uri=given, hint=_FORMS_HINT)


def _parse_plain_path(path: str) -> Uri:
    if found := _MISTYPED.match(path):
        missing = "//" if found[1].lower() in PATH_SCHEMES else "/"
        raise InvalidUriError(
            "this looks like a URI with a missing slash",
            uri=path,
            hint=f"Write {found[0]}{missing}{path[found.end() :]}, or ./{path} for a local path",
        )
    return _parse_path("file", path, path)


def _parse_path(scheme: str, path: str, given: str) -> Uri:
    if not path:
        raise InvalidUriError("the path is missing", uri=given, hint=f"Write {scheme}:///abs/path")
    if path.startswith("/"):
        return Uri(scheme, "/", path[1:])
    if given != path and path.split("/", maxsplit=1)[0] not in {".", ".."}:
        raise InvalidUriError(
            "a file's URI names no host",
            uri=given,
            hint=f"Write {scheme}:///{path} or {scheme}://./{path}",
        )
    return Uri(scheme, "", path)
