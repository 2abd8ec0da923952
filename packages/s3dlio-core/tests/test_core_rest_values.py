"""Small things that stores over HTTP share: paths, options, tags, checksums that are told back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.errors import IntegrityError, Scope, UsageError
from s3dlio_core.rest import option_values
from s3dlio_core.rest.checksums import reject_other
from s3dlio_core.rest.choices import check_choice
from s3dlio_core.rest.endpoint_url import checked_url, is_ip
from s3dlio_core.rest.percent import encode_key
from s3dlio_core.rest.tags import parse_tagging

if TYPE_CHECKING:
    from collections.abc import Callable

HINT = "Give them elsewhere"


def test_path_is_not_normalised() -> None:
    """Dots, slashes and percent signs of a key stay, each byte encoded once."""
    assert encode_key("a//../b%41+ ~é") == "a//../b%2541%2B%20~%C3%A9"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_path_is_the_key_again(key: str) -> None:
    """Whoever decodes the path once has the key."""
    encoded = encode_key(key)
    assert encoded.isascii()
    assert not {"?", "#", " ", "\n"}.intersection(encoded)
    assert key == unquote(encoded)


def test_only_another_value_is_rejected() -> None:
    """A service that tells nothing, or something else, says nothing against the bytes."""
    reject_other({"CRC32": "a"}, {}, "put", "s3://b/k")
    reject_other({"CRC32": "a"}, {"CRC32": "a", "SHA1": "x"}, "put", "s3://b/k")
    with pytest.raises(IntegrityError, match="put s3://b/k: the service got other bytes") as raised:
        reject_other({"CRC32": "a"}, {"CRC32": "b"}, "put", "s3://b/k")
    assert raised.value.maybe_done


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (option_values.text, "aB ", "aB "),
        (option_values.lower, "aB", "ab"),
        (option_values.upper, "aB", "AB"),
        (option_values.switch, "Yes", True),
        (option_values.switch, "1", True),
        (option_values.switch, "OFF", False),
        (option_values.positive, "1.5", 1.5),
        (option_values.count, "7", 7),
    ],
)
def test_options(read: Callable[[str, str], Any], value: str, expected: object) -> None:
    """Texts are read as what they stand for."""
    found = read("x", value)
    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (option_values.switch, "maybe"),
        (option_values.positive, "0"),
        (option_values.positive, "-1"),
        (option_values.positive, "inf"),
        (option_values.positive, "nan"),
        (option_values.positive, "x"),
        (option_values.count, "x"),
    ],
)
def test_bad_options(read: Callable[[str, str], Any], value: str) -> None:
    """A value that makes no sense is refused by the option's name."""
    with pytest.raises(UsageError, match=f"bad the_name '{value}'"):
        read("the_name", value)


def test_only_what_switches_on_is_true() -> None:
    """Anything else isn't, and is no error."""
    assert option_values.is_true("True")
    assert not any(map(option_values.is_true, ["false", "maybe", ""]))


def test_choice_that_is_none() -> None:
    """The error lists those that there are."""
    check_choice("way", "a", ("a", "b"))
    with pytest.raises(UsageError, match=r"bad way 'c'.*a, b"):
        check_choice("way", "c", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a=b&c=", {"a": "b", "c": ""}), ("a=%26+%C3%BC", {"a": "& ü"})],
)
def test_tags(text: str, expected: dict[str, str]) -> None:
    """Names and values are percent-decoded, and values may be empty."""
    assert expected == parse_tagging(text)


@pytest.mark.parametrize("text", ["a", "a=b&", "a=%ff", "a=b&a=c"])
def test_tags_that_are_none(text: str) -> None:
    """The error stops a run: all objects would have the same tags."""
    with pytest.raises(UsageError, match="tagging") as raised:
        parse_tagging(text)
    assert Scope.STORE is raised.value.scope


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:10000/account/", "http://127.0.0.1:10000/account"),
        ("HTTPS://Host.Example:443", "https://host.example"),
        ("http://h:80/", "http://h"),
        ("https://h:80", "https://h:80"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_endpoint_url(url: str, expected: str) -> None:
    """No default port, and no slash at the end."""
    assert expected == checked_url(url, hint=HINT)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h",
        "ftp://h",
        "http://",
        "http://h:",
        "http://h:0",
        "http://h:x",
        "http://h?sig=SECRET",
        "http://h#x",
        "http://h a",
        "http://h\n",
        "http://h\\a",
        "http://ü",
        "http://[::1",
    ],
)
def test_endpoint_url_that_is_none(url: str) -> None:
    """It is refused, and no signature in it is shown."""
    with pytest.raises(UsageError, match="bad endpoint URL") as raised:
        checked_url(url, hint=HINT)
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://me:SECRET@h", "https://SECRET@h/x", "SECRET@h"])
def test_endpoint_url_with_a_password(url: str) -> None:
    """It isn't shown."""
    with pytest.raises(UsageError) as raised:
        checked_url(url, hint=HINT)
    assert "SECRET" not in str(raised.value)


def test_hint_says_where_a_password_belongs() -> None:
    """Each store has places of its own."""
    with pytest.raises(UsageError, match=HINT):
        checked_url("http://me:SECRET@h", hint=HINT)


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("::1", True), ("h", False), ("", False)]
)
def test_addresses(host: str, expected: bool) -> None:
    """A host is an address or a name."""
    assert is_ip(host) == expected
    assert not is_ip(None)
