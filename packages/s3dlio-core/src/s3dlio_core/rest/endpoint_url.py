"""Endpoint URLs, as users give them.

Rules that hold in this file:
- Pure.
- A password in a URL is refused, and never shown.

Source: RFC 3986 section 3.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from s3dlio_core.errors import UsageError
from s3dlio_core.logs import redact

__all__ = ["checked_url", "is_ip"]


def checked_url(url: str, *, hint: str) -> str:
    """Return an endpoint's URL in its normal form: no default port, no "/" at the end.

    Args:
        url: what the user gave.
        hint: where credentials belong, if not into a URL.

    Raises:
        UsageError: it isn't the URL of a service.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        # urlsplit drops line ends, and takes much else for a host.
        valid = valid and url.isprintable() and not {" ", "\\"}.intersection(url)
        valid = valid and not parts.netloc.endswith(":")
    except ValueError:
        valid = False
    if valid and "@" in parts.netloc:
        raise UsageError(
            "an endpoint URL can't hold a user's name or password",
            uri=_without_userinfo(url),
            hint=hint,
        )
    if not valid or parts.query or parts.fragment or not url.isascii():
        raise UsageError(
            "bad endpoint URL",
            uri=_without_userinfo(url),
            hint="Write for example http://127.0.0.1:9000",
        )
    netloc = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def is_ip(host: str | None) -> bool:
    """Return whether a URL's host is an address."""
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return False
    return True


def _without_userinfo(url: str) -> str:
    """Return a URL, however bad, without all that may be a password in it."""
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    _, at, host = rest.rpartition("@")
    return redact(f"{scheme}{separator}[redacted]@{host}" if at else url)
