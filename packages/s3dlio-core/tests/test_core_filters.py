"""Filters: what is left out, told by an oracle that shares no code with them."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3dlio_core.errors import UsageError
from s3dlio_core.operations.filtering import make_filters
from s3dlio_core.selection.filter_values import parse_size, parse_time
from s3dlio_core.selection.filters import Filters, Sieve
from s3dlio_core.store import ObjectInfo

NOW_S = 1_000_000_000.0


# The oracle: paths as lists of names, globs as `fnmatch` reads them.


def in_path(segments: list[str], names: list[str]) -> bool:
    """Whether segments of a pattern, "**" for any number, are these names."""
    if not segments:
        return not names
    if segments[0] == "**":
        if len(segments) == 1:
            return bool(names)
        return any(in_path(segments[1:], names[skipped:]) for skipped in range(len(names) + 1))
    return (
        bool(names)
        and fnmatch.fnmatchcase(names[0], segments[0])
        and in_path(segments[1:], names[1:])
    )


def is_taken(pattern: str, path: str) -> bool:
    """Whether a pattern takes a path: by its own name, or by a directory's above it."""
    if pattern.startswith("re:"):
        return re.fullmatch(pattern[3:], path, re.DOTALL) is not None
    names = path.rstrip("/").split("/")
    body = pattern.rstrip("/")
    for length in range(1, len(names) + 1):
        directory = length < len(names) or path.endswith("/")
        if pattern.endswith("/") and not directory:
            continue
        whole = names[:length]
        if "/" in body:
            if in_path(body.removeprefix("/").split("/"), whole):
                return True
        elif fnmatch.fnmatchcase(whole[-1], body):
            return True
    return False


def is_kept(include: list[str], exclude: list[str], path: str) -> bool:
    """Whether filters keep a path."""
    if any(is_taken(pattern, path) for pattern in exclude):
        return False
    return not include or any(is_taken(pattern, path) for pattern in include)


NAMES = st.sampled_from(["a", "b", "ab", ".a", "a.b", "b\n"])
PATHS = st.builds(
    lambda names, end: "/".join(names) + end,
    st.lists(NAMES, min_size=1, max_size=4),
    st.sampled_from(["", "", "", "/"]),
)
SEGMENTS = st.sampled_from(
    ["a", "b", "*", "?", "a*", "*b", "*b*", "[ab]", "[!a]", ".*", "**", "*.b", "x"]
)
GLOBS = st.builds(
    lambda front, segments, end: front + "/".join(segments) + end,
    st.sampled_from(["", "", "/"]),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
)
REGEXES = st.sampled_from(["re:a", "re:a/.*", "re:.*b", "re:[^/]+/a/.*", "re:a|b/.*", "re:(?!a).*"])
PATTERNS = st.lists(GLOBS | REGEXES, max_size=3)


@given(PATTERNS, PATTERNS, PATHS)
@example([], ["a/**"], "a/b")
@example([], ["a/**/**"], "a/b")
@example([], ["**/**"], "a")
@example([], ["a/*"], "a/")
@example(["/**"], [], "a")
@example(["*a*", "*b*"], ["**/*a*/x", "**/*b*/x"], "b/a")
def test_patterns_take_what_the_oracle_says(
    include: list[str], exclude: list[str], path: str
) -> None:
    """Excludes win, includes take themselves or what lies in them."""
    filters = Filters(include=tuple(include), exclude=tuple(exclude))
    assert filters.keep(path, ObjectInfo(path, 1)) is is_kept(include, exclude, path)


@given(st.lists(GLOBS | REGEXES, min_size=1, max_size=3), PATHS, PATHS)
@example(["re:a|b/.*"], "b", "a")
@example(["a/*"], "a", "b")
def test_a_directory_that_is_not_entered_holds_nothing_to_take(
    exclude: list[str], directory: str, below: str
) -> None:
    """Pruning never changes what is found."""
    directory = directory.rstrip("/") + "/"
    if not Filters(exclude=tuple(exclude)).enter(directory):
        assert not is_kept([], exclude, directory + below)


