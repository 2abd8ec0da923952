"""Times in metadata: decimal seconds become RFC 3339 and come back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.headers import attribute_headers, object_info
from s3dlio_azure.mtime_metadata import decode_mtime, encode_mtime
from s3dlio_core.mtimes import mtime_text
from s3dlio_core.store import Attributes

#: From the year 1 to the year 9999.
NANOSECONDS = st.integers(-62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1)


@pytest.mark.parametrize(
    ("decimal", "kept"),
    [
        ("0", "1970-01-01T00:00:00.000000000Z"),
        ("1500000000.123456789", "2017-07-14T02:40:00.123456789Z"),
        ("-0.5", "1969-12-31T23:59:59.500000000Z"),
        ("-62135596800", "0001-01-01T00:00:00.000000000Z"),
    ],
)
def test_forms(decimal: str, kept: str) -> None:
    """Each as rclone writes it."""
    assert encode_mtime(decimal) == kept
    assert decode_mtime(kept) == decimal


@given(NANOSECONDS)
def test_times_come_back(mtime_ns: int) -> None:
    """To the nanosecond."""
    text = mtime_text(mtime_ns)
    kept = encode_mtime(text)
    assert kept.endswith("Z")
    assert decode_mtime(kept) == text


@pytest.mark.parametrize(
    "text", ["", "1.50", "yesterday", "999999999999", "-999999999999", "2026-02-30T00:00:00Z"]
)
def test_other_texts_are_kept(text: str) -> None:
    """What tells no time, or another form of one."""
    assert encode_mtime(text) == decode_mtime(text) == text


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("2017-07-14T04:40:00+02:00", "1500000000"),
        ("2017-07-14T02:40:00.5Z", "1500000000.5"),
        ("2017-07-14T02:40:00+25:00", "2017-07-14T02:40:00+25:00"),
    ],
)
def test_times_of_others_are_read(text: str, decimal: str) -> None:
    """With an offset, with fewer digits."""
    assert decode_mtime(text) == decimal


def test_metadata_keep_it_in_azures_form() -> None:
    """Under its name; a value of another name that looks like a time is left alone."""
    attributes = Attributes(metadata={"mtime": "1.5", "other": "1.5"})
    headers = attribute_headers(attributes, "put", "az://c/k")
    assert headers["x-ms-meta-mtime"] == "1970-01-01T00:00:01.500000000Z"
    assert headers["x-ms-meta-other"] == "1.5"
    assert object_info("k", headers).attributes == attributes
