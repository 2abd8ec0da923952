"""A Blob service operation as a value: what is asked for, before anybody knows who signs.

Rules that hold in this file:
- Pure.
- Nobody changes a request; to freeze it would cost a microsecond.

Source: Azure Storage, "Blob Storage REST API".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from s3dlio_http.client import may_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Buffer

__all__ = ["BlobRequest"]


@dataclass(slots=True)
class BlobRequest:
    """An operation before it is signed.

    Its repr tells no header, and so no secret.

    Attributes:
        operation: what it is called in errors.
        method: the HTTP method.
        container: the container, or "" for the service.
        key: the blob's name, or "".
        query: parameters, not encoded.
        headers: those that matter to the operation, names in lower case.
        body: the body, or None.
        account_uri: what the URI begins with: `AzureConfig.account_uri`.
    """

    operation: str
    method: str
    container: str = ""
    key: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Buffer | None = field(default=None, repr=False)
    account_uri: str = "az://"

    @property
    def uri(self) -> str:
        """The URI of what the request names, for messages."""
        uri = self.account_uri + self.container
        return f"{uri}/{self.key}" if self.key else uri

    @property
    def changes(self) -> bool:
        """Whether it may change what the service holds."""
        return may_change(self.method)
