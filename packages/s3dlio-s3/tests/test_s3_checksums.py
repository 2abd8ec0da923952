"""Checksums as S3 has them, as values: algorithms, headers, combination, what answers tell."""

from __future__ import annotations

import base64
import builtins
import zlib
from typing import TYPE_CHECKING, Any

import awscrt.checksums
import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.content_check import Outcome
from s3dlio_core.errors import IntegrityError, UsageError
from s3dlio_core.store import ChecksumType, ObjectInfo, Part
from s3dlio_s3 import checksums
from s3dlio_s3.config import S3Config
from s3dlio_s3.config_options import config_from_options

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Computed by another library than ours wherever there are two.
ORACLES = {
    "CRC64NVME": (awscrt.checksums.crc64nvme, awscrt.checksums.combine_crc64nvme, 8),
    "CRC32C": (awscrt.checksums.crc32c, awscrt.checksums.combine_crc32c, 4),
    "CRC32": (awscrt.checksums.crc32, awscrt.checksums.combine_crc32, 4),
}


def text(value: int, name: str) -> str:
    """A checksum as a header has it."""
    return base64.b64encode(value.to_bytes(ORACLES[name][2], "big")).decode()


def made(content: bytes, sizes: list[int], name: str) -> list[Part]:
    """Parts of a content with their checksums."""
    parts = []
    for number, size in enumerate(sizes, 1):
        piece, content = content[:size], content[size:]
        parts.append(
            Part(number, len(piece), "e", checksums={name: text(ORACLES[name][0](piece), name)})
        )
    return parts


# Algorithms.


@pytest.mark.parametrize("name", checksums.ALGORITHMS)
@given(content=st.binary(max_size=1000), cut=st.integers(0, 1000))
def test_each_algorithm_is_what_another_library_says(name: str, content: bytes, cut: int) -> None:
    """Over read-only and writable buffers, at once and in two steps."""
    crc = checksums.needed(name)
    expected = ORACLES[name][0](content)
    assert expected == crc.of(content) == crc.of(bytearray(content)) == crc.of(memoryview(content))
    first = crc.extend(0, memoryview(content)[:cut])
    assert expected == crc.extend(first, memoryview(content)[cut:])


@pytest.mark.parametrize("name", checksums.ALGORITHMS)
def test_large_buffers(name: str) -> None:
    """A buffer beyond the size of a slice, whose length is none of its multiples."""
    content = bytearray(range(256)) * 1500 + b"end"
    assert ORACLES[name][0](content) == checksums.needed(name).of(content)


@pytest.mark.parametrize("name", checksums.ALGORITHMS)
@given(first=st.binary(max_size=300), second=st.binary(max_size=300))
def test_combination_is_what_another_library_says(name: str, first: bytes, second: bytes) -> None:
    """Ours is Python, theirs is C."""
    compute, combine, _ = ORACLES[name]
    expected = combine(compute(first), compute(second), len(second))
    assert expected == checksums.needed(name).combine(compute(first), compute(second), len(second))


def test_unknown_algorithm_is_none() -> None:
    """What isn't computed here is no error until it is asked for."""
    assert checksums.find("SHA256") is None


@pytest.fixture
def _without_libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if no extra were installed."""
    importing = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] in {"awscrt", "google_crc32c"}:
            raise ImportError(name)
        return importing(name, *rest, **named)

    for finder in (checksums._find_crc64nvme, checksums._find_crc32c):
        finder.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    yield
    for finder in (checksums._find_crc64nvme, checksums._find_crc32c):
        finder.cache_clear()


@pytest.mark.usefixtures("_without_libraries")
def test_zlib_is_enough() -> None:
    """Without the extras uploads carry CRC32; what was asked for and is missing names its extra."""
    crc = checksums.for_requests(S3Config())
    assert crc is not None
    assert crc.name == "CRC32"
    with pytest.raises(UsageError, match=r"Install s3dlio-s3\[crc64nvme\]"):
        checksums.for_requests(S3Config(checksum_algorithm="CRC64NVME"))


def test_crc32c_of_awscrt_serves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where google-crc32c isn't installed, or is only Python, awscrt computes CRC32C."""
    checksums._find_crc32c.cache_clear()
    monkeypatch.setattr(google_crc32c, "implementation", "python")
    crc = checksums.needed("CRC32C")
    checksums._find_crc32c.cache_clear()
    assert crc.of(bytearray(b"123456789")) == 0xE3069283


def test_the_fastest_is_the_default() -> None:
    """CRC64NVME where awscrt is installed."""
    crc = checksums.for_requests(S3Config())
    assert crc is not None
    assert crc.name == "CRC64NVME"
    assert checksums.installed() == set(checksums.ALGORITHMS)


# When.


