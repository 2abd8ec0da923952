"""Names of blocks: they come back, have one length, and are told from other programs'."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.block_ids import (
    ABORTED,
    block_id,
    is_upload_id,
    new_upload_id,
    parse_block_id,
)

upload_ids = st.integers(0, 2**128 - 1).map(lambda value: f"{value:032x}")
numbers = st.integers(ABORTED, 999_999)


@given(upload_id=upload_ids, number=numbers)
def test_names_come_back(upload_id: str, number: int) -> None:
    """A block tells its upload and its number."""
    assert parse_block_id(block_id(upload_id, number)) == (upload_id, number)


@given(upload_id=upload_ids, number=numbers)
def test_names_have_one_length(upload_id: str, number: int) -> None:
    """At most 64 bytes before encoding, and no padding that a program could drop."""
    name = block_id(upload_id, number)
    assert len(name) == len(block_id(new_upload_id(), 1))
    assert len(base64.b64decode(name)) <= 64
    assert "=" not in name


@given(upload_id=upload_ids, one=numbers, other=numbers)
def test_names_of_an_upload_sort_as_its_numbers(upload_id: str, one: int, other: int) -> None:
    """Before encoding: no number runs into the next."""
    decoded = [base64.b64decode(block_id(upload_id, number)) for number in (one, other)]
    assert (decoded[0] < decoded[1]) == (one < other)


def test_uploads_have_ids_of_their_own() -> None:
    """Random ones, of the form that tokens are checked for."""
    made = {new_upload_id() for _ in range(100)}
    assert len(made) == 100
    assert all(map(is_upload_id, made))


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n"])
def test_what_is_no_upload_id(text: str) -> None:
    """Another length, other digits, a line's end."""
    assert not is_upload_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        "AAAA",
        # azure-storage-blob, azcopy and rclone: an index, a random id with an index, raw bytes.
        base64.b64encode(b"%032d" % 7).decode(),
        base64.b64encode(b"0f0e0d0c-1111-2222-3333-44445555666600007").decode(),
        base64.b64encode(bytes(range(32))).decode(),
        base64.b64encode(b"s3dlio" + b"0" * 32 + b"-00001").decode(),
        base64.b64encode(b"s3dlio" + b"0" * 32 + b"-000001\n").decode(),
        f"{block_id('0' * 32, 1)}\n",
    ],
)
def test_other_programs_names_are_not_ours(text: str) -> None:
    """Whatever they look like, they are no error either."""
    assert parse_block_id(text) is None


@given(st.text(max_size=80))
def test_any_text_may_be_asked_about(text: str) -> None:
    """What a server tells is never trusted to be base64."""
    found = parse_block_id(text)
    assert found is None or block_id(*found) == text
