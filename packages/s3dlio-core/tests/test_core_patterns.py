"""Globs: what is one, what it matches, and that bash agrees."""

from __future__ import annotations

import re
import shutil
import string
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from s3dlio_core.errors import UsageError
from s3dlio_core.selection.globs import (
    is_glob,
    literal_lead,
    match_segment,
    split_glob,
    tail_regex,
)

if TYPE_CHECKING:
    from pathlib import Path

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="bash is the oracle")

#: A small tree: depths 0 to 3, dotted names, names that share a beginning.
TREE = (
    "a",
    "b",
    "ab",
    ".a",
    "a.b",
    "a-b",
    "d/a",
    "d/b.c",
    "d/.b",
    "d/d/a",
    "d/d/ab",
    "d/.d/a",
    ".d/a",
    ".d/d/c",
    "da/a",
    "da/d/d/b",
)


@pytest.mark.parametrize(
    "text", ["*", "a?b", "[a]", "[!a]", "[]a]", "{a,b}", "{,a}", "x/{a,{b,c}}/y", "a/b*", "{a,{b}}"]
)
def test_signs_make_a_glob(text: str) -> None:
    """A star, a question mark, a closed bracket and braces with a choice make a pattern."""
    assert is_glob(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b",
        "[",
        "[]",
        "[a-",
        "a]",
        "{a}",
        "{}",
        "{a,b",
        "{a/b,c}",
        "[a/b]",
        "\\",
        "(a|b)",
    ],
)
def test_what_has_no_sign_is_literal(text: str) -> None:
    """An open bracket or brace, one without a choice, or one with a "/" inside is literal."""
    assert not is_glob(text)


@pytest.mark.parametrize(
    ("segment", "name", "expected"),
    [
        ("*", "", True),
        ("*", ".hidden", True),
        ("*.log", "a.log", True),
        ("*.log", "a_log", False),
        ("?", "a", True),
        ("?", "", False),
        ("?", "ab", False),
        ("*", "line\nbreak", True),
        ("[!a]", "b", True),
        ("[!a]", "a", False),
        ("[^a]", "a", False),
        ("[]a]", "]", True),
        ("[]a]", "a", True),
        ("[!]a]", "]", False),
        ("[!]a]", "b", True),
        ("[a-", "[a-", True),
        ("[a-c]", "b", True),
        ("[a-c]", "-", False),
        ("[ac-]", "-", True),
        ("[-ac]", "-", True),
        ("[a^]", "^", True),
        ("[\\]", "\\", True),
        ("[[]", "[", True),
        ("[--/]", ".", True),
        ("[&&a]", "&", True),
        ("{a,b}c", "bc", True),
        ("{a,b}c", "c", False),
        ("{,a}c", "c", True),
        ("{a,{b,c}}d", "cd", True),
        ("{a,{b,c}}d", "{bd", False),
        ("{a{b,c}", "{ac", True),
        ("{a,{b}}", "{b}", True),
        ("{*.c,?}", "x", True),
        ("{a}", "{a}", True),
        ("a.b", "axb", False),
        ("a+(b)|c$^", "a+(b)|c$^", True),
        ("a\\*", "a\\b", True),
        ("é*", "éa", True),
        ("\udcff*", "\udcffa", True),
    ],
)
def test_a_segment_matches_a_name(segment: str, name: str, expected: bool) -> None:
    """Each sign means what a shell takes it for; regex signs mean nothing."""
    assert expected == match_segment(segment, name)


def test_a_backward_range_is_a_usage_error() -> None:
    """`[z-a]` can match nothing: the message says what is wrong with it."""
    with pytest.raises(UsageError, match="z-a"):
        match_segment("[z-a]", "b")


@pytest.mark.parametrize(
    ("pattern", "directory", "segments"),
    [
        ("*.c", "", ["*.c"]),
        ("a/b/*.c", "a/b/", ["*.c"]),
        ("a/*/c/d", "a/", ["*", "c", "d"]),
        ("/a//b*", "/a//", ["b*"]),
        ("a/[x/y]/{b,c}/", "a/[x/y]/", ["{b,c}", ""]),
    ],
)
def test_a_pattern_is_split_at_its_first_sign(
    pattern: str, directory: str, segments: list[str]
) -> None:
    """What stands before the first segment with a sign is a literal directory."""
    assert (directory, segments) == split_glob(pattern)


