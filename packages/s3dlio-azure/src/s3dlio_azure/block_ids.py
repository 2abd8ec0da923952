"""Names of blocks: which upload a block belongs to, and which part of it it is.

The service has no uploads, only blocks: all that were sent to one blob name lie side by side until
some of them are committed. So a block's name tells the rest: "s3dlio", 128 random bits that all
blocks of one upload share, and the number of the part.

Rules that hold in this file:
- Pure.
- All names have one length, as the service asks of the blocks of a blob. It is a multiple of three
  bytes, so that their base64 has no padding.
- Number 0 is no part: a block of that number says that the upload was aborted.
- Names of other programs are told apart, never taken for one of ours.

Source: Azure Storage, "Put Block" ("blockid": base64, at most 64 bytes before encoding, all of one
length).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Final

__all__ = ["ABORTED", "block_id", "is_upload_id", "new_upload_id", "parse_block_id"]

#: The number of the block that says that its upload was aborted.
ABORTED: Final = 0

_UPLOAD_ID = re.compile("[0-9a-f]{32}")
_BLOCK_ID = re.compile(rb"s3dlio([0-9a-f]{32})-([0-9]{6})")


def new_upload_id() -> str:
    """Return the id of a new upload: 128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def is_upload_id(text: str) -> bool:
    """Whether a text could be the id of an upload."""
    return _UPLOAD_ID.fullmatch(text) is not None


def block_id(upload_id: str, number: int) -> str:
    """Return the name of a block, in base64.

    Args:
        upload_id: of `new_upload_id`.
        number: of the part, 1 to 999,999, or `ABORTED`.
    """
    return base64.b64encode(f"s3dlio{upload_id}-{number:06d}".encode()).decode()


def parse_block_id(text: str) -> tuple[str, int] | None:
    """Return a block's upload id and number; None when another program named it."""
    try:
        match = _BLOCK_ID.fullmatch(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    return (match[1].decode(), int(match[2])) if match else None
