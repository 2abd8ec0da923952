"""Names of metadata: written as C# identifiers, and read back."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3dlio_azure.metadata_names import decode_name, encode_name

#: Texts that look like written characters, to be met often enough.
_PIECES = st.sampled_from(
    ["_x", "_x002d_", "_x005f_", "_x0061_", "_x0001f600_", "_", "x", "0", "a", "-", "."]
)
NAMES = st.one_of(st.text(), st.lists(_PIECES).map("".join)).map(str.lower)
IDENTIFIERS = st.one_of(
    st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True),
    st.lists(_PIECES).map("".join).filter(re.compile("[a-z_][a-z0-9_]*").fullmatch),
)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("mtime", "mtime"),
        ("my-name", "my_x002d_name"),
        ("My.Name", "my_x002e_name"),
        ("1st", "_x0031_st"),
        ("a1", "a1"),
        ("_x", "_x"),
        ("_x002d_", "_x005f_x002d_"),
        ("\U0001f600", "_x0001f600_"),
        ("ä", "_x00e4_"),
    ],
)
def test_name_is_written_as_dotnet_writes_it(name: str, written: str) -> None:
    """One escape for each character that an identifier in a header can't have."""
    assert written == encode_name(name)


@given(NAMES)
@example("_x005f_x002d_")
def test_every_name_comes_back(name: str) -> None:
    """From another store to Azure and back, a name is the same."""
    written = encode_name(name)
    if name:
        assert re.fullmatch("[a-z_][a-z0-9_]*", written)
    assert name.lower() == decode_name(written)


@given(IDENTIFIERS)
@example("_x0061_")
@example("_x110000aa_")
@example("_x005f_x0061_")
def test_identifier_of_another_program_is_kept_apart(name: str) -> None:
    """What is read of an identifier is written as it was, or at least as no other is."""
    read = decode_name(name)
    assert name in {encode_name(read), read}


def test_case_is_that_of_headers() -> None:
    """Azure keeps the case of a name and compares without it."""
    assert decode_name("My_x002D_Name") == "my-name"
