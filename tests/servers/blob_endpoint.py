"""What a client needs to know about a server of Azure Blob Storage.

Rules of this file: the account stands in the path, as for any server without a name of its own.

Source: https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.servers.endpoint import Endpoint

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates

ACCOUNT: Final = "s3dliotest"
# In base64 it has characters that a careless client would encode or cut.
ACCOUNT_KEY: Final = base64.b64encode(b"\xfb\xff\xbe" * 21 + b"\xfb").decode()


class BlobEndpoint(Endpoint):
    """An address that speaks Azure Blob Storage, with its account.

    Args:
        host: address and port, as a Host header has it.
        account: the account that is known there.
        account_key: its shared key, in base64.
        certificates: those of its TLS, or None for plain HTTP.
    """

    def __init__(
        self,
        host: str,
        *,
        account: str = ACCOUNT,
        account_key: str = ACCOUNT_KEY,
        certificates: Certificates | None = None,
    ) -> None:
        Endpoint.__init__(self, host, certificates)
        self.account = account
        self.account_key = account_key

    @property
    def endpoint_url(self) -> str:
        """The URL of the account's blob service."""
        return f"{self.origin}/{self.account}"

    @property
    def connection_string(self) -> str:
        """What the portal of Azure gives out for an account."""
        parts = {
            "DefaultEndpointsProtocol": "https" if self.certificates else "http",
            "AccountName": self.account,
            "AccountKey": self.account_key,
            "BlobEndpoint": self.endpoint_url,
        }
        return ";".join(f"{name}={value}" for name, value in parts.items())

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which a program of ours finds this server."""
        trusted = {"REQUESTS_CA_BUNDLE": self.ca_bundle} if self.certificates else {}
        return {
            **trusted,
            "AZURE_STORAGE_ACCOUNT": self.account,
            "AZURE_STORAGE_KEY": self.account_key,
            "AZURE_STORAGE_ENDPOINT": self.endpoint_url,
        }

    @property
    def options(self) -> dict[str, str]:
        """The options with which a program of ours finds this server."""
        return {
            "endpoint_url": self.endpoint_url,
            "account": self.account,
            "account_key": self.account_key,
            "ca_bundle": self.ca_bundle,
        }
