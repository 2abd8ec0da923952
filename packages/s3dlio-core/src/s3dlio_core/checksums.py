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
    from collections.abc import Callable, Iterable, Sequence

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
        bit = 0
        while second_size_bytes >> bit:
            if second_size_bytes >> bit & 1:
                first = _shifted(first, _shift_tables(self.polynomial, self.width_bits, bit))
            bit += 1
        return first ^ second

    def combine_all(self, pieces: Iterable[tuple[int, int]]) -> int:
        """Return the CRC of pieces that follow one another, each given as its CRC and length."""
        whole = 0
        for value, size_bytes in pieces:
            whole = self.combine(whole, value, size_bytes)
        return whole

    def encode(self, value: int) -> bytes:
        """Return the CRC's bytes, the highest first."""
        return value.to_bytes(self.width_bits // 8, "big")


def _shifted(value: int, tables: Sequence[Sequence[int]]) -> int:
    """Multiply a polynomial by that of the tables: one for each four bits of it."""
    product = 0
    for table in tables:
        product ^= table[value & 15]
        value >>= 4
    return product


# An entry has 3 to 12 KiB; as many are used as there are ones in a length.
@functools.lru_cache(maxsize=3 * 64)
def _shift_tables(polynomial: int, width_bits: int, exponent: int) -> Sequence[Sequence[int]]:
    """Return the tables that multiply by x^(8 * 2^exponent), modulo the polynomial."""
    # What each bit of a polynomial becomes, from the lowest, x^(width - 1), on.
    images = _multiples(_power(polynomial, width_bits, exponent), polynomial, width_bits)[::-1]
    tables = []
    for first in range(0, width_bits, 4):
        table = [0]
        for image in images[first : first + 4]:
            table += [image ^ entry for entry in table]
        tables.append(table)
    return tables


@functools.lru_cache(maxsize=3 * 64)
def _power(polynomial: int, width_bits: int, exponent: int) -> int:
    """Return x^(8 * 2^exponent), modulo the polynomial."""
    if exponent == 0:
        return 1 << (width_bits - 1 - 8)
    root = _power(polynomial, width_bits, exponent - 1)
    square = 0
    for number, multiple in enumerate(_multiples(root, polynomial, width_bits), start=1):
        if root >> (width_bits - number) & 1:
            square ^= multiple
    return square


def _multiples(value: int, polynomial: int, width_bits: int) -> list[int]:
    """Return a polynomial times x^0, x^1 and so on, modulo another."""
    multiples = [value]
    while len(multiples) < width_bits:
        value = value >> 1 ^ polynomial if value & 1 else value >> 1
        multiples.append(value)
    return multiples


CRC32 = Crc("CRC32", 32, CRC32_POLYNOMIAL, lambda value, view: zlib.crc32(view, value))
