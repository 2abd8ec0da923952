"""Encryption at rest: with a key that the service holds, or with one of one's own.

Rules that hold in this file:
- Pure. Values in, headers out; what makes no sense is refused when a value is made.
- A customer key is a secret: it shows in no repr and no message.

Source: Amazon S3 User Guide, "Protecting data with server-side encryption" and "Using server-side
encryption with customer-provided keys (SSE-C)".
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.choices import check_choice

__all__ = [
    "CUSTOMER_KEY_SIZE_BYTES",
    "ENCRYPTION_ALGORITHMS",
    "ENCRYPTION_HEADER",
    "SOURCE_ENCRYPTION_HEADER",
    "CustomerKey",
    "Encryption",
]

#: What the names of the headers of new and of read objects begin with.
ENCRYPTION_HEADER: Final = "x-amz-server-side-encryption"
#: Likewise for the source of a server-side copy.
SOURCE_ENCRYPTION_HEADER: Final = "x-amz-copy-source-server-side-encryption"

ENCRYPTION_ALGORITHMS: Final = ("AES256", "aws:kms", "aws:kms:dsse")
CUSTOMER_KEY_SIZE_BYTES: Final = 32

_KMS_KEY_ID = re.compile("[!-~]{1,2048}")


@dataclass(frozen=True, slots=True)
class Encryption:
    """Encryption at rest with a key that the service holds.

    Attributes:
        algorithm: one of `ENCRYPTION_ALGORITHMS`.
        kms_key_id: the KMS key's id, alias or ARN; "" is the account's default key.
        bucket_key: whether an S3 bucket key saves requests to KMS; None leaves it to the bucket.
    """

    algorithm: str = "AES256"
    kms_key_id: str = ""
    bucket_key: bool | None = None

    def __post_init__(self) -> None:
        check_choice("sse", self.algorithm, ENCRYPTION_ALGORITHMS)
        if self.kms_key_id and self.algorithm == "AES256":
            raise UsageError("sse_kms_key_id means nothing for AES256", hint="Set sse to aws:kms")
        if self.bucket_key is not None and self.algorithm != "aws:kms":
            raise UsageError("sse_bucket_key is for aws:kms alone", hint="Set sse to aws:kms")
        if self.kms_key_id and not _KMS_KEY_ID.fullmatch(self.kms_key_id):
            raise UsageError(f"bad sse_kms_key_id {self.kms_key_id[:100]!r}")

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for it, names in lower case."""
        headers = {ENCRYPTION_HEADER: self.algorithm}
        if self.kms_key_id:
            headers[f"{ENCRYPTION_HEADER}-aws-kms-key-id"] = self.kms_key_id
        if self.bucket_key is not None:
            headers[f"{ENCRYPTION_HEADER}-bucket-key-enabled"] = str(self.bucket_key).lower()
        return headers


@dataclass(frozen=True, slots=True, repr=False)
class CustomerKey:
    """A key of one's own (SSE-C): the service encrypts with it and forgets it.

    Whoever loses it has lost the objects.

    Attributes:
        key: 32 bytes.
    """

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) != CUSTOMER_KEY_SIZE_BYTES:
            raise UsageError(
                f"a customer key has {CUSTOMER_KEY_SIZE_BYTES} bytes, not {len(self.key)}",
                hint="Make one with: openssl rand -out key.bin 32",
            )

    def __repr__(self) -> str:
        return "CustomerKey([redacted])"

    @classmethod
    def from_base64(cls, text: str) -> CustomerKey:
        """Read a key as the header writes it.

        Raises:
            UsageError: it isn't 32 bytes in base64.
        """
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except ValueError:
            raise UsageError(
                f"the customer key isn't {CUSTOMER_KEY_SIZE_BYTES} bytes in base64",
                hint="Write the key in base64, or name its file: fileb://key.bin",
            ) from None

    @property
    def encoded(self) -> str:
        """The key as the header writes it."""
        return base64.b64encode(self.key).decode()

    @property
    def digest(self) -> str:
        """Its MD5 in base64, by which a service says which key it used."""
        digest = hashlib.md5(self.key, usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()

    def headers(self, prefix: str) -> dict[str, str]:
        """Return the three headers that carry it."""
        return {
            f"{prefix}-customer-algorithm": "AES256",
            f"{prefix}-customer-key": self.encoded,
            f"{prefix}-customer-key-md5": self.digest,
        }