@pytest.mark.parametrize(
    ("segment", "lead"),
    [("ab*c", "ab"), ("*", ""), ("a[b]", "a"), ("a{b,c}", "a"), ("plain", "plain")],
)
def test_matches_begin_with_the_literal_lead(segment: str, lead: str) -> None:
    """A listing can be narrowed to what every match begins with."""
    assert lead == literal_lead(segment)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**", "a", True),
        ("**", "a/b/c", True),
        ("**", "", False),
        ("**/c", "c", True),
        ("**/c", "a/b/c", True),
        ("**/c", "a/bc", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a/**/c", "ac", False),
        ("a/**", "a/b", True),
        ("a/**", "a", False),
        ("a**/c", "ab/c", True),
        ("a**/c", "a/b/c", False),
        ("**/**/c", "a/c", True),
        ("**/**", "a/b", True),
        ("a/**/**", "a", False),
        ("**/", "a/b", True),
        ("**/", "a", False),
        ("a/*/", "a/b/c", True),
        ("a/*/", "a/b", False),
        ("*/c", "a/b/c", False),
        ("**/*.c", "a//b.c", True),
    ],
)
def test_two_stars_cross_segments(pattern: str, path: str, expected: bool) -> None:
    """`**` as a whole segment stands for any number of them; within one it is two stars."""
    assert expected == (tail_regex(pattern.split("/")).fullmatch(path) is not None)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*-*-*-*-*-*-*-*.log", "-" * 255),
        ("a*a*a*a*a*a*a*a*b", "a" * 255),
        ("/".join(["**"] * 30) + "/c", "a/" * 60 + "b"),
        ("**/a/**/a/**/a/**/a/**/a/**/b", "a/" * 500 + "c"),
        ("**/*a*a*a*/**/*a*a*/**/b", "aaaaaaaaaaaaaaa/" * 60 + "c"),
    ],
)
def test_a_name_is_not_shared_out_in_all_possible_ways(pattern: str, path: str) -> None:
    """What doesn't match is told at once, however many stars there are."""
    assert tail_regex(pattern.split("/")).fullmatch(path) is None


@settings(max_examples=300, deadline=None)
@given(
    segments=st.lists(
        st.one_of(st.just("**"), st.text("ab*?", max_size=6)), min_size=1, max_size=5
    ),
    paths=st.lists(
        st.lists(st.text("ab", max_size=5), min_size=1, max_size=5).map("/".join), max_size=20
    ),
)
def test_the_first_place_is_as_good_as_any(segments: list[str], paths: list[str]) -> None:
    """Taking the first place where something matches never loses a match."""
    assume(segments[-1] not in {"", "**"})
    signs = {"*": "[^/]*", "?": "[^/]"}
    parts = [
        "(?:[^/]*/)*" if segment == "**" else "".join(signs.get(c, c) for c in segment) + "/"
        for segment in segments
    ]
    plain = re.compile("".join(parts)[:-1])
    regex = tail_regex(segments)
    assert [path for path in paths if plain.fullmatch(path)] == [
        path for path in paths if regex.fullmatch(path)
    ]


@needs_bash
@settings(max_examples=60, deadline=None)
@given(
    pattern=st.text("ab]^!*?[.", min_size=1, max_size=7),
    names=st.lists(st.text("ab]^!*?[.", max_size=5), min_size=1, max_size=12, unique=True),
)
@example(pattern="[]-a]", names=["]", "^", "_", "a", "-"])
@example(pattern="[!]", names=["[!]", "a"])
def test_a_segment_matches_as_in_bash(pattern: str, names: list[str]) -> None:
    """`[[ name == pattern ]]` of bash agrees about any text of stars, marks and brackets."""
    assume("[." not in pattern)  # a collating symbol of POSIX, which these patterns don't have
    script = 'p=$1; shift; for n in "$@"; do [[ $n == $p ]] && echo 1 || echo 0; done'
    lines = _bash(script, pattern, *names).split()
    assert [line == "1" for line in lines] == [match_segment(pattern, name) for name in names]


