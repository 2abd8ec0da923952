"""Limits on bytes per second, in a time of their own: no test waits for a clock."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core import bandwidth as module
from s3dlio_core import operations
from s3dlio_core.bandwidth import (
    SLICE_MAX_BYTES,
    SLICE_MIN_BYTES,
    Bandwidth,
    paced,
    parse_bwlimit,
)
from s3dlio_core.errors import CancelledError, UsageError
from s3dlio_core.transfer.events import CancelToken

if TYPE_CHECKING:
    from pathlib import Path

RATES = st.floats(1, 1e10)
SIZES = st.integers(0, 10**7)


@dataclass
class Clock:
    """A time that passes only while somebody waits for it."""

    now_s: float = 1000.0
    waits_s: list[float] = field(default_factory=list)

    def now(self) -> float:
        """The time."""
        return self.now_s

    def wait(self, seconds: float, cancel: CancelToken | None) -> bool:
        """Let it pass."""
        self.waits_s.append(seconds)
        if cancel is not None and cancel.cancelled:
            return True
        # A float may be too coarse for the last bit.
        self.now_s = max(self.now_s + seconds, self.now_s * (1 + 1e-15))
        return False

    def limit(self, bytes_per_s: float) -> Bandwidth:
        """A limit in this time."""
        return Bandwidth(bytes_per_s, now_s=self.now, wait=self.wait)


def test_bytes_take_their_time() -> None:
    """At 100 bytes a second 250 bytes take 2.5 seconds, however they are asked for."""
    clock = Clock()
    limit = clock.limit(100)
    for size_bytes in (100, 0, 50, 100):
        limit.take(size_bytes)
    assert clock.now_s == pytest.approx(1002.5)


def test_idle_time_is_not_saved_up() -> None:
    """After a pause of an hour no hour's bytes come at once."""
    clock = Clock()
    limit = clock.limit(100)
    limit.take(100)
    clock.now_s += 3600
    limit.take(100)
    assert clock.now_s == pytest.approx(1000 + 1 + 3600 + 1)


@settings(deadline=None)
@given(rate=RATES, sizes=st.lists(SIZES, max_size=50), pauses=st.lists(st.floats(0, 100)))
def test_no_stretch_of_time_has_more_than_its_share(
    rate: float, sizes: list[int], pauses: list[float]
) -> None:
    """Between any two moments no more comes through than the rate allows, but for one piece."""
    clock = Clock()
    limit = clock.limit(rate)
    moments = [(clock.now_s, 0)]
    for number, size_bytes in enumerate(sizes):
        clock.now_s += pauses[number] if number < len(pauses) else 0
        limit.take(size_bytes)
        moments.append((clock.now_s, size_bytes))
    for first in range(len(moments)):
        through_bytes = 0
        for at_s, size_bytes in moments[first + 1 :]:
            through_bytes += size_bytes
            allowed_bytes = (at_s - moments[first][0]) * rate
            assert through_bytes <= allowed_bytes * 1.0001 + rate * 1e-6 + 1


def test_threads_share_one_rate() -> None:
    """Ten threads together get what one would."""
    clock = Clock()
    limit = Bandwidth(50, now_s=clock.now, wait=lambda _seconds, _cancel: True)

    def take() -> None:
        with pytest.raises(CancelledError):
            limit.take(100)

    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limit._free_at_s == pytest.approx(1000 + 10 * 100 / 50)


def test_wait_ends_when_cancelled() -> None:
    """Who waits for his turn hears of the token."""
    clock, token = Clock(), CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        clock.limit(1).take(10, token)


@pytest.mark.parametrize("cancel", [None, CancelToken()])
def test_real_time_passes_too(cancel: CancelToken | None) -> None:
    """Without a clock of the test's own it really waits, with or without a token."""
    limit = Bandwidth(1e9)
    limit.take(1000, cancel)
    assert limit._free_at_s <= time.monotonic()


@given(rate=RATES)
def test_slices_are_neither_tiny_nor_huge(rate: float) -> None:
    """A slow line isn't read byte by byte, and a fast one in pieces that fit into a cache."""
    assert SLICE_MIN_BYTES <= Clock().limit(rate).slice_bytes <= SLICE_MAX_BYTES


class _Shy(io.BytesIO):
    """A reader that gives a few bytes at a time."""

    def readinto(self, buffer: Any, /) -> int:
        """Fill seven bytes at the most."""
        return super().readinto(memoryview(buffer)[:7])


@given(content=st.binary(max_size=5000), size_bytes=st.integers(1, 3000))
def test_paced_reader_gives_every_byte(content: bytes, size_bytes: int) -> None:
    """Whatever the buffers and however little comes at once, all comes, in its time."""
    clock = Clock()
    reader = paced(_Shy(content), clock.limit(1000))
    found, buffer = b"", bytearray(size_bytes)
    while count := reader.readinto(memoryview(buffer)):
        found += buffer[:count]
    assert found == content
    slices_s = max(SLICE_MIN_BYTES, size_bytes) / 1000
    assert len(content) / 1000 - 1e-6 <= clock.now_s - 1000 <= len(content) / 1000 + slices_s


