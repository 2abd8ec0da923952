"""Azure Blob Storage for s3dlio."""

from __future__ import annotations

from s3dlio_azure.client import BlobClient
from s3dlio_azure.config import AzureConfig
from s3dlio_azure.credentials import Anonymous, BearerToken, Sas, SharedKey
from s3dlio_azure.provider import AzureProvider
from s3dlio_azure.store import AzureStore

__all__ = [
    "Anonymous",
    "AzureConfig",
    "AzureProvider",
    "AzureStore",
    "BearerToken",
    "BlobClient",
    "Sas",
    "SharedKey",
]
