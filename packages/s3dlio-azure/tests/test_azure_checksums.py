"""Checksums of bodies: their values, their headers, and which of them are sent unasked."""

from __future__ import annotations

import base64
import builtins
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure import checksums
from s3dlio_azure.config import AzureConfig
from s3dlio_core.content_check import Outcome
from s3dlio_core.errors import UsageError
from s3dlio_core.store import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

#: As azure-storage-extensions 0.1.0 computes them, written as azure-storage-blob 12.31 sends them.
CRC64_HEADERS = {
    b"": "AAAAAAAAAAA=",
    b"123456789": "iJh5CoYUi64=",
    bytes(range(256)) * 17: "lddrFqoSK7k=",
    bytes(1000): "iLQ8po+70QQ=",
}


@pytest.fixture
def _no_awscrt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment without the extra."""
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("awscrt"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    checksums._find_crc64.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    yield
    checksums._find_crc64.cache_clear()


@pytest.mark.parametrize("content", CRC64_HEADERS, ids=len)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_crc64_is_that_of_azures_own_library(content: bytes, kind: Any) -> None:
    """The same value, its lowest byte first."""
    expected = {"x-ms-content-crc64": CRC64_HEADERS[content]}
    assert checksums.request_headers(checksums.needed("CRC64"), kind(content)) == expected


@given(st.binary(max_size=300))
def test_md5_is_of_the_body(content: bytes) -> None:
    """In the header that HTTP had for it."""
    expected = base64.b64encode(hashlib.md5(content).digest()).decode()
    headers = checksums.request_headers(checksums.needed("MD5"), memoryview(content))
    assert headers == {"content-md5": expected}


def test_no_algorithm_is_no_header() -> None:
    """Nothing is computed, nothing sent."""
    assert checksums.request_headers(None, b"12345") == {}


@pytest.mark.parametrize("name", ["", "crc64", "CRC32", "SHA256"])
def test_other_algorithms_are_refused(name: str) -> None:
    """The line says which there are."""
    with pytest.raises(UsageError, match="CRC64 or MD5"):
        checksums.needed(name)


AZURE = "https://account.blob.core.windows.net"


@pytest.mark.parametrize(
    ("endpoint", "asked", "expected"),
    [
        (AZURE, "", "CRC64"),
        (AZURE.replace("https", "http"), "", "CRC64"),
        ("http://127.0.0.1:10000/account", "", None),
        ("https://blobs.example.com/account", "", None),
        ("http://127.0.0.1:10000/account", "MD5", "MD5"),
        (AZURE, "MD5", "MD5"),
        (AZURE, "NONE", None),
    ],
)
def test_what_bodies_are_sent_with(endpoint: str, asked: str, expected: str | None) -> None:
    """What was asked for; else CRC64, and nothing to servers that may ignore it."""
    found = checksums.for_requests(AzureConfig(endpoint=endpoint, checksum_algorithm=asked))
    assert (found and found.name) == expected


@pytest.mark.usefixtures("_no_awscrt")
@pytest.mark.parametrize(
    ("endpoint", "expected"), [(AZURE, None), (AZURE.replace("https", "http"), "MD5")]
)
def test_what_bodies_are_sent_with_without_the_extra(endpoint: str, expected: str | None) -> None:
    """MD5 only where no TLS protects the bytes."""
    found = checksums.for_requests(AzureConfig(endpoint=endpoint))
    assert (found and found.name) == expected


@pytest.mark.usefixtures("_no_awscrt")
def test_crc64_without_the_extra_says_what_to_install() -> None:
    """It was asked for by name, so it isn't left out in silence."""
    with pytest.raises(UsageError, match=r"s3dlio-azure\[checksums\]"):
        checksums.needed("CRC64")


@pytest.mark.parametrize(
    ("endpoint", "asked", "expected"),
    [
        (AZURE, "", {"CRC64", "MD5"}),
        ("http://127.0.0.1:10000/account", "", {"MD5"}),
        ("http://127.0.0.1:10000/account", "CRC64", {"CRC64", "MD5"}),
    ],
)
def test_declared_algorithms_can_be_computed(endpoint: str, asked: str, expected: set[str]) -> None:
    """What is declared holds; CRC64 is Azure's own."""
    found = checksums.declared(AzureConfig(endpoint=endpoint, checksum_algorithm=asked))
    assert found == expected
    assert all(checksums.needed(name).name == name for name in found)


# What blobs are compared with.


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"MD5": "kAFQmDzST7DWlj99KOF/cg=="}, Outcome.VERIFIED),
        ({}, Outcome.NO_CHECKSUM),
        ({"MD5": "kAFQmDzST7DWlj99"}, Outcome.NO_CHECKSUM),
        ({"MD5": "no base64 at all"}, Outcome.NO_CHECKSUM),
        ({"MD5": "\u0661"}, Outcome.NO_CHECKSUM),
    ],
)
def test_only_an_md5_is_compared(told: dict[str, str], outcome: Outcome) -> None:
    """What isn't one proves nothing, and is no error."""
    check = checksums.content_check(ObjectInfo("k", 3, checksums=told), "az://c/k")
    check.add(0, memoryview(b"abc"))
    check.finish()
    assert check.outcome is outcome
