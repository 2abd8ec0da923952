"""How a text is read: literal, glob or regular expression."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3dlio_core.errors import UsageError
from s3dlio_core.selection.globs import is_glob
from s3dlio_core.selection.reading import Reading, read, reading_hint
from s3dlio_core.selection.regexes import is_regex

#: Characters that have a meaning somewhere, and some that have none.
TEXTS = st.text("ab1./\\^$*+?()[]{},|!-_ \n\udcff", max_size=12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The release notes' own.
        ("data/*.log", Reading.GLOB),
        ("data/backup_*.tar.gz", Reading.GLOB),
        ("logs/app-??.log", Reading.GLOB),
        (r"data/.*\.json$", Reading.REGEX),
        (r"logs/app-[0-9]{4}\.log", Reading.REGEX),
        (r"data/file_\d+\.csv$", Reading.REGEX),
        ("entire-directory/", Reading.LITERAL),
        # What only a regular expression has.
        (r"a\.b", Reading.REGEX),
        (r"a\d", Reading.REGEX),
        ("^a", Reading.REGEX),
        ("d/^a", Reading.REGEX),
        ("a^b", Reading.LITERAL),
        ("a$", Reading.REGEX),
        ("a$/b", Reading.LITERAL),
        ("a$b", Reading.LITERAL),
        ("_$folder$", Reading.REGEX),
        ("d_$folder$/", Reading.LITERAL),
        ("[0-9]+", Reading.REGEX),
        ("[0-9]{4}.log", Reading.REGEX),
        ("[0-9]{2,4}.log", Reading.REGEX),
        ("[0-9]{2,}.log", Reading.REGEX),
        ("[^/]+.log", Reading.REGEX),
        ("(a|b)+", Reading.REGEX),
        ("(a|b)*", Reading.REGEX),
        ("(a|b)?.log", Reading.REGEX),
        ("(ab){2}", Reading.REGEX),
        # What a glob has, too.
        ("[0-9]*.log", Reading.GLOB),
        ("[0-9]?", Reading.GLOB),
        ("[ab]{c,d}", Reading.GLOB),
        ("{a,b}+", Reading.GLOB),
        (".*", Reading.GLOB),
        ("x[1]", Reading.GLOB),
        # What neither has.
        ("", Reading.LITERAL),
        ("a.b-c+d", Reading.LITERAL),
        ("(a|b)", Reading.LITERAL),
        ("a]+", Reading.LITERAL),
        ("a{2}", Reading.LITERAL),
        ("a\\", Reading.LITERAL),
        ("a..b", Reading.LITERAL),
    ],
)
def test_a_text_is_read_by_what_stands_in_it(text: str, expected: Reading) -> None:
    """What only a regular expression has comes before what a glob has."""
    found = read(text, Reading.AUTO, exists_as_written=False, may_be_regex=True)
    assert expected is found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_$folder$", Reading.LITERAL),
        ("price$", Reading.LITERAL),
        (r"a\.b", Reading.LITERAL),
        (r"data/.*\.json$", Reading.GLOB),
        ("x[1]", Reading.GLOB),
    ],
)
def test_no_regex_is_guessed_for_what_destroys(text: str, expected: Reading) -> None:
    """A text that would be one is a glob or a literal name then."""
    found = read(text, Reading.AUTO, exists_as_written=False, may_be_regex=False)
    assert expected is found


@given(TEXTS, st.booleans())
def test_what_exists_as_written_is_literal(text: str, may_be_regex: bool) -> None:
    """Whatever signs it has."""
    found = read(text, Reading.AUTO, exists_as_written=True, may_be_regex=may_be_regex)
    assert found is Reading.LITERAL


@given(TEXTS, st.booleans(), st.booleans())
@example("*", True, True)
def test_what_is_asked_for_comes_first(text: str, exists: bool, may_be_regex: bool) -> None:
    """Literal stays literal; what has nothing to match is no pattern."""

    def found(asked: Reading) -> Reading:
        return read(text, asked, exists_as_written=exists, may_be_regex=may_be_regex)

    assert found(Reading.LITERAL) is Reading.LITERAL
    assert found(Reading.GLOB) is (Reading.GLOB if is_glob(text) else Reading.LITERAL)
    is_directory = text.endswith("/") and not set(text) & set("\\^$*+?()[]{}|")
    assert found(Reading.REGEX) is (Reading.LITERAL if is_directory or not text else Reading.REGEX)


@given(st.text("ab1.-_/+ ,é", max_size=12))
def test_a_text_without_signs_is_literal(text: str) -> None:
    """Dots, commas, blanks and plus signs make no pattern."""
    assert read(text, Reading.AUTO, exists_as_written=False, may_be_regex=True) is Reading.LITERAL


@given(TEXTS)
def test_a_hint_names_only_other_readings(text: str) -> None:
    """How else a text could be read never says again what was tried."""
    was = read(text, Reading.AUTO, exists_as_written=False, may_be_regex=True)
    hint = reading_hint(text, Reading.AUTO, was)
    assert f'"{was.value}"' not in hint
    assert ("literal" in hint) == (was is not Reading.LITERAL)
    assert ('"glob"' in hint) == (was is Reading.REGEX and is_glob(text))


def test_a_hint_offers_the_regex_that_was_not_guessed() -> None:
    """`rm` says how to mean one."""
    assert is_regex("a$")
    assert "--regex" in reading_hint("a$", Reading.AUTO, Reading.LITERAL)
    assert reading_hint("a", Reading.AUTO, Reading.LITERAL) == ""
    assert reading_hint("a$", Reading.LITERAL, Reading.LITERAL) == ""


def test_a_wrong_word_names_the_right_ones() -> None:
    """The keyword `patterns` takes four."""
    assert Reading.of("regex") is Reading.REGEX
    with pytest.raises(UsageError, match='"auto", "literal", "glob", "regex", not \'regexp\''):
        Reading.of("regexp")


@pytest.mark.parametrize("patterns", ["auto", "literal"])
def test_the_name_of_a_version_is_literal(patterns: str) -> None:
    """A version is of one object."""
    assert Reading.of(patterns, "v1") is Reading.LITERAL


@pytest.mark.parametrize("patterns", ["glob", "regex"])
def test_a_pattern_has_no_version(patterns: str) -> None:
    """Asking for both is a mistake."""
    with pytest.raises(UsageError, match="version"):
        Reading.of(patterns, "v1")
