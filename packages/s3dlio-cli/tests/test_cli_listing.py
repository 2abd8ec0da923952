"""ls and du: long listings, sums, totals, JSON, several things at once."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_cli.usage import Usage
from s3dlio_cli.values import entry_line
from s3dlio_core import operations
from s3dlio_core.operations import ListEntry
from s3dlio_core.store import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]

#: 2023-11-14T22:13:20Z.
MOMENT_S = 1700000000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a directory with files at three levels, all of one time."""
    root = tmp_path / "tree"
    for name, size_bytes in {"x": 3, "b/y": 6, "b/c/z": 2000, "d/w": 1}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"." * size_bytes)
        os.utime(path, (MOMENT_S, MOMENT_S + 0.75))
    return root


def values_of(out: str) -> list[dict[str, Any]]:
    """Return the objects of `--json`."""
    return [json.loads(line) for line in out.splitlines()]


def test_a_long_listing_has_sizes_and_times(cli: Cli, tree: Path) -> None:
    """In columns; a directory has neither."""
    outcome = cli("ls", "-l", f"{tree}/")
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["-", "-", f"file://{tree}/b/"],
        ["-", "-", f"file://{tree}/d/"],
        ["3", "2023-11-14T22:13:20Z", f"file://{tree}/x"],
    ]
    assert (outcome.code, outcome.err) == (0, "Total objects: 1\n")


def test_a_size_can_be_read_by_people(cli: Cli, tree: Path) -> None:
    """With -h, in the listing and in its total."""
    outcome = cli("ls", "-lhr", "--summarize", f"{tree}/b/")
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["1.9", "KiB", "2023-11-14T22:13:20Z", f"file://{tree}/b/c/z"]
    assert lines[-2:] == ["Total objects: 2", "Total size: 1.9 KiB"]
    assert outcome.err == ""


def test_the_columns_of_an_unknown_time_are_there() -> None:
    """A script can count on three."""
    line = entry_line(ListEntry("s3://b/k", ObjectInfo("k", 5), "k"), human=False)
    assert line.split() == ["5", "-", "s3://b/k"]


def test_h_alone_is_help(cli: Cli) -> None:
    """As people try it; with anything else it's about sizes."""
    outcome = cli("ls", "-h")
    assert (outcome.code, outcome.out.startswith("Usage: s3-cli ls")) == (0, True)
    assert cli("du", "-h").out.startswith("Usage: s3-cli du")
    assert cli("ls", "-h", "-l").code == 2


