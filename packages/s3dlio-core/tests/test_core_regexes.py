"""Regular expressions over keys: what they match, how they are split, and what is listed."""

from __future__ import annotations

import re
import uuid
import warnings

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from s3dlio_core.errors import UsageError
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.selection.regex_expansion import expand_regex
from s3dlio_core.selection.regexes import Regex, split_regex
from s3dlio_core.store import ObjectInfo
from s3dlio_core.testing.recording import ListedStore

KEYS = (
    "a",
    "b",
    "ab",
    "a.b",
    "a1",
    "d/a",
    "d/ab",
    "d/a.b",
    "d/d/a",
    "d/e/a1",
    "d1/a",
    "d1/b",
    "d1/e/b.a",
    "d2//a",
    "d2/",
    "e/a\nb",
)
#: Parts of regular expressions, so that most combinations are one.
_PIECES = st.sampled_from(
    [
        *("a", "b", "d", "1", "/", "/", r"\.", r"\d", ".", ".*", "*", "?", "|", "^", "$"),
        *("[ab]", "[^/]", "[^/]+", "d1?", "a+", "a{1,2}", r"\b", r"\B"),
        *("(a|b)", "(?:d/)?", "(d/)*", "(?=a)"),
    ]
)
_EXPRESSIONS = st.lists(_PIECES, min_size=1, max_size=7).map("".join)


@pytest.mark.parametrize(
    ("key", "directory", "expression"),
    [
        (r"data/.*\.json$", "data/", r".*\.json$"),
        (r"data/2024/[0-9]+/x", "data/2024/", "[0-9]+/x"),
        (r"v1.2/a\d", "v1.2/", r"a\d"),
        (r"../a\d", "../", r"a\d"),
        (r"a//\d", "a//", r"\d"),
        (r"\d", "", r"\d"),
        ("d/[^/]+", "d/", "[^/]+"),
        ("d/a", "d/", "a"),
        ("d/", "d/", ""),
        ("", "", ""),
    ],
)
def test_a_pattern_is_split_at_its_first_sign(key: str, directory: str, expression: str) -> None:
    """Dots are no signs: they stand in the names of directories."""
    assert (directory, expression) == split_regex(key)


@pytest.mark.parametrize(
    ("text", "lead", "depth"),
    [
        (r"app-[0-9]{4}\.log", "app-", 0),
        (r"file_\d+\.csv$", "file_", 0),
        (r".*\.json$", "", 0),
        (r"a\.b\-c.", "a.b-c", 0),
        ("^ab$", "ab", 0),
        ("abc?", "ab", 0),
        ("abc*", "ab", 0),
        ("abc{0,1}", "ab", 0),
        (r"a\.?", "a", 0),
        ("ab|cd", "", 0),
        ("a(b|c)", "a", 0),
        ("a[b]", "a", 0),
        (r"a\/b", "a/b", 1),
        ("[^/]+/x", "", 1),
        (r"[a\]/]/x", "", 1),
        ("[]/]/x", "", 1),
        ("(a/b|c)/d", "", 2),
        (r"\d{4}/", "", 1),
        ("(?i)abc", "", 0),
        (r"a\u0062", "a", 0),
    ],
)
def test_what_is_known_before_anything_is_listed(text: str, lead: str, depth: int) -> None:
    """Every match begins with the lead; "/" in a class adds no depth."""
    regex = Regex(text)
    assert (regex.lead, regex.depth) == (lead, depth)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        (r".*\.json$", "a.json", True),
        (r".*\.json$", "d/a.json", True),
        (r".*\.json$", "a.json.gz", False),
        (r"app-[0-9]{4}\.log", "app-2024.log", True),
        (r"app-[0-9]{4}\.log", "app-2024.log.1", False),
        (r"app-[0-9]{4}\.log", "my-app-2024.log", False),
        ("a.b", "a\nb", True),
        (r"\d/", "1/x", True),
        (r"\d/", "1", False),
    ],
)
def test_the_whole_path_must_match(text: str, path: str, expected: bool) -> None:
    """As with `re.fullmatch`; a "/" at the end stands for what lies below."""
    assert expected == Regex(text).matches(path)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (r"file_[\d+", "unterminated character set at character 6"),
        ("a(b", "at character 2"),
        ("*a", "nothing to repeat at character 1"),
        ("a**", "multiple repeat at character 3"),
        (r"a\q", r"bad escape \\q at character 2"),
        ("a{99999999999}", "too large"),
        ("(" * 5000 + ")" * 5000, "recursion"),
    ],
)
def test_a_bad_expression_says_where(text: str, where: str) -> None:
    """The message has the position, counted from the literal directory's end."""
    with pytest.raises(UsageError, match=where):
        Regex(text)