@pytest.mark.parametrize(
    ("options", "environ", "sends", "reads"),
    [
        ({}, {}, True, True),
        ({"endpoint_url": "http://h"}, {}, False, False),
        ({"endpoint_url": "http://h", "checksum_algorithm": "crc32"}, {}, True, False),
        ({}, {"AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED"}, False, True),
        ({}, {"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}, True, False),
        (
            {"endpoint_url": "http://h"},
            {
                "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
                "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
            },
            True,
            True,
        ),
        (
            {"request_checksum_calculation": "when_required"},
            {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"},
            False,
            True,
        ),
    ],
)
def test_when_checksums_are_used(
    options: dict[str, str], environ: dict[str, str], sends: bool, reads: bool
) -> None:
    """By default on AWS only; as the options and then the environment say."""
    config = config_from_options(options, {"HOME": "/nonexistent", **environ})
    assert (sends, reads) == (config.sends_checksums, config.reads_checksums)


@pytest.mark.parametrize("name", ["request_checksum_calculation", "response_checksum_validation"])
def test_profile_says_when(tmp_path: Any, name: str) -> None:
    """A profile's setting counts where nothing else is said."""
    path = tmp_path / "config"
    path.write_text(f"[default]\n{name} = when_required\n", encoding="utf-8")
    config = config_from_options({}, {"AWS_CONFIG_FILE": str(path)})
    assert getattr(config, name) == "when_required"


@pytest.mark.parametrize(("text", "signs"), [("true", True), ("false", False)])
def test_profile_says_whether_payloads_are_signed(tmp_path: Any, text: str, signs: bool) -> None:
    """s3.payload_signing_enabled is honoured over https."""
    path = tmp_path / "config"
    path.write_text(f"[default]\ns3 =\n  payload_signing_enabled = {text}\n", encoding="utf-8")
    config = config_from_options({}, {"AWS_CONFIG_FILE": str(path)})
    assert signs is config.signs_payload


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("checksum_algorithm", "MD5"),
        ("request_checksum_calculation", "sometimes"),
        ("response_checksum_validation", "never"),
    ],
)
def test_nonsense_is_refused(name: str, value: str) -> None:
    """The error names the choices."""
    with pytest.raises(UsageError, match=f"bad {name} .*Use one of: (CRC|auto)"):
        config_from_options({name: value}, {"HOME": "/nonexistent"})


# Headers and combination.


def test_headers_of_a_request() -> None:
    """The checksum, and its algorithm as the SDKs name it."""
    assert {
        "x-amz-checksum-crc32": text(zlib.crc32(b"abc"), "CRC32"),
        "x-amz-sdk-checksum-algorithm": "CRC32",
    } == checksums.request_headers(checksums.needed("CRC32"), b"abc")
    assert checksums.request_headers(None, b"abc") == {}


@pytest.mark.parametrize("name", checksums.ALGORITHMS)
@given(content=st.binary(max_size=300), sizes=st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_full_object_checksum_of_parts(name: str, content: bytes, sizes: list[int]) -> None:
    """It is that of the whole content."""
    parts = made(content, sizes, name)
    whole = content[: sum(sizes)]
    expected = text(ORACLES[name][0](whole), name)
    assert expected == checksums.full_object(checksums.needed(name), parts)


def test_composite_checksum_of_parts() -> None:
    """It is the checksum of the parts' checksums, and says how many they are."""
    parts = made(b"abcdefgh", [3, 3, 3], "CRC32")
    joined = b"".join(zlib.crc32(piece).to_bytes(4, "big") for piece in (b"abc", b"def", b"gh"))
    expected = f"{text(zlib.crc32(joined), 'CRC32')}-3"
    assert expected == checksums.composite(checksums.needed("CRC32"), parts)


@pytest.mark.parametrize("told", [{}, {"CRC32": "not base64"}, {"CRC32": "AAAA"}])
def test_parts_without_checksum_have_none_together(told: dict[str, str]) -> None:
    """One part whose checksum isn't known is enough."""
    parts = [*made(b"abc", [3], "CRC32"), Part(2, 3, "e", checksums=told)]
    crc = checksums.needed("CRC32")
    assert checksums.full_object(crc, parts) is None
    assert checksums.composite(crc, parts) is None


# What is read.

CONTENT = b"0123456789"
CRC = text(zlib.crc32(CONTENT), "CRC32")
FULL, COMPOSITE = ChecksumType.FULL_OBJECT, ChecksumType.COMPOSITE


def composite_of(*pieces: bytes) -> str:
    """The composite CRC32 of these parts."""
    joined = b"".join(zlib.crc32(piece).to_bytes(4, "big") for piece in pieces)
    return f"{text(zlib.crc32(joined), 'CRC32')}-{len(pieces)}"


def outcome(
    told: dict[str, str],
    kind: ChecksumType | None = None,
    etag: str | None = "abc",
    sizes: tuple[int, ...] = (),
) -> Outcome:
    """How CONTENT compares with what an answer tells of it."""
    info = ObjectInfo("k", len(CONTENT), etag=etag, checksums=told, checksum_type=kind)
    known = dict(enumerate(sizes, 1))
    check = checksums.content_check(info, "s3://b/k", known.get)
    check.add(0, memoryview(CONTENT))
    check.finish()
    return check.outcome


@pytest.mark.parametrize(
    ("told", "kind", "etag", "expected"),
    [
        ({}, None, "abc", Outcome.NO_CHECKSUM),
        ({"CRC32": CRC}, FULL, "abc", Outcome.VERIFIED),
        ({"CRC32": CRC}, FULL, "abc-7", Outcome.VERIFIED),
        ({"CRC32": CRC}, None, "abc", Outcome.VERIFIED),
        ({"CRC32": CRC, "SHA256": "x"}, FULL, "abc", Outcome.VERIFIED),
        # Without its kind, the checksum of an object of parts may be a composite one.
        ({"CRC32": "AAAAAA=="}, None, "abc-7", Outcome.UNKNOWN_PARTS),
        ({"CRC32": "AAAAAA=="}, None, None, Outcome.UNKNOWN_PARTS),
        ({"CRC32": "AAAAAA=="}, COMPOSITE, "abc", Outcome.UNKNOWN_PARTS),
        ({"CRC32": "AAAAAA==-0"}, None, "abc", Outcome.UNKNOWN_PARTS),
        ({"CRC32": "AAAAAA==-3"}, FULL, "abc", Outcome.UNKNOWN_PARTS),
        ({"SHA256": "x"}, FULL, "abc", Outcome.OTHER_ALGORITHM),
        ({"XXHASH3": "x"}, None, "abc", Outcome.OTHER_ALGORITHM),
        ({"CRC32": "short"}, FULL, "abc", Outcome.NO_CHECKSUM),
        ({"CRC32": "AAAA"}, FULL, "abc", Outcome.NO_CHECKSUM),
        ({"CRC32": "\u0661-\u0661"}, None, "abc", Outcome.NO_CHECKSUM),
    ],
)
def test_what_an_answer_tells(
    told: dict[str, str], kind: ChecksumType | None, etag: str | None, expected: Outcome
) -> None:
    """Each kind of answer; none of these says that the bytes are wrong."""
    assert expected is outcome(told, kind, etag)


@pytest.mark.parametrize("name", checksums.ALGORITHMS)
def test_every_algorithm_verifies(name: str) -> None:
    """Also where the kind isn't told, for objects of one part."""
    assert outcome({name: text(ORACLES[name][0](CONTENT), name)}) is Outcome.VERIFIED


def test_wrong_bytes_are_an_error() -> None:
    """The error shows both checksums."""
    with pytest.raises(IntegrityError, match="have the CRC32 a684c7c6, the object's is 00000000"):
        outcome({"CRC32": "AAAAAA=="}, FULL)


@pytest.mark.parametrize(
    ("pieces", "sizes"),
    [((b"0123", b"4567", b"89"), (4, 4, 2)), ((b"01234", b"56789"), (5, 5)), ((CONTENT,), ())],
)
def test_composite_of_equal_parts_verifies(
    pieces: tuple[bytes, ...], sizes: tuple[int, ...]
) -> None:
    """The first part's size tells where the parts begin; one part needs no telling."""
    assert outcome({"CRC32": composite_of(*pieces)}, COMPOSITE, "abc-2", sizes) is Outcome.VERIFIED


@pytest.mark.parametrize(
    ("pieces", "sizes"),
    [
        ((b"0123", b"456", b"789"), (4, 3, 3)),  # seen at the second part
        ((b"01", b"2", b"3456789"), (2, 1, 7)),  # seen at the first: the last would be longer
        ((b"0123", b"4567", b"89"), ()),  # the service doesn't tell
    ],
)
def test_composite_of_unequal_or_unknown_parts_is_not_verified(
    pieces: tuple[bytes, ...], sizes: tuple[int, ...]
) -> None:
    """Right bytes are never called wrong because of how they were uploaded."""
    told = {"CRC32": composite_of(*pieces)}
    assert outcome(told, COMPOSITE, "abc-3", sizes) is Outcome.UNKNOWN_PARTS


def test_wrong_composite_is_an_error() -> None:
    """When all parts have the sizes that were assumed, the bytes are wrong."""
    with pytest.raises(IntegrityError, match="the bytes that were read have"):
        outcome({"CRC32": "AAAAAA==-3"}, COMPOSITE, "abc-3", (4, 4, 2))
