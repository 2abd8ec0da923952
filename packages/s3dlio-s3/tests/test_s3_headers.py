"""Headers: what is read of a server's."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_s3.headers import http_date

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
