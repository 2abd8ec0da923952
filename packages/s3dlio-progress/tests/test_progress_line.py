"""The text of the progress line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from s3dlio_core.transfer.events import Snapshot
from s3dlio_progress.line import Frame, render_bar, render_line

GIB = 1024**3
MIB = 1024**2

UPLOAD = Snapshot(
    operation="upload",
    done_count=12,
    failed_count=0,
    skipped_count=0,
    total_count=40,
    done_bytes=1932735284,
    total_bytes=2576980378,
    totals_final=True,
    elapsed_s=20.0,
)
RATE = 95.75 * MIB


def test_a_line_has_the_shape_of_the_release_notes() -> None:
    """Operation, bar, bytes done and total, rate, time left, files done and total."""
    line = render_line(Frame(UPLOAD, RATE), columns=100)
    bar = "█" * 24 + "▊" + " " * 8
    assert f"UPLOAD:   [{bar}] 1.8 GiB/2.4 GiB (95.7 MiB/s, ETA: 6s) 12/40 files" == line


@pytest.mark.parametrize("columns", [20, 30, 39, 40, 60, 79, 80, 120, 400])
@pytest.mark.parametrize("failed_count", [0, 3])
@pytest.mark.parametrize("totals_final", [True, False])
def test_a_line_is_never_wider_than_the_terminal(
    columns: int, failed_count: int, totals_final: bool
) -> None:
    """Pieces are left out where there is no room."""
    snapshot = replace(UPLOAD, failed_count=failed_count, totals_final=totals_final)
    assert len(render_line(Frame(snapshot, RATE), columns=columns)) <= columns


def test_forty_columns_hold_a_bar_and_the_bytes() -> None:
    """A narrow terminal keeps the bar and the bytes."""
    line = render_line(Frame(UPLOAD, RATE), columns=39)
    assert line == "UPLOAD:   [██████  ] 1.8 GiB/2.4 GiB"


def test_eighty_columns_hold_everything() -> None:
    """At the usual width nothing is left out."""
    line = render_line(Frame(UPLOAD, RATE), columns=79)
    assert line.endswith("] 1.8 GiB/2.4 GiB (95.7 MiB/s, ETA: 6s) 12/40 files")


def test_growing_totals_are_marked_and_have_no_eta() -> None:
    """While the listing goes on, totals carry a plus and nobody knows the time left."""
    line = render_line(Frame(replace(UPLOAD, totals_final=False), RATE), columns=100)
    assert line.endswith("] 1.8 GiB/2.4 GiB+ (95.7 MiB/s, ETA: --) 12/40+ files")


@pytest.mark.parametrize("per_s", [None, 0.0])
def test_the_eta_is_unknown_without_a_rate(per_s: float | None) -> None:
    """No rate, no estimate."""
    assert "ETA: --)" in render_line(Frame(UPLOAD, per_s), columns=100)


def test_an_absurd_eta_is_unknown() -> None:
    """An estimate of years says nothing."""
    assert "ETA: --)" in render_line(Frame(UPLOAD, 0.001), columns=100)


ALL_DONE = replace(UPLOAD, done_count=40, done_bytes=UPLOAD.total_bytes)


def test_a_bar_is_full_after_success() -> None:
    """The last frame of a transfer that did everything is full."""
    line = render_line(Frame(ALL_DONE, RATE, succeeded=True, ended=True), columns=100)
    assert f"[{'█' * 33}] 2.4 GiB/2.4 GiB (95.7 MiB/s, ETA: 0s) 40/40 files" in line


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_bar_is_not_full_before_the_end(ascii_only: bool) -> None:
    """All known bytes are moved, but the transfer hasn't succeeded yet."""
    frame = Frame(replace(ALL_DONE, totals_final=False), RATE)
    line = render_line(frame, columns=100, ascii_only=ascii_only)
    assert "#]" not in line
    assert "█]" not in line


def test_a_bar_is_not_full_after_a_failure() -> None:
    """Only an empty file failed: all bytes are there, and the bar still isn't full."""
    failed = replace(ALL_DONE, done_count=39, failed_count=1)
    line = render_line(Frame(failed, RATE, succeeded=False, ended=True), columns=100)
    assert "█]" not in line
    assert line.endswith("2.4 GiB/2.4 GiB (95.7 MiB/s, ETA: --) 39/40 files, 1 failed")


def test_the_number_of_failures_always_stays() -> None:
    """A narrow line drops the rate, not the failures."""
    line = render_line(Frame(replace(UPLOAD, failed_count=2), RATE), columns=48)
    assert line.endswith("1.8 GiB/2.4 GiB, 2 failed")


def test_deletions_are_measured_in_objects() -> None:
    """Where no bytes move, objects count."""
    deletion = replace(UPLOAD, operation="delete", done_bytes=0, total_bytes=0)
    line = render_line(Frame(deletion, 14.0), columns=79)
    assert line.startswith("DELETE:   [██████████")
    assert line.endswith("] 12/40 files (14/s, ETA: 2s)")


@pytest.mark.parametrize("total_bytes", [0, 100])
def test_the_deletions_of_a_sync_are_counted(total_bytes: int) -> None:
    """Beside the copies, once there are any, where there is room."""
    syncing = replace(UPLOAD, operation="sync", total_bytes=total_bytes)
    assert "deleted" not in render_line(Frame(syncing, RATE), columns=120)
    deleting = replace(syncing, deleted_count=7)
    assert "12/40 files, 7 deleted" in render_line(Frame(deleting, RATE), columns=120)
    assert len(render_line(Frame(deleting, RATE), columns=40)) <= 40


def test_nothing_found_yet_is_an_empty_bar() -> None:
    """A transfer that has just begun divides by nothing."""
    empty = Snapshot("download", 0, 0, 0, 0, 0, 0, totals_final=False, elapsed_s=0.0)
    line = render_line(Frame(empty, None), columns=79)
    assert f"DOWNLOAD: [{' ' * 35}] 0/0+ files (--/s, ETA: --)".split("]")[1] == line.split("]")[1]
    assert "█" not in line


def test_a_bar_moves_by_eighths_of_a_cell() -> None:
    """Block characters show eighths."""
    bars = [render_bar(n / 32, columns=4, full=False, ascii_only=False) for n in range(1, 10)]
    assert bars == ["▏   ", "▎   ", "▍   ", "▌   ", "▋   ", "▊   ", "▉   ", "█   ", "█▏  "]


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """Only ASCII is used on request."""
    line = render_line(Frame(UPLOAD, RATE), columns=79, ascii_only=True)
    assert line.isascii()
    assert "[###" in line