def test_control_characters_stay_out_of_a_terminal(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long listings and sums escape them as short ones do."""
    (tmp_path / "a\x1b[31m").write_bytes(b"")
    (tmp_path / "d\x1b[31m").mkdir()
    (tmp_path / "d\x1b[31m/f").write_bytes(b"")
    assert "\x1b" in cli("ls", "-l", f"{tmp_path}/").out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for arguments in (["ls"], ["ls", "-l"], ["ls", "-l", "--json"], ["du", "-d1"]):
        out = cli(*arguments, f"{tmp_path}/").out
        assert "[31m" in out
        assert "\x1b" not in out


def test_several_things_are_listed_and_one_may_be_missing(cli: Cli, tree: Path) -> None:
    """The others are listed all the same, and the exit code says so."""
    outcome = cli("ls", f"{tree}/b/", f"{tree}/nothing", f"{tree}/x")
    assert outcome.out.splitlines() == [
        f"file://{tree}/b/c/",
        f"file://{tree}/b/y",
        f"file://{tree}/x",
    ]
    assert outcome.code == 1
    assert outcome.err.count("s3-cli: error: ") == 1
    assert "Total objects: 2\n" in outcome.err


def test_several_missing_things_are_nothing_matched(cli: Cli, tree: Path) -> None:
    """As with one; nothing else is said."""
    outcome = cli("ls", f"{tree}/nothing", f"{tree}/nowhere")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (3, "", 2)


def test_a_missing_bucket_ends_the_command(cli: Cli, tree: Path) -> None:
    """What would meet the same error isn't tried."""
    outcome = cli("du", "memory://no-such-bucket/", f"{tree}/")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("command", ["ls", "du"])
def test_json_ends_with_a_summary(cli: Cli, tree: Path, command: str) -> None:
    """Whatever went wrong: who reads it knows whether it is whole."""
    *lines, summary = values_of(cli(command, "--json", f"{tree}/x", f"{tree}/nothing").out)
    assert [line["type"] for line in lines] == ["object" if command == "ls" else "usage"]
    told = {name: summary[name] for name in ("type", "ok", "exit_code", "object_count")}
    assert told == {"type": "summary", "ok": False, "exit_code": 1, "object_count": 1}
    assert summary["total_bytes"] == 3
    assert [error["type"] for error in summary["errors"]] == ["NothingMatchedError"]


def test_json_of_a_listing_knows_prefixes(cli: Cli, tree: Path) -> None:
    """Each line has its type."""
    *lines, summary = values_of(cli("ls", "--json", f"{tree}/").out)
    assert [line["type"] for line in lines] == ["prefix", "prefix", "object"]
    assert (summary["prefix_count"], summary["object_count"], summary["ok"]) == (2, 1, True)


def test_du_adds_up_all_that_lies_below(cli: Cli, tree: Path) -> None:
    """Bytes, objects, URI."""
    outcome = cli("du", f"{tree}/")
    assert outcome.out.split() == ["2010", "4", f"file://{tree}/"]
    assert (outcome.code, outcome.err) == (0, "")


def test_du_shows_directories_as_deep_as_asked(cli: Cli, tree: Path) -> None:
    """In order, before the tree's own sum."""
    shown = {
        depth: [line.split()[::2] for line in cli("du", "-d", depth, tree).out.splitlines()]
        for depth in (1, 2)
    }
    root = f"file://{tree}"
    assert shown[1] == [["2006", f"{root}/b/"], ["1", f"{root}/d/"], ["2010", root]]
    assert shown[2][:2] == [["2006", f"{root}/b/"], ["2000", f"{root}/b/c/"]]


def test_du_of_several_has_a_total(cli: Cli, tree: Path) -> None:
    """On standard error, as `ls` has it; -sh is what hands type."""
    outcome = cli("du", "-sh", f"{tree}/b", f"{tree}/x")
    assert [line.split()[-1] for line in outcome.out.splitlines()] == [
        f"file://{tree}/b",
        f"file://{tree}/x",
    ]
    assert outcome.err == "Total objects: 3, total size: 1.9 KiB\n"


def test_du_takes_patterns_and_filters(cli: Cli, tree: Path) -> None:
    """What isn't meant isn't counted."""
    assert cli("du", f"{tree}/b/*").out.split()[:2] == ["2006", "2"]
    assert cli("du", f"{tree}/*/y").out.split()[:2] == ["6", "1"]
    assert cli("du", f"{tree}/**/[yz]").out.split()[:2] == ["2006", "2"]
    assert cli("du", "--max-size", "100", f"{tree}/").out.split()[:2] == ["10", "3"]


def test_du_of_nothing_but_an_empty_bucket_is_nought(cli: Cli) -> None:
    """It is there, and empty."""
    operations.create_container("memory://du-empty")
    assert cli("du", "memory://du-empty").out.split() == ["0", "0", "memory://du-empty"]


def test_du_counts_what_it_can_and_fails_for_the_rest(cli: Cli, tree: Path) -> None:
    """As du does: the sums, and an error."""
    (tree / "link").symlink_to("nowhere")
    outcome = cli("du", f"{tree}/")
    assert (outcome.code, outcome.out.split()[:2]) == (1, ["2010", "4"])
    assert "a symbolic link to nothing" in outcome.err


def test_du_refuses_what_contradicts_itself(cli: Cli, tree: Path) -> None:
    """-s shows no directories."""
    assert cli("du", "-s", "-d", "1", tree).code == 2


def test_the_buckets_of_an_account_are_listed(cli: Cli) -> None:
    """As URIs that other commands take, as `aws s3 ls` without an argument."""
    operations.create_container("memory://listed-bucket")
    outcome = cli("ls", "memory://")
    assert "memory://listed-bucket/" in outcome.out.splitlines()
    assert outcome.err.startswith("Total buckets: ")
    *lines, summary = values_of(cli("ls", "--json", "MEMORY://").out)
    assert {"bucket"} == {line["type"] for line in lines}
    assert "memory://listed-bucket/" in {line["uri"] for line in lines}
    assert (summary["type"], summary["bucket_count"]) == ("summary", len(lines))
    assert values_of(cli("list-buckets", "--json", "memory://").out)[:-1] == lines


@pytest.mark.parametrize("arguments", [["-r"], ["--include", "*.log"]])
def test_a_list_of_buckets_takes_nothing_of_objects(cli: Cli, arguments: list[str]) -> None:
    """It would be ignored, silently."""
    outcome = cli("ls", *arguments, "memory://")
    assert (outcome.code, "names no bucket" in outcome.err) == (2, True)


def test_an_entry_tells_its_path_below_what_was_listed(tree: Path) -> None:
    """Of a directory, a pattern and a single object."""

    def paths(text: str, *, recursive: bool = True) -> list[str]:
        return [entry.path for entry in operations.list(text, recursive)]

    assert paths(f"{tree}/") == ["b/c/z", "b/y", "d/w", "x"]
    assert paths(f"{tree}/", recursive=False) == ["b/", "d/", "x"]
    assert paths(f"{tree}/b/*", recursive=False) == ["c/", "y"]
    assert paths(f"{tree}/b/y") == ["y"]
    operations.create_container("memory://entry-paths")
    operations.put("memory://entry-paths/a/b/c", b"")
    assert paths("memory://entry-paths/a/b/c") == ["c"]
    assert paths("memory://entry-paths/a/") == ["b/c"]


@given(
    st.dictionaries(st.text("ab/", min_size=1, max_size=8), st.integers(0, 100), max_size=20),
    st.integers(0, 3),
)
def test_sums_of_directories_are_those_of_their_objects(sizes: dict[str, int], depth: int) -> None:
    """Whatever the names: each directory has what lies below it."""
    usage = Usage(depth)
    for path, size_bytes in sizes.items():
        usage.add(path, size_bytes)
    assert usage.total.object_count == len(sizes)
    found = dict(usage.directories())
    expected = {
        path[: index + 1]
        for path in sizes
        for index, character in enumerate(path)
        if character == "/" and path[: index + 1].count("/") <= depth
    }
    assert set(found) == expected
    for directory, total in found.items():
        below = [size for path, size in sizes.items() if path.startswith(directory)]
        assert (total.object_count, total.size_bytes) == (len(below), sum(below))


def test_wrong_usage_ends_a_listing(cli: Cli, tree: Path) -> None:
    """With its own exit code, and a summary that says so."""
    outcome = cli("ls", "--json", f"{tree}/x", "nosuch://b/", f"{tree}/b/y")
    *lines, summary = values_of(outcome.out)
    assert [line["uri"] for line in lines] == [f"file://{tree}/x"]
    assert (outcome.code, summary["exit_code"], summary["ok"]) == (2, 2, False)
