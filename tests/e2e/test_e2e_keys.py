"""Odd keys: each survives put, stat, list, get and delete, or is refused in so many words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

import s3dlio
from tests.e2e.any_store import on_any
from tests.e2e.truth import tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import AnyBucket
    from tests.e2e.truth import Bucket
    from tests.servers import S3Server

#: Keys that are file names, too.
FILE_KEYS: Final = {
    "space": "with  space",
    "leading-space": " x",
    "trailing-space": "x ",
    "plus": "a+b",
    "percent": "%41",
    "percent-slash": "a%2Fb",
    "bare-percent": "100%",
    "quote": "it's",
    "double-quote": 'say "x"',
    "xml": "a&b<c>d;&amp;",
    "newline": "line\nfeed",
    "tab": "tab\tbed",
    "return": "car\rriage",
    "control": "\x01\x7f",
    "emoji": "🎉/😀.txt",
    "composed": "caf\u00e9",
    "combining": "cafe\u0301",
    "two-dots": "a..b",
    "folder-marker": "x_$folder$",
    "trailing-dot": "x.",
    "hidden": ".x",
    "backslash": "back\\slash",
    "query": "?x=1#y",
    "reserved": "a=b;c,d@e:f$g!h*i(j)~",
    "glob": "[x]{a,b}*?",
    "dash": "-r",
    "uri": "s3:x",
    "line-separator": "\u2028",
    "longest-name": "n" * 255,
    "longest": "/".join(["k" * 170] * 6)[:1024],
}
#: Keys that no file can have, at least not below the directory that is meant.
OTHER_KEYS: Final = {
    "double-slash": "a//b",
    "leading-slash": "/a",
    "leading-slashes": "//a",
    "dots": "a/../b",
    "dot": "a/./b",
    "leading-dots": "../a",
    "only-dots": "..",
    "only-dot": ".",
    "trailing-slash": "a/",
    "one-long-segment": "k" * 1024,
}
KEYS: Final[Mapping[str, str]] = {**FILE_KEYS, **OTHER_KEYS}
#: What rclone can't hold, since a key is a path there, and how it says so.
RCLONE_REFUSES: Final = dict.fromkeys(
    ("double-slash", "leading-slash", "leading-slashes", "dots", "dot", "leading-dots"),
    "unsupported characters",
) | {
    "only-dots": "unsupported characters",
    "only-dot": "unsupported characters",
    "one-long-segment": "InternalError",  # the file system's limit is 255 bytes
}
#: rclone makes a directory of it, which it doesn't list as a key.
RCLONE_DOES_NOT_LIST: Final = frozenset({"trailing-slash"})


@pytest.fixture
def store(
    s3_server: S3Server, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> s3dlio.ObjectStore:
    """The bucket as this project sees it."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3dlio.open_store(bucket.uri)


def names_held(server: S3Server) -> list[str]:
    """The names of the keys that a server can hold and list."""
    if server.name == "moto":
        return list(KEYS)
    return [name for name in KEYS if name not in {*RCLONE_REFUSES, *RCLONE_DOES_NOT_LIST}]


@pytest.mark.parametrize("name", KEYS)
def test_key_survives(
    name: str, s3_server: S3Server, bucket: Bucket, store: s3dlio.ObjectStore
) -> None:
    """The object has exactly this key, for us and for boto3, and goes without a neighbour."""
    key, content = KEYS[name], f"content of {name}".encode()
    if s3_server.name == "rclone" and name in RCLONE_REFUSES:
        with pytest.raises(s3dlio.S3dlioError, match=RCLONE_REFUSES[name]):
            store.put(key, content)
        return
    neighbour = "neighbour"
    with store:
        store.put(neighbour, b"stays")
        store.put(key, content)
        assert content == bucket.get(key)
        assert len(content) == store.head(key).size_bytes
        with store.open_reader(key) as reader:
            assert content == reader.read()
        if s3_server.name == "moto" or name not in RCLONE_DOES_NOT_LIST:
            listed = [info.key for info in store.list_page().objects]
            assert bucket.listed() == listed
            assert {key, neighbour} == set(listed)
        store.delete(key)
        assert [neighbour] == bucket.listed()


def test_deleting_one_odd_key_leaves_the_others(
    s3_server: S3Server, bucket: Bucket, store: s3dlio.ObjectStore
) -> None:
    """Whichever key is deleted, one by one or in a batch, all that weren't named stay."""
    keys = [KEYS[name] for name in names_held(s3_server)]
    with store:
        for key in keys:
            bucket.put(key, b"x")
        gone, stay = keys[::2], keys[1::2]
        store.delete(gone[0])
        assert sorted(keys[1:]) == sorted(bucket.listed())
        assert [] == list(store.delete_many(gone))
        assert sorted(stay) == sorted(bucket.listed())


def test_listing_of_odd_keys_is_in_the_order_of_their_bytes(
    s3_server: S3Server, bucket: Bucket, store: s3dlio.ObjectStore
) -> None:
    """Small pages, taken together, give each key once and ascending."""
    keys = [KEYS[name] for name in names_held(s3_server)]
    for key in keys:
        bucket.put(key, b"x")
    listed: list[str] = []
    token: str | None = None
    with store:
        while True:
            page = store.list_page(page_size=5, token=token)
            listed += [info.key for info in page.objects]
            token = page.next_token
            if token is None:
                break
    assert sorted(keys, key=str.encode) == listed


