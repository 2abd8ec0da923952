"""direct:// from the command line: between all stores, beside file://, refused and interrupted.

Rules of this file: bytes are compared by hashes of our own, and what is in the page cache is told
by mincore(2), before anybody else reads the files.
"""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.disks.page_cache import cached_pages, drop_cached
from tests.e2e.command_line import outcome_of
from tests.e2e.terminal import run_in_terminal
from tests.e2e.truth import file_sha256, tree, write_tree
from tests.servers import Hold

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disks.mounts import Mounts
    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy

pytestmark = pytest.mark.one_wire

MIB: Final = 1 << 20
#: Round blocks of 512 and 4,096 bytes, and round parts of 8 MiB.
SIZES: Final = (
    *(0, 1, 511, 512, 513, 4095, 4096, 4097, 65_537),
    *(16 * MIB - 1, 16 * MIB, 16 * MIB + 1, 24 * MIB + 4095, 3 * MIB + 17),
)
#: What is small enough to be told apart at a glance.
FILES: Final = {"a": b"a" * 5000, "sub/b": b"b", "sub/deep/c": b""}


def numbered(directory: Path) -> dict[str, str]:
    """Make a tree with a file of each size; its names and their hashes."""
    for size_bytes in SIZES:
        content = random.Random(size_bytes).randbytes(size_bytes)
        write_tree(directory, {f"of-{size_bytes % 7}/{size_bytes}": content})
    return hashes(directory)


def hashes(directory: Path) -> dict[str, str]:
    """The files below a directory and their hashes."""
    return {
        str(path.relative_to(directory)): file_sha256(path)
        for path in directory.rglob("*")
        if path.is_file()
    }


def cached(directory: Path) -> dict[str, int]:
    """The files of which pages are in the page cache."""
    pages = {
        str(path.relative_to(directory)): cached_pages(path)
        for path in directory.rglob("*")
        if path.is_file()
    }
    return {name: count for name, count in pages.items() if count}


def test_a_tree_goes_through_direct_and_s3_and_comes_back(
    moto_cli: Cli, moto: Bucket, direct_directory: Path, tmp_path: Path
) -> None:
    """Every size is the same everywhere, and nothing of what is direct is in the page cache."""
    before = numbered(tmp_path / "in")
    first, second = direct_directory / "new" / "first", direct_directory / "second"
    moto_cli("upload", "-r", "-c", "in/", f"direct://{first}/").expect(0)
    assert {} == cached(first)
    moto_cli("cp", "-r", f"direct://{first}/", f"{moto.uri}/tree/").expect(0)
    assert {} == cached(first)
    moto_cli("download", "-r", f"{moto.uri}/tree/", f"direct://{second}/").expect(0)
    moto_cli("cp", "-r", f"direct://{second}/", "back/").expect(0)
    assert {} == cached(second)
    assert [before] * 3 == [hashes(one) for one in (first, second, tmp_path / "back")]


def test_checking_by_content_reads_past_the_cache(
    bare_cli: Cli, direct_directory: Path, tmp_path: Path
) -> None:
    """All bytes are compared, a difference in the last one is found, and none is cached."""
    numbered(tmp_path / "in")
    copy = direct_directory / "copy"
    bare_cli("upload", "-r", "in/", f"direct://{copy}/").expect(0)
    bare_cli("check", "--checksum", "in", f"direct://{copy}").expect(0)
    assert {} == cached(copy)
    (changed,) = copy.rglob(str(16 * MIB + 1))
    with changed.open("r+b") as file:
        file.seek(16 * MIB)
        last = file.read(1)
        file.seek(16 * MIB)
        file.write(bytes([last[0] ^ 1]))
    differing = bare_cli("check", "--checksum", "in", f"direct://{copy}").expect(1).out
    assert f"different: of-2/{16 * MIB + 1}\n" == differing


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("upload", ()),
        ("upload", ("--fsync",)),
        ("upload", ("-j", "1")),
        ("cp", ("--bwlimit", "1G")),
    ],
    ids=str,
)
def test_options_make_no_difference(
    bare_cli: Cli,
    direct_directory: Path,
    medium_file: LargeFile,
    command: str,
    arguments: tuple[str, ...],
) -> None:
    """The same bytes arrive, past the page cache."""
    target = direct_directory / "x"
    bare_cli(command, *arguments, medium_file.path, f"direct://{target}").expect(0)
    assert 0 == cached_pages(target)
    assert medium_file.sha256 == file_sha256(target)


