"""Command lines, what they leave behind and what they say: one table for every kind of store.

SRC and DST stand for a place in one store and one in another. What lies at SRC is `TREE`; each file
has its own name for its content. Each row is run by the installed s3-cli, from files to objects and
back; from and to blobs, and past the page cache, within this process, since what a process adds is
the same.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from s3dlio_cli.app import run
from tests.e2e.any_store import Place, Stores
from tests.e2e.command_line import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket

pytestmark = pytest.mark.one_wire

LOGS: Final = {"a.log", "b.log"}
TOP: Final = LOGS | {"c.txt", "x[1].txt", "x1.txt"}
TREE: Final = TOP | {"sub/d.log", "sub/deep/e.txt"}
NONE: Final[frozenset[str]] = frozenset()
#: A file in the working directory, for rows that take a list of names.
NAMES: Final = "# what is meant\n\na.log\nsub/d.log\n"

#: The arguments of upload or download; the exit code; the names at DST; what is said.
COPIES: Final[tuple[tuple[str, int, Iterable[str], str], ...]] = (
    # names and directories
    ("SRC/a.log DST/", 0, {"a.log"}, "1 object"),
    ("SRC/a.log DST/new.log", 0, {"new.log"}, ""),
    ("SRC/a.log SRC/b.log DST", 0, LOGS, "2 objects"),
    ("SRC/ DST/", 0, TOP, "1 subdirectory was left out"),
    ("-r SRC/ DST/", 0, TREE, "7 objects"),
    ("-r SRC/sub DST/", 0, {"sub/d.log", "sub/deep/e.txt"}, ""),
    ("-r SRC/sub/ DST/", 0, {"d.log", "deep/e.txt"}, ""),
    ("SRC/sub DST/", 0, {"sub/d.log"}, "1 subdirectory was left out"),
    # patterns
    ("'SRC/*.log' DST/", 0, LOGS, ""),
    ("'SRC/?.{log,txt}' DST/", 0, LOGS | {"c.txt"}, ""),
    ("'SRC/*/*.log' DST/", 0, {"sub/d.log"}, ""),
    ("'SRC/**/*.log' DST/", 0, LOGS | {"sub/d.log"}, ""),
    ("-r 'SRC/s*' DST/", 0, {"sub/d.log", "sub/deep/e.txt"}, ""),
    (r"'SRC/.*\.log$' DST/", 0, LOGS, ""),
    (r"-r 'SRC/.*\.log$' DST/", 0, LOGS | {"sub/d.log"}, ""),
    (r"'SRC/\w+/d\.log' DST/", 0, {"sub/d.log"}, ""),
    ("--literal 'SRC/x[1].txt' DST/", 0, {"x[1].txt"}, ""),
    ("--glob 'SRC/x[1].txt' DST/", 0, {"x1.txt"}, ""),
    ("--regex 'SRC/[ab].log' DST/", 0, LOGS, ""),
    # nothing, and not all
    ("SRC/none DST/", 3, NONE, "read as a literal name"),
    ("'SRC/*.none' DST/", 3, NONE, "read as a glob"),
    (r"'SRC/\d+\.none' DST/", 3, NONE, "read as a regex"),
    ("SRC/a.log SRC/none DST/", 1, {"a.log"}, "none"),
    ("--literal --glob SRC/a.log DST/", 2, NONE, "exclude each other"),
    ("'SRC/[b-a]*' DST/", 2, NONE, "bad range"),
    ("-r SRC/ SRC/a.log DST/", 0, TREE, "1 skipped"),
    # filters
    ("-r SRC/ DST/ --exclude sub --exclude '*.txt'", 0, LOGS, "the filters left out"),
    ("-r SRC/ DST/ --include '*.txt' --exclude deep", 0, TOP - LOGS, ""),
    (r"-r SRC/ DST/ --include 're:sub/.*\.log'", 0, {"sub/d.log"}, ""),
    ("-r SRC/ DST/ --min-size 6 --max-size 8", 0, {"x1.txt", "x[1].txt"}, ""),
    ("-r SRC/ DST/ --newer 1h", 0, TREE, ""),
    ("-r SRC/ DST/ --older 1h", 0, NONE, ""),
    ("--files-from names.txt SRC/ DST/", 0, {"a.log", "sub/d.log"}, "2 objects"),
    # dry runs and lists
    ("-n -r SRC/sub/ DST/", 0, NONE, "(dryrun) "),
    ("-n SRC/none DST/", 3, NONE, "read as a literal name"),
    ("-r SRC/ DST/ --retries 2 --failures failed.txt", 0, TREE, "0 failed"),
)


@pytest.fixture
def stores(tmp_path: Path, moto: Bucket, request: pytest.FixtureRequest) -> Stores:
    """Directories and prefixes."""
    (tmp_path / "names.txt").write_text(NAMES)
    return Stores(
        tmp_path,
        moto,
        lambda: request.getfixturevalue("azurite_container"),
        lambda: request.getfixturevalue("direct_directory"),
    )


def contents(names: Iterable[str]) -> dict[str, bytes]:
    """Each with its own name."""
    return {name: name.rpartition("/")[2].encode() for name in names}


def new_tree(stores: Stores, kind: str) -> Place:
    """A place with `TREE`."""
    place = stores.new(kind)
    place.fill(contents(TREE))
    return place


def arguments_of(line: str, source: Place, destination: Place) -> list[str]:
    """The arguments that a row's text means."""
    places = {"SRC": source.uri, "DST": destination.uri}
    return shlex.split(re.sub("SRC|DST", lambda found: places[found[0]], line))


