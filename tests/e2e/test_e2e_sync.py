"""sync as a user sees it: two trees become one, and nothing is deleted that shouldn't be."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from tests.e2e.any_store import on_any
from tests.e2e.truth import tree, write_tree
from tests.servers import Answer, FaultProxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli, Outcome
    from tests.e2e.conftest import AnyBucket
    from tests.e2e.truth import Bucket

pytestmark = pytest.mark.one_wire

FILES: Final = {"a": b"1", "b.txt": b"22", "d/c": b"333", "d/\u00fc +%41": b"4444"}
EXTRAS: Final = {"bb": b"x", "d/z": b"y", "z": b"z"}


def below_x(bucket: AnyBucket) -> dict[str, bytes]:
    """What lies below "x/"."""
    held = bucket.contents().items()
    return {key.removeprefix("x/"): content for key, content in held if key.startswith("x/")}


@on_any
def test_up_and_down(cli: Cli, bucket: AnyBucket, tmp_path: Path) -> None:
    """Contents to contents, whatever the slashes; extras go when that is asked for."""
    here = write_tree(tmp_path / "in", FILES)
    for key, content in EXTRAS.items():
        bucket.put(f"x/{key}", content)
    bucket.put("xx/neighbour", b"n")
    outcome = cli("sync", "in", f"{bucket.uri}/x").expect(0)
    assert "copied 4 objects" in outcome.err
    assert below_x(bucket) == {**FILES, **EXTRAS}
    outcome = cli("sync", "in/", f"{bucket.uri}/x/", "--delete").expect(0)
    assert "copied 0 objects" in outcome.err
    assert "deleted 3, 0 failed, 4 skipped" in outcome.err
    assert below_x(bucket) == FILES
    assert bucket.get("xx/neighbour") == b"n"
    write_tree(tmp_path / "back", EXTRAS)
    cli("sync", f"{bucket.uri}/x", "back", "--delete").expect(0)
    assert tree(tmp_path / "back") == tree(here)
    assert [] == bucket.uploads()


@on_any
def test_a_thousand_extras_and_more_pages(cli: Cli, bucket: AnyBucket, tmp_path: Path) -> None:
    """Listings of several pages, deletions of several batches."""
    write_tree(tmp_path / "in", {f"{number:04}": b"" for number in range(0, 1100, 100)})
    write_tree(tmp_path / "all", {f"{number:04}": b"" for number in range(1100)})
    cli("sync", "all", bucket.uri, "-q").expect(0)
    outcome = cli("sync", "in", bucket.uri, "--delete", "--max-delete", "1088").expect(1)
    assert "max_delete is 1088" in outcome.err
    assert len(bucket.listed()) == 1100
    values = cli("sync", "in", bucket.uri, "--delete", "--json").expect(0).out.splitlines()[-1]
    summary = json.loads(values)
    assert (summary["done_count"], summary["skipped_count"]) == (0, 11)
    assert summary["deleted_count"] == 1089
    assert len(bucket.listed()) == 11


def test_a_checksum_finds_what_times_hide(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Up and down: same size, a time that says that nothing has changed, other bytes."""
    here = write_tree(tmp_path / "in", {"a": b"123"})
    moto_cli("sync", "in", moto.uri).expect(0)
    (here / "a").write_bytes(b"124")
    os.utime(here / "a", (1, 1))
    assert "copied 0" in moto_cli("sync", "in", moto.uri).expect(0).err
    assert "copied 1" in moto_cli("sync", "in", moto.uri, "--checksum").expect(0).err
    assert "copied 0" in moto_cli("sync", "in", moto.uri, "--checksum").expect(0).err
    assert moto.get("a") == b"124"


@on_any
def test_a_dry_run_shows_both(cli: Cli, bucket: AnyBucket, tmp_path: Path) -> None:
    """As lines, and as JSON; nothing is changed."""
    write_tree(tmp_path / "in", {"a": b"1"})
    bucket.put("old", b"")
    arguments = ("sync", "in", bucket.uri, "--delete", "-n")
    outcome = cli(*arguments).expect(0)
    assert outcome.out.splitlines() == [
        f"(dryrun) copy: file://{tmp_path}/in/a to {bucket.uri}/a",
        f"(dryrun) delete: {bucket.uri}/old",
    ]
    assert "would copy 1 object, 1 B, would delete 1, 0 failed" in outcome.err
    lines = [json.loads(line) for line in cli(*arguments, "--json").expect(0).out.splitlines()]
    assert [line.get("operation") for line in lines] == ["copy", "delete", "sync"]
    assert bucket.listed() == ["old"]


