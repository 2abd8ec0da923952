"""cat and put, and what all commands do that take several URIs."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_cli.app import run
from s3dlio_core import operations, registry

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., Any]


@pytest.fixture
def goal() -> str:
    """A fresh container in memory."""
    uri = f"memory://{uuid.uuid4().hex}"
    operations.create_container(uri)
    return uri


@pytest.mark.parametrize("command", ["cat", "stat", "ls", "du"])
def test_one_configuration_serves_all_uris(
    goal: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: str,
) -> None:
    """So credentials are asked for once, and connections are kept."""
    uris = [f"{goal}/{number}" for number in range(5)]
    for uri in uris:
        operations.put(uri, b"x")
    made: list[object] = []
    real = registry.make_provider

    def make(*arguments: Any) -> Any:
        made.append(arguments)
        return real(*arguments)

    monkeypatch.setattr("s3dlio_core.session.make_provider", make)
    assert (run([command, *uris]), capfd.readouterr().err.count("error")) == (0, 0)
    assert len(made) == 1


def test_one_configuration_signs_all_urls(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program that gives credentials runs once."""
    count = tmp_path / "count"
    program = tmp_path / "program"
    program.write_text(
        f"#!/bin/sh\necho x >> {count}\n"
        """echo '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"secret"}'\n"""
    )
    program.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {program}\nregion = us-east-1\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    done = cli("presign", *(f"s3://bucket/{number}" for number in range(5)))
    assert (done.code, done.out.count("X-Amz-Signature")) == (0, 5)
    assert count.read_text() == "x\n"


def test_cat_of_several_of_which_none_exists_matches_nothing(
    goal: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """As with stat and ls."""
    code = run(["cat", f"{goal}/a", f"{goal}/b"])
    assert (code, capfd.readouterr().err.count("error:")) == (3, 2)


def test_cat_to_a_closed_output_is_an_error(tmp_path: Path) -> None:
    """Where the bytes would go nowhere, no success is claimed."""
    (tmp_path / "x").write_text("content")
    line = f"{sys.executable} -m s3dlio_cli cat {tmp_path / 'x'} >&-"
    done = subprocess.run(line, shell=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"it is closed" in done.stderr


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux's /proc")
def test_put_takes_a_file_that_hides_its_size_whole(cli: Cli, goal: str) -> None:
    """One of /proc says that it has 0 bytes; it is read as a stream."""
    assert cli("put", "/proc/version", f"{goal}/x").code == 0
    assert operations.get(f"{goal}/x") == Path("/proc/version").read_bytes()


@pytest.mark.parametrize("source", ["file", "/dev/null"])
@pytest.mark.parametrize("destination", ["{goal}", "{goal}/x/", "{directory}", "{directory}/"])
def test_put_refuses_a_place_without_a_name(
    cli: Cli, goal: str, tmp_path: Path, source: str, destination: str
) -> None:
    """It writes to the very name that is given, and to no other."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "directory").mkdir()
    to = destination.format(goal=goal, directory=tmp_path / "directory")
    done = cli("put", tmp_path / source, to)
    assert (done.code, done.err.count("error:")) == (2, 1)
    assert not [*(tmp_path / "directory").iterdir()]
    assert not [*operations.list(goal)]


@pytest.mark.parametrize("source", ["file", "/dev/null"])
def test_put_tells_files_and_streams_alike(
    cli: Cli, goal: str, tmp_path: Path, source: str
) -> None:
    """A line for the object, and a summary."""
    (tmp_path / "file").write_text("")
    done = cli("put", "--json", tmp_path / source, f"{goal}/x")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["type"], line["operation"]) for line in lines] == [
        ("copied", "put"),
        ("summary", "put"),
    ]
    assert lines[0]["destination"] == f"{goal}/x"


@pytest.mark.parametrize("given", ["9" * 5000 + "-", "-" + "9" * 5000, "0-" + "9" * 5000])
def test_range_beyond_all_objects_is_no_range(cli: Cli, goal: str, given: str) -> None:
    """And no error of Python's."""
    done = cli("cat", f"--range={given}", f"{goal}/x")
    assert done.code == 2
    assert "digits" not in done.err
