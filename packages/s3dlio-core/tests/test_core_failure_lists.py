"""Files that name what failed: all of it, exactly, and nothing else."""

from __future__ import annotations

import errno
import logging
import os
import re
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.memory_store import MemoryStore
from s3dlio_core.operations import create_container, delete, put, upload
from s3dlio_core.store import DeleteError
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.failure_lists import listing_failures
from s3dlio_core.transfer.report import FAILURES_KEPT_MAX, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


class Noting(TransferObserver):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def failed(self, failure: Failure) -> None:
        """Remember."""
        self.failures.append(failure)


def _fail(observer: TransferObserver, sources: Sequence[str]) -> None:
    for source in sources:
        observer.failed(Failure(source, "", errors.PermissionDeniedError("no")))


def test_each_name_has_its_line_and_its_byte(tmp_path: Path) -> None:
    """In the order of the failures, also names that aren't text, and the observer is told."""
    lines, nul = tmp_path / "lines", tmp_path / "nul"
    names = ["file:///a", "s3://b/ü #?", os.fsdecode(b"file:///\xff")]
    observer = Noting()
    with listing_failures(observer, lines, nul) as listing:
        _fail(listing, names)
    expected = [os.fsencode(name) for name in names]
    assert lines.read_bytes() == b"".join(name + b"\n" for name in expected)
    assert nul.read_bytes() == b"".join(name + b"\0" for name in expected)
    assert [failure.source for failure in observer.failures] == names


