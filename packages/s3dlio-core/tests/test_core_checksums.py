"""CRCs of whole contents from those of their pieces."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.checksums import CRC32, CRC32C_POLYNOMIAL, CRC64NVME_POLYNOMIAL, Crc


def _bitwise(width_bits: int, polynomial: int) -> Crc:
    """A CRC computed bit by bit, as the textbooks do."""
    ones = (1 << width_bits) - 1

    def extend(value: int, view: memoryview) -> int:
        value ^= ones
        for byte in view:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (polynomial if value & 1 else 0)
        return value ^ ones

    return Crc("test", width_bits, polynomial, extend)


CRC32C = _bitwise(32, CRC32C_POLYNOMIAL)
CRC64NVME = _bitwise(64, CRC64NVME_POLYNOMIAL)
ALL = [CRC32, CRC32C, CRC64NVME]

#: The "check" values of the catalogue of parametrised CRC algorithms: the CRC of "123456789".
CHECK_VALUES = [(CRC32, 0xCBF43926), (CRC32C, 0xE3069283), (CRC64NVME, 0xAE8B14860A799888)]


@pytest.mark.parametrize(("crc", "value"), CHECK_VALUES)
def test_check_values(crc: Crc, value: int) -> None:
    """Each algorithm gives the value that is published for it."""
    assert value == crc.of(b"123456789")


@pytest.mark.parametrize("crc", ALL)
@given(pieces=st.lists(st.binary(max_size=40), max_size=5))
def test_pieces_combine_to_the_whole(crc: Crc, pieces: list[bytes]) -> None:
    """However a content is cut, its CRC follows from those of its pieces and their lengths."""
    whole = crc.of(b"".join(pieces))
    assert whole == crc.combine_all((crc.of(piece), len(piece)) for piece in pieces)


@given(first=st.binary(max_size=2000), second=st.binary(max_size=2000))
def test_combining_is_extending(first: bytes, second: bytes) -> None:
    """To go on from a CRC, and to combine with it, is the same."""
    value = CRC32.of(first)
    extended = CRC32.extend(value, memoryview(second))
    assert extended == CRC32.combine(value, CRC32.of(second), len(second))


@pytest.mark.parametrize("size_bytes", [0, 1, 255, 8 << 20, (1 << 32) + 3, (48 << 40) + 7])
def test_long_pieces_combine(size_bytes: int) -> None:
    """Lengths beyond 32 bits, too: appending in two steps is appending at once."""
    value = CRC64NVME.of(b"content")
    once = CRC64NVME.combine(value, 0, size_bytes)
    third = size_bytes // 3
    assert once == CRC64NVME.combine(CRC64NVME.combine(value, 0, third), 0, size_bytes - third)


def test_ten_thousand_parts_combine() -> None:
    """As many parts as an upload may have: the combination is zlib's CRC of all of them."""
    part = b"0123456789abcdef" * 4
    value = CRC32.of(part)
    assert zlib.crc32(part * 10_000) == CRC32.combine_all((value, len(part)) for _ in range(10_000))


@pytest.mark.parametrize(("crc", "encoded"), [(CRC32, "00000001"), (CRC64NVME, "0000000000000001")])
def test_bytes_are_in_network_order(crc: Crc, encoded: str) -> None:
    """The highest byte comes first, and zeros in front are kept."""
    assert encoded == crc.encode(1).hex()
