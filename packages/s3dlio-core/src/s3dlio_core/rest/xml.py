"""XML bodies of answers: parsed with bounds, and asked for what must be in them.

Rules that hold in this file:
- Pure. Bodies arrive whole; whoever reads them bounds their size.
- A DOCTYPE is refused, so no entity is ever declared or expanded. UTF-8 is forced, so a body in
  another encoding can't hide one.
- Elements are found by their local name: servers differ in the namespace they send, and in the
  ending of the root element.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ERROR_BODY_MAX_BYTES",
    "MalformedXmlError",
    "XmlTree",
    "checked_rows",
    "escape",
    "expect",
    "is_xml_text",
    "number",
    "parse_root",
    "parse_time",
]

#: An error.
ERROR_BODY_MAX_BYTES = 1024**2

# What XML 1.0 can't carry, not even as a character reference (XML 1.0 section 2.2). Written as what
# is left out of Char: the other way round it would take ten times as long to compile.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# As many digits as 63 bits need.
_NUMBER = re.compile("[0-9]{1,19}")
# What expat says of a document that ends too early (expat.h, enum XML_Error).
_CUT_CODES = frozenset({3, 5, 6})


class MalformedXmlError(ValueError):
    """The body isn't the XML that was expected.

    Attributes:
        cut: whether it looks like a part of it: it ends too early.
    """

    def __init__(self, reason: str, *, cut: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut


@dataclass(frozen=True, slots=True)
class XmlTree:
    """A parsed document whose elements are asked for by local name."""

    root: ET.Element
    #: What stands before each name in ElementTree's, or "".
    namespace: str = field(init=False)

    def __post_init__(self) -> None:
        head, brace, _ = self.root.tag.rpartition("}")
        object.__setattr__(self, "namespace", head + brace)

    @property
    def name(self) -> str:
        """The root element's local name."""
        return self.root.tag[len(self.namespace) :]

    def text(self, name: str) -> str:
        """Return the text of a child of the root, or ""."""
        return self.root.findtext(self.namespace + name) or ""

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        """Yield the texts of the children of each element of a name, by their names."""
        skip = len(self.namespace)
        for element in self.root.iter(self.namespace + name):
            yield {child.tag[skip:]: child.text or "" for child in element}


def parse_root(body: bytes, *, size_max_bytes: int, tag_count_max: int) -> XmlTree:
    """Parse a document.

    Args:
        body: the document.
        size_max_bytes: the longest that is legal.
        tag_count_max: the most tags that are: an element costs 25 times its 4 bytes.

    Raises:
        MalformedXmlError: no XML in UTF-8, it has a DOCTYPE, or it is too large to be an answer.
    """
    if len(body) > size_max_bytes:
        raise MalformedXmlError(f"the XML has more than {size_max_bytes} bytes")
    if body.count(b"<") > tag_count_max:
        raise MalformedXmlError(f"the XML has more than {tag_count_max} tags")
    if b"<!DOCTYPE" in body:
        raise MalformedXmlError("the XML has a DOCTYPE")
    # expat would follow a UTF-16 mark, and the DOCTYPE in it would go unseen above.
    if b"\0" in body or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MalformedXmlError("the XML isn't in UTF-8")
    try:
        return XmlTree(ET.fromstring(body, ET.XMLParser(encoding="utf-8")))  # noqa: S314 - no DTD
    except ET.ParseError as error:
        raise MalformedXmlError(str(error), cut=error.code in _CUT_CODES) from error
    except ValueError as error:
        raise MalformedXmlError(str(error)) from error


def expect(tree: XmlTree, stem: str) -> XmlTree:
    """Return a document whose root begins so: some write Response, or nothing, for Result.

    Raises:
        MalformedXmlError: its root begins otherwise.
    """
    if not tree.name.startswith(stem):
        raise MalformedXmlError(f"the root element is {tree.name}, not {stem}…")
    return tree


def checked_rows(tree: XmlTree, name: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield rows as `XmlTree.rows`, each with all that is needed.

    Raises:
        MalformedXmlError: one lacks something.
    """
    for row in tree.rows(name):
        if any(field_name not in row for field_name in needed):
            raise MalformedXmlError(f"a {name} element lacks one of {', '.join(needed)}")
        yield row


def number(text: str) -> int:
    """Return a whole number.

    Raises:
        MalformedXmlError: it is none, or has more digits than 63 bits need.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise MalformedXmlError(f"{text[:40]!r} is no number")
    return int(text)


def parse_time(text: str) -> float | None:
    """Return the seconds since the epoch of an ISO 8601 time, or None.

    Fractions are cut off: Last-Modified headers have none, and one object must not have two times.
    """
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def is_xml_text(text: str) -> bool:
    """Return whether XML 1.0 can carry a text."""
    return _NOT_XML.search(text) is None


def escape(text: str) -> str:
    """Return a text as an element holds it: a parser gives back every character."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # As plain characters a parser would turn both into a newline, or a space.
    return text.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")