def test_no_limit_costs_nothing() -> None:
    """The reader itself is read."""
    reader = io.BytesIO(b"x")
    assert paced(reader, None) is reader


@pytest.mark.parametrize(
    ("value", "bytes_per_s"),
    [
        ("10M", 10 * 1024**2),
        ("512k", 512 * 1024),
        ("1.5M", 1.5 * 1024**2),
        ("10MiB", 10 * 1024**2),
        ("10MB", 10_000_000),
        ("100b", 100),
        ("512", 512 * 1024),
        ("0.5", 512),
        (512, 512 * 1024),
        (" 1G ", 1024**3),
        ("off", None),
        ("0", None),
        (0, None),
        (None, None),
    ],
)
def test_units_are_those_of_rclone(value: str | int | None, bytes_per_s: float | None) -> None:
    """Multiples of 1024; a bare number is KiB per second."""
    assert parse_bwlimit(value) == bytes_per_s


@pytest.mark.parametrize(
    "value", ["", "fast", "-1", -1, "10M:1M", "08:00,512k", "10M/s", "1e6", "0.0001b"]
)
def test_what_is_no_rate_is_refused(value: str | int) -> None:
    """It is an error of the caller, before anything is copied."""
    with pytest.raises(UsageError, match=r"bandwidth|byte per second"):
        parse_bwlimit(value)


@pytest.mark.parametrize("value", [True, 1.5, b"10M"])
def test_other_types_are_refused(value: Any) -> None:
    """A float would be a unit that nobody named."""
    with pytest.raises(TypeError, match="bwlimit"):
        parse_bwlimit(value)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of all limits that operations make."""
    clock = Clock()
    monkeypatch.setattr(module, "Bandwidth", clock.limit)
    return clock


def test_copies_keep_to_it(clock: Clock, tmp_path: Path) -> None:
    """Whole objects and parts alike: 40,000 bytes at 10 KiB a second."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "small").write_bytes(b"s" * 10_000)
    (tmp_path / "in" / "large").write_bytes(b"l" * 30_000)
    for number, part_size_bytes in enumerate((None, 4096)):
        before_s = clock.now_s
        out = tmp_path / f"out{number}"
        operations.copy(
            f"{tmp_path}/in/",
            out,
            1,
            recursive=True,
            bwlimit="10k",
            part_size_bytes=part_size_bytes,
        )
        assert (out / "large").read_bytes() == b"l" * 30_000
        assert clock.now_s - before_s == pytest.approx(40_000 / 10_240)


def test_get_and_put_keep_to_it(clock: Clock, tmp_path: Path) -> None:
    """One object's bytes take their time, in either direction."""
    operations.put(tmp_path / "k", b"x" * 10_240, bwlimit="10k")
    assert clock.now_s == pytest.approx(1001)
    assert operations.get(tmp_path / "k", start=5120, bwlimit="10k") == b"x" * 5120
    assert clock.now_s == pytest.approx(1001.5)


def test_many_keep_to_it_together(clock: Clock, tmp_path: Path) -> None:
    """Ten objects take as long as one of their size, however many are in flight."""
    uris = [f"{tmp_path}/{number}" for number in range(10)]
    operations.put_many([(uri, b"x" * 1024) for uri in uris], 1, bwlimit="10k")
    assert clock.now_s == pytest.approx(1001)
    operations.get_many(uris, 1, bwlimit="10k")
    assert clock.now_s == pytest.approx(1002)


def test_unlimited_operations_do_not_wait(clock: Clock, tmp_path: Path) -> None:
    """Without a limit nobody asks for the time."""
    operations.put(tmp_path / "k", b"x")
    operations.copy(tmp_path / "k", tmp_path / "k2")
    assert clock.waits_s == []


@pytest.mark.parametrize("operation", ["copy", "upload", "download"])
def test_bad_limits_stop_a_transfer_before_it_begins(operation: str, tmp_path: Path) -> None:
    """Nothing is created."""
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(UsageError, match="bandwidth"):
        getattr(operations, operation)(tmp_path / "a", tmp_path / "b", bwlimit="fast")
    assert not (tmp_path / "b").exists()


def test_long_object_comes_evenly(tmp_path: Path) -> None:
    """A slice at a time, also behind the first range: what was read is given before more is."""
    content = bytes(range(256)) * (20 * 4096)
    (tmp_path / "long").write_bytes(content)
    clock = Clock()
    limit = clock.limit(1024**2)
    came = bytearray()
    with operations.open_raw(tmp_path / "long", bandwidth=limit) as stream:
        for piece in stream.pieces():
            came += piece
            paid_bytes = (clock.now_s - 1000) * limit.bytes_per_s
            assert paid_bytes - len(came) <= limit.slice_bytes
    assert came == content
