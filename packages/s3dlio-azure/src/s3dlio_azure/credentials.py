"""Who asks: the credentials of a storage account, as values.

Rules that hold in this file:
- A repr tells no secret, and no error quotes one.
- Values are checked when they are made.

Source: Azure Storage, "Authorize requests to Azure Storage".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_azure.sas import check_sas
from s3dlio_core.errors import UsageError
from s3dlio_core.logs import register_secret

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

__all__ = ["Anonymous", "BearerToken", "Credential", "Sas", "SharedKey"]


@dataclass(frozen=True, slots=True)
class SharedKey:
    """An account's name and one of its keys.

    Attributes:
        account: the storage account's name.
        key: one of its two keys, in base64 as the service shows it.
    """

    account: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.account:
            raise UsageError("an account key needs the account's name")
        try:
            decoded = base64.b64decode(self.key, validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if not decoded:
            raise UsageError(
                "bad account key: it isn't base64",
                hint="Copy the whole key, with the = at its end",
            )
        register_secret(self.key)

    @property
    def decoded(self) -> bytes:
        """The key's bytes."""
        return base64.b64decode(self.key)

    @property
    def identity(self) -> str:
        """Whose key it is; the same for both keys of an account."""
        return self.account


@dataclass(frozen=True, slots=True)
class Sas:
    """A shared access signature: of an account, a container or a user's delegation.

    Attributes:
        token: its parameters, encoded; a "?" before them is dropped.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", check_sas(self.token))
        register_secret(self.token)

    @property
    def identity(self) -> str:
        """What tells it from others, and can't be sent as one."""
        return f"sas-{hashlib.sha256(self.token.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class BearerToken:
    """Microsoft Entra ID.

    Attributes:
        source: what gets tokens: any credential of azure-identity, or the like.
        name: what all that ask as the same call it, or "": then only this source is the same.
    """

    source: TokenCredential = field(repr=False)
    name: str = ""

    @property
    def identity(self) -> str:
        """What gets the tokens: who asks is known to it alone."""
        return self.name or f"{type(self.source).__name__}-{id(self.source):x}"


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody: for containers that everybody may read."""

    @property
    def identity(self) -> str:
        """The same for all."""
        return "anonymous"


Credential: TypeAlias = "SharedKey | Sas | BearerToken | Anonymous"