def test_a_copy_between_two_places_is_streamed(
    bare_cli: Cli, direct_directory: Path, tmp_path: Path
) -> None:
    """The kernel can't copy a file of any size past its cache; neither file is in it."""
    before = numbered(tmp_path / "in")
    source, copy = direct_directory / "source", direct_directory / "copy"
    bare_cli("upload", "-r", "in/", f"direct://{source}/").expect(0)
    bare_cli("cp", "-r", f"direct://{source}/", f"direct://{copy}/").expect(0)
    assert {} == cached(direct_directory)
    assert before == hashes(copy)


# Streams


def test_a_pipe_of_unknown_length_arrives_whole(
    bare_cli: Cli, direct_directory: Path, medium_file: LargeFile
) -> None:
    """Its last part ends within a block."""
    target = direct_directory / "piped"
    script = (
        f"(cat {medium_file.path}; printf end) | s3-cli put --part-size 8MiB - direct://{target}"
    )
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("s3-cli", bare_cli.command[0])],
        check=True,
        capture_output=True,
        env=bare_cli.environment,
    )
    assert 0 == cached_pages(target)
    assert medium_file.size_bytes + 3 == target.stat().st_size
    back = bare_cli("cat", "--range=-5", f"direct://{target}").expect(0)
    assert back.out.endswith("end")


@pytest.mark.parametrize(
    "wanted", ["0-0", "0-4095", "1-4096", "4095-4096", "511-9000", "10000-", "-1"]
)
def test_a_range_may_begin_and_end_anywhere(
    bare_cli: Cli, direct_directory: Path, wanted: str
) -> None:
    """What is printed are these bytes."""
    text = "".join(f"{number:04}\n" for number in range(3000))
    path = direct_directory / "numbers"
    path.write_text(text)
    drop_cached(path)
    first, _, last = wanted.partition("-")
    expected = text[int(first) : int(last) + 1 if last else None] if first else text[-int(last) :]
    assert expected == bare_cli("cat", f"--range={wanted}", f"direct://{path}").expect(0).out
    assert 0 == cached_pages(path)


# Beside file://


@pytest.mark.parametrize(
    ("source", "destination"),
    [("", "direct://"), ("direct://", ""), ("direct://", "file://"), ("direct://", "direct://")],
)
def test_a_move_within_a_file_system_renames(
    bare_cli: Cli, direct_directory: Path, source: str, destination: str
) -> None:
    """Each file is the same one afterwards, whatever the schemes."""
    write_tree(direct_directory / "from", FILES)
    inodes = {name: (direct_directory / "from" / name).stat().st_ino for name in FILES}
    bare_cli(
        "mv",
        "-r",
        f"{source}{direct_directory}/from/",
        f"{destination}{direct_directory}/to/",
    ).expect(0)
    assert not (direct_directory / "from").exists()
    assert inodes == {name: (direct_directory / "to" / name).stat().st_ino for name in FILES}


def test_a_move_to_another_file_system_copies(
    bare_cli: Cli, direct_directory: Path, mounts: Mounts
) -> None:
    """And deletes what has arrived, in both directions."""
    elsewhere = mounts.disk()
    write_tree(elsewhere / "from", FILES)
    here = direct_directory / "here"
    bare_cli("mv", "-r", f"{elsewhere}/from/", f"direct://{here}/").expect(0)
    assert {} == cached(here)
    assert (FILES, False) == (tree(here), (elsewhere / "from").exists())
    bare_cli("mv", "-r", f"direct://{here}/", f"direct://{elsewhere}/back/").expect(0)
    assert (FILES, False) == (tree(elsewhere / "back"), here.exists())


@pytest.mark.parametrize("command", ["cp", "mv", "sync"])
@pytest.mark.parametrize(("source", "destination"), [("", "direct://"), ("direct://", "file://")])
def test_nothing_is_copied_onto_itself_under_another_scheme(
    bare_cli: Cli, direct_directory: Path, command: str, source: str, destination: str
) -> None:
    """It is refused before anything is done, also through a symbolic link."""
    write_tree(direct_directory / "d", FILES)
    (direct_directory / "link").symlink_to("d")
    flags = () if command == "sync" else ("-r",)
    for name in ("d", "link"):
        outcome = bare_cli(
            command,
            *flags,
            f"{source}{direct_directory}/d/",
            f"{destination}{direct_directory}/{name}/",
        ).expect(2)
        assert ("overlap" if command == "sync" else "itself") in outcome.errors[0]
    assert tree(direct_directory / "d") == FILES


