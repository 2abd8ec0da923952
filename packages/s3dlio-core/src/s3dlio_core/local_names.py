"""Which keys can be the paths of local files.

Rules that hold in this file:
- Pure: the disk isn't asked.
- A key is never changed to make a name of it: two keys would meet in one file. What can't be a
  name is an error of that object, whose reason says what is wrong with it.
- POSIX forbids "/" and NUL alone (POSIX.1-2017, 3.170 "Filename"). So control characters, line
  breaks, backslashes, colons and trailing dots and spaces are names like any other.
"""

from __future__ import annotations

import os

from s3dlio_core.errors import InvalidKeyError

__all__ = ["SEGMENT_SIZE_MAX_BYTES", "TEMPORARY_PREFIX", "check_local_key"]

#: Temporary files begin with this; listings leave them out and no key may use it.
TEMPORARY_PREFIX = ".s3dlio-tmp-"
#: NAME_MAX of Linux and macOS file systems, in bytes (limits.h).
SEGMENT_SIZE_MAX_BYTES = 255

_HINT = "Copy it alone, to a name of your own, or to another object store"
_HINT_STORE = "Copy it to another object store"


def check_local_key(key: str) -> None:
    """Check that a key can be the path of a file below a directory.

    Args:
        key: relative to the directory.

    Raises:
        InvalidKeyError: no safe file of this name can exist.
    """
    plain = (
        "//" not in key
        and "/." not in key
        and "\x00" not in key
        and key[:1] not in {"", "/", "."}
        and key[-1] != "/"
        and len(key) <= SEGMENT_SIZE_MAX_BYTES
        and key.isascii()
    )
    if not plain:
        _check_segments(key)


def _check_segments(key: str) -> None:
    segments = key.split("/")
    if not segments[-1]:
        reason = 'a local file name can\'t end in "/"' if key else "a local file needs a name"
        raise InvalidKeyError(reason, hint=_HINT_STORE)
    for segment in segments:
        _check_segment(segment)


def _check_segment(segment: str) -> None:
    if segment in {"", ".", ".."}:
        what = "an empty" if not segment else f'a "{segment}"'
        raise InvalidKeyError(f"a local file name can't have {what} segment", hint=_HINT)
    if "\x00" in segment:
        raise InvalidKeyError("a local file name can't contain a NUL byte", hint=_HINT_STORE)
    if segment.startswith(TEMPORARY_PREFIX):
        raise InvalidKeyError(
            f'names that begin with "{TEMPORARY_PREFIX}" are reserved', hint=_HINT
        )
    try:
        size_bytes = len(os.fsencode(segment))
    except UnicodeEncodeError:
        raise InvalidKeyError("the key is no valid Unicode text", hint=_HINT_STORE) from None
    if size_bytes > SEGMENT_SIZE_MAX_BYTES:
        raise InvalidKeyError(
            f"a local file name has at most {SEGMENT_SIZE_MAX_BYTES} bytes, "
            f"this segment has {size_bytes}",
            hint=_HINT,
        )