def test_odd_file_names_go_up_and_come_back(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """A directory of odd names has the same keys in the bucket, and the same names back."""
    files = {key: name.encode() for name, key in FILE_KEYS.items()}
    write_tree(tmp_path / "odd", files)
    cli("upload", "-r", "odd/", f"{bucket.uri}/").expect(0)
    assert files == bucket.contents()
    cli("download", "-r", f"{bucket.uri}/", "back/").expect(0)
    assert files == tree(tmp_path / "back")


@pytest.mark.parametrize(
    "name",
    ["space", "percent", "query", "glob", "folder-marker", "backslash", "xml", "emoji", "newline"],
)
@pytest.mark.one_wire
def test_odd_key_is_named_on_the_command_line(
    name: str, cli: Cli, bucket: Bucket, tmp_path: Path
) -> None:
    """One object is found, described, fetched and deleted by its exact name."""
    key = FILE_KEYS[name]
    neighbours = ["[x]{a,b}cd", "back", "x_"]  # what the keys match when they are patterns
    for neighbour in neighbours:
        bucket.put(neighbour, b"stays")
    bucket.put(key, b"content")
    uri = f"{bucket.uri}/{key}"
    assert {"size_bytes": 7, "key": key} == {
        field: value
        for field, value in cli("stat", "--json", uri).expect(0).described.items()
        if field in {"size_bytes", "key"}
    }
    cli("download", "--literal", uri, "out/").expect(0)
    assert [b"content"] == list(tree(tmp_path / "out").values())
    cli("delete", uri).expect(0)
    assert neighbours == bucket.listed()


@pytest.mark.parametrize("key", ["a/../b", "../a", "a//b", "/a", "a/./b", "..", "."])
def test_key_that_is_no_safe_name_stays_outside_no_directory(
    key: str, moto_cli: Cli, moto: Bucket, tmp_path: Path
) -> None:
    """It is an error of its own object; nothing is written elsewhere, and the others come."""
    moto.put(key, b"bad")
    moto.put("good", b"good")
    outcome = moto_cli("download", "-r", f"{moto.uri}/", "in/out/").expect(1)
    assert "1 failed" in outcome.err
    assert {"in/out/good": b"good"} == tree(tmp_path)


def test_what_can_be_no_file_says_why(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """A directory wins over an object of its name; each failure is one line with its reason."""
    moto.put("n" * 300, b"bad")
    moto.put("bytes/", b"bad")
    moto.put("both", b"bad")
    moto.put("both/below", b"good")
    moto.put("empty", b"")
    moto.put("empty/below", b"good")
    outcome = moto_cli("download", "-r", f"{moto.uri}/", "out/").expect(1)
    assert {"out/both/below": b"good", "out/empty/below": b"good"} == tree(tmp_path)
    assert f"{moto.uri}/both: a directory of this name is needed for" in outcome.err
    assert f'{moto.uri}/bytes/: a local file name can\'t end in "/"' in outcome.err
    assert "this segment has 300" in outcome.err
    assert "3 failed, 1 skipped" in outcome.err


@on_any
def test_the_later_of_two_objects_of_one_name_fails(
    cli: Cli, bucket: AnyBucket, tmp_path: Path
) -> None:
    """Nothing is overwritten when two trees are copied to one place."""
    write_tree(tmp_path, {"one/x": b"1", "one/y": b"1", "two/x": b"2", "two/z": b"2"})
    outcome = cli("upload", "-r", "one/", "two/", f"{bucket.uri}/d/").expect(1)
    assert {"d/x": b"1", "d/y": b"1", "d/z": b"2"} == bucket.contents()
    assert f"two/x: file://{tmp_path}/one/x has the same destination" in outcome.err


@on_any
def test_zero_bytes(cli: Cli, bucket: AnyBucket, tmp_path: Path) -> None:
    """An empty file is an empty object and comes back as an empty file."""
    (tmp_path / "empty").touch()
    cli("upload", "empty", f"{bucket.uri}/x/empty").expect(0)
    assert {"x/empty": b""} == bucket.contents()
    cli("download", f"{bucket.uri}/x/empty", "back").expect(0)
    assert b"" == (tmp_path / "back").read_bytes()


def test_key_over_the_limit_is_refused_before_it_is_sent(
    store: s3dlio.ObjectStore, bucket: Bucket
) -> None:
    """1,025 bytes are one too many."""
    with store, pytest.raises(ValueError, match="longer than 1024 bytes"):
        store.put("k" * 1025, b"x")
    assert [] == bucket.listed()


def test_file_name_that_is_no_text_fails_alone(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """A key is Unicode: a file whose name isn't is named as failed, and the others go up."""
    write_tree(tmp_path / "in", {"good": b"good"})
    try:
        (tmp_path / "in" / b"caf\xe9".decode(errors="surrogateescape")).touch()
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    outcome = moto_cli("upload", "-r", "in/", f"{moto.uri}/").expect(1)
    assert {"good": b"good"} == moto.contents()
    assert len(outcome.errors) == 1
    assert "caf" in outcome.errors[0]