_words = st.text("abcd.", min_size=0, max_size=2)
_signs = st.sampled_from(["*", "?", "[ab]", "[!a]", "[a-c]", "[]d]"])
_plain = st.lists(st.one_of(_words, _signs), min_size=1, max_size=3).map("".join)
_braces = st.recursive(
    _plain,
    lambda inner: st.lists(inner, min_size=2, max_size=3).map(lambda c: "{" + ",".join(c) + "}"),
    max_leaves=4,
)
_segments = st.one_of(st.just("**"), _plain, st.tuples(_words, _braces, _words).map("".join))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of TREE."""
    root = tmp_path_factory.mktemp("glob")
    for name in TREE:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@needs_bash
@settings(max_examples=150, deadline=None)
@given(segments=st.lists(_segments, min_size=1, max_size=4))
@example(segments=["**", "a"])
@example(segments=["d", "**", "a"])
@example(segments=["d", "**"])
@example(segments=["{a,{b,.a}}"])
def test_a_tree_is_matched_as_bash_matches_it(tree: Path, segments: list[str]) -> None:
    """With globstar and dotglob, bash expands a pattern to the same files."""
    pattern = "/".join(segments)
    # An empty, "." or ".." segment is one to the system and a name like any other to a store.
    assume(is_glob(pattern) and "." not in pattern.replace(".a", "").replace(".b", ""))
    assume(all(segment for segment in segments) and "{," not in pattern and ",," not in pattern)
    assume(",}" not in pattern)
    # bash sees a whole segment once the braces are gone; here two stars in braces are two stars.
    assume(all("{" not in segment or "**" not in segment for segment in segments))
    script = (
        'cd "$1"; shopt -s globstar dotglob nullglob; '
        f'for f in {pattern}; do [[ -f $f ]] && printf "%s\\n" "$f"; done; true'
    )
    expected = set(_bash(script, str(tree)).split())
    regex = tail_regex(segments)
    assert expected == {name for name in TREE if regex.fullmatch(name)}


@given(st.text(string.printable, max_size=12), st.text(string.printable, max_size=12))
@settings(deadline=None)
def test_any_text_is_a_pattern(segment: str, name: str) -> None:
    """No text of a segment breaks the translation; a literal text matches itself alone."""
    assume("/" not in segment)
    try:
        matched = match_segment(segment, name)
    except UsageError:
        return
    if not is_glob(segment):
        assert matched == (segment == name)
    if matched:
        assert name.startswith(literal_lead(segment))


def _bash(script: str, *arguments: str) -> str:
    """Run a script in the C locale; return what it wrote."""
    assert BASH is not None
    done = subprocess.run(
        [BASH, "-c", script, "bash", *arguments],
        env={"LC_ALL": "C"},
        capture_output=True,
        check=True,
        encoding="ascii",
    )
    return done.stdout


def test_choices_between_stars_are_not_shared_out_in_all_ways() -> None:
    """Where the choices are of one length, the time grows with the name's length, not as 2**n."""
    pattern = "*{a,b}" * 30 + "*x"
    assert not match_segment(pattern, "ab" * 100)
    assert match_segment(pattern, "ab" * 15 + "x")
    assert not match_segment(pattern, "ab" * 14 + "ax")


@given(
    st.lists(st.sampled_from(["*", "?", "a", "{a,b}", "{ab,b}", "{aba,b}", "{,a}", "{a*,b}"]))
    .map("".join)
    .filter(lambda text: "**" not in text),
    st.text("ab", max_size=8),
)
def test_stars_and_choices_match_as_when_all_ways_are_tried(pattern: str, name: str) -> None:
    """Also where an earlier choice ends later than another one."""
    plain = pattern.replace("{", "(?:").replace("}", ")").replace(",", "|")
    plain = plain.replace("*", ".*").replace("?", ".").replace("(.:", "(?:")
    assert match_segment(pattern, name) == (re.fullmatch(plain, name) is not None)
