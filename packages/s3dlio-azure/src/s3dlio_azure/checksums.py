"""Checksums as Azure has them: by which algorithm, and in which header.

Rules that hold in this file:
- No I/O but the import of a library that computes, when it is first needed.
- CRC64 is the one that S3 and NVMe call CRC64NVME; its bytes are written lowest first.
- What isn't asked for by name is sent to Azure's own hosts only: CRC64 where it can be computed,
  else MD5 where no TLS protects the bytes. Other servers may ignore CRC64, and MD5 costs more than
  all else of an upload.
- The service keeps one checksum of a blob: an MD5, of what was put in one piece, or what its writer
  said. An MD5 that isn't one proves nothing, and is no error.

Sources: Azure Storage, "Put Blob" and "Put Block" (Content-MD5, x-ms-content-crc64); the byte
order is that of azure-storage-blob (`_shared/validation.py`, "little").
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.checksums import CRC64NVME_POLYNOMIAL, Crc
from s3dlio_core.content_check import ContentCheck, DigestCheck, Outcome
from s3dlio_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_azure.config import AzureConfig
    from s3dlio_core.store import Buffer, ObjectInfo

__all__ = [
    "ALGORITHMS",
    "BodyChecksum",
    "content_check",
    "declared",
    "for_requests",
    "needed",
    "request_headers",
]

#: What the service compares.
ALGORITHMS = ("CRC64", "MD5")
MD5_SIZE_BYTES = 16


@dataclass(frozen=True, slots=True)
class BodyChecksum:
    """A checksum of a request's body.

    Attributes:
        name: one of `ALGORITHMS`.
        header: that carries it, in requests and in answers.
        of: returns its bytes, in the order that the service has them in.
    """

    name: str
    header: str
    of: Callable[[Buffer], bytes]


def declared(config: AzureConfig) -> frozenset[str]:
    """Return the algorithms that uploads may ask for. Nothing is imported yet.

    Servers other than Azure's may refuse CRC64, or ignore it; it is sent there on request only.
    """
    takes_crc64 = config.is_azure or config.checksum_algorithm == "CRC64"
    if takes_crc64 and importlib.util.find_spec("awscrt") is not None:
        return frozenset(ALGORITHMS)
    return frozenset({"MD5"})


def needed(name: str) -> BodyChecksum:
    """Return an algorithm that was asked for by name.

    Raises:
        UsageError: there is no such, or no library for it is installed.
    """
    if name == "MD5":
        return _MD5
    if name != "CRC64":
        raise UsageError(f"no checksum {name[:20]!r}", hint=f"Use {' or '.join(ALGORITHMS)}")
    found = _find_crc64()
    if found is None:
        raise UsageError(
            "the checksum CRC64 can't be computed: its library isn't installed",
            hint="Install s3dlio-azure[checksums], or use another checksum_algorithm",
        )
    return found


def for_requests(config: AzureConfig) -> BodyChecksum | None:
    """Return what bodies are sent with; None: nothing.

    Raises:
        UsageError: the configured algorithm can't be computed.
    """
    if config.checksum_algorithm:
        is_off = config.checksum_algorithm == "NONE"
        return None if is_off else needed(config.checksum_algorithm)
    if not config.is_azure:
        return None
    is_encrypted = config.endpoint.startswith("https://")
    return _find_crc64() or (None if is_encrypted else _MD5)


def request_headers(checksum: BodyChecksum | None, buffer: Buffer) -> dict[str, str]:
    """Return the headers of a request with a body; none without an algorithm."""
    if checksum is None:
        return {}
    return {checksum.header: base64.b64encode(checksum.of(buffer)).decode()}


def content_check(info: ObjectInfo, uri: str) -> ContentCheck:
    """Return what compares a blob's bytes with the MD5 that an answer tells.

    Args:
        info: the blob.
        uri: its URI, for messages.
    """
    try:
        expected = base64.b64decode(info.checksums.get("MD5", ""), validate=True)
    except (binascii.Error, ValueError):
        expected = b""
    if len(expected) != MD5_SIZE_BYTES:
        return ContentCheck(Outcome.NO_CHECKSUM)
    return DigestCheck("MD5", expected, info.size_bytes, uri=uri)


def _md5(buffer: Buffer) -> bytes:
    return hashlib.md5(buffer, usedforsecurity=False).digest()


_MD5 = BodyChecksum("MD5", "content-md5", _md5)


@functools.cache
def _find_crc64() -> BodyChecksum | None:
    try:
        from awscrt.checksums import crc64nvme  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    crc = Crc("CRC64", 64, CRC64NVME_POLYNOMIAL, lambda value, view: crc64nvme(view, value))
    return BodyChecksum(
        "CRC64", "x-ms-content-crc64", lambda buffer: crc.encode(crc.of(buffer))[::-1]
    )
