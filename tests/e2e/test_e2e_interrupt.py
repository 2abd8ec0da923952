"""Signals in the middle of a large object: nothing is left, and the exit code tells."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.command_line import outcome_of
from tests.e2e.truth import tree
from tests.servers import Answer, Hold

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy

SIGNALS: Final = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_interrupted_upload_is_aborted(
    signum: signal.Signals,
    code: int,
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    large_file: LargeFile,
) -> None:
    """Parts on their way end, the upload is aborted, no object appears."""
    hold = Hold()
    rule = fault_proxy.add(hold, method="PUT", pattern="partNumber=", nth=6, times=None)
    with faulty_cli.started(
        "upload", "--json", "-j", "4", large_file.path, f"{moto.uri}/x"
    ) as process:
        hold.arrived.wait()
        assert ["x"] == moto.uploads()
        process.send_signal(signum)
        assert process.stderr is not None
        seen = process.stderr.readline() + process.stderr.readline()
        assert "stopping" in seen
        fault_proxy.clear()
        outcome = outcome_of(process).expect(code)
    assert outcome.summary["exit_code"] == code
    assert "interrupted before the end" in outcome.err
    assert outcome.errors == []
    assert rule.applied_count <= 4
    assert ([], []) == (moto.uploads(), moto.listed())


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_interrupted_download_leaves_no_file(
    signum: signal.Signals,
    code: int,
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    medium_file: LargeFile,
    tmp_path: Path,
) -> None:
    """Neither the file nor a temporary one is there afterwards."""
    moto.client.upload_file(str(medium_file.path), moto.name, "x")
    hold = Hold()
    fault_proxy.add(hold, method="GET", pattern="/x$", nth=3, times=None)
    with faulty_cli.started("download", "-j", "2", f"{moto.uri}/x", "out/") as process:
        hold.arrived.wait()
        names = list(tree(tmp_path / "out"))
        assert names
        assert [name for name in names if name.startswith(".s3dlio-tmp-")] == names
        process.send_signal(signum)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        fault_proxy.clear()
        outcome_of(process).expect(code)
    assert {} == tree(tmp_path / "out")


def test_interrupted_upload_of_many_files_keeps_what_is_done(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """Whole objects stay; what the summary counts is there."""
    (tmp_path / "in").mkdir()
    for number in range(300):
        (tmp_path / "in" / f"{number:03}").write_bytes(b"x")
    hold = Hold()
    fault_proxy.add(hold, method="PUT", nth=100, times=None)
    with faulty_cli.started("upload", "--json", "-j", "3", "in/", f"{moto.uri}/") as process:
        hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        fault_proxy.clear()
        outcome = outcome_of(process).expect(130)
    assert outcome.summary["done_count"] == len(moto.listed())
    assert 97 <= len(moto.listed()) < 300


def test_second_signal_ends_at_once(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """Although every request still hangs."""
    hold = Hold()
    fault_proxy.add(hold, method="PUT", times=None)
    with faulty_cli.started("upload", medium_file.path, f"{moto.uri}/x") as process:
        hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "once more" in process.stderr.readline() + process.stderr.readline()
        process.send_signal(signal.SIGINT)
        outcome_of(process).expect(130)


def test_signal_during_a_listing_ends_at_once(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """There is nothing to clean up."""
    hold = Hold()
    fault_proxy.add(hold, method="GET", times=None)
    with faulty_cli.started("ls", moto.uri) as process:
        hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        outcome_of(process).expect(130)


def test_signal_while_waiting_for_the_next_attempt_ends_at_once(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """A server that asks for two minutes isn't waited for."""
    fault_proxy.add(Answer.slow_down(retry_after_s=100), method="PUT", times=None)
    with faulty_cli.started("upload", "-v", medium_file.path, f"{moto.uri}/x") as process:
        assert process.stderr is not None
        while "attempt 1 failed" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        outcome_of(process).expect(130)
    assert [] == moto.uploads()
