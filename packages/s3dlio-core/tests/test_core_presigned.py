"""presign as an operation, and lengths of time as users write them."""

from __future__ import annotations

import pytest

from s3dlio_core import operations
from s3dlio_core.errors import NotSupportedError, UnsupportedSchemeError, UsageError
from s3dlio_core.memory_store import MemoryStore
from s3dlio_core.retry import RetryingStore
from s3dlio_core.selection.filter_values import parse_duration
from s3dlio_core.testing import FaultyStore


class _Signing(MemoryStore):
    """A store that has presigned URLs, such as they are."""

    def presign(
        self, key: str, *, method: str = "GET", expires_s: int = 3600, version: str | None = None
    ) -> str:
        """Tell all that was asked for."""
        return f"{method} {key} {expires_s} {version}"


@pytest.mark.parametrize("uri", ["memory://m/k", "/tmp/a/k"])
def test_stores_without_urls_refuse(uri: str) -> None:
    """It is an error of the object, and names it."""
    with pytest.raises(NotSupportedError, match=f"presign .*{uri}: .* no presigned URLs"):
        operations.presign(uri)


def test_container_is_no_object() -> None:
    """The URL of a container would list it, which isn't offered."""
    with pytest.raises(UsageError, match="names a container"):
        operations.presign("memory://m")


def test_unknown_scheme_is_refused() -> None:
    """As everywhere."""
    with pytest.raises(UnsupportedSchemeError):
        operations.presign("nope://m/k")


def test_unknown_options_are_refused() -> None:
    """As everywhere."""
    with pytest.raises(UsageError, match="expiry"):
        operations.presign("memory://m/k", options={"expiry": "5"})


def test_wrappers_hand_on_what_is_asked() -> None:
    """A wrapped store signs like the bare one."""
    store = RetryingStore(FaultyStore(_Signing("m")))
    made = store.presign("a*", method="HEAD", expires_s=5, version="v")
    assert made == "HEAD a* 5 v"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        (" 15m ", 900),
        ("1h30m", 5400),
        ("0.5s", 0.5),
        ("7d", 604_800),
        ("1w", 604_800),
    ],
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    """A number is seconds; units add up."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1.5", "h", "1h 30m", "1y", "\uff12", "2026-01-31"])
def test_what_is_no_length_of_time(text: str) -> None:
    """It is refused, and the hint says how to write it."""
    with pytest.raises(UsageError, match="Write for example"):
        parse_duration(text)
