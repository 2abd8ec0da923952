"""The benchmarks report what a command took, and refuse to report a failed one."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tools.bench import nginx_server
from tools.bench.__main__ import parse_size
from tools.bench.azure_blobs import measure_azure_blobs
from tools.bench.azure_blobs_clients import Client, find_clients
from tools.bench.direct_io import COMPARED_WITH, EACH_ROUND, SOME_ROUNDS, measure_direct_io
from tools.bench.direct_small import measure_direct_small
from tools.bench.fio import find_fio, fio_command, parse_fio
from tools.bench.machine import MIB, file_system_facts
from tools.bench.measurement import (
    CommandFailedError,
    measure,
    measure_pair,
    run_command,
    spread,
)
from tools.bench.nginx_server import find_nginx
from tools.bench.plan_memory import OPERATIONS, measure_plans
from tools.bench.small_requests import measure_small_requests
from tools.bench.stdin_stream import measure_streams
from tools.bench.sync_memory import OPERATIONS as SYNC_OPERATIONS
from tools.bench.sync_memory import measure_syncs
from tools.bench.transfer_memory import WrongResultError, discard_server, measure_transfers

from tests.e2e.command_line import S3_CLI
from tests.servers import SignedClient
from tests.servers.base import REPOSITORY_ROOT
from tests.servers.endpoint import S3Endpoint
from tests.servers.rclone_server import find_rclone

if TYPE_CHECKING:
    from collections.abc import Iterator

# What s3-cli does, done badly but in a few lines: enough for the benchmark to have something to
# run.
FAKE_S3_CLI = """\
#!{python}
import http.client, os, sys
command, source, target = sys.argv[1:4]
client = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
if command == "upload":
    with open(source, "rb") as file:
        client.request("PUT", "/bench/object", file, {{"Content-Length": os.path.getsize(source)}})
    assert 200 == client.getresponse().status
else:
    client.request("GET", "/bench/object")
    with open(target + "object", "wb") as file:
        file.write(client.getresponse().read(){spoil})
client.close()
"""


def python(program: str) -> list[str]:
    """The command that runs a Python program."""
    return [sys.executable, "-S", "-c", textwrap.dedent(program)]


def measure_by_command_line(*command: str) -> dict[str, Any]:
    """What `python -m tools.bench measure` says of a command."""
    arguments = [sys.executable, "-m", "tools.bench", "measure", "--runs", "1", "--", *command]
    completed = subprocess.run(arguments, cwd=REPOSITORY_ROOT, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(completed.stdout)
    return figures


def test_peak_memory_is_the_commands() -> None:
    """100 MiB more in the command are 100 MiB more in the report."""
    small = measure_by_command_line(*python("x = bytearray(100 << 20)"))
    large = measure_by_command_line(*python("x = bytearray(200 << 20)"))
    difference_mib = large["peak_rss_mib"]["max"] - small["peak_rss_mib"]["max"]
    assert 95 < difference_mib < 105


def test_floor_of_memory_is_low() -> None:
    """The benchmark itself needs little, and says how much."""
    figures = measure_by_command_line("true")
    assert figures["peak_rss_mib"]["max"] <= figures["peak_rss_floor_mib"] + 1 < 60


def test_cpu_time_includes_children() -> None:
    """What a command's own children burn is counted."""
    run = run_command(
        python(
            """
            import subprocess, sys
            busy = "import time\\nwhile time.process_time() < 0.3: pass"
            subprocess.run([sys.executable, "-S", "-c", busy], check=True)
            """
        )
    )
    assert run.cpu_s >= 0.3
    assert run.wall_s >= 0.3


def test_failed_command_is_an_error() -> None:
    """A command that fails is reported with its output, and not measured."""
    with pytest.raises(CommandFailedError, match="exit code 3") as failure:
        run_command(python("import sys; print('broken'); sys.exit(3)"))
    assert "broken" in str(failure.value)


def test_figures_are_spread_over_runs() -> None:
    """Each figure has its median, smallest and largest value."""
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0}
    figures = measure(python("pass"), 2)
    assert figures["runs"] == 2
    assert figures["command"] == python("pass")


