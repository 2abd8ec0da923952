"""The commands of s3-cli on files and on memory://."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a directory with files at two levels."""
    root = tmp_path / "tree"
    (root / "deep").mkdir(parents=True)
    (root / "a.log").write_bytes(b"a" * 1000)
    (root / "b.log").write_bytes(b"b" * 2000)
    (root / "c.txt").write_bytes(b"")
    (root / "deep" / "d.log").write_bytes(b"d")
    return root


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    """Give the URI of a fresh container in memory."""
    uri = f"memory://{request.node.name.replace('[', '-').replace(']', '')}"
    operations.create_container(uri)
    return uri


def names(root: Path) -> list[str]:
    """Return the files below a directory."""
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def objects_of(out: str) -> list[dict[str, Any]]:
    """Return what `--json` says of objects."""
    values = [json.loads(line) for line in out.splitlines()]
    return [value for value in values if value["type"] == "object"]


def test_a_tree_goes_up_and_comes_down(cli: Cli, tree: Path, bucket: str, tmp_path: Path) -> None:
    """What is downloaded is what was uploaded."""
    assert cli("upload", "-r", f"{tree}/", f"{bucket}/data/").code == 0
    assert cli("download", "-r", f"{bucket}/data/", tmp_path / "back").code == 0
    assert names(tree) == names(tmp_path / "back")
    assert (tmp_path / "back/b.log").read_bytes() == b"b" * 2000


def test_a_glob_selects_files(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """A quoted pattern is expanded by the program."""
    assert cli("upload", f"{tree}/*.log", f"file://{tmp_path}/out/").code == 0
    assert names(tmp_path / "out") == ["a.log", "b.log"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([r"/[ab]\.log"], ["a.log", "b.log"]),
        (["--regex", "/[ab].log"], ["a.log", "b.log"]),
        (["--regex", "-r", "/.*[ad].log"], ["a.log", "deep/d.log"]),
        (["--glob", "/[ab].log"], ["a.log", "b.log"]),
        (["--literal", "/a.log"], ["a.log"]),
    ],
)
def test_a_source_is_read_as_it_is_said(
    cli: Cli, tree: Path, tmp_path: Path, arguments: list[str], expected: list[str]
) -> None:
    """By its signs, or by an option."""
    *options, pattern = arguments
    assert cli("upload", *options, f"{tree}{pattern}", f"{tmp_path}/out/").code == 0
    assert names(tmp_path / "out") == expected


