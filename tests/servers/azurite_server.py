"""Azurite with an account of its own, and what to expect of it.

It checks shared keys, SAS, Content-MD5, If-Match and If-None-Match. What it does otherwise than
Azure Blob Storage (Azurite 3.35):

- It has no Put Blob From URL and no Put Block From URL (501), and copies only what is its own.
- It doesn't compare `x-ms-content-crc64` with the body.
- Names with `.` or `..` segments are resolved, and one with a backslash is another blob.
- Here it takes any version of the API, so that newer clients can be compared with ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.base import ServerProcess
from tests.servers.blob_endpoint import ACCOUNT, ACCOUNT_KEY, BlobEndpoint

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates


class AzuriteServer(ServerProcess, BlobEndpoint):
    """Azurite, which holds everything in memory.

    Args:
        account: the name of its account.
        account_key: its shared key, in base64.
        certificates: those of its TLS, or None for plain HTTP.
        logs_requests: False for one whose every request costs what it costs Azurite, and no more;
            it has no TLS.
    """

    name = "azurite"

    def __init__(
        self,
        *,
        account: str = ACCOUNT,
        account_key: str = ACCOUNT_KEY,
        certificates: Certificates | None = None,
        logs_requests: bool = True,
    ) -> None:
        arguments = [f"--account={account}", f"--account-key={account_key}"]
        if certificates is not None:
            arguments.append(f"--authority={certificates.ca}")
        if not logs_requests:
            arguments.append("--no-log")
        ServerProcess.__init__(self, "tests.servers.azurite_process", arguments, certificates)
        BlobEndpoint.__init__(
            self,
            self.host,
            account=account,
            account_key=account_key,
            certificates=certificates,
        )