def test_pair_runs_in_turn(tmp_path: Path) -> None:
    """Two commands take turns, and are compared round by round."""
    log = tmp_path / "log"
    first = python(f"open({str(log)!r}, 'a').write('1')")
    second = python(f"open({str(log)!r}, 'a').write('2')")
    figures = measure_pair(first, second, 3)
    assert log.read_text() == "121212"
    assert {"wall_ratio", "cpu_ratio", "pair"} <= figures.keys()


def test_command_line_writes_json(tmp_path: Path) -> None:
    """The same JSON goes to the output and to a file."""
    output = tmp_path / "new" / "result.json"
    completed = subprocess.run(
        [sys.executable, "-m", "tools.bench", "measure", f"--output={output}", "--", "true"],
        cwd=REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert json.loads(completed.stdout) == json.loads(output.read_text())
    assert {"benchmark", "command", "wall_s", "machine"} <= json.loads(completed.stdout).keys()


def test_command_line_fails_with_its_command() -> None:
    """A failed command is one line and another exit code, not figures."""
    completed = subprocess.run(
        [sys.executable, "-m", "tools.bench", "measure", "--runs", "1", "--", "false"],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        check=False,
    )
    assert completed.returncode == 1
    assert completed.stdout == b""
    assert completed.stderr.startswith(b"bench: exit code 1 of false")


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("4096", 4096), ("3KiB", 3072), ("2GiB", 2 << 30), ("1 mib", 1 << 20)]
)
def test_size_is_parsed(text: str, size_bytes: int) -> None:
    """Sizes are written with binary units."""
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GiB", "2GB", "-1", "1.5MiB"])
def test_other_sizes_are_refused(text: str) -> None:
    """What isn't a whole number of binary units is refused."""
    with pytest.raises(argparse.ArgumentTypeError):
        parse_size(text)


@pytest.fixture
def endpoint() -> Iterator[S3Endpoint]:
    """A discarding server."""
    with discard_server() as port:
        yield S3Endpoint(f"127.0.0.1:{port}")


def test_discarded_object_reads_as_zeros(endpoint: S3Endpoint) -> None:
    """What was put has its size, and reads as zeros, by ranges too."""
    with SignedClient(endpoint) as client:
        client.put_object("bucket", "key", b"x" * 3_000_000)
        assert client.request("HEAD", "/bucket/key").headers["content-length"] == "3000000"
        assert client.get_object("bucket", "key") == bytes(3_000_000)
        answer = client.request("GET", "/bucket/key", headers={"Range": "bytes=10-2000009"})
    assert (answer.status, answer.body) == (206, bytes(2_000_000))
    assert answer.headers["content-range"] == "bytes 10-2000009/3000000"


def test_discarded_parts_make_an_object(endpoint: S3Endpoint) -> None:
    """A completed upload has the size of its parts, and is listed."""
    with SignedClient(endpoint) as client:
        created = client.request("POST", "/bucket/key?uploads").expect(200).body.decode()
        upload_id = created.partition("<UploadId>")[2].partition("<")[0]
        for number in (2, 1):
            part = f"/bucket/key?partNumber={number}&uploadId={upload_id}"
            client.request("PUT", part, body=bytes(1_000_000)).expect(200)
        client.request("POST", f"/bucket/key?uploadId={upload_id}", body=b"<x/>").expect(200)
        listing = client.request("GET", "/bucket?list-type=2&prefix=k").body
    assert b"<Size>2000000</Size>" in listing


def test_missing_object_is_not_found(endpoint: S3Endpoint) -> None:
    """Nothing is there that wasn't put."""
    with SignedClient(endpoint) as client:
        assert client.request("GET", "/bucket/key").error_code == "NoSuchKey"


def write_fake_s3_cli(path: Path, spoil: str = "") -> Path:
    """A program that stands in for s3-cli."""
    path.write_text(FAKE_S3_CLI.format(python=sys.executable, spoil=spoil))
    path.chmod(0o755)
    return path