#: A command, where it copies from and to.
COPIED: Final = (
    ("upload", "file", "s3"),
    ("download", "s3", "file"),
    ("upload", "file", "az"),
    ("download", "az", "file"),
    ("upload", "file", "direct"),
    ("download", "direct", "s3"),
)


class Runner(Protocol):
    """Runs s3-cli."""

    def __call__(self, *arguments: object) -> Outcome:
        """Run it to its end."""


@pytest.fixture
def runs(
    moto_cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Callable[..., Runner]:
    """By kinds of stores who runs s3-cli with them: the installed one, or that of this process."""

    def run_here(*arguments: object) -> Outcome:
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    def runner(*kinds: str) -> Runner:
        if not {"az", "direct"}.intersection(kinds):
            return moto_cli
        cli: Cli = request.getfixturevalue("azure_cli") if "az" in kinds else moto_cli
        monkeypatch.chdir(tmp_path)
        for name, value in cli.environment.items():
            monkeypatch.setenv(name, value)
        return run_here

    return runner


def copied(
    runs: Callable[..., Runner],
    stores: Stores,
    copies: tuple[str, str, str],
    line: str,
    code: int = 0,
    before: Mapping[str, bytes] | None = None,
) -> tuple[str, dict[str, bytes]]:
    """Copy from a new tree.

    Args:
        runs: who runs the command.
        stores: the stores.
        copies: one of COPIED.
        line: its arguments.
        code: the exit code that is expected.
        before: what is at the destination.

    Returns:
        What was said, and what is at the destination then.
    """
    command, source, destination = copies
    here, there = new_tree(stores, source), stores.new(destination)
    if before:
        there.fill(before)
    outcome = runs(source, destination)(command, *arguments_of(line, here, there)).expect(code)
    return outcome.out + outcome.err, there.held()


@pytest.mark.parametrize("copies", COPIED, ids="-".join)
@pytest.mark.parametrize(("line", "code", "names", "said"), COPIES, ids=[row[0] for row in COPIES])
def test_copies(
    runs: Callable[..., Runner],
    stores: Stores,
    copies: tuple[str, str, str],
    line: str,
    code: int,
    names: Iterable[str],
    said: str,
) -> None:
    """The destination holds these, with the content of what they were made of."""
    text, held = copied(runs, stores, copies, line, code)
    assert said in text
    expected = contents(names)
    if "new.log" in expected:
        expected["new.log"] = b"a.log"
    assert expected == held


#: The arguments; the content of the file "a.log", which was "OLDER" there before.
REPLACEMENTS: Final = (
    ("SRC/a.log SRC/b.log DST/", b"a.log"),
    ("SRC/a.log SRC/b.log DST/ --overwrite always", b"a.log"),
    ("SRC/a.log SRC/b.log DST/ --overwrite never", b"OLDER"),
    ("SRC/a.log SRC/b.log DST/ --size-only", b"OLDER"),
    ("SRC/a.log SRC/b.log DST/ --checksum", b"a.log"),
    ("-n SRC/a.log SRC/b.log DST/", b"OLDER"),
)


@pytest.mark.parametrize("copies", COPIED, ids="-".join)
@pytest.mark.parametrize(("line", "content"), REPLACEMENTS, ids=[line for line, _ in REPLACEMENTS])
def test_what_exists(
    runs: Callable[..., Runner],
    stores: Stores,
    copies: tuple[str, str, str],
    line: str,
    content: bytes,
) -> None:
    """It is replaced or stays; what isn't there comes in any case, but for a dry run."""
    _, held = copied(runs, stores, copies, line, before={"a.log": b"OLDER"})
    new = {} if line.startswith("-n") else {"b.log": b"b.log"}
    assert {"a.log": content, **new} == held


#: The arguments of rm; the exit code; what is gone.
DELETIONS: Final[tuple[tuple[str, int, Iterable[str]], ...]] = (
    ("SRC/a.log", 0, {"a.log"}),
    ("SRC/a.log SRC/b.log", 0, LOGS),
    ("SRC/a", 3, NONE),
    ("SRC/x[1].txt", 0, {"x[1].txt"}),
    ("'SRC/*.log'", 0, LOGS),
    (r"'SRC/.*\.log'", 3, NONE),
    (r"--regex 'SRC/.*\.log'", 0, LOGS),
    ("--glob 'SRC/x[1].txt'", 0, {"x1.txt"}),
    ("-r SRC/sub/", 0, {"sub/d.log", "sub/deep/e.txt"}),
    ("-r SRC/ --include '*.txt' --exclude 'x*'", 0, {"c.txt", "sub/deep/e.txt"}),
    ("-n -r SRC/", 0, NONE),
)


@pytest.mark.parametrize("kind", ["file", "direct", "s3", "az"])
@pytest.mark.parametrize(("line", "code", "gone"), DELETIONS, ids=[row[0] for row in DELETIONS])
def test_deletions(
    runs: Callable[..., Runner],
    stores: Stores,
    kind: str,
    line: str,
    code: int,
    gone: Iterable[str],
) -> None:
    """Exactly these are gone."""
    here = new_tree(stores, kind)
    runs(kind)("rm", *arguments_of(line, here, here)).expect(code)
    assert contents(TREE - set(gone)) == here.held()


#: The arguments of ls; the names that it lists.
LISTINGS: Final[Mapping[str, Iterable[str]]] = {
    "SRC/": TOP | {"sub/"},
    "-r SRC/": TREE,
    "'SRC/*.log'": LOGS,
    r"-r 'SRC/.*\.log$'": LOGS | {"sub/d.log"},
    "--literal 'SRC/x[1].txt'": {"x[1].txt"},
    "-r SRC/ --exclude '*.txt'": LOGS | {"sub/d.log"},
}


@pytest.mark.parametrize("kind", ["file", "direct", "s3", "az"])
@pytest.mark.parametrize(("line", "names"), LISTINGS.items(), ids=list(LISTINGS))
def test_listings(
    runs: Callable[..., Runner], stores: Stores, kind: str, line: str, names: Iterable[str]
) -> None:
    """One URI a line."""
    here = new_tree(stores, kind)
    listed = runs(kind)("ls", *arguments_of(line, here, here)).expect(0).out.splitlines()
    base = here.uri if "://" in here.uri else f"file://{here.uri}"
    assert sorted(f"{base}/{name}" for name in names) == sorted(listed)
