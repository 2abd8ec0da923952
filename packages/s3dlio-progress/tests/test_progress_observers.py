"""The observers: bars, JSON lines, plain warnings, and which one is chosen."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading

import pytest

from s3dlio_core.errors import PermissionDeniedError
from s3dlio_core.transfer.events import Snapshot, TransferObserver
from s3dlio_core.transfer.report import Failure, TransferReport
from s3dlio_progress import (
    BarObserver,
    JsonLinesObserver,
    PlainObserver,
    make_observer,
    write_line,
)
from s3dlio_progress._tqdm_line import LOCK
from s3dlio_progress.plain import describe_failure


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class ClosedPipe(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _text: str) -> int:
        """Refuse."""
        raise BrokenPipeError(32, "Broken pipe")


def state(done: int, *, failed: int = 0, elapsed_s: float, final: bool = True) -> Snapshot:
    """Return the state of ten objects of 1 MiB each."""
    return Snapshot(
        operation="upload",
        done_count=done,
        failed_count=failed,
        skipped_count=0,
        total_count=10,
        done_bytes=done * 2**20,
        total_bytes=10 * 2**20,
        totals_final=final,
        elapsed_s=elapsed_s,
    )


FAILURE = Failure(
    source="file:///data/a",
    destination="s3://bucket/a",
    error=PermissionDeniedError(
        "not allowed", operation="put", uri="s3://bucket/a", code="AccessDenied", request_id="R1"
    ),
)


def run(observer: TransferObserver, *, fail: bool) -> None:
    """Play a transfer of ten objects to an observer."""
    observer.started(state(0, elapsed_s=0.0, final=False))
    observer.progressed(state(5, elapsed_s=1.0))
    observer.noted("2 subdirectories were left out")
    if fail:
        observer.failed(FAILURE)
    observer.progressed(state(9, elapsed_s=2.0))
    done, failed = (9, 1) if fail else (10, 0)
    report = TransferReport(
        "upload",
        done_count=done,
        done_bytes=done * 2**20,
        failed_count=failed,
        failures=(FAILURE,) * failed,
        elapsed_s=2.0,
    )
    observer.finished(state(done, failed=failed, elapsed_s=2.0), report)


def frames(text: str) -> list[str]:
    """Return what a terminal was made to show, frame by frame."""
    pieces = text.replace("\x1b[K", "").replace("\n", "\r").split("\r")
    return [piece for piece in pieces if piece]


def test_a_bar_ends_full_after_success() -> None:
    """The last frame shows everything done."""
    stream = Terminal()
    run(BarObserver(stream), fail=False)
    last = frames(stream.getvalue())[-1]
    assert last.endswith("] 10.0 MiB/10.0 MiB (5.0 MiB/s, ETA: 0s) 10/10 files")
    assert "█]" in last


def test_only_the_last_frame_is_full() -> None:
    """No earlier frame says that all is done."""
    stream = Terminal()
    run(BarObserver(stream), fail=False)
    assert [frame for frame in frames(stream.getvalue())[:-1] if "█]" in frame] == []


def test_a_bar_ends_below_full_after_a_failure() -> None:
    """The last frame of a failed run isn't full, and counts the failures."""
    stream = Terminal()
    run(BarObserver(stream), fail=True)
    last = frames(stream.getvalue())[-1]
    assert "█]" not in last
    assert last.endswith("9/10 files, 1 failed")


def test_failures_are_lines_of_their_own_above_the_bar() -> None:
    """The bar is wiped, the failure is written as a whole line, the bar is drawn again."""
    stream = Terminal()
    run(BarObserver(stream), fail=True)
    warning = (
        "warning: file:///data/a: put s3://bucket/a: not allowed "
        "(code AccessDenied, request id R1)\n"
    )
    before, _, after = stream.getvalue().partition(warning)
    assert before.endswith("\r\x1b[K\r")
    assert after.startswith("\rUPLOAD:")


def test_the_bar_ends_with_a_newline() -> None:
    """What is written next begins on a fresh line."""
    stream = Terminal()
    run(BarObserver(stream), fail=False)
    assert stream.getvalue().endswith("\n")


def test_a_bar_uses_no_colour() -> None:
    """Nothing but carriage returns and clearing the line: NO_COLOR has nothing to switch off."""
    stream = Terminal()
    run(BarObserver(stream), fail=True)
    assert "\x1b" not in stream.getvalue().replace("\x1b[K", "")


def test_lines_of_others_go_above_the_bar() -> None:
    """A log line doesn't garble the bar."""
    stream = Terminal()
    observer = BarObserver(stream)
    observer.started(state(0, elapsed_s=0.0))
    write_line("retrying s3://bucket/a", stream)
    assert "\r\x1b[K\rretrying s3://bucket/a\n\rUPLOAD:" in stream.getvalue()
    observer.finished(state(0, elapsed_s=1.0), TransferReport("upload"))


