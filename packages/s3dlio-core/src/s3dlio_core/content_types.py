"""Content types, guessed from the names of objects.

Rules that hold in this file:
- The same name gets the same type on every machine and with every Python: what the system's
  tables say isn't used, and what changed between releases of Python is fixed here.
- The last suffix counts, and a compressed file is one: `a.json.gz` is application/gzip. Nobody
  gets a Content-Encoding by guessing, with which clients would decompress what was stored.
- An unknown suffix has no type; the store then gives its own.

Sources: Python's `mimetypes`; the IANA registry of media types; RFC 6713 (gzip), RFC 8878 (zstd),
RFC 9239 (javascript), RFC 9512 (yaml), RFC 7763 (markdown).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from s3dlio_core.store import Attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["guess_content_type", "with_content_type"]

_OWN = {
    # Compressed.
    ".7z": "application/x-7z-compressed",
    ".br": "application/x-brotli",
    ".bz2": "application/x-bzip2",
    ".gz": "application/gzip",
    ".lz4": "application/x-lz4",
    ".tgz": "application/gzip",
    ".xz": "application/x-xz",
    ".z": "application/x-compress",
    ".zst": "application/zstd",
    # Not the same in all releases of Python.
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".js": "text/javascript",
    ".m4a": "audio/mp4",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mkv": "video/matroska",
    ".n3": "text/n3",
    ".nq": "application/n-quads",
    ".nt": "application/n-triples",
    ".ogg": "audio/ogg",
    ".parquet": "application/vnd.apache.parquet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rst": "text/x-rst",
    ".rtf": "text/rtf",
    ".srt": "text/plain",
    ".toml": "application/toml",
    ".trig": "application/trig",
    ".vtt": "text/vtt",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


def guess_content_type(key: str) -> str:
    """Return the content type that a key's suffix stands for, or ""."""
    name = key[key.rfind("/") + 1 :]
    dot = name.rfind(".")
    # A name that only begins with a dot has no suffix.
    return _types().get(name[dot:].lower(), "") if dot > 0 else ""


def with_content_type(attributes: Attributes | None, *keys: str) -> Attributes | None:
    """Return attributes with a content type: their own, or else that of the first key with one."""
    if attributes is not None and attributes.content_type:
        return attributes
    guessed = next(filter(None, map(guess_content_type, keys)), "")
    return Attributes(content_type=guessed).over(attributes) if guessed else attributes


@functools.cache
def _types() -> Mapping[str, str]:
    import mimetypes  # noqa: PLC0415 - costs milliseconds, and only uploads need it

    # An object of its own has Python's table, without what the system's files add.
    return {**mimetypes.MimeTypes().types_map[True], **_OWN}
