"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from pathlib import Path

from tools.bench.azure_blobs import measure_azure_blobs
from tools.bench.azure_blobs_clients import find_clients
from tools.bench.direct_io import measure_direct_io
from tools.bench.direct_small import measure_direct_small
from tools.bench.machine import MIB, machine_facts
from tools.bench.measurement import CommandFailedError, measure, measure_pair, peak_rss_floor_mib
from tools.bench.nginx_server import ServerMissingError
from tools.bench.plan_memory import measure_plans
from tools.bench.small_requests import measure_small_requests
from tools.bench.stdin_stream import measure_streams
from tools.bench.sync_memory import measure_syncs
from tools.bench.transfer_memory import WrongResultError, default_s3_cli, measure_transfers

UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


def parse_size(text: str) -> int:
    """The bytes that a size such as `2GiB` or `4096` names.

    Raises:
        argparse.ArgumentTypeError: it names none.
    """
    found = re.fullmatch(r"(\d+)\s*([a-zA-Z]*)", text.strip())
    if found is None or found[2].lower() not in UNITS:
        raise argparse.ArgumentTypeError(f"not a size: {text!r}; write such as 512MiB or 2GiB")
    return int(found[1]) * UNITS[found[2].lower()]


def positive(text: str) -> int:
    """A number from 1 on.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number from 1 on: {text!r}")
    return int(text)


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measure commands.")
    commands = parser.add_subparsers(dest="name", required=True)
    one = commands.add_parser("measure", help="wall time, CPU time and peak memory of a command")
    one.add_argument("--pair", help="another command line, run in turn with the first")
    one.add_argument("command", nargs="+", help="the command, after --")
    two = commands.add_parser("transfer-memory", help="s3-cli moving one large object up and down")
    two.add_argument("--size", type=parse_size, default="2GiB", help="of the object; %(default)s")
    two.add_argument("--jobs", type=positive, action="append", help="repeatable; 16 and 64")
    two.add_argument("--s3-cli", type=Path, default=default_s3_cli(), help="the command to measure")
    two.add_argument("--directory", type=Path, help="where the files lie meanwhile")
    three = commands.add_parser(
        "small-requests",
        help="signed 4 KiB requests, over our adapter and requests' own; needs nginx",
    )
    three.add_argument("--count", type=positive, default=10_000, help="%(default)s")
    three.add_argument("--threads", type=positive, default=8, help="%(default)s")
    four = commands.add_parser("plan-memory", help="copies of very many objects, in core alone")
    four.add_argument(
        "--count", type=positive, action="append", help="repeatable; 100000 and 1000000"
    )
    five = commands.add_parser("sync-memory", help="syncs of very many objects, in core alone")
    five.add_argument(
        "--count", type=positive, action="append", help="repeatable; 20000 and 200000"
    )
    stream = commands.add_parser(
        "stdin-stream", help="a stream of unknown length, up and down, beside peers; needs rclone"
    )
    stream.add_argument("--last", type=positive, default=200_000_000, help="%(default)s")
    stream.add_argument("--s3-cli", type=Path, default=default_s3_cli())
    azure = commands.add_parser(
        "azure-blobs",
        help="one large file and many small ones, up and down, beside peers; needs Node.js, rclone",
        epilog="For all peers: python -m venv /tmp/peers; /tmp/peers/bin/pip install obstore adlfs",
    )
    azure.add_argument("--size", type=parse_size, default="256MiB", help="of the one; %(default)s")
    azure.add_argument("--count", type=positive, default=1000, help="of the many; %(default)s")
    azure.add_argument("--small-size", type=parse_size, default="4KiB", help="%(default)s")
    azure.add_argument(
        "--peers-python", type=Path, help="a Python that has peers which ours hasn't"
    )
    azure.add_argument("--s3-cli", type=Path, default=default_s3_cli())
    azure.add_argument("--directory", type=Path, help="where the files lie; in memory by default")
    for command in (one, two, three, four, five, stream, azure, *_add_direct(commands)):
        command.add_argument("--runs", type=positive, default=3, help="%(default)s")
        command.add_argument("--output", type=Path, help="a file for the JSON besides the output")
    return parser


def _add_direct(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> list[argparse.ArgumentParser]:
    """Add the commands about O_DIRECT."""
    large = commands.add_parser(
        "direct-io", help="one large file with O_DIRECT, up and down, beside fio; needs fio"
    )
    large.add_argument("--size", type=parse_size, default="4GiB", help="of the file; %(default)s")
    large.add_argument(
        "--block", type=parse_size, action="append", help="of a request; repeatable; 1MiB and 4MiB"
    )
    large.add_argument(
        "--jobs", type=positive, action="append", help="threads, or depth; repeatable; 1, 8 and 32"
    )
    large.add_argument(
        "--some-runs",
        type=positive,
        default=1,
        help="rounds that huge pages, io_uring and whole copies take part in; %(default)s",
    )
    small = commands.add_parser(
        "direct-small", help="many small files with O_DIRECT, up and down, beside file://"
    )
    small.add_argument("--count", type=positive, default=10_000, help="%(default)s")
    small.add_argument("--size", type=parse_size, default="4KiB", help="of each; %(default)s")
    for command in (large, small):
        command.add_argument("--directory", type=Path, help="on the disk that is to be measured")
        command.add_argument("--scheme", default="direct", help="of the store; %(default)s")
    return [large, small]


def run(options: argparse.Namespace) -> dict[str, object]:
    """Do what the options say; the result as JSON values."""
    surroundings = {
        "peak_rss_floor_mib": round(peak_rss_floor_mib(), 1),
        "machine": machine_facts(),
    }
    return {"benchmark": options.name, **run_benchmark(options), **surroundings}


def run_benchmark(options: argparse.Namespace) -> dict[str, object]:
    """The figures that the options ask for."""
    if options.name == "transfer-memory":
        return measure_transfers(
            size_bytes=options.size,
            jobs=options.jobs or [16, 64],
            run_count=options.runs,
            s3_cli=options.s3_cli,
            directory=options.directory,
        )
    if options.name == "small-requests":
        return measure_small_requests(
            count=options.count, threads=options.threads, run_count=options.runs
        )
    if options.name == "plan-memory":
        return measure_plans(counts=options.count or [100_000, 1_000_000], run_count=options.runs)
    if options.name == "sync-memory":
        return measure_syncs(counts=options.count or [20_000, 200_000], run_count=options.runs)
    if options.name == "stdin-stream":
        return measure_streams(last=options.last, run_count=options.runs, s3_cli=options.s3_cli)
    if options.name == "azure-blobs":
        return measure_azure_blobs(
            find_clients(options.s3_cli, options.peers_python),
            large_size_bytes=options.size,
            small_size_bytes=options.small_size,
            count=options.count,
            run_count=options.runs,
            directory=options.directory,
        )
    if options.name == "direct-io":
        return measure_direct_io(
            size_bytes=options.size,
            block_bytes=options.block or [MIB, 4 * MIB],
            jobs=options.jobs or [1, 8, 32],
            run_count=options.runs,
            some_run_count=min(options.some_runs, options.runs),
            directory=options.directory,
            scheme=options.scheme,
        )
    if options.name == "direct-small":
        return measure_direct_small(
            count=options.count,
            size_bytes=options.size,
            run_count=options.runs,
            directory=options.directory,
            scheme=options.scheme,
        )
    if options.pair is None:
        figures = measure(options.command, options.runs)
    else:
        figures = measure_pair(options.command, shlex.split(options.pair), options.runs)
    return figures


def main() -> None:
    """Measure and write the JSON."""
    options = build_parser().parse_args()
    try:
        result = run(options)
    except (
        CommandFailedError,
        ServerMissingError,
        WrongResultError,
        OSError,
        ValueError,
    ) as failure:
        sys.exit(f"bench: {failure}")
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    sys.stdout.write(text)
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
