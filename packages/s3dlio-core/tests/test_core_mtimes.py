"""Modification times as metadata, and their way through stores and back."""

from __future__ import annotations

import itertools
import os
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import operations
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.mtimes import kept_mtime_ns, mtime_ns_of, mtime_text, parse_mtime

MTIME_NS = 1_500_000_000_123_456_789


@given(st.integers(-(10**20), 10**20))
def test_what_is_written_is_read(mtime_ns: int) -> None:
    """Every nanosecond of a few thousand years."""
    assert parse_mtime(mtime_text(mtime_ns)) == mtime_ns


@pytest.mark.parametrize(
    ("mtime_ns", "text"),
    [
        (0, "0"),
        (MTIME_NS, "1500000000.123456789"),
        (1_500_000_000_000_000_000, "1500000000"),
        (1_354_040_105_120_000_000, "1354040105.12"),
        (5, "0.000000005"),
        (-1_500_000_000, "-1.5"),
    ],
)
def test_the_form_is_that_of_rclone(mtime_ns: int, text: str) -> None:
    """Decimal seconds without zeros at the end."""
    assert (text, mtime_ns) == (mtime_text(mtime_ns), parse_mtime(text))


@pytest.mark.parametrize(
    ("text", "mtime_ns"),
    [
        ("1.500000000", 1_500_000_000),
        ("1.0000000019", 1_000_000_001),  # finer than a nanosecond: cut
        ("", None),
        (".5", None),
        ("1.", None),
        ("1e9", None),
        ("1,5", None),
        ("+1", None),
        (" 1", None),
        ("nan", None),
        ("٣", None),
        ("1" * 13, None),
    ],
)
def test_other_forms(text: str, mtime_ns: int | None) -> None:
    """What others write is read if it is a time, and otherwise says nothing."""
    assert mtime_ns == parse_mtime(text)


@given(st.integers(0, 4 * 10**9 * 10**6))
def test_a_float_tells_microseconds(mtime_us: int) -> None:
    """Until the year 2096."""
    assert mtime_ns_of(mtime_us / 10**6) == mtime_us * 1000


def bucket() -> str:
    """Create a container in memory and return its URI."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return f"memory://{name}"


@pytest.mark.parametrize("part_size_bytes", [None, 1000])
@pytest.mark.parametrize("route", ["file", "memory", "memory memory", "file memory file"])
def test_a_time_makes_the_round(tmp_path: Path, route: str, part_size_bytes: int | None) -> None:
    """Through any stores, whole and in parts, to the nanosecond; a second run copies nothing."""
    here = tmp_path / "here"
    here.mkdir()
    for name, size_bytes in (("small", 10), ("large", 5000)):
        (here / name).write_bytes(b"x" * size_bytes)
        os.utime(here / name, ns=(MTIME_NS, MTIME_NS))
    kinds = [*route.split(), "file"]
    stops = [f"{here}/"]
    stops += [
        f"{bucket()}/" if kind == "memory" else f"{tmp_path}/{number}/"
        for number, kind in enumerate(kinds)
    ]
    for expected in ((2, 0), (0, 2)):
        for source, goal in itertools.pairwise(stops):
            report = operations.copy(
                source, goal, overwrite="changed", part_size_bytes=part_size_bytes
            )
            assert expected == (report.done_count, report.skipped_count)
    back = Path(stops[-1])
    assert dict.fromkeys(("small", "large"), MTIME_NS) == {
        path.name: path.stat().st_mtime_ns for path in back.iterdir()
    }


def test_a_file_gets_the_time_of_an_object_without_one(tmp_path: Path) -> None:
    """That of its last change; a second run copies nothing."""
    store = MemoryProvider().open(bucket().removeprefix("memory://"))
    written = store.put("a", b"x")
    for expected in ((1, 0), (0, 1)):
        report = operations.download(f"{store.uri}/", tmp_path, overwrite="changed")
        assert expected == (report.done_count, report.skipped_count)
    mtime = (tmp_path / "a").stat().st_mtime
    assert written.mtime == pytest.approx(mtime, abs=1e-6, rel=0)


def test_an_object_keeps_the_time_of_its_file(tmp_path: Path) -> None:
    """As metadata, to the nanosecond."""
    (tmp_path / "a").write_bytes(b"x")
    os.utime(tmp_path / "a", ns=(MTIME_NS, MTIME_NS))
    uri = bucket()
    operations.upload(tmp_path / "a", f"{uri}/")
    assert kept_mtime_ns(operations.stat(f"{uri}/a").attributes) == MTIME_NS


def test_a_file_system_without_times_gets_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mounted bucket may refuse to set times: the copy counts all the same."""

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.setattr(os, "utime", refuse)
    assert operations.copy(tmp_path / "a", tmp_path / "b").done_count == 1
    assert (tmp_path / "b").read_bytes() == b"x"