@pytest.mark.parametrize(
    ("exclude", "directory", "entered"),
    [
        ("build", "build/", False),
        ("build", "x/build/", False),
        ("build/", "x/build/", False),
        ("/build", "build/", False),
        ("/build", "x/build/", True),
        ("build/**", "build/", False),
        ("build/**", "x/build/", True),
        ("**/build/**", "x/build/", False),
        ("build/*", "build/", True),
        ("build/*", "build/x/", False),
        ("build", "build/x/", False),
        ("*.log", "x/", True),
        ("{build,dist}", "dist/", False),
        ("re:build/.*", "build/", False),
        ("re:(x/)?build/.*", "build/", False),
        ("re:(?!x)build/.*", "build/", True),
        ("re:build/[^/]*", "build/", True),
        ("re:build|dist/.*", "dist/", True),
        ("re:build", "build/", True),
    ],
)
def test_what_is_excluded_whole_is_not_entered(exclude: str, directory: str, entered: bool) -> None:
    """A directory's name, its whole path, or a regular expression that ends in "/.*"."""
    assert Filters(exclude=(exclude,)).enter(directory) is entered


@pytest.mark.parametrize(
    ("keywords", "size_bytes", "age_s", "kept"),
    [
        ({"min_size": 10}, 9, 0, False),
        ({"min_size": 10}, 10, 0, True),
        ({"max_size": "1k"}, 1024, 0, True),
        ({"max_size": "1k"}, 1025, 0, False),
        ({"newer": "1d"}, 1, 86_000, True),
        ({"newer": "1d"}, 1, 87_000, False),
        ({"older": "1d"}, 1, 87_000, True),
        ({"older": "1d"}, 1, 86_000, False),
        ({"newer": "1d"}, 1, None, False),
        ({"older": "1d"}, 1, None, False),
        ({"min_size": 1, "older": "1d"}, 1, 0, False),
    ],
)
def test_sizes_and_times_are_compared(
    monkeypatch: pytest.MonkeyPatch,
    keywords: dict[str, int | str],
    size_bytes: int,
    age_s: float | None,
    kept: bool,
) -> None:
    """All that is given must hold; an unknown time is neither newer nor older."""
    monkeypatch.setattr("time.time", lambda: NOW_S)
    mtime = None if age_s is None else NOW_S - age_s
    filters = make_filters(**keywords)  # type: ignore[arg-type]
    assert filters is not None
    assert filters.keep("x", ObjectInfo("x", size_bytes, mtime)) is kept


def test_one_moment_divides_all_objects() -> None:
    """What was modified at it is newer, and not older."""
    info = ObjectInfo("x", 1, NOW_S)
    assert Filters(newer_s=NOW_S).keep("x", info)
    assert not Filters(older_s=NOW_S).keep("x", info)


def test_no_filter_is_none() -> None:
    """Who filters nothing pays nothing."""
    assert make_filters(include=None, exclude=[], min_size=None, newer=None) is None


def test_a_text_is_one_pattern() -> None:
    """It isn't taken for its characters."""
    filters = make_filters(include="ab")
    assert filters is not None
    assert filters.include == ("ab",)


@pytest.mark.parametrize("pattern", ["", "/", "//", "[z-a]", "re:(", "re:*a", "re:"])
def test_a_pattern_that_cannot_be_read_is_a_usage_error(pattern: str) -> None:
    """It's told before anything is listed."""
    with pytest.raises(UsageError):
        Filters(exclude=(pattern,))


def test_a_bad_regular_expression_is_told_with_its_place() -> None:
    """The position counts from 1, behind the "re:"."""
    with pytest.raises(UsageError, match=r"bad regex ab\(: .* at character 3"):
        Filters(include=("re:ab(",))


def test_sizes_that_exclude_each_other_are_refused() -> None:
    """Nothing could ever be copied."""
    with pytest.raises(UsageError, match="no size lies between 2048 and 1024"):
        make_filters(min_size="2k", max_size="1k")


def test_patterns_are_texts() -> None:
    """Anything else is a mistake of the program."""
    with pytest.raises(TypeError, match="include"):
        make_filters(include=[1])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="exclude"):
        make_filters(exclude=5)  # type: ignore[arg-type]


def test_an_include_without_a_pattern_is_refused() -> None:
    """A caller's empty list means that nothing is included, not that everything is."""
    with pytest.raises(UsageError, match="include has no pattern"):
        make_filters(include=[])


@pytest.mark.parametrize(
    "pattern",
    ["./keep", "./keep/", ".", "..", "../x", "keep/../x", "**/./x", "file:///d/keep", "s3://b/d"],
)
def test_a_pattern_that_is_no_relative_path_is_refused(pattern: str) -> None:
    """Whoever writes it means something that it wouldn't match."""
    with pytest.raises(UsageError, match="no path relative to the source"):
        Filters(exclude=(pattern,))