def test_a_bar_can_be_used_again() -> None:
    """One observer may watch one transfer after the other."""
    stream = Terminal()
    observer = BarObserver(stream)
    run(observer, fail=True)
    run(observer, fail=False)
    assert "█]" in frames(stream.getvalue())[-1]


@pytest.mark.parametrize("observer_class", [BarObserver, JsonLinesObserver, PlainObserver])
def test_a_stream_that_is_gone_does_not_end_the_transfer(
    observer_class: type[TransferObserver],
) -> None:
    """Nobody watching is no reason to stop."""
    run(observer_class(ClosedPipe()), fail=True)  # type: ignore[call-arg]


def test_a_stream_that_is_gone_keeps_no_thread_waiting() -> None:
    """Who couldn't draw leaves the lock, so that other threads can still write their lines."""
    observer = BarObserver(ClosedPipe())
    observer.started(state(0, elapsed_s=0))
    free: list[bool] = []

    def look() -> None:
        free.append(LOCK.acquire(blocking=False))
        if free[-1]:
            LOCK.release()

    other = threading.Thread(target=look)
    other.start()
    other.join()
    assert [True] == free


def test_json_lines_tell_all_events() -> None:
    """One JSON object a line, from start to finish."""
    stream = io.StringIO()
    run(JsonLinesObserver(stream), fail=True)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == [
        "start",
        "progress",
        "note",
        "failure",
        "progress",
        "finish",
    ]


def test_json_progress_comes_at_intervals() -> None:
    """Ten states a second make one line a second."""
    stream = io.StringIO()
    observer = JsonLinesObserver(stream)
    observer.started(state(0, elapsed_s=0.0))
    for tenth in range(1, 31):
        observer.progressed(state(0, elapsed_s=tenth / 10))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["elapsed_s"] for event in events] == [0.0, 1.0, 2.0, 3.0]


def test_json_finish_holds_the_report() -> None:
    """The last line has the counts and each failure."""
    stream = io.StringIO()
    run(JsonLinesObserver(stream), fail=True)
    finish = json.loads(stream.getvalue().splitlines()[-1])
    assert (finish["ok"], finish["done_count"], finish["failed_count"]) == (False, 9, 1)
    assert finish["failures"][0]["error"]["type"] == "PermissionDeniedError"
    assert finish["failures"][0]["destination"] == "s3://bucket/a"


def test_json_lines_survive_odd_names() -> None:
    """Newlines and undecodable bytes in a name stay inside the line."""
    stream = io.StringIO()
    odd = Failure("file:///a\nb\udcff", "", FAILURE.error)
    JsonLinesObserver(stream).failed(odd)
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["source"] == "file:///a\nb\udcff"


def test_plain_warnings_are_limited() -> None:
    """Ten thousand failures don't make ten thousand lines."""
    stream = io.StringIO()
    observer = PlainObserver(stream)
    for _ in range(1000):
        observer.failed(FAILURE)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 21
    assert lines[-1] == "warning: more objects fail; from here on they are only counted"


@pytest.mark.parametrize(
    ("mode", "terminal", "term", "expected"),
    [
        ("auto", True, "xterm", BarObserver),
        ("auto", False, "xterm", PlainObserver),
        ("auto", True, "dumb", PlainObserver),
        ("auto", True, "", PlainObserver),
        ("bar", False, "dumb", BarObserver),
        ("json", True, "xterm", JsonLinesObserver),
        ("none", True, "xterm", PlainObserver),
    ],
)
def test_the_mode_and_the_stream_choose_the_observer(
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    terminal: bool,
    term: str,
    expected: type[TransferObserver],
) -> None:
    """A bar is drawn by itself only on a terminal that can redraw a line."""
    monkeypatch.setenv("TERM", term)
    stream = Terminal() if terminal else io.StringIO()
    assert expected is type(make_observer(mode, stream))


def test_an_unknown_mode_is_refused() -> None:
    """A typing error isn't taken for silence."""
    with pytest.raises(ValueError, match="expected one of auto, bar, json, none"):
        make_observer("bars")


def test_importing_the_package_does_not_import_tqdm() -> None:
    """Tqdm is imported when the first bar is drawn."""
    code = (
        "import sys, s3dlio_progress as p\n"
        "p.make_observer('bar'); p.write_line('x')\n"
        "sys.exit('tqdm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize("scheme", ["file", "direct"])
def test_a_file_is_named_once(scheme: str) -> None:
    """An error that names it by its path needn't be told its URI."""
    error = PermissionDeniedError("not allowed", operation="read", uri="/data/a")
    failure = Failure(f"{scheme}:///data/a", "", error)
    assert describe_failure(failure) == "read /data/a: not allowed"