def test_a_name_with_a_line_break_is_left_to_the_other_form(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A line would be read as two names; who asks for lines only is warned, twice at the most."""
    lines, nul = tmp_path / "lines", tmp_path / "nul"
    observer = Noting()
    unfit = ["file:///a\nb", "file:///d\r"]
    with listing_failures(observer, lines) as listing:
        _fail(listing, [*unfit, "file:///c\rc"])
    assert lines.read_bytes() == b"file:///c\rc\n"
    assert [r"file:///a\nb", "2 objects"] == [
        re.split(r", | that", text.partition("can't name ")[2])[0] for text in caplog.messages
    ]
    assert "--failures0 can" in caplog.messages[0]
    caplog.clear()
    with listing_failures(observer, lines, nul) as listing:
        _fail(listing, [*unfit, "memory://b/\0"])
    assert nul.read_bytes() == b"file:///a\nb\0file:///d\r\0"
    assert [True] == [r"memory://b/\x00, which has a NUL byte" in text for text in caplog.messages]


def test_what_lost_its_name_to_another_is_not_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A run that takes up the list must not replace what was copied under that name."""
    container = "memory://lost-names"
    create_container(container)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.txt").write_text(name)
    sources = [f"{tmp_path}/one/", f"{tmp_path}/two/"]
    lines, nul = tmp_path / "lines", tmp_path / "nul"
    report = upload(sources, f"{container}/", failures=lines, failures0=nul, raise_on_failure=False)
    assert report.failed_count == 1
    assert lines.read_bytes() == nul.read_bytes() == b""
    assert caplog.text.count("another run would replace that one") == 1


def test_a_name_that_is_no_unicode_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A caller in Python may give one; nothing breaks."""
    with listing_failures(Noting(), tmp_path / "lines", tmp_path / "nul") as listing:
        _fail(listing, ["memory://b/\ud800", "memory://b/c"])
    assert (tmp_path / "lines").read_bytes() == b"memory://b/c\n"
    assert (tmp_path / "nul").read_bytes() == b"memory://b/c\0"
    assert [True, True] == ["no valid Unicode" in text for text in caplog.messages]


def test_a_list_is_emptied_when_nothing_fails(tmp_path: Path) -> None:
    """What an earlier run wrote isn't taken for this one's."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "list").write_bytes(b"old\n")
    upload(tmp_path / "a", tmp_path / "out/", failures=tmp_path / "list", failures0=tmp_path / "l0")
    assert (tmp_path / "list").read_bytes() == (tmp_path / "l0").read_bytes() == b""


def test_a_list_that_cannot_be_opened_is_said_before_anything_is_done(tmp_path: Path) -> None:
    """A wrong path is an error of usage."""
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(errors.UsageError, match=r"no/list.*No such file"):
        upload(tmp_path / "a", tmp_path / "out/", failures=tmp_path / "no" / "list")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
def test_a_list_that_is_cut_short_is_an_error_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once; the transfer goes on."""
    observer = Noting()
    with listing_failures(observer, "/dev/full") as listing:
        _fail(listing, ["file:///a", "file:///b"])
    assert len(observer.failures) == 2
    errors_told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [f"/dev/full: {os.strerror(errno.ENOSPC)}"] == [
        record.getMessage().partition(": ")[2] for record in errors_told
    ]


def test_more_than_the_report_keeps_are_listed(tmp_path: Path) -> None:
    """The report's memory is bounded, the file isn't."""
    count = FAILURES_KEPT_MAX + 5
    (tmp_path / "in").mkdir()
    for number in range(count):
        (tmp_path / "in" / f"{number:05}").symlink_to("nowhere")
    report = upload(
        f"{tmp_path}/in/", tmp_path / "out/", failures=tmp_path / "list", raise_on_failure=False
    )
    assert (len(report.failures), report.failed_count) == (FAILURES_KEPT_MAX, count)
    expected = [f"file://{tmp_path}/in/{number:05}" for number in range(count)]
    assert sorted((tmp_path / "list").read_text().splitlines()) == expected


def test_only_what_fails_in_the_end_is_listed(tmp_path: Path) -> None:
    """An object that a second try copies isn't named."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad").symlink_to("nowhere")
    (tmp_path / "in" / "changing").write_bytes(b"1")

    class Changing(TransferObserver):
        def started(self, snapshot: Snapshot) -> None:
            del snapshot
            (tmp_path / "in" / "changing").write_bytes(b"longer")

    report = upload(
        f"{tmp_path}/in/",
        tmp_path / "out/",
        failures=tmp_path / "list",
        retries=1,
        progress=Changing(),
        raise_on_failure=False,
    )
    assert (report.done_count, report.failed_count) == (1, 1)
    assert (tmp_path / "list").read_text() == f"file://{tmp_path}/in/bad\n"
    assert (tmp_path / "out" / "changing").read_bytes() == b"longer"


def test_a_source_is_not_emptied(tmp_path: Path) -> None:
    """A slip of the shell's completion costs nobody a file, by whichever name it goes."""
    (tmp_path / "only").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("only")
    for path in ("only", "link", "../" + tmp_path.name + "/only"):
        for lists in ((tmp_path / path, None), (None, tmp_path / path)):
            with pytest.raises(errors.UsageError, match="would empty this source"):
                upload(tmp_path / "only", "memory://x/", failures=lists[0], failures0=lists[1])
    assert (tmp_path / "only").read_bytes() == b"precious"


def test_two_lists_are_two_files(tmp_path: Path) -> None:
    """Neither writes over the other, whether the file is there or not."""
    for _ in range(2):
        with (
            pytest.raises(errors.UsageError, match="one file"),
            listing_failures(Noting(), tmp_path / "list", f"{tmp_path}/./list"),
        ):
            pass
        (tmp_path / "list").write_bytes(b"old")
    assert (tmp_path / "list").read_bytes() == b"old"


def test_what_makes_no_sense_empties_no_list(tmp_path: Path) -> None:
    """The list of the run before is still needed."""
    (tmp_path / "list").write_bytes(b"old")
    with pytest.raises(errors.NothingMatchedError):
        upload(tmp_path / "missing", tmp_path / "out/", failures=tmp_path / "list")
    assert (tmp_path / "list").read_bytes() == b"old"


def test_a_list_in_a_source_is_not_copied(tmp_path: Path) -> None:
    """It may be new or have been there; the report says so."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"a")
    for _ in range(2):
        report = upload(f"{tmp_path}/in/", tmp_path / "out/", failures=tmp_path / "in" / "list")
        assert report.done_count == 1
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    assert ["list isn't copied: it is the list of what fails"] == list(report.notes)


def test_the_list_of_a_stopped_run_is_told_to_lack_something(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty list is no sign of success then."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"a")
    with pytest.raises(errors.ContainerNotFoundError):
        upload(f"{tmp_path}/in/", "memory://failure-list-none/", failures=tmp_path / "list")
    assert [True] == ["run the whole command again" in text for text in caplog.messages]


def test_a_cancelled_run_has_its_list(tmp_path: Path) -> None:
    """What had failed by then is in it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad").symlink_to("nowhere")
    cancel = CancelToken()

    class Cancelling(TransferObserver):
        def failed(self, failure: Failure) -> None:
            del failure
            cancel.cancel()

    report = upload(
        f"{tmp_path}/in/",
        tmp_path / "out/",
        failures=tmp_path / "list",
        progress=Cancelling(),
        cancel=cancel,
        raise_on_failure=False,
    )
    assert report.failed_count == 1
    assert (tmp_path / "list").read_text() == f"file://{tmp_path}/in/bad\n"


def test_deletions_list_what_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same two keywords."""

    def refuse_b(store: MemoryStore, keys: Iterable[str]) -> Iterator[DeleteError]:
        for key in keys:
            if key == "b":
                yield DeleteError(key, errors.PermissionDeniedError("no"))
            else:
                store.delete(key)

    uri = "memory://failure-list-deletions"
    create_container(uri)
    put(f"{uri}/a", b"a")
    put(f"{uri}/b", b"b")
    monkeypatch.setattr(MemoryStore, "delete_many", refuse_b)
    with pytest.raises(errors.TransferFailedError):
        delete(f"{uri}/", recursive=True, failures=tmp_path / "list", failures0=tmp_path / "l0")
    assert (tmp_path / "list").read_text() == f"{uri}/b\n"
    assert (tmp_path / "l0").read_text() == f"{uri}/b\0"
