"""Names of metadata, which have to be C# identifiers in Azure and needn't elsewhere. Pure.

A character that can't stand in one is written as .NET's XmlConvert.EncodeLocalName writes it:
"_x002d_" for a hyphen, eight digits for one above U+FFFF. A name that looks like such a text has
the underscore written so, and is what it was when it is read back. A name in which nobody else
would have written a character so is left as it is.

Rules that hold in this file:
- Names are lower case, as headers are compared.
- Only what this file would have written is read back: `decode_name(encode_name(name)) == name` for
  every name, and `encode_name(decode_name(name)) == name` for every identifier that isn't one of
  those that look like it (those keep their value under the name as it is).

Sources: Azure Storage, "Setting and retrieving properties and metadata for Blob service resources";
C# language specification section 6.4.3 (identifiers, of which headers carry ASCII alone); .NET API,
XmlConvert.EncodeLocalName.
"""

from __future__ import annotations

import functools
import re

__all__ = ["decode_name", "encode_name"]

# What is written in its place: what no identifier has, a digit at its beginning, and an underscore
# that would begin such a text.
_ODD = re.compile("[^a-z0-9_]|^[0-9]|_(?=x(?:[0-9a-f]{8}|[0-9a-f]{4})_)")
_WRITTEN = re.compile("_x([0-9a-f]{8}|[0-9a-f]{4})_")


@functools.lru_cache(maxsize=1024)
def encode_name(name: str) -> str:
    """Return the name under which Azure keeps a value."""
    return _ODD.sub(_write, name.lower())


@functools.lru_cache(maxsize=1024)
def decode_name(name: str) -> str:
    """Return the name of which Azure's was made."""
    lower = name.lower()
    if "_x" not in lower:
        return lower
    decoded = _WRITTEN.sub(_read, lower)
    return decoded if encode_name(decoded) == lower else lower


def _write(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"_x{number:08x}_" if number > 0xFFFF else f"_x{number:04x}_"


def _read(found: re.Match[str]) -> str:
    try:
        return chr(int(found[1], 16))
    except (ValueError, OverflowError):
        return found[0]