@given(st.text("ab1./\\^$*+?()[]{}|,-!:=<P \n\udcff", max_size=12))
@settings(deadline=None)
def test_any_text_is_an_expression_or_an_error_of_usage(text: str) -> None:
    """Nothing else is raised; what matches begins with the lead."""
    try:
        regex = Regex(text)
    except UsageError:
        return
    assert len(regex.segments) == regex.depth
    for path in (text, regex.lead, "a", "a/b", "ab/a1"):
        assert not regex.matches(path) or path.startswith(regex.lead)


def test_python_s_warnings_reach_nobody() -> None:
    """What a later Python may read differently is no concern of a command line."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Regex("[[a]").matches("[")


@pytest.fixture(scope="module")
def store() -> ListedStore:
    """A store with KEYS below "root/", and neighbours."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    store = ListedStore(name)
    for key in KEYS:
        store.put(f"root/{key}", b"")
    store.put("roots/a", b"")
    return store


def _found(store: ListedStore, text: str, *, recursive: bool) -> set[str]:
    store.listed.clear()
    return {
        found.key.removeprefix("root/")
        for found in expand_regex(store, "root/", Regex(text), recursive=recursive)
        if isinstance(found, ObjectInfo)
    }


@settings(max_examples=400, deadline=None)
@given(_EXPRESSIONS)
@example("d/a")
@example("d1?/[ab]")
@example("[^/]+/[^/]+/.*")
@example("(?:d/)?a")
@example(r"d2/\B/a")
@example("d|d1/a")
@example("d/?a")
@example(r"d1/e/b\.a")
def test_matches_are_those_of_python(store: ListedStore, text: str) -> None:
    """With recursion at all depths, without it at the pattern's own; whatever was not listed."""
    assume(not text.endswith("/") and "[^/]/" not in f"{text}/")
    try:
        compiled = re.compile(text, re.DOTALL)
    except re.error:
        with pytest.raises(UsageError):
            Regex(text)
        return
    matching = {key for key in KEYS if compiled.fullmatch(key)}
    assert matching == _found(store, text, recursive=True)
    depth = text.replace("[^/]", "").count("/")
    at_depth = {key for key in matching if key.count("/") == depth}
    assert at_depth == _found(store, text, recursive=False)


@pytest.mark.parametrize(
    ("text", "recursive", "expected"),
    [
        (r"a\d", False, [("root/a", "/")]),
        (r"a\d", True, [("root/a", "")]),
        (r"d\d/b", False, [("root/d", "/"), ("root/d1/", "/"), ("root/d2/", "/")]),
        (
            r"d\d/e/.*",
            False,
            [("root/d", "/"), ("root/d1/", "/"), ("root/d1/e/", "/"), ("root/d2/", "/")],
        ),
        (r"d1\/e/b\.\w", False, [("root/d1/e/b.", "/")]),
        (r"zz\d/b", False, [("root/zz", "/")]),
    ],
)
def test_as_little_as_possible_is_listed(
    store: ListedStore, text: str, recursive: bool, expected: list[tuple[str, str]]
) -> None:
    """One request with the literal lead; deeper only where the directories' names match."""
    _found(store, text, recursive=recursive)
    assert expected == store.listed


def test_directories_that_match_are_told(store: ListedStore) -> None:
    """A directory's path ends in "/"; recursion would look into those."""
    found = expand_regex(store, "root/", Regex("[a-d].?/?"), recursive=False)
    assert [one for one in found if isinstance(one, str)] == []
    found = expand_regex(store, "root/", Regex("[a-d].*"), recursive=False)
    assert [one for one in found if isinstance(one, str)] == ["root/d/", "root/d1/", "root/d2/"]
