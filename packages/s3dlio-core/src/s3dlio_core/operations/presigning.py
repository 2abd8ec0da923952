"""presign: a URL for somebody without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.operations.arguments import UriLike, object_uri
from s3dlio_core.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["presign", "presign_in"]


def presign(
    uri: UriLike,
    expires_s: int = 3600,
    method: str = "GET",
    *,
    version: str | None = None,
    options: Mapping[str, str] | None = None,
) -> str:
    """Return a URL with which anybody can make one kind of request until it expires.

    Treat it as a secret: who has it needs nothing else. Nothing is sent, so the object may be
    missing, or out of reach of who signs. Where temporary credentials sign, the URL ends with
    them; the log says so.

    Args:
        uri: the object's exact name; patterns mean nothing here.
        expires_s: how long the URL works, in seconds; on S3 at most seven days.
        method: what the URL is for: "GET", "HEAD", "PUT" or "DELETE".
        version: read this version (`ObjectInfo.version`); only for "GET" and "HEAD".
        options: the store's settings. Of those that go with requests the URL has `request_payer`.

    Raises:
        NotSupportedError: the store has no such URLs; s3:// and az:// have.
        UsageError: another method, a life out of range, or a configuration without credentials.
        CredentialsError: no credentials were found.
    """
    with Session(options) as session:
        return presign_in(session, uri, expires_s, method, version=version)


def presign_in(
    session: Session,
    uri: UriLike,
    expires_s: int = 3600,
    method: str = "GET",
    *,
    version: str | None = None,
) -> str:
    """Presign as `presign` does, in a session that goes on."""
    parsed = object_uri(uri)
    session.check_options([parsed])
    place, name = session.object(parsed)
    return place.store.presign(
        place.prefix + name, method=method, expires_s=expires_s, version=version
    )
