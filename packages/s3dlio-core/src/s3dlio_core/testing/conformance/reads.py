"""Reading: ranges, buffers, descriptions, conditions."""

from __future__ import annotations

import array
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.content_check import Outcome
from s3dlio_core.errors import (
    InvalidRangeError,
    NotSupportedError,
    PreconditionFailedError,
    S3dlioError,
)
from s3dlio_core.testing.conformance.base import ConformanceBase, content, digest, needs, read

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore

_SIZE_BYTES = 1000
#: (start, stop) of ranges in an object of 1000 bytes.
_RANGES: tuple[tuple[int, int | None], ...] = (
    (0, 0),
    (0, 1),
    (0, 500),
    (0, 1000),
    (0, None),
    (1, 2),
    (1, None),
    (1, 999),
    (500, 500),
    (500, 501),
    (999, 1000),
    (999, None),
    (1000, 1000),
    (1000, None),
)
_WRONG_RANGES: tuple[tuple[int, int | None], ...] = (
    (-1, None),
    (-1, 10),
    (-10, -5),
    (1001, None),
    (1001, 1002),
    (5, 4),
    (5, 0),
    (0, -1),
)


class ReadTests(ConformanceBase):
    """What `open_reader` gives."""

    def test_whole_object(self, store: ObjectStore, prefix: str) -> None:
        """An object that others wrote is read byte for byte."""
        data = content("whole", 100_000)
        self.raw_put(store, f"{prefix}object", data)
        assert data == read(store, f"{prefix}object")

    def test_empty_object(self, store: ObjectStore, prefix: str) -> None:
        """An empty object is read as no bytes, and is no error."""
        self.raw_put(store, f"{prefix}empty", b"")
        assert read(store, f"{prefix}empty") == b""

    def test_range_of_an_empty_object(self, store: ObjectStore, prefix: str) -> None:
        """Bytes from 0 to anywhere of an empty object are no bytes."""
        self.raw_put(store, f"{prefix}empty", b"")
        assert (
            read(store, f"{prefix}empty", 0, 0),
            read(store, f"{prefix}empty", 0, 10),
        ) == (b"", b"")

    @pytest.mark.parametrize(("start", "stop"), _RANGES)
    def test_range(self, store: ObjectStore, prefix: str, start: int, stop: int | None) -> None:
        """Bytes [start, stop) are exactly those of a slice."""
        data = content("range", _SIZE_BYTES)
        self.raw_put(store, f"{prefix}object", data)
        assert data[start:stop] == read(store, f"{prefix}object", start, stop)

    @pytest.mark.parametrize(("start", "stop"), [(0, 1001), (999, 5000), (1000, 2000)])
    def test_range_beyond_the_end(
        self, store: ObjectStore, prefix: str, start: int, stop: int
    ) -> None:
        """A stop beyond the end means the end."""
        data = content("beyond", _SIZE_BYTES)
        self.raw_put(store, f"{prefix}object", data)
        assert data[start:stop] == read(store, f"{prefix}object", start, stop)

    @pytest.mark.parametrize(("start", "stop"), _WRONG_RANGES)
    def test_wrong_range_is_refused(
        self, store: ObjectStore, prefix: str, start: int, stop: int | None
    ) -> None:
        """A negative start, one beyond the end, or a stop before the start is an error."""
        self.raw_put(store, f"{prefix}object", content("wrong", _SIZE_BYTES))
        with pytest.raises(InvalidRangeError):
            read(store, f"{prefix}object", start, stop)

    def test_info_has_the_whole_size(self, store: ObjectStore, prefix: str) -> None:
        """A reader of a range tells the size of the whole object."""
        self.raw_put(store, f"{prefix}object", content("size", _SIZE_BYTES))
        with store.open_reader(f"{prefix}object", 10, 20) as reader:
            assert (f"{prefix}object", _SIZE_BYTES) == (reader.info.key, reader.info.size_bytes)

    @pytest.mark.parametrize("start", [0, 1000])
    def test_info_of_an_empty_range_has_the_whole_size(
        self, store: ObjectStore, prefix: str, start: int
    ) -> None:
        """A reader of no bytes tells the size of the whole object, too."""
        self.raw_put(store, f"{prefix}object", content("size", _SIZE_BYTES))
        with store.open_reader(f"{prefix}object", start, start) as reader:
            assert reader.info.size_bytes == _SIZE_BYTES

    def test_info_agrees_with_head(self, store: ObjectStore, prefix: str) -> None:
        """Reader and head tell the same ETag and, within a second, the same time."""
        self.raw_put(store, f"{prefix}object", b"x")
        head = store.head(f"{prefix}object")
        with store.open_reader(f"{prefix}object") as reader:
            info = reader.info
        assert head.etag == info.etag
        assert abs((head.mtime or 0.0) - (info.mtime or 0.0)) < 1

    @pytest.mark.parametrize("buffer_bytes", [1, 7, 999, 1000, 1001, 300_000])
    def test_readinto_fills_buffers_of_any_size(
        self, store: ObjectStore, prefix: str, buffer_bytes: int
    ) -> None:
        """`readinto` gives the bytes in order, whatever the buffer's size."""
        data = content("readinto", _SIZE_BYTES)
        self.raw_put(store, f"{prefix}object", data)
        buffer = bytearray(buffer_bytes)
        got = bytearray()
        with store.open_reader(f"{prefix}object") as reader:
            while count := reader.readinto(buffer):
                got += buffer[:count]
        assert data == bytes(got)

    def test_readinto_fills_the_middle_of_a_buffer(self, store: ObjectStore, prefix: str) -> None:
        """`readinto` writes into the given slice and nowhere else."""
        self.raw_put(store, f"{prefix}object", b"abcdefgh")
        buffer = bytearray(b"." * 8)
        view = memoryview(buffer)[2:6]
        with store.open_reader(f"{prefix}object") as reader:
            filled = 0
            while filled < len(view):
                filled += reader.readinto(view[filled:]) or 0
        assert bytes(buffer) == b"..abcd.."

    def test_readinto_counts_bytes_whatever_the_items_are(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A range ends where it ends in an array of larger items, too."""
        self.raw_put(store, f"{prefix}object", b"a" * 300)
        items = array.array("Q", bytes(240))
        got = []
        with store.open_reader(f"{prefix}object", 0, 100) as reader:
            while count := reader.readinto(items):
                got.append(items.tobytes()[:count])
        assert b"".join(got) == b"a" * 100

    def test_readinto_an_empty_buffer_consumes_nothing(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A buffer of no bytes gets 0, and the next read goes on where it was."""
        self.raw_put(store, f"{prefix}object", b"abc")
        with store.open_reader(f"{prefix}object") as reader:
            assert reader.readinto(bytearray()) == 0
            assert reader.readall() == b"abc"

    def test_readinto_says_0_again_after_the_end(self, store: ObjectStore, prefix: str) -> None:
        """After the last byte each call returns 0."""
        self.raw_put(store, f"{prefix}object", b"abcdef")
        with store.open_reader(f"{prefix}object", 1, 3) as reader:
            assert reader.readall() == b"bc"
            assert (reader.readinto(bytearray(9)), reader.readinto(bytearray(9))) == (0, 0)

    def test_reader_is_a_readable_stream(self, store: ObjectStore, prefix: str) -> None:
        """A reader says that it is readable, and `read(n)` gives at most n bytes."""
        self.raw_put(store, f"{prefix}object", b"abcdef")
        with store.open_reader(f"{prefix}object") as reader:
            assert reader.readable()
            assert reader.read(1) == b"a"

    def test_closed_reader_refuses_to_read(self, store: ObjectStore, prefix: str) -> None:
        """A closed reader raises ValueError, as Python's files do; closing twice is fine."""
        self.raw_put(store, f"{prefix}object", b"abcdef")
        reader = store.open_reader(f"{prefix}object")
        reader.close()
        reader.close()
        with pytest.raises(ValueError):  # noqa: PT011 - the text is each store's own
            reader.readinto(bytearray(3))

    def test_reader_closed_early_does_no_harm(self, store: ObjectStore, prefix: str) -> None:
        """A reader that is closed in the middle leaves the store usable."""
        data = content("early", 2 * 1024**2)
        self.raw_put(store, f"{prefix}object", data)
        for _ in range(3):
            with store.open_reader(f"{prefix}object") as reader:
                reader.readinto(bytearray(10))
        assert digest(data) == digest(read(store, f"{prefix}object"))

    def test_readers_are_independent(self, store: ObjectStore, prefix: str) -> None:
        """Two open readers of one object each give their own bytes."""
        self.raw_put(store, f"{prefix}object", b"abcdef")
        with (
            store.open_reader(f"{prefix}object") as first,
            store.open_reader(f"{prefix}object", 3) as second,
        ):
            assert (
                first.read(1),
                second.read(1),
                first.readall(),
                second.readall(),
            ) == (b"a", b"d", b"bcdef", b"ef")

    def test_reader_never_mixes_versions(self, store: ObjectStore, prefix: str) -> None:
        """A reader that was opened before an overwrite gives the old bytes or an error."""
        old, new = b"a" * 3_000_000, b"b" * 3_000_000
        store.put(f"{prefix}object", old)
        with store.open_reader(f"{prefix}object") as reader:
            got = reader.read(10) or b""
            store.put(f"{prefix}object", new)
            try:
                got += reader.readall()
            except S3dlioError:
                return
        assert digest(old) == digest(got)

    def test_whole_reads_end_their_comparison(self, store: ObjectStore, prefix: str) -> None:
        """What is read whole is compared with the checksum that the store tells, if it does."""
        data = content("checked", 3000)
        store.put(f"{prefix}object", data)
        with store.open_reader(f"{prefix}object") as reader:
            assert data == reader.readall()
            assert (reader.check is not None) == store.capabilities.read_checksums
            assert reader.check is None or reader.check.outcome is not Outcome.UNREAD

    def test_ranges_are_compared_like_the_whole(self, store: ObjectStore, prefix: str) -> None:
        """The check that a store gives for ranges has the outcome that a whole read has."""
        data = content("checked", 3000)
        store.put(f"{prefix}object", data)
        check = store.content_check(store.head(f"{prefix}object"))
        assert (check is not None) == store.capabilities.read_checksums
        with store.open_reader(f"{prefix}object") as reader:
            reader.readall()
            whole = reader.check
        if check is None or whole is None:
            return
        ranges = [(2000, 3000), (0, 700), (700, 2000)]
        for start, stop in sorted(ranges) if check.needs_order else ranges:
            check.add(start, memoryview(data)[start:stop])
        check.finish()
        assert check.outcome is whole.outcome

    def test_read_if_match_holds(self, store: ObjectStore, prefix: str) -> None:
        """A read on condition of the object's ETag gives its bytes."""
        needs(store, "read_if_match")
        store.put(f"{prefix}object", b"abcdef")
        etag = store.head(f"{prefix}object").etag
        assert read(store, f"{prefix}object", 1, 4, if_match=etag) == b"bcd"

    def test_read_if_match_fails(self, store: ObjectStore, prefix: str) -> None:
        """A read on condition of the ETag before the last overwrite is refused."""
        needs(store, "read_if_match")
        store.put(f"{prefix}object", b"abcdef")
        etag = store.head(f"{prefix}object").etag
        store.put(f"{prefix}object", b"ghijkl")
        with pytest.raises(PreconditionFailedError):
            read(store, f"{prefix}object", if_match=etag)

    def test_read_if_match_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't check an ETag on reading refuses, and reads nothing unchecked."""
        if store.capabilities.read_if_match:
            return
        store.put(f"{prefix}object", b"abcdef")
        with pytest.raises(NotSupportedError):
            read(store, f"{prefix}object", if_match="some-etag")
