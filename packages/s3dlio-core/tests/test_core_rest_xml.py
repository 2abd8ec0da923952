"""XML from well-behaved servers and from others."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.rest.xml import (
    MalformedXmlError,
    XmlTree,
    checked_rows,
    escape,
    expect,
    is_xml_text,
    number,
    parse_root,
    parse_time,
)


def parse(body: bytes) -> XmlTree:
    """Parse a small document."""
    return parse_root(body, size_max_bytes=200, tag_count_max=10)


@pytest.mark.parametrize("namespace", ["", ' xmlns="http://other.example/"'])
def test_names_are_local(namespace: str) -> None:
    """Root, children and rows are found whatever namespace the server sends."""
    tree = parse(f"<List{namespace}><A>1</A><B><C>2</C><D/></B><B/></List>".encode())
    assert ("List", "1", "") == (tree.name, tree.text("A"), tree.text("none"))
    assert [{"C": "2", "D": ""}, {}] == list(tree.rows("B"))


@pytest.mark.parametrize(
    ("body", "said", "cut"),
    [
        (b"", "no element", True),
        (b"<a><b>", "no element", True),
        (b"<a></b>", "mismatched", False),
        (b"{}", "not well-formed", False),
        (b"<a>" + b"x" * 200, "more than 200 bytes", False),
        (b"<a>" + b"<b/>" * 10, "more than 10 tags", False),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE", False),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "UTF-8", False),
        ("<!DOCTYPE a><a/>".encode("utf-16-le"), "UTF-8", False),
    ],
)
def test_bodies_that_are_refused(body: bytes, said: str, *, cut: bool) -> None:
    """One that ends too early is told from one that is wrong, or may be hostile."""
    with pytest.raises(MalformedXmlError, match=said) as raised:
        parse(body)
    assert raised.value.cut == cut


def test_mark_of_utf_8_is_read() -> None:
    """Some services begin with it."""
    assert parse(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a/>").name == "a"


def test_other_root_is_an_error() -> None:
    """What the root begins with is expected; how it ends is the server's."""
    tree = parse(b"<ListPartsResponse/>")
    assert expect(tree, "ListParts") is tree
    with pytest.raises(MalformedXmlError, match="ListPartsResponse, not Delete…"):
        expect(tree, "Delete")


def test_row_that_lacks_something_is_an_error() -> None:
    """A listing without what it must have isn't read as a shorter one."""
    tree = parse(b"<L><B><C/></B><B><D/></B></L>")
    with pytest.raises(MalformedXmlError, match="a B element lacks one of C"):
        list(checked_rows(tree, "B", ("C",)))


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "9" * 20, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_what_is_no_number(text: str) -> None:
    """A number is at most 19 digits of ASCII."""
    assert number(" 12") == 12
    with pytest.raises(MalformedXmlError):
        number(text)


@given(st.text().filter(is_xml_text))
def test_escaped_text_survives(text: str) -> None:
    """Every text that XML can carry arrives exactly, line ends included."""
    assert text == (ET.fromstring(f"<a>{escape(text)}</a>").text or "")


@pytest.mark.parametrize("text", ["\x00", "a\x1f", "\ufffe", "\uffff", "\ud800", "\x0b"])
def test_what_xml_cannot_carry(text: str) -> None:
    """Control characters, surrogates and two noncharacters can't be sent in XML."""
    assert not is_xml_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05.999Z", 1767323045.0),
        ("2026-01-02T03:04:05Z", 1767323045.0),
        ("", None),
        ("yesterday", None),
    ],
)
def test_times(text: str, expected: float | None) -> None:
    """Times are whole seconds, as in headers."""
    assert expected == parse_time(text)
