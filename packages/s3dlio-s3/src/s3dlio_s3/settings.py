"""Settings that go with requests: encryption, ACL, storage class, tags, who pays.

Rules that hold in this file:
- Pure. Values in, headers out; what makes no sense is refused when a value is made.
- Which header goes to which operation stands in one table, `TAKEN_BY`, and nowhere else. A test
  holds it against the service's own model.

Sources: Amazon S3 API Reference, request syntax of each operation; Amazon S3 User Guide, "Canned
ACL", "Using Amazon S3 storage classes", "Using Requester Pays general purpose buckets".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.choices import check_choice
from s3dlio_s3.encryption import (
    ENCRYPTION_HEADER,
    SOURCE_ENCRYPTION_HEADER,
    CustomerKey,
    Encryption,
)
from s3dlio_s3.tagging import format_tagging

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CANNED_ACLS", "TAKEN_BY", "Api", "RequestSettings"]

#: An operation as the Amazon S3 API Reference calls it.
Api: TypeAlias = Literal[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteObject",
    "DeleteObjects",
    "GetObject",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "UploadPart",
    "UploadPartCopy",
]

#: What makes an object, and so takes all that an object has.
_MAKING: Final[tuple[Api, ...]] = ("PutObject", "CreateMultipartUpload", "CopyObject")

#: The operations that take each setting.
TAKEN_BY: Final[Mapping[str, tuple[Api, ...]]] = {
    "encryption": _MAKING,
    # Complete and ListParts need the key where the upload has a checksum algorithm.
    "customer_key": (
        *_MAKING,
        "GetObject",
        "HeadObject",
        "UploadPart",
        "UploadPartCopy",
        "CompleteMultipartUpload",
        "ListParts",
    ),
    "copy_source_customer_key": ("CopyObject", "UploadPartCopy"),
    "acl": _MAKING,
    "storage_class": _MAKING,
    "tags": _MAKING,
    "request_payer": (
        *_MAKING,
        "GetObject",
        "GetObjectTagging",
        "HeadObject",
        "DeleteObject",
        "DeleteObjects",
        "ListObjectsV2",
        "UploadPart",
        "UploadPartCopy",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "ListParts",
        "ListMultipartUploads",
    ),
}

CANNED_ACLS: Final = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)

# Servers other than AWS have classes of their own.
_STORAGE_CLASS = re.compile("[A-Za-z0-9_-]{1,64}")
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "encryption": (Encryption, type(None)),
    "customer_key": (CustomerKey, type(None)),
    "copy_source_customer_key": (CustomerKey, type(None)),
    "request_payer": (bool,),
}


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """What goes with every request that takes it.

    Attributes:
        encryption: how new objects are encrypted, or None: as the bucket says.
        customer_key: encrypts new objects and decrypts what is read (SSE-C), or None.
        copy_source_customer_key: decrypts the source of a server-side copy, or None.
        acl: a canned ACL of new objects, one of `CANNED_ACLS`, or "".
        storage_class: of new objects whose `Attributes` name none, or "".
        tags: of new objects whose `Attributes` have none.
        request_payer: accept the charges of requests to a bucket whose requesters pay.
    """

    encryption: Encryption | None = None
    customer_key: CustomerKey | None = None
    copy_source_customer_key: CustomerKey | None = None
    acl: str = ""
    storage_class: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    request_payer: bool = False

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            if not isinstance(value := getattr(self, name), kind):
                # The value may be a secret.
                raise UsageError(f"bad {name}: a {type(value).__name__}")
        if self.encryption is not None and self.customer_key is not None:
            raise UsageError("sse and sse_customer_key exclude each other")
        if self.acl:
            check_choice("acl", self.acl, CANNED_ACLS)
        if self.storage_class and not _STORAGE_CLASS.fullmatch(self.storage_class):
            raise UsageError(f"bad storage_class {self.storage_class[:100]!r}")
        format_tagging(self.tags)

    def as_options(self) -> dict[str, str]:
        """Write them as `settings_from_options` reads them; customer keys in plain text."""
        encryption = self.encryption or Encryption()
        bucket_key = "" if encryption.bucket_key is None else str(encryption.bucket_key).lower()
        options = {
            "sse": "" if self.encryption is None else encryption.algorithm,
            "sse_kms_key_id": encryption.kms_key_id,
            "sse_bucket_key": bucket_key,
            "acl": self.acl,
            "storage_class": self.storage_class,
            "tagging": format_tagging(self.tags),
            "request_payer": "requester" if self.request_payer else "",
        }
        if self.customer_key is not None:
            options["sse_customer_key"] = self.customer_key.encoded
        if self.copy_source_customer_key is not None:
            options["sse_copy_source_customer_key"] = self.copy_source_customer_key.encoded
        return {name: value for name, value in options.items() if value}

    @property
    def customer_keys(self) -> tuple[CustomerKey, ...]:
        """The secrets in it."""
        keys = (self.customer_key, self.copy_source_customer_key)
        return tuple(key for key in keys if key is not None)

    def headers(self, api: Api) -> dict[str, str]:
        """Return the headers that go with an operation, names in lower case."""
        headers: dict[str, str] = {}
        for setting, operations in TAKEN_BY.items():
            if api in operations:
                headers.update(self._headers_of(setting))
        if api == "CopyObject" and "x-amz-tagging" in headers:
            # Without it a copy keeps its source's tags and drops these.
            headers["x-amz-tagging-directive"] = "REPLACE"
        return headers

    def unconfirmed(self, answered: Mapping[str, str]) -> str:
        """Return the encryption that was asked for and that an answer to a write doesn't confirm.

        Args:
            answered: the answer's headers, looked up without regard to case.
        """
        if self.encryption is not None:
            asked = self.encryption.algorithm
            return "" if answered.get(ENCRYPTION_HEADER) == asked else asked
        if self.customer_key is not None:
            told = answered.get(f"{ENCRYPTION_HEADER}-customer-key-md5")
            return "" if told == self.customer_key.digest else "with the customer key"
        return ""

    def _headers_of(self, setting: str) -> dict[str, str]:
        if setting == "encryption":
            return {} if self.encryption is None else self.encryption.headers()
        if setting == "customer_key":
            return {} if self.customer_key is None else self.customer_key.headers(ENCRYPTION_HEADER)
        if setting == "copy_source_customer_key":
            key = self.copy_source_customer_key
            return {} if key is None else key.headers(SOURCE_ENCRYPTION_HEADER)
        name, value = {
            "acl": ("x-amz-acl", self.acl),
            "storage_class": ("x-amz-storage-class", self.storage_class),
            "tags": ("x-amz-tagging", format_tagging(self.tags)),
            "request_payer": ("x-amz-request-payer", "requester" if self.request_payer else ""),
        }[setting]
        return {name: value} if value else {}
