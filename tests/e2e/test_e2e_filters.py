"""Filters and lists of names with the installed s3-cli: what is asked of a server, what not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.truth import LogMark, tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket
    from tests.servers import S3Server

pytestmark = pytest.mark.one_wire

#: More than two pages of a listing.
CACHE_COUNT = 2_200
FILES = {
    "a.txt": b"a",
    "app-0001.log": b"one",
    "app-x.log": b"x",
    "cache": b"no directory",
    "cache-x": b"its neighbour, before",
    "cache0": b"its neighbour, behind",
    "deep/cache/b.txt": b"b",
    "deep/er/c.txt": b"c",
    "\U0001f600.txt": b"the last",
    "with space & + %41.txt": b"odd",
}


def kept(names: set[str]) -> dict[str, bytes]:
    """Those of FILES that have these names."""
    return {name: content for name, content in FILES.items() if name in names}


@pytest.fixture
def source(bucket: Bucket, cli: Cli, tmp_path: Path) -> Bucket:
    """A bucket with FILES below p/, and a large p/store/cache/ among them."""
    files = {**FILES, **{f"store/cache/{number:05}": b"" for number in range(CACHE_COUNT)}}
    files["store/d.txt"] = b"d"
    del files["cache"]
    cli("upload", "-q", "-r", f"{write_tree(tmp_path / 'up', files)}/", f"{bucket.uri}/p/").expect(
        0
    )
    bucket.put("p/cache", FILES["cache"])
    return bucket


def test_download_exclude_jumps_over_a_prefix(
    cli: Cli, source: Bucket, s3_server: S3Server, tmp_path: Path
) -> None:
    """s3-cli download -r --exclude cache/ asks for two pages of four."""
    mark = LogMark(s3_server, source.name)
    cli("download", "-r", "--exclude", "cache/", f"{source.uri}/p/", f"{tmp_path}/to/").expect(0)
    assert tree(tmp_path / "to") == {
        **{name: content for name, content in FILES.items() if not name.startswith("deep/cache/")},
        "store/d.txt": b"d",
    }
    assert sum("list-type" in record.parameters for record in mark.records) == 2


def test_download_include_exclude(cli: Cli, source: Bucket, tmp_path: Path) -> None:
    """s3-cli download -r --include '*.txt' --include 're:…' --exclude /deep --max-size 3."""
    options = ("--include", "*.txt", "--include", r"re:app-[0-9]{4}\.log")
    more = ("--exclude", "/deep", "--exclude", "cache/", "--max-size", "3", "--newer", "1d")
    cli("download", "-r", *options, *more, f"{source.uri}/p/", f"{tmp_path}/to/").expect(0)
    names = {"a.txt", "app-0001.log", "with space & + %41.txt"}
    assert tree(tmp_path / "to") == {**kept(names), "store/d.txt": b"d"}


def test_rm_include_leaves_the_rest(cli: Cli, source: Bucket) -> None:
    """s3-cli rm -r --include cache/ deletes what lies in such a prefix, and no neighbour."""
    cli("rm", "-r", "--include", "cache/", f"{source.uri}/p/").expect(0)
    left = {name for name in FILES if not name.startswith("deep/cache/")} | {"store/d.txt"}
    assert set(source.listed()) == {f"p/{name}" for name in left}


def test_ls_exclude(cli: Cli, source: Bucket) -> None:
    """s3-cli ls -r --exclude lists the rest, in order."""
    outcome = cli("ls", "-r", "--exclude", "cache/", "--exclude", "*.txt", f"{source.uri}/p/")
    names = ("app-0001.log", "app-x.log", "cache", "cache-x", "cache0")
    assert outcome.expect(0).out == "".join(f"{source.uri}/p/{name}\n" for name in names)


def test_files_from_lists_nothing(
    cli: Cli, source: Bucket, s3_server: S3Server, tmp_path: Path
) -> None:
    """s3-cli download --files-from asks for each name once; those that are missing are failures."""
    names = {"a.txt", "deep/er/c.txt", "\U0001f600.txt", "with space & + %41.txt"}
    lines = [*names, "none.txt", f"{source.uri}/p/cache", "a.txt"]
    (tmp_path / "list").write_text("\n".join(lines), encoding="utf-8")
    mark = LogMark(s3_server, source.name)
    outcome = cli(
        "download", "--files-from", tmp_path / "list", f"{source.uri}/p/", f"{tmp_path}/to/"
    )
    assert f"{source.uri}/p/none.txt" in outcome.expect(1).err
    assert tree(tmp_path / "to") == kept({*names, "cache"})
    assert not [record for record in mark.records if "list-type" in record.parameters]
