"""stat of many objects, in any stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations
from s3dlio_core.errors import (
    ContainerNotFoundError,
    NothingMatchedError,
    ObjectNotFoundError,
    S3dlioError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]

BUCKET = "memory://stat-many"


@pytest.fixture(autouse=True)
def bucket() -> None:
    """Put a hundred objects."""
    if not operations.exists(BUCKET):
        operations.create_container(BUCKET)
        for number in range(100):
            operations.put(f"{BUCKET}/{number:02}", bytes(number))


def test_many_are_described_in_order(cli: Cli, tmp_path: Path) -> None:
    """Of several stores, each as if it was asked for alone, with a blank line between."""
    (tmp_path / "f").write_bytes(b"four")
    outcome = cli("stat", f"{BUCKET}/07", tmp_path / "f", f"{BUCKET}/0[3]")
    blocks = outcome.out.split("\n\n")
    assert [block.splitlines()[0].split()[-1] for block in blocks] == [
        f"{BUCKET}/07",
        f"file://{tmp_path}/f",
        f"{BUCKET}/03",
    ]
    assert (outcome.code, outcome.err) == (0, "")


def test_json_has_one_a_line_and_a_summary(cli: Cli) -> None:
    """In order, however many requests there are at a time."""
    uris = [f"{BUCKET}/{number:02}" for number in range(100)]
    *lines, summary = map(json.loads, cli("stat", "--json", "-j", "7", *uris).out.splitlines())
    assert [(line["type"], line["uri"]) for line in lines] == [("object", uri) for uri in uris]
    assert [line["size_bytes"] for line in lines] == list(range(100))
    assert (summary["type"], summary["object_count"], summary["ok"]) == ("summary", 100, True)


@pytest.mark.parametrize(
    ("names", "code", "described", "errors"),
    [
        (["07", "none", "08"], 1, 2, 1),
        (["none", "nothing"], 3, 0, 2),
        (["none"], 3, 0, 1),
        (["0*", "07"], 1, 1, 1),
        (["0*"], 2, 0, 1),
        (["none*", "07"], 1, 1, 1),
    ],
)
def test_one_that_is_missing_keeps_no_other_back(
    cli: Cli, names: list[str], code: int, described: int, errors: int
) -> None:
    """Each is told, and the exit code says whether anything was there."""
    outcome = cli("stat", *(f"{BUCKET}/{name}" for name in names))
    assert (outcome.code, outcome.out.count("URI:")) == (code, described)
    assert outcome.err.count("s3-cli: error: ") == errors


def test_a_missing_bucket_ends_it(cli: Cli) -> None:
    """It isn't said of each of its objects."""
    outcome = cli("stat", *(f"memory://no-such/{number}" for number in range(50)))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)


def test_a_container_is_no_object(cli: Cli) -> None:
    """A mistake is told before anything is looked at."""
    outcome = cli("stat", f"{BUCKET}/07", BUCKET)
    assert (outcome.code, outcome.out) == (2, "")


def test_a_version_is_of_one_object(cli: Cli) -> None:
    """Which of them would be anybody's guess."""
    assert cli("stat", "--version-id", "v", f"{BUCKET}/07", f"{BUCKET}/08").code == 2


def test_programs_get_objects_and_errors() -> None:
    """In one stream, in the order that was asked for."""
    asked = [f"{BUCKET}/07", f"{BUCKET}/none", f"{BUCKET}/none*", f"{BUCKET}/0*"]
    found = list(operations.describe_many(asked, max_in_flight=2))
    first = found.pop(0)
    assert not isinstance(first, S3dlioError)
    assert (first[0], first[1].size_bytes) == (f"{BUCKET}/07", 7)
    assert [type(error) for error in found] == [
        ObjectNotFoundError,
        NothingMatchedError,
        UsageError,
    ]
    with pytest.raises(ContainerNotFoundError):
        list(operations.describe_many(["memory://no-such/1"]))
