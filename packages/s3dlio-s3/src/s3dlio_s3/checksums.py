"""Checksums as S3 has them: by which algorithm, in which header, and what an answer tells.

Rules that hold in this file:
- No I/O but the import of a library that computes, when it is first needed.
- Of what is installed the fastest algorithm is used: CRC64NVME (awscrt), CRC32C (google-crc32c or
  awscrt), CRC32 (zlib).
- Uploads have full object checksums, in parts, too: the CRCs of the parts are combined. Composite
  ones are only read.
- A checksum that may be of other bytes than those at hand proves nothing, and is no error.

Sources: Amazon S3 User Guide, "Checking object integrity in Amazon S3"; Amazon S3 API Reference,
PutObject, UploadPart, CreateMultipartUpload, CompleteMultipartUpload, GetObject.
"""

from __future__ import annotations

import base64
import binascii
import functools
import importlib.util
import re
from typing import TYPE_CHECKING, NamedTuple

from s3dlio_core.checksums import CRC32, CRC32C_POLYNOMIAL, CRC64NVME_POLYNOMIAL, Crc
from s3dlio_core.content_check import ContentCheck, CrcCheck, Outcome
from s3dlio_core.errors import UsageError
from s3dlio_core.store import ChecksumType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3dlio_core.store import Buffer, ObjectInfo, Part
    from s3dlio_s3.config import S3Config

__all__ = [
    "ALGORITHMS",
    "composite",
    "content_check",
    "find",
    "for_requests",
    "full_object",
    "header_of",
    "installed",
    "needed",
    "request_headers",
]

#: google-crc32c takes bytes only. Copies of this size stay in the processor's cache.
_SLICE_BYTES = 128 * 1024

#: Base64, and the number of parts behind a composite checksum.
_TOLD = re.compile(r"([A-Za-z0-9+/]+={0,2})(?:-([0-9]{1,5}))?")
_PARTS_ETAG = re.compile(r".*-[0-9]+")


def find(name: str) -> Crc | None:
    """Return an algorithm; None when it isn't computed here, or no library for it is installed."""
    return _ORIGINS[name].find() if name in _ORIGINS else None


def installed() -> frozenset[str]:
    """Return the names of the algorithms that can be computed. Nothing is imported yet."""
    return frozenset(
        name
        for name, origin in _ORIGINS.items()
        if any(importlib.util.find_spec(library) for library in origin.libraries)
    )


def needed(name: str) -> Crc:
    """Return an algorithm that was asked for by name.

    Raises:
        UsageError: no library for it is installed.
    """
    crc = find(name)
    if crc is None:
        extra = name.lower()
        raise UsageError(
            f"the checksum {name} can't be computed: its library isn't installed",
            hint=f"Install s3dlio-s3[{extra}], or use another checksum_algorithm",
        )
    return crc


def for_requests(config: S3Config) -> Crc | None:
    """Return what uploads are checksummed with; None: they aren't.

    Raises:
        UsageError: the configured algorithm can't be computed.
    """
    if not config.sends_checksums:
        return None
    return needed(config.checksum_algorithm) if config.checksum_algorithm else _fastest()


def header_of(crc: Crc) -> str:
    """Return the name of the header that carries the checksum."""
    return f"x-amz-checksum-{crc.name.lower()}"


def request_headers(crc: Crc | None, buffer: Buffer) -> dict[str, str]:
    """Return the headers of a request with a body; none without an algorithm."""
    if crc is None:
        return {}
    return {
        header_of(crc): _text(crc.encode(crc.of(buffer))),
        "x-amz-sdk-checksum-algorithm": crc.name,
    }


def full_object(crc: Crc, parts: Sequence[Part]) -> str | None:
    """Return the checksum of an object from those of its parts; None when one of them has none."""
    values = _values(crc, parts)
    if values is None:
        return None
    sizes = (part.size_bytes for part in parts)
    return _text(crc.encode(crc.combine_all(zip(values, sizes, strict=True))))


def composite(crc: Crc, parts: Sequence[Part]) -> str | None:
    """Return the checksum of the parts' checksums; None when one of them has none."""
    values = _values(crc, parts)
    if values is None:
        return None
    joined = b"".join(crc.encode(value) for value in values)
    return f"{_text(crc.encode(crc.of(joined)))}-{len(parts)}"