def test_a_sync_from_file_to_direct_and_back(
    bare_cli: Cli, direct_directory: Path, tmp_path: Path
) -> None:
    """What only the destination has is deleted; a second run has nothing to do."""
    write_tree(tmp_path / "in", FILES)
    write_tree(direct_directory / "x", {"a": b"OLD", "extra": b"x", "sub/extra": b"x"})
    there = f"direct://{direct_directory}/x"
    first = bare_cli("sync", "--json", "--delete", "in", there).expect(0).summary
    assert (3, 2) == (first["done_count"], first["deleted_count"])
    assert FILES == tree(direct_directory / "x")
    for source, destination in (("in", there), (there, "in")):
        again = bare_cli("sync", "--json", "--delete", source, destination).expect(0).summary
        assert (0, 0) == (again["done_count"], again["deleted_count"])


def test_what_is_in_the_cache_and_not_on_the_disk_is_read(
    bare_cli: Cli, direct_directory: Path
) -> None:
    """A file that another program has just written, through the cache, and again."""
    path = direct_directory / "dirty"
    for content in (b"1" * (3 * MIB + 5), b"2" * (3 * MIB + 5)):
        path.write_bytes(content)
        bare_cli("cp", f"direct://{path}", f"{direct_directory}/copy").expect(0)
        assert content == (direct_directory / "copy").read_bytes()


# Where it is refused

REFUSED: Final = "refuses O_DIRECT"


def test_a_file_system_without_it_is_named(bare_cli: Cli, mounts: Mounts, tmp_path: Path) -> None:
    """Once, however many files there are, with what to do; nothing is left."""
    write_tree(tmp_path / "in", {f"{number:02}": b"x" * 5000 for number in range(40)})
    ramfs = mounts.ramfs()
    outcome = bare_cli("upload", "in/", f"direct://{ramfs}/deep/").expect(1)
    (error,) = outcome.errors
    assert f"ramfs at {ramfs} {REFUSED}" in error
    assert "file://" in outcome.err
    assert "S3DLIO_DIRECT_FALLBACK=buffered" in outcome.err
    assert {} == tree(ramfs)


def test_reading_where_it_is_refused_is_an_error_too(bare_cli: Cli, mounts: Mounts) -> None:
    """And writes no destination."""
    ramfs = mounts.ramfs()
    write_tree(ramfs, FILES)
    outcome = bare_cli("cp", "-r", f"direct://{ramfs}/", "out/").expect(1)
    assert REFUSED in outcome.errors[0]
    assert {} == tree(bare_cli.directory / "out")


@pytest.mark.parametrize("told", ["environment", "option"])
@pytest.mark.parametrize("direction", ["write", "read"])
def test_the_fallback_is_told(
    bare_cli: Cli, mounts: Mounts, tmp_path: Path, told: str, direction: str
) -> None:
    """One line on the terminal, a note in the summary, and the bytes arrive."""
    ramfs = mounts.ramfs()
    ends = {"write": (tmp_path / "in", ramfs / "x"), "read": (ramfs / "in", tmp_path / "x")}
    source, destination = ends[direction]
    write_tree(source, {**FILES, "large": b"l" * (17 * MIB + 1)})
    schemes = ("", "direct://") if direction == "write" else ("direct://", "")
    cli = bare_cli.with_environment(S3DLIO_DIRECT_FALLBACK="buffered")
    flags: tuple[str, ...] = ()
    if told == "option":
        cli, flags = bare_cli, ("--option", "direct_fallback=buffered")
    outcome = cli(
        *("cp", "-r", "--json", *flags),
        *(f"{schemes[0]}{source}/", f"{schemes[1]}{destination}/"),
    ).expect(0)
    assert tree(source) == tree(destination)
    warnings = [line for line in outcome.err.splitlines() if "page cache" in line]
    assert len(warnings) == 1, outcome.err
    notes = [note for note in outcome.summary["notes"] if "page cache" in note]
    assert len(notes) == 1
    assert str(ramfs) in notes[0]


def test_the_warning_stands_above_the_bar(bare_cli: Cli, mounts: Mounts, tmp_path: Path) -> None:
    """Whole, and once; below it the bar and the summary."""
    write_tree(tmp_path / "in", {f"{number:02}": b"x" * 5000 for number in range(40)})
    screen = run_in_terminal(
        [*bare_cli.command, "upload", "in/", f"direct://{mounts.ramfs()}/"],
        environment={**bare_cli.environment, "S3DLIO_DIRECT_FALLBACK": "buffered"},
        directory=bare_cli.directory,
        columns=300,
    )
    warning, bar, summary = screen.rows
    assert warning.startswith("s3-cli: warning: ramfs at ")
    assert bar.startswith("UPLOAD: ")
    assert summary.startswith("uploaded 40 objects, ")


