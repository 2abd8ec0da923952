"""Where a storage account answers: service URLs, and what they say of the account.

Rules that hold in this file:
- Pure.
- A service URL ends without "/". One with a path, or whose host is an address or has no dot, names
  the account by the first segment of its path, as emulators do; others name it in the host.

Sources: Azure Storage, "Storage account overview" (endpoints; with Azure DNS zones a host is
account.z01.blob.storage.azure.net), "Use private endpoints", "Get started with Azurite"; Azure
Government and Azure China documentation for their suffixes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.endpoint_url import checked_url, is_ip

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = [
    "account_of",
    "belongs_to",
    "check_account",
    "default_endpoint",
    "is_azure",
    "named_by",
    "one_name",
    "service_url",
]

#: Hosts of Azure itself.
_AZURE = re.compile(
    r".+\.blob\.(core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)"
    r"|storage\.azure\.net)"
)
_ACCOUNT_IN_HOST = re.compile(r"([a-z0-9]+?)(?:-secondary)?\.(?:[a-z0-9-]+\.)?blob\..+")
_ACCOUNT = re.compile("[a-z0-9]{3,24}")
_EXAMPLE = "Write for example http://127.0.0.1:10000/devstoreaccount1"


def check_account(account: str) -> None:
    """Check that a name may be an account's.

    Raises:
        UsageError: it may not.
    """
    if not _ACCOUNT.fullmatch(account):
        raise UsageError(
            f"bad storage account {account[:100]!r}",
            hint="Its name has 3 to 24 lower-case letters and digits",
        )


def default_endpoint(account: str) -> str:
    """Return the service's URL of an account in the public cloud."""
    return f"https://{account}.blob.core.windows.net"


def service_url(url: str, account: str) -> str:
    """Return the service's URL of an account.

    Args:
        url: as a user gives it: the account's own, an emulator's, or that of a cloud, such as
            "https://blob.core.chinacloudapi.cn".
        account: the account's name, or "" where the URL names it.

    Raises:
        UsageError: the URL makes no sense, or is another account's.
    """
    url = checked_url(url, hint="Give the credential by option or environment")
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _AZURE.fullmatch(f"account.{host}") and host.startswith("blob."):
        if not account:
            raise UsageError(f"the endpoint {url} names no account", hint="Give the account")
        return f"{parts.scheme}://{account}.{parts.netloc}{parts.path}"
    if account and not parts.path and _names_in_path(host):
        return f"{url}/{account}"
    if parts.path.count("/") > 1:
        raise UsageError("the endpoint URL has more than the account in its path", hint=_EXAMPLE)
    named = account_of(url)
    if named and account and named != account:
        raise UsageError(
            f"the endpoint {url} is of the account {named}, not of {account}",
            hint="Give the endpoint of the account, or leave one of them out",
        )
    if not named and _names_in_path(host):
        raise UsageError(f"the endpoint {url} names no account", hint=_EXAMPLE)
    return url


def account_of(url: str) -> str:
    """Return the account that a service URL names, or ""."""
    parts = urlsplit(url)
    if parts.path:
        return parts.path[1:].partition("/")[0].removesuffix("-secondary")
    found = _ACCOUNT_IN_HOST.fullmatch(_host(parts))
    return found[1] if found else ""


def is_azure(url: str) -> bool:
    """Return whether Azure itself answers at a service URL."""
    return _AZURE.fullmatch(_host(urlsplit(url))) is not None


def named_by(url: str) -> str:
    """Return the account that a URL names, or "": that of a cloud names none."""
    try:
        return account_of(service_url(url, ""))
    except UsageError:
        return ""


def belongs_to(endpoint: str, asked: str, *, account: str, url: str) -> bool:
    """Return whether a secret may be sent to a service URL: whoever answers there can use it.

    Args:
        endpoint: the service's URL.
        asked: the account that is asked there, or "".
        account: the account whose secret it is, or "" where nothing says so.
        url: where that account answers, or "" where nothing says so.
    """
    if url and _is_at(endpoint, url, account or asked):
        return True
    own = account or (named_by(url) if url else "")
    if own:
        return is_azure(endpoint) and account_of(endpoint) == own
    return not url and is_azure(endpoint)


def _is_at(endpoint: str, url: str, account: str) -> bool:
    try:
        return service_url(url, account) == endpoint
    except UsageError:
        return False


def one_name(url: str) -> str:
    """Return the one URL that stands for all at which an account of Azure answers.

    Private endpoints, DNS zones, the secondary region and plain http are other ways to it. A URL of
    another server is its own.
    """
    found, account = _AZURE.fullmatch(_host(urlsplit(url))), account_of(url)
    return f"https://{account}.blob.{found[1]}" if found and account else url


def _names_in_path(host: str) -> bool:
    return is_ip(host) or "." not in host


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""
