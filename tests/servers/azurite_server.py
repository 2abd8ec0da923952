"""Azurite with an account of its own, and what to expect of it.

It checks shared keys, SAS, Content-MD5, If-Match and If-None-Match. What it does otherwise than
Azure Blob Storage (Azurite 3.35):

- It has no Put Blob From URL and no Put Block From URL (501), and copies only what is its own.
- It doesn't compare `x-ms-content-crc64` with the body.
- Names with `.` or `..` segments are resolved, and one with a backslash is another blob.
- Here it takes any version of the API, so that newer clients can be compared with ours.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Final

from tests.servers.base import ServerProcess
from tests.servers.blob_endpoint import BlobEndpoint

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates

ACCOUNT: Final = "s3dliotest"


class AzuriteServer(ServerProcess, BlobEndpoint):
    """Azurite, which holds everything in memory.

    Args:
        account: the name of its account.
        certificates: those of its TLS, or None for plain HTTP.
        logs_requests: False for one whose every request costs what it costs Azurite, and no more;
            it has no TLS.
    """

    name = "azurite"

    def __init__(
        self,
        *,
        account: str = ACCOUNT,
        certificates: Certificates | None = None,
        logs_requests: bool = True,
    ) -> None:
        account_key = base64.b64encode(os.urandom(64)).decode()
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
