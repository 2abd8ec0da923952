"""Tags: written as the header has them, and the service's limits."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.tagging import format_tags
from s3dlio_core.errors import Scope, UsageError

_allowed = st.sampled_from("abcXYZ019 +-./:=_")
_tags = st.dictionaries(
    st.text(_allowed, min_size=1, max_size=128), st.text(_allowed, max_size=256), max_size=10
)


@given(_tags)
def test_tags_come_back(tags: dict[str, str]) -> None:
    """What the service decodes is what was written."""
    text = format_tags(tags, "put", "az://c/k")
    assert parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)) == list(tags.items())


def test_spaces_and_signs_are_encoded() -> None:
    """Nothing depends on how a "+" is read."""
    assert format_tags({"a b": "c+d=e"}, "put", "az://c/k") == "a%20b=c%2Bd%3De"


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({f"t{number}": "" for number in range(11)}, "11 tags, and a blob has at most 10"),
        ({"": "x"}, "doesn't have 1 to 128 characters"),
        ({"n" * 129: "x"}, "doesn't have 1 to 128 characters"),
        ({"name": "v" * 257}, "'name' has more than 256 characters"),
        ({"name": "me@home"}, "'name' has characters that Azure refuses"),
        ({"n\u00e4me": "x"}, "has characters that Azure refuses"),
        ({"name": "x\n"}, "has characters that Azure refuses"),
        ({"name": "\u0661"}, "has characters that Azure refuses"),
    ],
)
def test_what_the_service_refuses_is_refused_here(tags: dict[str, str], said: str) -> None:
    """With the tag's name, for this object only: tags may come from the source of a copy."""
    with pytest.raises(UsageError, match=said) as raised:
        format_tags(tags, "put", "az://c/k")
    assert (raised.value.scope, raised.value.uri) == (Scope.OBJECT, "az://c/k")
