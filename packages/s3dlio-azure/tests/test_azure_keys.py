"""Keys and containers: which names the service keeps as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.keys import container_flaw, key_flaw


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "empty"),
        ("k" * 1025, "1024 characters"),
        ("/".join("s" * 255), "254 segments"),
        ("a\udcff", "Unicode"),
        ("a\\b", "backslash"),
        (".", "segments"),
        ("..", "segments"),
        ("a/./b", "segments"),
        ("a/../b", "segments"),
        ("a.", "dot"),
        ("a./b", "dot"),
        ("...", "dot"),
        ("a\nb", "control"),
        ("a\x7fb", "control"),
        ("a\x81b", "control"),
    ],
)
def test_name_that_the_service_changes_or_refuses_is_told(key: str, says: str) -> None:
    """Such a key would be refused, or be written to another blob."""
    assert says in key_flaw(key)


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "\U0001f600" * 1024,
        "/".join("s" * 254),
        ".hidden",
        "..a/.b",
        "a.b/c..d",
        "a//b/",
        "/a",
        " %41+?#&=é\u202e\ufffe",
    ],
)
def test_name_that_the_service_keeps_has_no_flaw(key: str) -> None:
    """Whatever else a key has is fine."""
    assert key_flaw(key) == ""


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40))
def test_segment_never_ends_in_a_dot(key: str) -> None:
    """What is let through has no segment whose dots would be dropped, and no backslash."""
    if not key_flaw(key):
        assert not any(segment.endswith(".") for segment in key.split("/"))
        assert "\\" not in key


@pytest.mark.parametrize("name", ["abc", "a-1", "0" * 63, "$web", "$root", "$blobchangefeed"])
def test_container_that_can_be(name: str) -> None:
    """The rules of the naming page, and the service's own."""
    assert container_flaw(name) == ""


@pytest.mark.parametrize(
    "name", ["", "ab", "0" * 64, "Abc", "a--b", "-ab", "ab-", "a.b", "a_b", "abc\n", "$a-b", "ä12"]
)
def test_container_that_cannot_be(name: str) -> None:
    """Whatever the service would refuse."""
    assert "3 to 63" in container_flaw(name)