def content_check(
    info: ObjectInfo, uri: str, part_size_of: Callable[[int], int | None]
) -> ContentCheck:
    """Return what compares an object's bytes with the checksum that an answer tells.

    Args:
        info: the object, as HEAD or GET with the checksum mode describes it.
        uri: its URI, for messages.
        part_size_of: tells the size of a part by its number in bytes, or None when the service
            doesn't. It is asked only about objects with a composite checksum.
    """
    if not info.checksums:
        return ContentCheck(Outcome.NO_CHECKSUM)
    crc = next((crc for name in ALGORITHMS if name in info.checksums and (crc := find(name))), None)
    if crc is None:
        return ContentCheck(Outcome.OTHER_ALGORITHM)
    told = _TOLD.fullmatch(info.checksums[crc.name])
    expected = _decoded(crc, told[1]) if told else None
    if told is None or expected is None:
        return ContentCheck(Outcome.NO_CHECKSUM)
    if told[2] is None and _is_full_object(info, crc):
        return CrcCheck(crc, expected, info.size_bytes, uri=uri)
    return _composite_check(info, crc, expected, int(told[2] or 0), uri, part_size_of)


def _composite_check(
    info: ObjectInfo,
    crc: Crc,
    expected: bytes,
    count: int,
    uri: str,
    part_size_of: Callable[[int], int | None],
) -> ContentCheck:
    size = info.size_bytes
    part_size = size if count == 1 else part_size_of(1) if count else None
    if part_size is None or not (count - 1) * part_size < size <= count * part_size:
        return ContentCheck(Outcome.UNKNOWN_PARTS)
    return CrcCheck(
        crc,
        expected,
        size,
        uri=uri,
        part_size_bytes=part_size,
        # The first part's size is known, and the last one's follows from the others'.
        confirm_parts=lambda: all(part_size_of(each) == part_size for each in range(2, count)),
    )


def _is_full_object(info: ObjectInfo, crc: Crc) -> bool:
    """Whether the checksum covers the object, as far as the answer tells.

    Servers older than the header x-amz-checksum-type knew composite ones only, for objects of
    parts; CRC64NVME came with the header, and is never composite.
    """
    if info.checksum_type is not None:
        return info.checksum_type is ChecksumType.FULL_OBJECT
    of_parts = info.etag is None or _PARTS_ETAG.fullmatch(info.etag) is not None
    return crc.name == "CRC64NVME" or not of_parts


def _values(crc: Crc, parts: Sequence[Part]) -> list[int] | None:
    found = [_decoded(crc, part.checksums.get(crc.name, "")) for part in parts]
    return [int.from_bytes(value, "big") for value in found if value] if all(found) else None


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _decoded(crc: Crc, text: str) -> bytes | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == crc.width_bits // 8 else None


def _fastest() -> Crc:
    return next(crc for name in ALGORITHMS if (crc := find(name)))


@functools.cache
def _find_crc64nvme() -> Crc | None:
    try:
        from awscrt.checksums import crc64nvme  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return Crc("CRC64NVME", 64, CRC64NVME_POLYNOMIAL, lambda value, view: crc64nvme(view, value))


@functools.cache
def _find_crc32c() -> Crc | None:
    extend = _crc32c_of_google() or _crc32c_of_awscrt()
    return None if extend is None else Crc("CRC32C", 32, CRC32C_POLYNOMIAL, extend)


def _crc32c_of_google() -> Callable[[int, memoryview], int] | None:
    try:
        from google_crc32c import extend, implementation  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    if implementation != "c":
        # Its pure Python would take seconds for what others do in a millisecond.
        return None

    def extend_by_slices(value: int, view: memoryview) -> int:
        for start in range(0, len(view), _SLICE_BYTES):
            value = extend(value, bytes(view[start : start + _SLICE_BYTES]))
        return value

    return extend_by_slices


def _crc32c_of_awscrt() -> Callable[[int, memoryview], int] | None:
    try:
        from awscrt.checksums import crc32c  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return lambda value, view: crc32c(view, value)


class _Origin(NamedTuple):
    """The libraries that have an algorithm, any of which will do, and what imports it."""

    libraries: tuple[str, ...]
    find: Callable[[], Crc | None]


_ORIGINS = {
    "CRC64NVME": _Origin(("awscrt",), _find_crc64nvme),
    "CRC32C": _Origin(("google_crc32c", "awscrt"), _find_crc32c),
    "CRC32": _Origin(("zlib",), lambda: CRC32),
}

#: The algorithms that are computed here, the fastest first.
ALGORITHMS = tuple(_ORIGINS)