def test_transfers_are_measured(tmp_path: Path) -> None:
    """Each number of jobs gives figures for the upload and the download, without paths."""
    result = measure_transfers(
        size_bytes=5_000_000,
        jobs=[4, 8],
        run_count=1,
        s3_cli=write_fake_s3_cli(tmp_path / "s3-cli"),
        directory=tmp_path,
    )
    assert isinstance(result["results"], list)
    commands = [figures["command"] for figures in result["results"]]
    assert commands == [
        "s3-cli upload object s3://bench/object -j 4",
        "s3-cli download s3://bench/object . -j 4",
        "s3-cli upload object s3://bench/object -j 8",
        "s3-cli download s3://bench/object . -j 8",
    ]
    assert str(tmp_path) not in json.dumps(result)


@pytest.mark.parametrize("spoil", ["[:-1]", "[:-1] + b'x'"])
def test_wrong_download_is_an_error(tmp_path: Path, spoil: str) -> None:
    """A download that isn't what the server sent has no figures."""
    s3_cli = write_fake_s3_cli(tmp_path / "s3-cli", spoil)
    with pytest.raises(WrongResultError):
        measure_transfers(
            size_bytes=5_000_000, jobs=[1], run_count=1, s3_cli=s3_cli, directory=tmp_path
        )


@pytest.mark.skipif(find_rclone() is None, reason="rclone isn't installed")
def test_streams_are_measured_and_compared() -> None:
    """The content is hashed on its way there, where it lies, and on its way back."""
    result = measure_streams(last=1000, run_count=1, s3_cli=S3_CLI)
    expected = hashlib.sha256(b"".join(b"%d\n" % number for number in range(1, 1001)))
    assert result["sha256_sent_stored_and_read"] == expected.hexdigest()
    results = result["results"]
    assert isinstance(results, list)
    streams = [(one["tool"], one["stream"]) for one in results]
    for tool in ("s3-cli", "rclone"):
        assert {(tool, "put"), (tool, "cat")} <= set(streams)


def test_plans_are_measured() -> None:
    """Each operation, with each number of objects; one that doesn't do all of them fails."""
    result = measure_plans(counts=[2, 4], run_count=1)
    assert isinstance(result["results"], list)
    measured = [(figures["operation"], figures["objects"]) for figures in result["results"]]
    assert measured == [(name, count) for name in OPERATIONS for count in (2, 4)]


def test_plan_that_does_not_do_all_is_an_error() -> None:
    """Two sources of one object each are no three."""
    with pytest.raises(CommandFailedError, match="2 of 3 objects"):
        measure_plans(counts=[3], run_count=1, operations=["copy-two"])


def test_syncs_are_measured() -> None:
    """Each operation, with each number of objects; half of the destination's are deleted."""
    result = measure_syncs(counts=[20, 40], run_count=1)
    assert isinstance(result["results"], list)
    measured = [(figures["operation"], figures["source_objects"]) for figures in result["results"]]
    assert measured == [(name, count) for name in SYNC_OPERATIONS for count in (20, 40)]


NEEDS_FIO = pytest.mark.skipif(find_fio() is None, reason="fio isn't installed")
#: What fio 3.33 says of a transfer, as far as it is read, with the note of one engine before.
FIO_OUTPUT = """\
note: both iodepth >= 1 and synchronous I/O engine are selected, queue depth will be capped at 1
{
  "fio version" : "fio-3.33",
  "jobs" : [{
    "error" : %d,
    "read" : {"io_bytes" : 0, "runtime" : 0},
    "write" : {"io_bytes" : 1073741824, "bw_bytes" : 2491280334, "runtime" : %d},
    "job_runtime" : 3383, "usr_cpu" : 0.5, "sys_cpu" : 1.5
  }]
}
"""


def test_fio_is_read() -> None:
    """Time is the wall's; the shares of CPU are of the sum of the threads' times."""
    result = parse_fio(FIO_OUTPUT % (0, 431), "write")
    assert (result.size_bytes, result.transfer_s) == (1 << 30, 0.431)
    assert result.transfer_cpu_s == pytest.approx(0.06766)


