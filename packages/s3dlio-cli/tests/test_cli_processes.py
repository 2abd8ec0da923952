"""s3-cli as a process of its own: imports, signals, pipes, terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "s3dlio_cli"]

#: What no command line without a transfer may cost.
HEAVY = {"requests", "urllib3", "azure", "cffi", "_cffi_backend", "tqdm", "importlib.metadata"}


def modules_after(code: str) -> set[str]:
    """Return the modules that an interpreter has imported after some code."""
    code += "; import sys; print('\\n'.join(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines())


@pytest.mark.parametrize(
    "code",
    [
        "import s3dlio_cli.app",
        "from s3dlio_cli.app import run; run(['--help'])",
        "from s3dlio_cli.app import run; run(['upload', '-h'])",
        "from s3dlio_cli.app import run; run(['ls', '-q', '.'])",
    ],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    """Neither the program, nor its help, nor a listing of files loads a backend or tqdm."""
    loaded = modules_after(code)
    assert set() == HEAVY & loaded
    assert not [name for name in loaded if name.startswith("s3dlio_s3")]


def test_help_needs_no_environment() -> None:
    """No credentials, no home directory, no terminal."""
    done = subprocess.run([*COMMAND, "--help"], env={}, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: s3-cli" in done.stdout


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """Give a sparse file whose copy takes long."""
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(2**40)
    return path


@pytest.fixture
def running(huge: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a running upload of which something is written already."""
    out = tmp_path / "out"
    command = [*COMMAND, "upload", "-j", "1", str(huge), f"{out}/", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not (out.is_dir() and any(out.iterdir())):
            time.sleep(0.001)
        yield process
        process.kill()


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_transfer_and_cleans_up(
    running: subprocess.Popen[str], tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    """The temporary file is removed, the summary says so, and the exit code tells the signal."""
    running.send_signal(signum)
    out, err = running.communicate()
    assert running.returncode == code
    assert list((tmp_path / "out").iterdir()) == []
    assert "interrupted before the end" in err
    assert f'"exit_code": {code}' in out
    assert "Traceback" not in err


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    """Even when the transfer doesn't stop."""
    code = (
        "import time\n"
        "from s3dlio_core import operations\n"
        "from s3dlio_cli.app import run\n"
        "def stuck(*a, progress, cancel, **k):\n"
        "    progress.started(None)\n"
        "    print('ready', flush=True)\n"
        "    cancel.wait(1e6)\n"
        "    print('cancelled', flush=True)\n"
        "    time.sleep(1e6)\n"
        "operations.upload = stuck\n"
        "run(['upload', 'a', 'b'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "cancelled\n"
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """`s3-cli ls | head` is no error."""
    for number in range(3000):
        (tmp_path / f"a-file-with-a-name-of-some-length-{number}").touch()
    with subprocess.Popen(
        [*COMMAND, "ls", str(tmp_path) + "/"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_names_that_are_no_text_come_out_as_they_are(tmp_path: Path) -> None:
    """The bytes of a file name reach a pipe unchanged."""
    name = b"caf\xe9"
    try:
        (tmp_path / os.fsdecode(name)).touch()
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    done = subprocess.run([*COMMAND, "ls", f"{tmp_path}/"], check=True, capture_output=True)
    assert done.stdout.endswith(b"/" + name + b"\n")


def test_a_full_standard_output_is_one_line(tmp_path: Path) -> None:
    """An output that takes no more is an error that says so, not a bug."""
    (tmp_path / "file").touch()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "ls", f"{tmp_path}/"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "s3-cli: error: can't write to standard output: No space left on device" in done.stderr
    assert "bug" not in done.stderr


def test_a_closed_standard_output_does_not_matter(tmp_path: Path) -> None:
    """What writes no data succeeds without a standard output."""
    (tmp_path / "file").touch()
    command = " ".join([*COMMAND, "-q", "upload", f"{tmp_path}/file", f"{tmp_path}/copy", ">&-"])
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert (tmp_path / "copy").exists()
