"""The options about what new objects have."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


@pytest.fixture
def bucket() -> str:
    """Give the URI of a fresh container in memory."""
    uri = f"memory://{uuid.uuid4().hex}"
    operations.create_container(uri)
    return uri


def uploaded(cli: Cli, tmp_path: Path, bucket: str, *options: str) -> dict[str, Any]:
    """Upload a file and return how the object is described."""
    (tmp_path / "a.json").write_bytes(b"{}")
    assert cli("upload", *options, tmp_path / "a.json", f"{bucket}/").code == 0
    out = cli("stat", "--json", f"{bucket}/a.json").out
    described: dict[str, Any] = json.loads(out.splitlines()[0])
    return described


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ((), "content_type", "application/json"),
        (("--no-guess-mime-type",), "content_type", ""),
        (("--content-type", "text/x; charset=utf-8"), "content_type", "text/x; charset=utf-8"),
        (("--cache-control", "max-age=60, private"), "cache_control", "max-age=60, private"),
        (("--content-encoding", "gzip"), "content_encoding", "gzip"),
        (("--content-language", "de"), "content_language", "de"),
        (("--content-disposition", "attachment"), "content_disposition", "attachment"),
    ],
)
def test_headers(
    cli: Cli, tmp_path: Path, bucket: str, options: tuple[str, ...], name: str, value: str
) -> None:
    """Each option sets the header of its name."""
    assert value == uploaded(cli, tmp_path, bucket, *options)[name]


@pytest.mark.parametrize(
    ("given", "metadata"),
    [
        (["a=1"], {"a": "1"}),
        (["a=1,b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        (["a=1", "a=2"], {"a": "2"}),
        (["A-Name=x"], {"a-name": "x"}),
        (["a="], {"a": ""}),
        (["a=x=y"], {"a": "x=y"}),
        (["a=1,2, 3,b=c, d"], {"a": "1,2, 3", "b": "c, d"}),
    ],
)
def test_metadata(
    cli: Cli, tmp_path: Path, bucket: str, given: list[str], metadata: dict[str, str]
) -> None:
    """Several by commas or by repetition, beside the file's time."""
    options = [word for text in given for word in ("--metadata", text)]
    found = uploaded(cli, tmp_path, bucket, *options)["metadata"]
    assert found.pop("mtime")
    assert metadata == found


@pytest.mark.parametrize("text", ["a", "=1", "", ",a=1"])
def test_metadata_without_a_name(cli: Cli, tmp_path: Path, text: str) -> None:
    """Refused as wrong usage."""
    outcome = cli("upload", "--metadata", text, tmp_path, "memory://x/")
    assert outcome.code == 2
    assert "--metadata takes NAME=VALUE" in outcome.err
