"""Headers: what is read of a server's, and what is sent."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.errors import NotSupportedError, PreconditionFailedError
from s3dlio_core.rest.headers import (
    ContentRange,
    attributes_of,
    byte_range,
    check_sendable,
    condition_headers,
    content_headers,
    content_length,
    content_range,
    http_date,
    quoted_etag,
    retry_after_s,
    strip_etag,
)
from s3dlio_core.store import Attributes, Condition

WHOLE_SECONDS = st.datetimes(
    min_value=dt.datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(dt.timezone.utc),
).map(lambda when: when.replace(microsecond=0))


@given(WHOLE_SECONDS)
def test_date_is_read_as_the_standard_library_reads_it(when: dt.datetime) -> None:
    """The form that HTTP prescribes has a reader of its own; it must agree."""
    text = format_datetime(when, usegmt=True)
    assert parsedate_to_datetime(text).timestamp() == http_date(text) == when.timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ],
)
def test_other_forms_of_a_date_are_read(text: str) -> None:
    """The obsolete forms of RFC 9110 section 5.6.7, and numbers for the zone."""
    assert 784_111_777.0 == http_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Sun, 31 Feb 2026 00:00:00 GMT",
        "Sun, 01 Foo 2026 00:00:00 GMT",
        "Sun, 01 Nov 2026 24:00:00 GMT",
        "Sun, 01 Nov 2026 00:00:99 GMT",
        "Sun, 01 Nov 0000 00:00:00 GMT",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """A server's nonsense is no time, and no error."""
    assert http_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', "a"),
        ("a", "a"),
        (' "d41d8cd98f00b204e9800998ecf8427e-2" ', "d41d8cd98f00b204e9800998ecf8427e-2"),
        ('""', None),
        ("", None),
        ('W/"abc"', None),
        ('"a"b"', None),
        ('"a', None),
        ('"a b"', None),
        ('"a\r\nX: y"', None),
        ('"a\n"', None),
        ('"\x00"', None),
        ('"\x7f"', None),
        ('"é"', None),
    ],
)
def test_etags(text: str, expected: str | None) -> None:
    """Quotes are taken off; an ETag that is empty, weak or malformed is none."""
    assert expected == strip_etag(text)


@pytest.mark.parametrize("etag", ["", "a b", 'a"', 'W/"a"', "a\r\nx: y", "é"])
def test_etag_that_no_object_has_is_never_sent(etag: str) -> None:
    """Nor would it be as a strong one, or end the line."""
    assert quoted_etag("a", "read", "u") == '"a"'
    with pytest.raises(PreconditionFailedError):
        quoted_etag(etag, "read", "u")


@pytest.mark.parametrize(
    ("condition", "if_match", "expected"),
    [
        (None, None, {}),
        (Condition(), None, {}),
        (None, "e", {"if-match": '"e"'}),
        (Condition(if_match="e"), None, {"if-match": '"e"'}),
        (Condition(if_absent=True), None, {"if-none-match": "*"}),
    ],
)
def test_conditions(
    condition: Condition | None, if_match: str | None, expected: dict[str, str]
) -> None:
    """A condition is one header or none."""
    assert expected == condition_headers("put", "u", condition, if_match=if_match)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes 0-4/10", ContentRange(0, 5, 10)),
        (" bytes 5-5/* ", ContentRange(5, 6, None)),
        ("bytes */10", None),
        ("bytes 0-4", None),
        ("", None),
        ("bytes 0-" + "9" * 20 + "/*", None),
    ],
)
def test_content_range(text: str, expected: ContentRange | None) -> None:
    """What can't be read is none."""
    assert expected == content_range({"content-range": text})


@pytest.mark.parametrize(
    ("start", "stop", "expected"), [(0, 1, "bytes=0-0"), (2, 5, "bytes=2-4"), (3, None, "bytes=3-")]
)
def test_range(start: int, stop: int | None, expected: str) -> None:
    """The last byte is named, not the one behind it."""
    assert expected == byte_range(start, stop)


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), (" 12 ", 12), ("", None), ("-1", None), ("9" * 20, None)]
)
def test_content_length(text: str, expected: int | None) -> None:
    """What can't be read is none."""
    assert expected == content_length({"content-length": text})


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 1994 08:50:37 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": LATER, "date": DATE}, 60.0),
        ({"retry-after": DATE, "date": LATER}, 0.0),
        ({"retry-after": LATER}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    """Seconds, or a date by the server's own clock."""
    assert expected == retry_after_s(headers)


def test_attributes_there_and_back() -> None:
    """Content headers and metadata are read as they were written."""
    attributes = Attributes(
        content_type="text/plain",
        cache_control="no-cache",
        content_encoding="gzip",
        content_language="de",
        content_disposition="inline",
        metadata={"a": "b"},
    )
    sent = content_headers(attributes)
    assert attributes == attributes_of({**sent, "x-meta-a": "b", "x-other": "c"}, "x-meta-")
    renamed = attributes_of(
        {"m-a": "b"}, "m-", lambda kept: {f"{name}!": kept[name] for name in kept}
    )
    assert renamed == Attributes(metadata={"a!": "b"})
    assert {f"x-blob-{name}" for name in sent} == set(content_headers(attributes, "x-blob-"))
    assert content_headers(Attributes()) == {}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"x-a": "ü"}, "x-a can't be sent to Test: 'ü' isn't printable ASCII"),
        ({"x-a": "b\nc"}, "isn't printable ASCII"),
        ({"x-a": "b "}, "'b ' begins or ends with a blank"),
        ({"x-a": "\tb"}, "begins or ends with a blank"),
        ({"x-a": " "}, "begins or ends with a blank"),
        ({"x a": "b"}, "'x a' is no name for metadata in Test"),
        ({"": "b"}, "'' is no name"),
    ],
)
def test_what_no_header_can_carry(headers: dict[str, str], said: str) -> None:
    """It is refused, never altered."""
    check_sendable({"x-a": "b\tc ~", "x-b": "", "x-c": "d"}, "Test")
    with pytest.raises(NotSupportedError, match=said):
        check_sendable(headers, "Test", "put", "u")
