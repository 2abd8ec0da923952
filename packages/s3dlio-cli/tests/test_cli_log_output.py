"""What of the log reaches standard error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from s3dlio_cli.log_output import log_output
from s3dlio_cli.options import Settings
from s3dlio_core.logs import get_logger, register_secret

if TYPE_CHECKING:
    from pathlib import Path


def test_warnings_are_said_once_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Without -v a warning is a line of the program; less than a warning isn't shown."""
    with log_output(Settings()):
        get_logger("s3").info("not this")
        for _ in range(3):
            get_logger("s3").warning("the %s is late", "clock\n")
    assert capsys.readouterr().err == "s3-cli: warning: the clock\\n is late\n"


def test_warnings_are_not_remembered_without_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tree may have any number of sockets, each with a warning of its own."""
    monkeypatch.setattr("s3dlio_cli.log_output._REMEMBERED_MAX", 3)
    with log_output(Settings()):
        for number in (1, 2, 1, 3, 2, 4, 5, 6, 1):
            get_logger("file").warning("left out %d", number)
    said = [line.rpartition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert said == ["1", "2", "3", "4", "5", "6", "1"]


@pytest.mark.parametrize("verbosity", [0, 1, 2])
def test_failures_of_objects_are_left_to_the_progress(
    verbosity: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are told there, and stand in a log file; what else goes wrong in a transfer is told."""
    with log_output(Settings(verbosity=verbosity, log_file=str(tmp_path / "log"))):
        get_logger("transfer.failed").warning("object failed")
        get_logger("transfer").warning("something is left")
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(": something is left")
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_warnings_hold_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """As in every log."""
    register_secret("hunter2/secret")
    with log_output(Settings()):
        get_logger("s3").warning("it is hunter2/secret")
    assert capsys.readouterr().err == "s3-cli: warning: it is [redacted]\n"


@pytest.mark.parametrize("settings", [Settings(quiet=True), Settings(progress="json")])
def test_warnings_are_not_for_who_wants_silence(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor for who reads standard error as JSON."""
    with log_output(settings):
        get_logger("s3").warning("unheard")
    assert capsys.readouterr().err == ""


def test_verbose_shows_warnings_as_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """With -v there is the log, and no second line."""
    with log_output(Settings(verbosity=1)):
        get_logger("s3").warning("late")
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("WARNING s3dlio.s3: late")


def test_warnings_are_shown_beside_a_log_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file has all, standard error the warnings."""
    with log_output(Settings(log_file=str(tmp_path / "log"))):
        get_logger("s3").warning("late")
        get_logger("s3").info("asked")
    assert capsys.readouterr().err == "s3-cli: warning: late\n"
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_nothing_is_left_behind() -> None:
    """A program that runs a command inside itself keeps its own logging."""
    before = list(logging.getLogger("s3dlio").handlers)
    with log_output(Settings()):
        pass
    assert logging.getLogger("s3dlio").handlers == before
