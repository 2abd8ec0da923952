"""Deleting on a real terminal, and by lists on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.command_line import S3_CLI
from tests.e2e.terminal import run_in_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket

pytestmark = pytest.mark.one_wire


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, ["other"]), ("n\n", 1, ["d/a", "d/b", "other"])]
)
def test_a_terminal_is_asked(
    moto_cli: Cli, moto: Bucket, tmp_path: Path, answer: str, code: int, left: list[str]
) -> None:
    """It shows what would go, and does what is answered."""
    for key in ("d/a", "d/b", "other"):
        moto.put(key, b"")
    screen = run_in_terminal(
        [str(S3_CLI), "rm", "-r", f"{moto.uri}/d/"],
        environment=moto_cli.environment,
        directory=tmp_path,
        typed=answer,
    )
    assert f"{moto.uri}/d/a" in screen.frames
    assert any(frame.startswith("Delete these 2 objects? [y/N]") for frame in screen.frames)
    assert (screen.code, sorted(moto.objects())) == (code, left)


def test_a_list_that_is_typed_is_no_answer(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Its first line would be taken for one; nothing is asked, and nothing deleted."""
    moto.put("d/y", b"")
    screen = run_in_terminal(
        [str(S3_CLI), "rm", "-r", "--files-from", "-", f"{moto.uri}/d/"],
        environment=moto_cli.environment,
        directory=tmp_path,
        typed="y\ny\n",
    )
    assert (screen.code, [*moto.objects()]) == (2, ["d/y"])


def test_a_list_deletes_exactly_what_it_names(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Of neighbours with the same beginning, and of a marker, too."""
    for key in ("d/", "d/a", "d/ab", "d/a b", "x"):
        moto.put(key, b"")
    (tmp_path / "names").write_text(f"d/\n{moto.uri}/d/a\nd/a b\nd/none\n")
    outcome = moto_cli("rm", "--files-from", tmp_path / "names", f"{moto.uri}/")
    assert (outcome.code, sorted(moto.objects())) == (1, ["d/ab", "x"])
    assert len(outcome.errors) == 1