@pytest.mark.parametrize(
    "text", ["", "fio: failed", FIO_OUTPUT % (5, 431), FIO_OUTPUT % (0, 0), '{"jobs": []}']
)
def test_fio_that_failed_is_an_error(text: str) -> None:
    """An error, no time, no job and no JSON aren't figures."""
    with pytest.raises(CommandFailedError):
        parse_fio(text, "write")


@NEEDS_FIO
@pytest.mark.parametrize(
    ("engine", "threads", "depth", "share"), [("psync", 8, 1, 4096), ("libaio", 1, 8, 32768)]
)
def test_fio_is_told_the_parallelism(
    engine: str, threads: int, depth: int, share: int, tmp_path: Path
) -> None:
    """Threads with shares of the file, or one thread with so many requests in flight."""
    command = fio_command(
        engine, "read", tmp_path / "a:b", size_bytes=32768, block_bytes=512, parallelism=8
    )
    assert {
        f"--numjobs={threads}",
        f"--iodepth={depth}",
        f"--size={share}",
        f"--offset_increment={share}",
        "--bs=512",
        f"--filename={tmp_path}/a\\:b",
    } <= set(command)


@NEEDS_FIO
def test_huge_pages_of_fio_begin_where_one_can(tmp_path: Path) -> None:
    """And for that alone its command is another one."""
    sizes = {"size_bytes": 32768, "block_bytes": 512, "parallelism": 8}
    plain = fio_command("psync", "read", tmp_path, **sizes)
    huge = fio_command("psync huge", "read", tmp_path, **sizes)
    assert set(huge) - set(plain) == {"--iomem_align=2097152"}


@NEEDS_FIO
def test_direct_io_is_measured_beside_fio(tmp_path: Path) -> None:
    """Each does each row, s3dlio is compared with fio round by round, and nothing is left."""
    result = measure_direct_io(
        size_bytes=4 * MIB,
        block_bytes=[MIB],
        jobs=[2],
        run_count=2,
        some_run_count=1,
        directory=tmp_path,
        scheme="file",
    )
    assert isinstance(result["results"], list)
    rows = [(row["direction"], row["parallelism"]) for row in result["results"]]
    assert rows == [("read", 2), ("write", 2)]
    for row in result["results"]:
        runs = {name: figures["runs"] for name, figures in row["contestants"].items()}
        assert runs == dict.fromkeys(EACH_ROUND, 2) | dict.fromkeys(SOME_ROUNDS, 1)
        for name in ("s3dlio store", "s3dlio engine"):
            ours = row["contestants"][name]
            pairs = {fio: ours[f"over {fio}"]["pairs"] for fio in COMPARED_WITH}
            assert pairs == {
                "fio psync": ours["runs"],
                "fio libaio": ours["runs"],
                "fio psync huge": 1,
            }
            assert ours["over fio psync"]["bandwidth_ratio"]["min"] > 0
    assert str(tmp_path) not in json.dumps(result)
    assert list(tmp_path.iterdir()) == []


@NEEDS_FIO
def test_file_that_has_no_room_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(OSError, match="MiB are needed"):
        measure_direct_io(
            size_bytes=1 << 50,
            block_bytes=[MIB],
            jobs=[1],
            run_count=1,
            some_run_count=1,
            directory=tmp_path,
        )


def test_shares_that_are_no_whole_blocks_are_refused(tmp_path: Path) -> None:
    """The blocks of all threads are of one size, and lie where blocks do."""
    with pytest.raises(ValueError, match="whole blocks"):
        measure_direct_io(
            size_bytes=4 * MIB,
            block_bytes=[MIB],
            jobs=[1, 8],
            run_count=1,
            some_run_count=1,
            directory=tmp_path,
        )