def test_a_fallback_that_is_not_needed_changes_nothing(
    bare_cli: Cli, direct_directory: Path, medium_file: LargeFile
) -> None:
    """Where the file system takes O_DIRECT it is used, and nothing is said."""
    cli = bare_cli.with_environment(S3DLIO_DIRECT_FALLBACK="buffered")
    target = direct_directory / "x"
    outcome = cli("upload", "--json", medium_file.path, f"direct://{target}").expect(0)
    assert 0 == cached_pages(target)
    assert [] == outcome.summary["notes"]
    assert "page cache" not in outcome.err


@pytest.mark.parametrize("value", ["yes", "refused"])
def test_an_unknown_fallback_is_wrong_usage(
    bare_cli: Cli, direct_directory: Path, tmp_path: Path, value: str
) -> None:
    """Nothing is written."""
    (tmp_path / "a").touch()
    cli = bare_cli.with_environment(S3DLIO_DIRECT_FALLBACK=value)
    outcome = cli("upload", "a", f"direct://{direct_directory}/").expect(2)
    assert value in outcome.errors[0]
    assert {} == tree(direct_directory)


def test_a_full_disk_is_known_before_it_is_full(
    bare_cli: Cli, mounts: Mounts, medium_file: LargeFile
) -> None:
    """One error names it, and nothing is left."""
    small = mounts.disk()
    outcome = bare_cli("upload", medium_file.path, f"direct://{small}/x").expect(1)
    (error,) = outcome.errors
    assert "No space left" in error
    assert {} == tree(small)


# Signals and bars


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_upload_leaves_nothing(
    bare_cli: Cli,
    direct_directory: Path,
    large_file: LargeFile,
    signum: signal.Signals,
    code: int,
) -> None:
    """Neither the file nor a temporary one, also while it is the disk that is waited for."""
    with bare_cli.started(
        "upload", "--bwlimit", "20M", large_file.path, f"direct://{direct_directory}/x"
    ) as process:
        while not any(path.stat().st_blocks for path in direct_directory.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        assert {"s3dlio-tmp"} == {path.name[1:11] for path in direct_directory.iterdir()}
        process.send_signal(signum)
        outcome = outcome_of(process).expect(code)
    assert "interrupted" in outcome.err
    assert [] == list(direct_directory.iterdir())


def test_an_interrupted_download_leaves_nothing(
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    medium_file: LargeFile,
    direct_directory: Path,
) -> None:
    """While a socket is waited for that fills an aligned buffer."""
    moto.client.upload_file(str(medium_file.path), moto.name, "x")
    hold = Hold()
    fault_proxy.add(hold, method="GET", pattern="/x$", nth=3, times=None)
    with faulty_cli.started(
        "download", "-j", "2", f"{moto.uri}/x", f"direct://{direct_directory}/"
    ) as process:
        hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        fault_proxy.clear()
        outcome_of(process).expect(130)
    assert [] == list(direct_directory.iterdir())


def test_a_bar_moves_and_is_full_at_the_end(
    bare_cli: Cli, direct_directory: Path, medium_file: LargeFile
) -> None:
    """As with every other store."""
    screen = run_in_terminal(
        [
            *bare_cli.command,
            *("upload", "--bwlimit", "60M"),
            *(str(medium_file.path), f"direct://{direct_directory}/x"),
        ],
        environment=bare_cli.environment,
        directory=bare_cli.directory,
    )
    assert screen.code == 0
    bars = screen.bars("UPLOAD")
    assert len(set(bars)) >= 2
    assert "40.0 MiB/40.0 MiB" in bars[-1]
    assert "uploaded 1 object, 40.0 MiB" in screen.frames[-1]


def test_null_takes_everything(bare_cli: Cli, medium_file: LargeFile) -> None:
    """As without O_DIRECT: it throws bytes away."""
    bare_cli("upload", medium_file.path, "direct:///dev/null").expect(0)


def test_a_block_device_is_refused(
    bare_cli: Cli, direct_directory: Path, medium_file: LargeFile
) -> None:
    """Copies are of files; the node is of a device that doesn't exist."""
    node = direct_directory / "disk"
    try:
        os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(7, 1 << 19))
    except PermissionError:
        pytest.skip("devices: only root can make a node")
    (error,) = bare_cli("upload", medium_file.path, f"direct://{node}").expect(1).errors
    assert "block device" in error
