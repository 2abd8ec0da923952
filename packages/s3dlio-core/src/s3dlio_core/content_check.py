"""Comparing an object's bytes, as they are read, with the checksum that its store tells.

Rules that hold in this file:
- Bytes are checked where they lie: no copy. They may come in any order and from many threads,
  which is how parts of a large object are read; CRCs of pieces are combined. Digests can't be:
  who has one to compare with (`needs_order`) adds the bytes in order, or not at all.
- What can't be compared is told as such (`Outcome`), never taken for right.
- Nothing that `finish` raises is retryable: all bytes were added, and a second time would be once
  too often.
- A store without checksums has no checks at all; core knows no store.

Source: Amazon S3 User Guide, "Checking object integrity": full object and composite checksums.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import itertools
import threading
from typing import TYPE_CHECKING, ClassVar

from s3dlio_core.errors import IntegrityError, S3dlioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3dlio_core.checksums import Crc

__all__ = ["ContentCheck", "CrcCheck", "DigestCheck", "Outcome", "for_parts"]


class Outcome(enum.Enum):
    """How a comparison ended; the values are for people."""

    VERIFIED = "verified"
    UNREAD = "not all bytes were read"
    NO_CHECKSUM = "the source tells no checksum of it"
    OTHER_ALGORITHM = "its checksum is of an algorithm that can't be computed here"
    UNKNOWN_PARTS = "its checksum is made of parts whose sizes aren't known"
    READ_IN_PARTS = "it was read in parts, and its checksum is of bytes in order"


class ContentCheck:
    """What follows the bytes of one object; this one compares nothing, and says why.

    Attributes:
        outcome: what is known by now; final after `finish`.
        needs_order: whether bytes have to be added in order, from the first on.
    """

    needs_order: ClassVar[bool] = False

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def add(self, offset_bytes: int, view: memoryview) -> None:
        """Take notice of the bytes at an offset. Thread-safe, also while another is added."""

    def retry_with(self, retry: Callable[[Callable[[], bool]], bool]) -> None:
        """Let `finish` ask its store through this function, which calls again what failed."""

    def finish(self) -> None:
        """Compare, when all bytes were added.

        Raises:
            IntegrityError: they aren't those that the checksum was made of, or not all of them.
            S3dlioError: the store can't be asked what is needed to compare them.
        """


class CrcCheck(ContentCheck):
    """Compares with a CRC of the object, or with a CRC of its parts' CRCs."""

    def __init__(
        self,
        crc: Crc,
        expected: bytes,
        size_bytes: int,
        *,
        uri: str,
        part_size_bytes: int | None = None,
        confirm_parts: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare a comparison.

        Args:
            crc: the algorithm.
            expected: the checksum's bytes.
            size_bytes: the object's size.
            uri: the object's, for messages.
            part_size_bytes: `expected` is of the CRCs of parts of this size, the last one shorter;
                None: it is of the object's bytes.
            confirm_parts: is asked once, when the checksum differs, whether the parts really have
                these sizes.
        """
        super().__init__(Outcome.UNREAD)
        self._crc = crc
        self._expected = expected
        self._size_bytes = size_bytes
        self._uri = uri
        self._part_size_bytes = part_size_bytes or max(size_bytes, 1)
        self._is_composite = part_size_bytes is not None
        self._confirm_parts = confirm_parts
        # Pieces that were added, by their ends: where each begins, and its CRC.
        self._pieces: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def add(self, offset_bytes: int, view: memoryview) -> None:
        """Take notice of the bytes at an offset."""
        done = 0
        while done < len(view):
            start = offset_bytes + done
            count = min(self._part_size_bytes - start % self._part_size_bytes, len(view) - done)
            self._add_piece(start, view[done : done + count])
            done += count

    def _add_piece(self, start: int, view: memoryview) -> None:
        """Add bytes of one part; a piece that ends where they begin grows by them."""
        begin, value = start, 0
        if start % self._part_size_bytes:
            with self._lock:
                begin, value = self._pieces.pop(start, (start, 0))
        value = self._crc.extend(value, view)
        with self._lock:
            self._pieces[start + len(view)] = (begin, value)

    def retry_with(self, retry: Callable[[Callable[[], bool]], bool]) -> None:
        """Ask for the sizes of the parts through this function."""
        self._confirm_parts = functools.partial(retry, self._confirm_parts)

    def finish(self) -> None:
        """Compare, when all bytes were added."""
        parts = self._parts()
        if parts is None:
            raise _incomplete(self._uri)
        found = b"".join(self._crc.encode(value) for value in parts)
        if self._is_composite:
            found = self._crc.encode(self._crc.of(found))
        if found == self._expected:
            self.outcome = Outcome.VERIFIED
        elif self._are_parts_confirmed():
            raise _differ(self._crc.name, found, self._expected, self._uri)
        else:
            self.outcome = Outcome.UNKNOWN_PARTS

    def _are_parts_confirmed(self) -> bool:
        try:
            return self._confirm_parts()
        except S3dlioError as error:
            error.retryable = False
            raise

    def _parts(self) -> list[int] | None:
        """Return the CRC of each part, or None when bytes are missing."""
        pieces = sorted((begin, end, value) for end, (begin, value) in self._pieces.items())
        ends = [0, *(end for _, end, _ in pieces)]
        if ends[-1] != self._size_bytes or any(
            begin != end for (begin, _, _), end in zip(pieces, ends, strict=False)
        ):
            return None
        return list(self._values(pieces)) or [0]

    def _values(self, pieces: list[tuple[int, int, int]]) -> Iterator[int]:
        for _, part in itertools.groupby(pieces, lambda piece: piece[0] // self._part_size_bytes):
            yield self._crc.combine_all((value, end - begin) for begin, end, value in part)


class DigestCheck(ContentCheck):
    """Compares with a digest of the object's bytes, which have to be added in order."""

    needs_order = True

    def __init__(self, algorithm: str, expected: bytes, size_bytes: int, *, uri: str) -> None:
        """Prepare a comparison.

        Args:
            algorithm: a name that hashlib knows, e.g. "MD5".
            expected: the digest.
            size_bytes: the object's size.
            uri: the object's, for messages.
        """
        super().__init__(Outcome.UNREAD)
        self._algorithm = algorithm
        self._digest = hashlib.new(algorithm, usedforsecurity=False)
        self._expected = expected
        self._size_bytes = size_bytes
        self._uri = uri
        self._position = 0
        self._is_in_order = True
        self._lock = threading.Lock()

    def add(self, offset_bytes: int, view: memoryview) -> None:
        """Take notice of the bytes at an offset, where those before it were added last."""
        with self._lock:
            self._is_in_order = self._is_in_order and offset_bytes == self._position
            if self._is_in_order:
                self._digest.update(view)
                self._position += len(view)

    def finish(self) -> None:
        """Compare, when all bytes were added."""
        if not self._is_in_order or self._position != self._size_bytes:
            raise _incomplete(self._uri)
        found = self._digest.digest()
        if found != self._expected:
            raise _differ(self._algorithm, found, self._expected, self._uri)
        self.outcome = Outcome.VERIFIED


def for_parts(check: ContentCheck | None) -> ContentCheck | None:
    """Return what compares an object that many workers read in parts, in any order.

    Args:
        check: that of its store; one that needs order gives way to one that says so.
    """
    if check is not None and check.needs_order:
        return ContentCheck(Outcome.READ_IN_PARTS)
    return check


def _incomplete(uri: str) -> IntegrityError:
    return _error("some of the bytes that were read were not compared", uri)


def _differ(algorithm: str, found: bytes, expected: bytes, uri: str) -> IntegrityError:
    return _error(
        f"the bytes that were read have the {algorithm} {found.hex()}, "
        f"the object's is {expected.hex()}",
        uri,
        hint="Run the command again; if it fails again, the object itself is damaged",
    )


def _error(message: str, uri: str, hint: str = "") -> IntegrityError:
    return IntegrityError(message, operation="read", uri=uri, hint=hint, retryable=False)
