"""Every command with every scheme: it works, or says in one line why it can't.

Runs inside this process, where `memory://` lives.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from s3dlio_cli.app import run
from s3dlio_cli.command_table import TABLE
from s3dlio_core import operations
from tests.e2e.any_store import KINDS, Place, Stores
from tests.e2e.command_line import bare_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.truth import Bucket
    from tests.servers import MotoServer
    from tests.servers.blob_container import BlobContainer

pytestmark = pytest.mark.one_wire


@dataclass(frozen=True)
class Row:
    """A use of a command.

    Attributes:
        line: its arguments. PLACE has the one object "a", OTHER is an empty place of the same kind,
            CONTAINER could be made, EMPTY has been made, FILE is a local file "f".
        left: what is at PLACE in the end.
        shows: what stands in the output, besides.
    """

    line: str
    left: frozenset[str] = frozenset({"a"})
    shows: str = ""


#: Each command that is about a store.
ROWS: Final = {
    "cat": Row("PLACE/a", shows="content"),
    "check": Row("OTHER PLACE"),
    "copy": Row("PLACE/a PLACE/b", left=frozenset({"a", "b"})),
    "create-bucket": Row("CONTAINER", shows="created"),
    "delete": Row("-r PLACE/", left=frozenset()),
    "delete-bucket": Row("EMPTY", shows="deleted"),
    "download": Row("PLACE/a OTHER/", shows="1 object"),
    "du": Row("PLACE/", shows=" 7 "),
    "list": Row("-l PLACE/", shows="PLACE/a"),
    "list-buckets": Row("SCHEME://", shows="Total buckets"),
    "move": Row("PLACE/a PLACE/b", left=frozenset({"b"})),
    "presign": Row("PLACE/a", shows="http"),
    "put": Row("FILE PLACE/b", left=frozenset({"a", "b"})),
    "stat": Row("PLACE/a", shows="7 bytes"),
    "sync": Row("OTHER PLACE"),
    "upload": Row("FILE PLACE/", left=frozenset({"a", "f"})),
}
#: What has no meaning for a scheme, and what is said of it.
REFUSALS: Final = {
    ("list-buckets", "direct"): "a file system has no list of containers",
    ("list-buckets", "file"): "a file system has no list of containers",
    ("presign", "direct"): "this store has no presigned URLs",
    ("presign", "file"): "this store has no presigned URLs",
    ("presign", "memory"): "this store has no presigned URLs",
}
#: Commands that aren't about any store.
OTHERS: Final = {"completion"}
#: Schemes that no installed store serves, and what is said of them.
STRANGERS: Final = {"gs": "Known schemes: az, direct, file, memory, s3"}
COMMANDS: Final = [entry.name for entry in TABLE if entry.name not in OTHERS]
_numbers: Final = itertools.count()


@pytest.fixture
def stores(
    tmp_path: Path,
    moto: Bucket,
    moto_s3: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Stores:
    """Places of each kind, in the environment that finds the servers."""
    environment = {**bare_environment(tmp_path), **moto_s3.environment}
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)

    def set_all(variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    def container() -> BlobContainer:
        found: BlobContainer = request.getfixturevalue("azurite_container")
        set_all(request.getfixturevalue("azurite").environment)
        return found

    set_all(environment)
    (tmp_path / "f").write_bytes(b"file")
    return Stores(tmp_path, moto, container, lambda: request.getfixturevalue("direct_directory"))


@pytest.fixture
def containers(tmp_path: Path, moto_s3: MotoServer) -> Iterator[dict[str, str]]:
    """By kind the URI of a container that isn't there."""
    name = f"scheme-{os.getpid()}-{next(_numbers)}"
    paths = {"file": f"{tmp_path}/{name}/", "direct": f"direct://{tmp_path}/{name}/"}
    yield {kind: paths.get(kind, f"{kind}://{name}") for kind in KINDS}
    moto_s3.drop_bucket(name)  # Azurite's are few, and go with it


def words_of(line: str, names: dict[str, str]) -> list[str]:
    """The arguments that a row's line means."""
    words = []
    for word in line.split():
        name = next((one for one in names if word.startswith(one)), "")
        words.append(names.get(name, "") + word[len(name) :])
    return words


def prepare(stores: Stores, command: str, kind: str, container: str) -> tuple[Place, list[str]]:
    """What a command needs, and the arguments of its row."""
    row = ROWS[command]
    place, other = stores.new(kind), stores.new(kind)
    place.fill({"a": b"content"})
    other.fill({"a": b"content"} if command in {"check", "sync"} else {})
    names = {
        "PLACE": place.uri,
        "OTHER": other.uri,
        "SCHEME": kind,
        "CONTAINER": container,
        "EMPTY": container,
        "FILE": str(stores.directory / "f"),
    }
    if "EMPTY" in row.line:
        operations.create_container(container)
    return place, words_of(row.line, names)


def test_every_command_has_a_row() -> None:
    """A new command says here what it does with each scheme."""
    assert [] == [name for name in COMMANDS if name not in ROWS]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_or_says_why_not(
    stores: Stores,
    containers: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    command: str,
    kind: str,
) -> None:
    """On its own kind of place."""
    row = ROWS[command]
    place, arguments = prepare(stores, command, kind, containers[kind])
    code = run([command, *arguments])
    out, err = capfd.readouterr()
    refusal = REFUSALS.get((command, kind))
    if refusal is not None:
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert refusal in err
        return
    assert (code, "error" in err) == (0, False), err
    assert set(place.held()) == row.left
    assert row.shows.replace("PLACE", place.uri) in out + err


@pytest.mark.parametrize("kind", ["file", "direct", "memory"])
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "cat"])
def test_json_has_types_and_ends_with_a_summary(
    stores: Stores,
    containers: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    command: str,
    kind: str,
) -> None:
    """Whether the command works or not: only bytes of objects are no JSON."""
    arguments = prepare(stores, command, kind, containers[kind])[1]
    code = run([command, "--json", *arguments])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    *others, summary = lines
    assert (summary["type"], summary["operation"]) == ("summary", command)
    assert (summary["ok"], summary["exit_code"]) == (code == 0, code)
    assert all(line["type"] != "summary" for line in others)


@pytest.mark.parametrize("scheme", STRANGERS)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_scheme_is_told_by_every_command(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, command: str, scheme: str
) -> None:
    """With what is known, or what to install; as wrong usage, since nothing was done."""
    (tmp_path / "f").touch()
    names = dict.fromkeys(("PLACE", "OTHER", "CONTAINER", "EMPTY"), f"{scheme}://c")
    names |= {"SCHEME": scheme, "FILE": str(tmp_path / "f")}
    code = run([command, *words_of(ROWS[command].line, names)])
    out, err = capfd.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert f"no installed store serves {scheme}://" in err
    assert STRANGERS[scheme] in err
