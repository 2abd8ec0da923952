"""Settings that go with requests: encryption, ACL, storage class, tags, who pays.

Rules that hold in this file:
- Pure. Values in, headers out; what makes no sense is refused when a value is made.
- Which header goes to which operation stands in one table, `TAKEN_BY`, and nowhere else. A test
  holds it against the service's own model.
- A customer key is a secret: it shows in no repr and no message.

Sources: Amazon S3 API Reference, request syntax of each operation; Amazon S3 User Guide, "Using
server-side encryption with customer-provided keys (SSE-C)", "Canned ACL", "Using Requester Pays
general purpose buckets", "Categorizing your objects using tags".
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

from s3dlio_core.errors import Scope, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CANNED_ACLS",
    "ENCRYPTION_ALGORITHMS",
    "ENCRYPTION_HEADER",
    "TAKEN_BY",
    "Api",
    "CustomerKey",
    "Encryption",
    "RequestSettings",
    "parse_tagging",
    "tagging",
]

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
ENCRYPTION_HEADER: Final = "x-amz-server-side-encryption"
_SOURCE_PREFIX: Final = "x-amz-copy-source-server-side-encryption"

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

ENCRYPTION_ALGORITHMS: Final = ("AES256", "aws:kms", "aws:kms:dsse")
CANNED_ACLS: Final = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)
CUSTOMER_KEY_SIZE_BYTES: Final = 32
#: Amazon S3 User Guide, "Categorizing your objects using tags".
TAG_COUNT_MAX: Final = 10
TAG_KEY_MAX_CHARS: Final = 128
TAG_VALUE_MAX_CHARS: Final = 256

_KMS_KEY_ID = re.compile("[!-~]{1,2048}")
# Servers other than AWS have classes of their own.
_STORAGE_CLASS = re.compile("[A-Za-z0-9_-]{1,64}")


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
        _check_choice("sse", self.algorithm, ENCRYPTION_ALGORITHMS)
        if self.kms_key_id and self.algorithm == "AES256":
            raise UsageError("sse_kms_key_id means nothing for AES256", hint="Set sse to aws:kms")
        if self.bucket_key is not None and self.algorithm != "aws:kms":
            raise UsageError("sse_bucket_key is for aws:kms alone", hint="Set sse to aws:kms")
        if self.kms_key_id and not _KMS_KEY_ID.fullmatch(self.kms_key_id):
            raise UsageError(f"bad sse_kms_key_id {self.kms_key_id[:100]!r}")


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

    def headers(self, prefix: str) -> dict[str, str]:
        """Return the three headers that carry it."""
        digest = hashlib.md5(self.key, usedforsecurity=False).digest()
        return {
            f"{prefix}-customer-algorithm": "AES256",
            f"{prefix}-customer-key": self.encoded,
            f"{prefix}-customer-key-md5": base64.b64encode(digest).decode(),
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
        if self.encryption is not None and self.customer_key is not None:
            raise UsageError("sse and sse_customer_key exclude each other")
        if self.acl:
            _check_choice("acl", self.acl, CANNED_ACLS)
        if self.storage_class and not _STORAGE_CLASS.fullmatch(self.storage_class):
            raise UsageError(f"bad storage_class {self.storage_class[:100]!r}")
        tagging(self.tags)

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
            "tagging": tagging(self.tags),
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

    def _headers_of(self, setting: str) -> dict[str, str]:
        if setting == "encryption":
            return {} if self.encryption is None else _encryption_headers(self.encryption)
        if setting == "customer_key":
            return {} if self.customer_key is None else self.customer_key.headers(ENCRYPTION_HEADER)
        if setting == "copy_source_customer_key":
            key = self.copy_source_customer_key
            return {} if key is None else key.headers(_SOURCE_PREFIX)
        name, value = {
            "acl": ("x-amz-acl", self.acl),
            "storage_class": ("x-amz-storage-class", self.storage_class),
            "tags": ("x-amz-tagging", tagging(self.tags)),
            "request_payer": ("x-amz-request-payer", "requester" if self.request_payer else ""),
        }[setting]
        return {name: value} if value else {}


def _encryption_headers(encryption: Encryption) -> dict[str, str]:
    headers = {ENCRYPTION_HEADER: encryption.algorithm}
    if encryption.kms_key_id:
        headers[f"{ENCRYPTION_HEADER}-aws-kms-key-id"] = encryption.kms_key_id
    if encryption.bucket_key is not None:
        headers[f"{ENCRYPTION_HEADER}-bucket-key-enabled"] = str(encryption.bucket_key).lower()
    return headers


def tagging(tags: Mapping[str, str]) -> str:
    """Write tags as the header x-amz-tagging does: "team=a%20b&year=2026"; "" for none.

    Raises:
        UsageError: more than S3 takes, or too long. It stops a run: all objects have these tags.
    """
    if len(tags) > TAG_COUNT_MAX:
        raise _bad_tags(f"{len(tags)} tags, and an object has at most {TAG_COUNT_MAX}")
    for name, value in tags.items():
        if not 1 <= len(name) <= TAG_KEY_MAX_CHARS:
            raise _bad_tags(
                f"the tag {name[:40]!r} doesn't have 1 to {TAG_KEY_MAX_CHARS} characters"
            )
        if len(value) > TAG_VALUE_MAX_CHARS:
            raise _bad_tags(f"the tag {name!r} has more than {TAG_VALUE_MAX_CHARS} characters")
    try:
        return urlencode(tags, quote_via=quote, safe="")
    except UnicodeEncodeError:
        raise _bad_tags("a tag isn't valid Unicode") from None


def parse_tagging(text: str) -> dict[str, str]:
    """Read tags as the header writes them; what isn't encoded may stand as it is.

    Raises:
        UsageError: it isn't of the form "name=value&name=value", or a name occurs twice.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise _bad_tags(
            f"bad tagging {text[:100]!r}", hint="Write for example team=blue&year=2026"
        ) from None
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise _bad_tags(f"a name occurs twice in the tagging {text[:100]!r}")
    return tags


def _bad_tags(reason: str, *, hint: str = "") -> UsageError:
    return UsageError(reason, hint=hint, scope=Scope.STORE)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"bad {name} {value[:100]!r}", hint=f"Use one of: {', '.join(choices)}")