def test_memory_is_no_disk() -> None:
    """Where the files are in memory all the same, O_DIRECT can't be measured."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or file_system_facts(memory)["kind"] != "tmpfs":
        pytest.skip("there is no directory in memory")
    with pytest.raises(OSError, match="tmpfs is no disk"):
        measure_direct_small(count=1, size_bytes=1, run_count=1, directory=memory)


def test_small_files_are_measured_both_ways(tmp_path: Path) -> None:
    """The store beside files alone, with walls, CPU times and ratios, and nothing is left."""
    result = measure_direct_small(
        count=3, size_bytes=10, run_count=2, directory=tmp_path, scheme="file"
    )
    assert isinstance(result["results"], list)
    assert [one["direction"] for one in result["results"]] == ["up", "down"]
    for one in result["results"]:
        assert one["runs"] == 2
        assert one["files_alone"]["wall_s"]["min"] > 0
        assert one["with_store"]["process_cpu_s"]["min"] > one["with_store"]["cpu_s"]["min"] > 0
        assert one["ratio"]["wall_s"]["min"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(find_nginx() is None, reason="nginx: not installed")
def test_small_requests_are_measured_over_both_adapters() -> None:
    """Every request is made, over both, and compared round by round."""
    result = measure_small_requests(count=40, threads=4, run_count=2)
    assert isinstance(result["results"], list)
    measured = {(figures["operation"], figures["placement"]) for figures in result["results"]}
    assert len(result["results"]) == len(measured)
    assert {("get", "any CPU"), ("put", "any CPU")} <= measured
    for figures in result["results"]:
        assert figures["runs"] == 2
        assert {"s3dlio", "requests"} == figures["cpu_us"].keys() == figures["wall_us"].keys()
        assert figures["cpu_us"]["s3dlio"]["min"] > 0


@pytest.mark.skipif(find_rclone() is None, reason="rclone isn't installed")
def test_azure_clients_are_found() -> None:
    """Ours come first, then those that are installed; what is told of them has no paths."""
    clients = find_clients(S3_CLI, peers_python=None)
    names = [client.name for client in clients]
    assert names[:4] == ["s3dlio", "s3-cli", "rclone", "azure-storage-blob"]
    assert clients[1].command("up", "/x", "y") == [
        str(S3_CLI),
        *("upload", "--quiet", "/x/", "az://bench/y/"),
    ]
    assert all(client.version for client in clients)
    assert [] == [client.facts for client in clients if "/bin/" in json.dumps(client.facts)]


@pytest.mark.skipif(find_rclone() is None, reason="rclone isn't installed")
@pytest.mark.usefixtures("azurite")
def test_azure_blobs_are_measured_and_compared(tmp_path: Path) -> None:
    """Both kinds of files go both ways with each client, with requests and ratios."""
    clients = [
        client for client in find_clients(S3_CLI, None) if client.name in {"s3dlio", "rclone"}
    ]
    result = measure_azure_blobs(
        clients,
        large_size_bytes=100_000,
        small_size_bytes=10,
        count=3,
        run_count=1,
        directory=tmp_path,
    )
    assert isinstance(result["results"], list)
    done = [(one["files"], one["direction"]) for one in result["results"]]
    assert done == [(1, "up"), (1, "down"), (3, "up"), (3, "down")]
    for one in result["results"]:
        method = {"up": "PUT", "down": "GET"}[one["direction"]]
        for figures in one["clients"].values():
            assert figures["requests"][method] >= one["files"]
        assert one["clients"]["rclone"]["s3dlio_cpu_ratio"]["min"] > 0
    assert str(tmp_path) not in json.dumps(result)


@pytest.mark.skipif(find_rclone() is None, reason="rclone isn't installed")
@pytest.mark.usefixtures("azurite")
def test_azure_client_that_stores_nothing_is_an_error(tmp_path: Path) -> None:
    """A client that says it succeeded, and left nothing, has no figures."""
    idle = Client("idle", "1", {"up": ["true"], "down": ["true"]})
    with pytest.raises(WrongResultError, match="idle up: 0 of 1 files"):
        measure_azure_blobs(
            [idle],
            large_size_bytes=1,
            small_size_bytes=1,
            count=1,
            run_count=1,
            directory=tmp_path,
        )


def test_missing_nginx_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it there is a line that says how to get it."""
    monkeypatch.setattr(nginx_server, "find_nginx", lambda: None)
    with pytest.raises(nginx_server.ServerMissingError, match="apt-get install"):
        measure_small_requests(count=1, threads=1, run_count=1)
