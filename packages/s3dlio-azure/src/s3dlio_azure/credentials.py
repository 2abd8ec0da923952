"""Who asks: the credentials of a storage account, as values.

Rules that hold in this file:
- Pure. A repr tells no secret.

Source: Azure Storage, "Authorize requests to Azure Storage".
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["SharedKey"]


@dataclass(frozen=True, slots=True)
class SharedKey:
    """An account's name and one of its keys.

    Attributes:
        account: the storage account's name.
        key: one of its two keys, in base64 as the service shows it.
    """

    account: str
    key: str = field(repr=False)
