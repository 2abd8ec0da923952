"""A skip is allowed unless its group was said to be there."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.servers.base import REPOSITORY_ROOT
from tests.servers.requirements import REQUIRE_VARIABLE, is_required

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
import pytest

@pytest.fixture(scope="session")
def tool():
    pytest.skip("rclone: not installed")

def test_with_tool(tool):
    '''Needs the tool.'''

def test_other_skip():
    pytest.skip("no colon here")
"""


@pytest.mark.parametrize(
    ("required", "outcome"),
    [
        ("", "2 skipped"),
        ("moto", "2 skipped"),
        ("moto, rclone", "1 skipped, 1 error"),
        ("all", "1 skipped, 1 error"),
    ],
)
def test_required_skip_fails(tmp_path: Path, required: str, outcome: str) -> None:
    """A skip of a required group is an error of the run; other skips stay skips."""
    module = tmp_path / "test_sample.py"
    module.write_text(MODULE)
    completed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.servers.requirements",
            "--rootdir",
            str(tmp_path),
            "-c",
            "/dev/null",
            "-p",
            "no:cacheprovider",
            str(module),
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY_ROOT), REQUIRE_VARIABLE: required},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert outcome in completed.stdout.splitlines()[-1]
    assert completed.returncode == (1 if "error" in outcome else 0)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Skipped: rclone: not installed", True),
        ("rclone: not installed", True),
        ("moto: not installed", False),
        ("rclone", False),
        ("needs rclone: x", False),
    ],
)
def test_group_is_what_stands_before_the_colon(reason: str, *, expected: bool) -> None:
    """Only a reason that begins with the group's name belongs to it."""
    assert is_required(reason, frozenset({"rclone"})) is expected
