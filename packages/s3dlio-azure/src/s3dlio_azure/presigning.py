"""Presigned URLs of blobs: service SAS that an account's key signs.

Rules that hold in this file:
- A URL is a secret: it is returned, and stands in no log and no error.
- It permits one kind of request. Who uses one for PUT sends the header x-ms-blob-type: BlockBlob.

Source: Azure Storage, "Create a service SAS" (permissions for a blob).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from s3dlio_core.errors import UsageError

if TYPE_CHECKING:
    from s3dlio_azure.sender import AzureSender

__all__ = ["presigned_url"]

_PERMISSIONS: Final = {"GET": "r", "HEAD": "r", "PUT": "cw", "DELETE": "d"}
#: The last second that the service can write: that of the year 9999.
_LAST_S: Final = 253_402_300_799


def presigned_url(
    sender: AzureSender,
    container: str,
    key: str,
    method: str,
    expires_s: int,
    version: str | None,
) -> str:
    """Return a URL with which anybody can make a request for a blob until it expires.

    It ends earlier with the key that signs it, when that is made anew.

    Args:
        sender: whose key signs.
        container: the container.
        key: the key.
        method: the HTTP method that the URL is for, of `s3dlio_core.presigned.METHODS`.
        expires_s: how long the URL works, in seconds.
        version: read this version.

    Raises:
        UsageError: `expires_s` is out of range, or there is no account key to sign with.
        CredentialsError: no credentials were found.
    """
    if not 1 <= expires_s <= _LAST_S - time.time():
        raise UsageError(
            f"a URL works for 1 second at least, and to the year 9999, not for {expires_s} s",
            operation="presign",
            uri=f"{sender.config.account_uri}{container}/{key}",
        )
    return sender.sas_url(
        container,
        key,
        permissions=_PERMISSIONS[method],
        expires_s=expires_s,
        version=version,
    )