@pytest.mark.parametrize(
    ("option", "text", "taken"),
    [
        ("--literal", "x[1]", {"x[1]"}),
        ("--glob", "x[1]", {"x1"}),
        ("--regex", "x.1.", {"x[1]"}),
        ("--regex", "x1|y", {"x1"}),
    ],
)
@pytest.mark.parametrize("command", ["ls", "stat", "rm", "download"])
def test_every_command_reads_a_name_as_it_is_said(
    cli: Cli, bucket: str, tmp_path: Path, command: str, option: str, text: str, taken: set[str]
) -> None:
    """Whatever exists as written."""
    keys = {"x[1]", "x1"}
    for key in keys:
        operations.put(f"{bucket}/{key}", key.encode())
    into = [f"{tmp_path}/"] if command == "download" else []
    outcome = cli(command, option, "--json", f"{bucket}/{text}", *into)
    assert outcome.code == 0
    left = {entry.uri.removeprefix(f"{bucket}/") for entry in operations.list(f"{bucket}/")}
    assert left == (keys - taken if command == "rm" else keys)
    if command == "download":
        assert set(names(tmp_path)) == taken
    elif command != "rm":
        values = objects_of(outcome.out)
        assert {value["key"] for value in values} == taken
        assert {value["uri"] for value in values} == {f"{bucket}/{key}" for key in taken}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/*.csv"], ["nothing matched (read as a glob)", "--literal"]),
        ([r"/.*\.csv$"], ["nothing matched (read as a regex)", "--glob", "--literal"]),
        (["--regex", "/a"], ["nothing matched (read as a regex)"]),
        (["--literal", "/*.log"], ["no such object or directory (read as a literal name)"]),
    ],
)
def test_nothing_matched_says_how_the_source_was_read(
    cli: Cli, tree: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    """In one line, and how else it can be read where that wasn't said."""
    *options, pattern = arguments
    outcome = cli("upload", *options, f"{tree}{pattern}", f"{tmp_path}/out/")
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)
    for word in words:
        assert word in outcome.err
    assert ("say patterns" in outcome.err) == (not options)


def test_the_summary_goes_to_standard_error(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Standard output stays empty without --json."""
    outcome = cli("upload", f"{tree}/a.log", f"{tmp_path}/out/")
    assert outcome.out == ""
    assert outcome.err.startswith("uploaded 1 object, 1000 B in ")
    assert outcome.err.endswith("/s), 0 failed\n")


def test_quiet_says_nothing(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """-q leaves both streams empty when all goes well."""
    outcome = cli("-q", "upload", "-r", f"{tree}/", f"{tmp_path}/out/")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_json_ends_with_a_summary_object(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """The last line of standard output tells the whole."""
    outcome = cli("upload", "--json", "-r", f"{tree}/", f"{tmp_path}/out/")
    values = json.loads(outcome.out.splitlines()[-1])
    assert values["type"] == "summary"
    shown = {name: values[name] for name in ("operation", "ok", "exit_code", "done_count")}
    assert shown == {"operation": "upload", "ok": True, "exit_code": 0, "done_count": 4}
    assert values["done_bytes"] == 3001


def test_json_progress_is_lines_on_standard_error(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Every line of standard error is a JSON object."""
    outcome = cli("upload", "--progress", "json", "-r", f"{tree}/", f"{tmp_path}/out/")
    events = [json.loads(line)["event"] for line in outcome.err.splitlines()]
    assert (events[0], events[-1]) == ("start", "finish")


def test_one_bad_file_does_not_stop_the_others(cli: Cli, tree: Path, bucket: str) -> None:
    """It is named, the others are copied, the exit code is 1."""
    (tree / "dangling.log").symlink_to(tree / "nowhere")
    (tree / "deep" / "loop.log").symlink_to("loop.log")
    outcome = cli("upload", "-r", f"{tree}/", f"{bucket}/")
    assert outcome.code == 1
    assert "dangling.log" in outcome.err
    assert "4 objects" in outcome.err.splitlines()[-1]
    assert "2 failed" in outcome.err.splitlines()[-1]


def test_a_failure_is_in_the_json_summary(cli: Cli, tree: Path, bucket: str) -> None:
    """With its source and the reason."""
    (tree / "dangling.log").symlink_to(tree / "nowhere")
    lines = cli("upload", "--json", f"{tree}/*.log", f"{bucket}/").out.splitlines()
    values = json.loads(lines[-1])
    assert (values["ok"], values["exit_code"], values["failed_count"]) == (False, 1, 1)
    assert values["failures"][0]["source"].endswith("/dangling.log")


def test_nothing_matched_is_exit_code_3(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """One line says which pattern, and nothing is created."""
    outcome = cli("upload", f"{tree}/*.csv", f"{tmp_path}/out/")
    assert outcome.code == 3
    assert outcome.err.startswith("s3-cli: error: ")
    assert "*.csv" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_nothing_matched_is_told_as_json(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """A program that reads standard output learns it, too."""
    values = json.loads(cli("upload", "--json", f"{tree}/*.csv", f"{tmp_path}/out/").out)
    assert (values["exit_code"], values["stopped_by"]["type"]) == (3, "NothingMatchedError")


def test_one_of_two_sources_matched_nothing(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """The other is copied; the exit code is 1 and the pattern is named."""
    outcome = cli("upload", f"{tree}/*.csv", f"{tree}/*.txt", f"{tmp_path}/out/")
    assert outcome.code == 1
    assert f"s3-cli: error: nothing matches {tree}/*.csv\n" in outcome.err
    assert names(tmp_path / "out") == ["c.txt"]


def test_left_out_subdirectories_are_told_once(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Without -r the user is told what is missing."""
    outcome = cli("upload", f"{tree}/", f"{tmp_path}/out/")
    assert outcome.code == 0
    assert outcome.err.count("1 subdirectory was left out") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["upload", "SRC", "nope://bucket/"], ["nope://", "Known schemes"]),
        (["upload", "SRC", "s3:///key"], ["bucket or container is missing"]),
        (["upload", "SRC"], ["Missing argument", "s3-cli upload --help"]),
        (["upload", "-j", "0", "SRC", "DST"], ["-j", "1<=x<=4096"]),
        (["upload", "-j", "4097", "SRC", "DST"], ["1<=x<=4096"]),
        (["upload", "--recursiv", "SRC", "DST"], ["--recursiv", "--recursive"]),
        (["uplaod", "SRC", "DST"], ["No such command: uplaod", "Did you mean upload?"]),
        (["remove", "SRC"], ["No such command: remove", "Did you mean delete?"]),
        (["help", "cp"], ["No such command: help", "Did you mean --help?"]),
        (["completion"], ["Missing argument", "bash, zsh, fish"]),
        (["frobnicate"], ["No such command: frobnicate. See: s3-cli --help"]),
        (["upload", "--progress", "fancy", "SRC", "DST"], ["fancy", "auto"]),
        (["upload", "SRC", "DST", "--log-file", "/nowhere/log"], ["--log-file", "/nowhere/log"]),
        (["upload", "SRC", "DST", "--region", "x"], ["region", "file://"]),
        (["mb", ""], ["URI"]),
        (["upload", "--glob", "--regex", "SRC", "DST"], ["--glob", "--regex", "exclude"]),
        (["ls", "--literal", "--glob", "SRC"], ["--literal", "--glob", "exclude"]),
        (["upload", "--regex", "SRC(", "DST"], ["bad regex SRC(", "at character 4", "--literal"]),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    cli: Cli, tree: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    """The line says what is wrong and what to do."""
    named = {"SRC": str(tree / "a.log"), "DST": str(tmp_path / "out") + "/"}
    outcome = cli(*[named.get(argument, argument) for argument in arguments])
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("s3-cli: error: ")
    assert outcome.err.count("\n") == 1
    for word in words:
        assert word in outcome.err


def test_no_arguments_shows_the_help(cli: Cli) -> None:
    """On standard error, with the code of wrong usage."""
    outcome = cli()
    assert (outcome.code, outcome.out) == (2, "")
    assert "Usage: s3-cli" in outcome.err


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["upload", "-h"], ["ls", "--help"]])
def test_help_is_data(cli: Cli, arguments: list[str]) -> None:
    """Help that was asked for goes to standard output."""
    outcome = cli(*arguments)
    assert (outcome.code, outcome.err) == (0, "")
    assert "Examples:" in outcome.out


def test_the_version_is_shown(cli: Cli) -> None:
    """--version prints name and version."""
    outcome = cli("--version")
    assert (outcome.code, outcome.out.split()[0]) == (0, "s3-cli")


def test_a_missing_container_is_one_clear_line(cli: Cli, tree: Path) -> None:
    """No retries of a thousand objects, no traceback; it says how to create it."""
    outcome = cli("upload", "-r", f"{tree}/", "memory://no-such-container/")
    assert outcome.code == 1
    assert outcome.err.count("s3-cli: error: ") == 1
    assert "no-such-container" in outcome.err
    assert "Traceback" not in outcome.err


def test_c_creates_the_container(cli: Cli, tree: Path) -> None:
    """Only when asked."""
    uri = "memory://created-on-request"
    assert cli("upload", f"{tree}/a.log", f"{uri}/").code == 1
    assert cli("upload", "-c", f"{tree}/a.log", f"{uri}/").code == 0


def test_list_prints_uris_on_standard_output(cli: Cli, tree: Path, bucket: str) -> None:
    """One full URI a line; deeper ones are rolled up; the total is no data."""
    cli("upload", "-r", f"{tree}/", f"{bucket}/x/")
    outcome = cli("list", f"{bucket}/x/")
    assert sorted(outcome.out.splitlines()) == [
        f"{bucket}/x/a.log",
        f"{bucket}/x/b.log",
        f"{bucket}/x/c.txt",
        f"{bucket}/x/deep/",
    ]
    assert (outcome.code, outcome.err) == (0, "Total objects: 3\n")


def test_list_recursive_as_json(cli: Cli, tree: Path, bucket: str) -> None:
    """One JSON object a line, with sizes."""
    cli("upload", "-r", f"{tree}/", f"{bucket}/")
    outcome = cli("ls", "-r", "--json", f"{bucket}/")
    sizes = {entry["uri"]: entry["size_bytes"] for entry in objects_of(outcome.out)}
    assert sizes[f"{bucket}/deep/d.log"] == 1
    assert len(sizes) == 4


def test_a_listed_uri_can_be_used_as_it_is(cli: Cli, tree: Path) -> None:
    """Also for files: what list prints, stat takes."""
    for uri in cli("ls", "-r", f"{tree}/").out.splitlines():
        assert cli("stat", uri).code == 0


def test_stat_describes_an_object(cli: Cli, tree: Path, bucket: str) -> None:
    """In lines for people, as JSON for programs."""
    cli("upload", f"{tree}/b.log", f"{bucket}/")
    outcome = cli("stat", f"{bucket}/b.log")
    assert "Size:" in outcome.out
    assert "2000 bytes" in outcome.out
    (values,) = objects_of(cli("stat", "--json", f"{bucket}/b.log").out)
    assert (values["uri"], values["size_bytes"]) == (f"{bucket}/b.log", 2000)


def test_stat_of_nothing_is_exit_code_3(cli: Cli, bucket: str) -> None:
    """One line names it."""
    outcome = cli("stat", f"{bucket}/none")
    assert (outcome.code, outcome.out) == (3, "")
    assert f"{bucket}/none" in outcome.err


def test_delete_takes_exactly_what_is_named(cli: Cli, tree: Path, bucket: str) -> None:
    """A neighbour with the same beginning stays."""
    cli("upload", f"{tree}/a.log", f"{bucket}/a")
    cli("upload", f"{tree}/a.log", f"{bucket}/ab")
    outcome = cli("rm", f"{bucket}/a")
    assert outcome.code == 0
    assert "deleted 1 object" in outcome.err
    assert cli("ls", f"{bucket}/").out == f"{bucket}/ab\n"


def test_delete_of_a_prefix_needs_r(cli: Cli, tree: Path, bucket: str) -> None:
    """Without -r nothing is deleted."""
    cli("upload", "-r", f"{tree}/", f"{bucket}/x/")
    assert cli("delete", f"{bucket}/x/").code != 0
    assert cli("delete", "-r", f"{bucket}/x/").code == 0
    assert cli("ls", "-r", f"{bucket}/").out == ""


@pytest.mark.parametrize("missing", ["none", "none*", "none$"])
def test_delete_of_nothing_is_exit_code_3(cli: Cli, bucket: str, missing: str) -> None:
    """The user meant something that isn't there; one line says how that was read."""
    outcome = cli("rm", f"{bucket}/{missing}")
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)
    assert "read as a" in outcome.err


def test_delete_of_one_thing_that_is_there_and_one_that_is_not(
    cli: Cli, tree: Path, bucket: str
) -> None:
    """The one goes, and a note says how the other was read."""
    cli("upload", f"{tree}/a.log", f"{bucket}/a")
    outcome = cli("rm", f"{bucket}/none*", f"{bucket}/a")
    assert outcome.code == 1
    assert outcome.err.count("nothing matched (read as a glob)") == 1
    assert "deleted 1 object" in outcome.err


def test_delete_takes_the_jobs_of_old_scripts(cli: Cli, tree: Path) -> None:
    """-j is accepted, although deletions go in batches."""
    assert cli("delete", "-j", "1000", tree / "a.log").code == 0


def test_buckets_come_and_go(cli: Cli, tmp_path: Path) -> None:
    """Mb makes a directory, rb removes it while it is empty."""
    uri = f"file://{tmp_path}/new"
    assert cli("mb", uri).code == 0
    assert (tmp_path / "new").is_dir()
    assert cli("rb", uri).code == 0
    assert not (tmp_path / "new").exists()


def test_a_bucket_with_objects_stays(cli: Cli, tree: Path) -> None:
    """Rb of a directory with files fails with one line."""
    outcome = cli("rb", f"file://{tree}")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert (tree / "a.log").exists()


def test_list_buckets_prints_names(cli: Cli, bucket: str) -> None:
    """One name a line on standard output."""
    outcome = cli("list-buckets", "memory://")
    assert outcome.code == 0
    assert bucket.removeprefix("memory://") in outcome.out.splitlines()


def test_the_log_file_is_written(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """As JSON on request; standard error stays as it was."""
    (tree / "dangling.log").symlink_to(tree / "nowhere")
    log = tmp_path / "log.jsonl"
    arguments = ("--log-file", log, "--log-format", "json", "-q")
    cli("upload", "-r", f"{tree}/", f"{tmp_path}/out/", *arguments)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"s3dlio"} <= {record["logger"].partition(".")[0] for record in records}


def test_logging_ends_with_the_command(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """A program that calls the command line inside itself keeps its own logging."""
    before = list(logging.getLogger("s3dlio").handlers)
    cli("upload", "-vv", f"{tree}/a.log", f"{tmp_path}/out/")
    assert before == logging.getLogger("s3dlio").handlers


def test_a_bug_is_reported_in_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tree: Path
) -> None:
    """No traceback, exit code 1, and what to do."""

    def broken(*_arguments: object, **_options: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(operations, "describe_many", broken)
    outcome = cli("stat", tree / "a.log")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "unexpected KeyError" in outcome.err
    assert "report" in outcome.err


def test_a_bug_shows_its_traceback_with_vv(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tree: Path
) -> None:
    """Only then."""

    def broken(*_arguments: object, **_options: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(operations, "describe_many", broken)
    assert "Traceback" in cli("stat", tree / "a.log", "-vv").err


def test_links_are_skipped_when_that_is_asked_for(cli: Cli, tree: Path, bucket: str) -> None:
    """They are counted as skipped; a dangling one is no failure then."""
    (tree / "dangling.log").symlink_to(tree / "nowhere")
    outcome = cli("upload", "-r", "--links", "skip", f"{tree}/", f"{bucket}/")
    assert (outcome.code, "0 failed, 1 skipped" in outcome.err) == (0, True)
    assert cli("upload", "-r", "--links", "follow", f"{tree}/", f"{bucket}/").code == 1


def test_a_listing_with_a_broken_link_has_failed_and_has_its_total(
    cli: Cli, tmp_path: Path
) -> None:
    """It isn't "nothing matched", which is 3."""
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").symlink_to("nowhere")
    outcome = cli("ls", "-r", f"{tmp_path}/")
    assert (outcome.code, outcome.out) == (1, f"file://{tmp_path}/a\n")
    assert "Total objects: 1\n" in outcome.err
    assert "a symbolic link to nothing" in outcome.err