@pytest.mark.parametrize("pattern", [".git", "..x", "a/...", "*://x", "a:/b", "[.]", "re:./x"])
def test_dots_and_colons_are_parts_of_names(pattern: str) -> None:
    """Only whole segments of dots, and the beginning of a URI, are refused."""
    assert Filters(exclude=(pattern,)).exclude == (pattern,)


def test_times_that_exclude_each_other_are_refused() -> None:
    """Nothing could ever be copied."""
    with pytest.raises(UsageError, match="both newer and older"):
        make_filters(newer="1d", older="2d")
    assert make_filters(newer="2d", older="1d") is not None


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        (0, 0),
        (4096, 4096),
        ("4096", 4096),
        ("10b", 10),
        ("10k", 10_240),
        ("10K", 10_240),
        ("10KiB", 10_240),
        ("10kib", 10_240),
        ("10KB", 10_000),
        ("10 MB", 10_000_000),
        ("1.5k", 1536),
        ("0.1k", 102),
        ("5MiB", 5 * 1024**2),
        ("2G", 2 * 1024**3),
        ("1T", 1024**4),
        ("1P", 1024**5),
    ],
)
def test_a_size_is_read(text: int | str, size_bytes: int) -> None:
    """Units are powers of 1024, but for those that end in "B" without an "i"."""
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "k", "-1", -1, "1x", "1ib", "1,5k", "1e3", "1k1k", "٣", True])
def test_what_is_no_size_is_a_usage_error(text: int | str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UsageError):
        parse_size(text)


@given(st.integers(min_value=0, max_value=2**63))
def test_every_number_of_bytes_is_a_size(size_bytes: int) -> None:
    """However large."""
    assert parse_size(str(size_bytes)) == parse_size(size_bytes) == size_bytes


UTC = dt.timezone.utc


@pytest.mark.parametrize(
    ("value", "moment_s"),
    [
        ("7d", NOW_S - 7 * 86_400),
        ("12h", NOW_S - 12 * 3600),
        ("1h30m", NOW_S - 5400),
        ("90s", NOW_S - 90),
        ("1.5h", NOW_S - 5400),
        ("250ms", NOW_S - 0.25),
        ("2w", NOW_S - 14 * 86_400),
        (dt.timedelta(hours=1), NOW_S - 3600),
        ("2026-01-31T12:00Z", dt.datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()),
        ("2026-01-31 12:00:30+02:00", dt.datetime(2026, 1, 31, 10, 0, 30, tzinfo=UTC).timestamp()),
        ("2026-01-31T12:00:00.250Z", dt.datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() + 0.25),
        ("2026-01-31", dt.datetime(2026, 1, 31).astimezone().timestamp()),
        ("2026-01-31T12:00", dt.datetime(2026, 1, 31, 12).astimezone().timestamp()),
        (dt.datetime(2026, 1, 31, tzinfo=UTC), dt.datetime(2026, 1, 31, tzinfo=UTC).timestamp()),
    ],
)
def test_a_time_is_read(value: str | dt.datetime | dt.timedelta, moment_s: float) -> None:
    """A duration counts back from now; what has no offset is local time."""
    assert parse_time(value, NOW_S) == moment_s


@pytest.mark.parametrize(
    "text", ["", "7", "7x", "d", "-7d", "2026", "2026-02-30", "2026-1-1", "20260131", "now", "٣d"]
)
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    """A bare number might be anything, so it is refused."""
    with pytest.raises(UsageError):
        parse_time(text, NOW_S)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but errors of usage comes out."""
    for read in (parse_size, lambda one: parse_time(one, NOW_S), lambda one: Filters((one,))):
        try:
            read(text)
        except UsageError:
            continue


@pytest.mark.parametrize(
    ("key", "behind"),
    [
        ("p/x/a", "p/x/\U0010ffff"),
        ("p/x/y/a", "p/x/\U0010ffff"),
        ("p/x/x/a", "p/x/\U0010ffff"),
        ("p/z/x/a", "p/z/x/\U0010ffff"),
        ("p/a", ""),
        ("p/x", ""),
        ("p/z/a", ""),
        ("p/x/\U0010ffff", ""),
        (f"p/{'y' * 1017}/x/a", ""),
    ],
)
def test_what_sorts_behind_an_excluded_directory(key: str, behind: str) -> None:
    """It's told of the outermost one, and only where such a key may exist."""
    assert Sieve(Filters(exclude=("x",)), "p/").behind_excluded(key) == behind
