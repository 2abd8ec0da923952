"""Azure Blob Storage for s3dlio."""

from __future__ import annotations

from s3dlio_azure.credentials import SharedKey

__all__ = ["SharedKey"]