# Disasters, over the wire. The pages are canned: no healthy server gives them.


def page(*keys: str, token: str = "", truncated: bool = False) -> Answer:
    """A page of a listing, and the token of the next one; `truncated`: that is missing."""
    contents = "".join(
        f"<Contents><Key>{escape(quote(key))}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag>"
        "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
        for key in keys
    )
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return Answer(
        200,
        f"<ListBucketResult><EncodingType>url</EncodingType><KeyCount>{len(keys)}</KeyCount>"
        f"<IsTruncated>{str(truncated or bool(token)).lower()}</IsTruncated>{more}{contents}"
        "</ListBucketResult>".encode(),
    )


FIRST: Final = r"\?(?!.*continuation-token=).*list-type=2"
SECOND: Final = r"continuation-token="
#: What comes in place of the second page.
DISASTERS: Final = {
    "an error": (Answer.error(403, "AccessDenied"), "AccessDenied"),
    "an error for ever": (Answer.internal_error(), "InternalError"),
    "an end in the middle": (Answer(200, b"<ListBucketResult><Contents><Key>d"), ""),
    "more without a token": (page("c", truncated=True), "has no NextContinuationToken"),
    "a repeated token": (page("c", token="t1"), "repeats its continuation tokens"),
    "out of order": (page("d", "c"), "isn't in order"),
    "a key again": (page("b", "c"), "isn't in order"),
}


@pytest.fixture
def canned(fault_proxy: FaultProxy, moto: Bucket) -> Bucket:
    """A bucket with five objects, whose first page of a listing has two of them."""
    for key in "abcde":
        moto.put(key, b"1")
    fault_proxy.add(page("a", "b", token="t1"), pattern=FIRST, times=None)
    return moto


def assert_nothing_deleted(outcome: Outcome, why: str) -> None:
    """Check the exit code, and that it is said that nothing was deleted, and why."""
    outcome.expect(1)
    assert "nothing was deleted" in outcome.err
    assert why in outcome.err


@pytest.mark.parametrize("name", DISASTERS)
def test_a_broken_source_deletes_nothing(
    name: str, faulty_cli: Cli, fault_proxy: FaultProxy, canned: Bucket, tmp_path: Path
) -> None:
    """Of the files that only the destination has."""
    fault, why = DISASTERS[name]
    fault_proxy.add(fault, pattern=SECOND, times=None)
    here = write_tree(tmp_path / "out", EXTRAS)
    outcome = faulty_cli("sync", canned.uri, "out", "--delete")
    assert_nothing_deleted(outcome, why)
    assert EXTRAS.items() <= tree(here).items()


@pytest.mark.parametrize("name", DISASTERS)
def test_a_broken_destination_deletes_nothing(
    name: str, faulty_cli: Cli, fault_proxy: FaultProxy, canned: Bucket, tmp_path: Path
) -> None:
    """Of the objects that only the destination has."""
    fault, why = DISASTERS[name]
    fault_proxy.add(fault, pattern=SECOND, times=None)
    write_tree(tmp_path / "in", {"c0": b"1"})
    outcome = faulty_cli("sync", "in", canned.uri, "--delete")
    assert_nothing_deleted(outcome, why)
    assert set("abcde") <= set(canned.listed())


def test_a_healthy_listing_deletes(
    faulty_cli: Cli, fault_proxy: FaultProxy, canned: Bucket, tmp_path: Path
) -> None:
    """What the tests of disasters rely on: with a second page as it should be, the extras go."""
    fault_proxy.add(page("c", "d", "e"), pattern=SECOND, times=None)
    write_tree(tmp_path / "in", {"c0": b"1"})
    faulty_cli("sync", "in", canned.uri, "--delete").expect(0)
    assert canned.listed() == ["c0"]
