"""CRCs: of buffers, and of a whole from those of its parts.

Rules that hold in this file:
- Pure, and only the standard library: CRC-32 comes from zlib; a store that has a library for
  another makes its own `Crc` with it.
- Every CRC here is reflected, with all ones before and after. For those, and only for those, the
  CRC of two pieces follows from the CRCs of both and the length of the second.

The arithmetic: a CRC is the remainder of a polynomial over GF(2). To put n bytes behind a piece is
to multiply its polynomial by x^8n; the ones before and after cancel out, as zlib's crc32_combine
shows. Polynomials are integers whose highest bit is x^0, as the CRCs themselves are.

Sources: RFC 1952 section 8 (CRC-32); RFC 3720 appendix B.4 (CRC-32C); NVM Express NVM Command Set
Specification 1.0d section 5.2.1.3.4 (CRC-64).
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3dlio_core.store import Buffer

__all__ = ["CRC32", "CRC32C_POLYNOMIAL", "CRC64NVME_POLYNOMIAL", "Crc"]

CRC32_POLYNOMIAL = 0xEDB88320
CRC32C_POLYNOMIAL = 0x82F63B78
CRC64NVME_POLYNOMIAL = 0x9A6C9329AC4BC9B5


@dataclass(frozen=True, slots=True)
class Crc:
    """An algorithm.

    Attributes:
        name: as S3 calls it, e.g. "CRC32C".
        width_bits: 32 or 64.
        polynomial: reflected.
        extend: takes the CRC of what came before (0 at the beginning) and the next bytes, and
            returns the CRC of both.
    """

    name: str
    width_bits: int
    polynomial: int
    extend: Callable[[int, memoryview], int]

    def of(self, buffer: Buffer) -> int:
        """Return the CRC of a buffer."""
        return self.extend(0, memoryview(buffer).cast("B"))

    def combine(self, first: int, second: int, second_size_bytes: int) -> int:
        """Return the CRC of two pieces that follow one another.

        Args:
            first: the CRC of the first piece.
            second: the CRC of the second.
            second_size_bytes: the second's length.
        """
        shift = _power(self.polynomial, self.width_bits, second_size_bytes)
        return _product(first, shift, self.polynomial, self.width_bits) ^ second

    def combine_all(self, pieces: Iterable[tuple[int, int]]) -> int:
        """Return the CRC of pieces that follow one another, each given as its CRC and length."""
        whole = 0
        for value, size_bytes in pieces:
            whole = self.combine(whole, value, size_bytes)
        return whole

    def encode(self, value: int) -> bytes:
        """Return the CRC's bytes, the highest first."""
        return value.to_bytes(self.width_bits // 8, "big")


def _product(one: int, other: int, polynomial: int, width_bits: int) -> int:
    """Multiply two polynomials, modulo a third."""
    product = 0
    bit = 1 << (width_bits - 1)
    while one:
        if one & bit:
            product ^= other
            one ^= bit
        bit >>= 1
        other = other >> 1 ^ polynomial if other & 1 else other >> 1
    return product


# Parts of one object have one length, but the last: few entries serve many parts.
@functools.lru_cache(maxsize=64)
def _power(polynomial: int, width_bits: int, size_bytes: int) -> int:
    """Return x^(8 * size_bytes), modulo the polynomial."""
    power = 1 << (width_bits - 1)
    square = power >> 8
    while size_bytes:
        if size_bytes & 1:
            power = _product(power, square, polynomial, width_bits)
        square = _product(square, square, polynomial, width_bits)
        size_bytes >>= 1
    return power


CRC32 = Crc("CRC32", 32, CRC32_POLYNOMIAL, lambda value, view: zlib.crc32(view, value))
