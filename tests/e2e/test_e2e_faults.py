"""A line that breaks: what can be mended is, and nothing is reported done that isn't."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import pytest

import s3dlio
from tests.e2e.truth import file_sha256, tree, write_tree
from tests.servers import (
    Answer,
    FaultProxy,
    LostAnswer,
    RawAnswer,
    ResetMidRequest,
    ResetMidResponse,
    ShortBody,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.command_line import Cli, Outcome
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import Fault

MIB: Final = 1 << 20
PART: Final = r"[?&]partNumber=2\b"
CREATE: Final = r"\?uploads"
COMPLETE: Final = r"\?uploadId="

#: What no answer should look like.
GARBAGE: Final[Mapping[str, Fault]] = {
    "page-502": Answer.html(),
    "page-200": Answer.html(200, "Welcome to the hotel"),
    "page-404": Answer.html(404, "Not here"),
    "redirect": Answer(307, b"", (("Location", "http://elsewhere.invalid/"),)),
    "no-http": RawAnswer(),
    "closed": RawAnswer(b""),
    "huge-head": Answer.huge_headers(),
    "empty-200": Answer(200, b"", ()),
    "empty-500": Answer(500, b"", ()),
    "cut-xml": Answer(200, b"<?xml version='1.0'?><ListBucketRes"),
    "other-xml": Answer(200, b"<html><body/></html>"),
}


@pytest.fixture
def options(fault_proxy: FaultProxy) -> dict[str, str]:
    """The options with which the Python API finds moto through the proxy."""
    return fault_proxy.options


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A directory with three small files."""
    return write_tree(tmp_path / "in", {"a": b"1" * 100, "b": b"2" * 200, "c": b"3" * 300})


def assert_failed_cleanly(outcome: Outcome, bucket: Bucket, directory: Path | None = None) -> None:
    """Check that one object failed, said so in one line, and left nothing behind."""
    outcome.expect(1)
    assert len(outcome.errors) == 1, outcome.err
    assert [] == bucket.uploads()
    if directory is not None:
        assert {} == tree(directory)


# Throttling.


@pytest.mark.parametrize("times", [1, 3])
def test_throttled_put_is_tried_again(
    times: int,
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    small: Path,
    tmp_path: Path,
) -> None:
    """503 SlowDown costs time, not the object, and the log tells the attempts."""
    rule = fault_proxy.add(Answer.slow_down(), method="PUT", pattern="/b$", times=times)
    faulty_cli("upload", f"{small}/", f"{moto.uri}/", "-v", "--log-file", "log").expect(0)
    assert tree(small) == moto.contents()
    assert times == rule.applied_count
    log = (tmp_path / "log").read_text()
    for attempt in range(1, times + 1):
        assert f"attempt {attempt} failed" in log


def test_throttled_part_is_tried_again(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """Parts are signed anew and sent again; several at once."""
    fault_proxy.add(Answer.slow_down(), method="PUT", pattern="partNumber=", times=4)
    faulty_cli("upload", medium_file.path, f"{moto.uri}/m").expect(0)
    assert medium_file.sha256 == moto.sha256("m")
    assert [] == moto.uploads()


def test_throttled_for_ever_fails(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, small: Path
) -> None:
    """The object is given up after a few attempts, the others are copied."""
    rule = fault_proxy.add(Answer.slow_down(), method="PUT", pattern="/b$", times=None)
    outcome = faulty_cli("upload", f"{small}/", f"{moto.uri}/")
    assert_failed_cleanly(outcome, moto)
    assert "SlowDown" in outcome.errors[0]
    assert ["a", "c"] == moto.listed()
    assert 2 <= rule.applied_count <= 10


# The way down.


@pytest.mark.parametrize("fault", [ResetMidResponse, ShortBody])
def test_broken_download_goes_on_at_its_offset(
    fault: type[ResetMidResponse | ShortBody],
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    medium_file: LargeFile,
    tmp_path: Path,
) -> None:
    """A later range begins inside the one that broke, and ends with it: what has come is kept."""
    moto.client.upload_file(str(medium_file.path), moto.name, "m")
    rule = fault_proxy.add(fault(after_bytes=3 * MIB + 17), method="GET", pattern="/m$", nth=2)
    faulty_cli("download", f"{moto.uri}/m", "back").expect(0)
    assert medium_file.sha256 == file_sha256(tmp_path / "back")
    assert rule.applied_count == 1
    asked = [r.range for r in fault_proxy.request_log() if r.method == "GET" and r.range]
    starts: dict[str, list[int]] = {}
    for span in asked:
        start, _, last = span.removeprefix("bytes=").partition("-")
        starts.setdefault(last, []).append(int(start))
    ((first, second),) = [found for found in starts.values() if len(found) > 1]
    if fault is ShortBody:
        assert second == first + 3 * MIB + 17
    else:  # a reset may take along what had arrived and wasn't read yet
        assert first <= second <= first + 3 * MIB + 17


def test_small_download_that_breaks_is_whole(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """Also without a range, broken at its first byte and in the middle."""
    for key in "abc":
        moto.put(key, key.encode() * 1000)
    fault_proxy.add(ResetMidResponse(), method="GET", pattern="/a$")
    fault_proxy.add(ShortBody(after_bytes=999), method="GET", pattern="/b$")
    faulty_cli("download", f"{moto.uri}/", "out/").expect(0)
    assert {key: key.encode() * 1000 for key in "abc"} == tree(tmp_path / "out")


def test_download_that_always_breaks_fails(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """No file, whole or half, stands under its name or another."""
    moto.put("x", b"x" * 1000)
    fault_proxy.add(ShortBody(after_bytes=0), method="GET", pattern="/x$", times=None)
    outcome = faulty_cli("download", f"{moto.uri}/x", "out/")
    assert_failed_cleanly(outcome, moto, tmp_path / "out")


def test_object_that_changes_during_a_download_is_an_error(
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    medium_file: LargeFile,
    tmp_path: Path,
) -> None:
    """Never a mix of two: the second half of one isn't joined to the first half of the other."""
    moto.client.upload_file(str(medium_file.path), moto.name, "m")
    put_again = threading.Event()

    class Overwrite(ResetMidResponse):
        """Replace the object when the first range is asked for, then break it."""

        def apply(self, exchange: object) -> None:
            moto.put("m", b"\xff" * medium_file.size_bytes)
            put_again.set()
            super().apply(exchange)  # type: ignore[arg-type]

    fault_proxy.add(Overwrite(after_bytes=MIB), method="GET", pattern="/m$")
    outcome = faulty_cli("download", "-j", "1", f"{moto.uri}/m", "out/")
    assert put_again.is_set()
    assert_failed_cleanly(outcome, moto, tmp_path / "out")
    assert "changed" in outcome.errors[0]


# The way up.


def test_part_that_breaks_is_sent_again(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """A reset in the middle of a part's body."""
    rule = fault_proxy.add(ResetMidRequest(after_bytes=2 * MIB), method="PUT", pattern=PART)
    faulty_cli("upload", medium_file.path, f"{moto.uri}/m").expect(0)
    assert medium_file.sha256 == moto.sha256("m")
    assert (rule.applied_count, rule.matched_count) == (1, 2)


def test_part_that_always_breaks_fails(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """The upload is aborted: neither an object nor parts are left."""
    fault_proxy.add(ResetMidRequest(), method="PUT", pattern=PART, times=None)
    assert_failed_cleanly(faulty_cli("upload", medium_file.path, f"{moto.uri}/m"), moto)
    assert [] == moto.listed()


@pytest.mark.parametrize("pattern", [PART, COMPLETE, CREATE])
def test_error_in_a_multipart_upload_leaves_nothing(
    pattern: str,
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    medium_file: LargeFile,
) -> None:
    """A refusal of any of its calls fails the object and aborts the upload."""
    fault_proxy.add(Answer.error(403, "AccessDenied"), pattern=pattern, times=None)
    outcome = faulty_cli("upload", medium_file.path, f"{moto.uri}/m")
    assert "AccessDenied" in outcome.err
    outcome.expect(1)
    assert [] == moto.listed()
    if pattern != COMPLETE:  # there the rule refuses what asks for the abort, too
        assert [] == moto.uploads()


@pytest.mark.parametrize(("code", "times"), [("InternalError", 1), ("SlowDown", 2)])
def test_error_in_an_ok_of_complete_is_tried_again(
    code: str,
    times: int,
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    medium_file: LargeFile,
) -> None:
    """A 200 that holds an error is an error."""
    rule = fault_proxy.add(Answer.error_in_ok(code), method="POST", pattern=COMPLETE, times=times)
    faulty_cli("upload", medium_file.path, f"{moto.uri}/m").expect(0)
    assert times == rule.applied_count
    assert medium_file.sha256 == moto.sha256("m")


@pytest.mark.parametrize(
    "fault",
    [Answer.error_in_ok(), Answer.html(200), Answer(200), Answer(200, b"<Compl"), RawAnswer()],
    ids=["error", "page", "empty", "cut", "no-http"],
)
def test_complete_that_never_succeeds_is_not_reported_done(
    fault: Fault, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """Whatever a 200 says, there is no object, and no upload is left."""
    fault_proxy.add(fault, method="POST", pattern=COMPLETE, times=None)
    outcome = faulty_cli("upload", "--json", medium_file.path, f"{moto.uri}/m")
    assert_failed_cleanly(outcome, moto)
    assert outcome.summary["done_count"] == 0
    assert [] == moto.listed()


# Answers that are lost.


@pytest.mark.parametrize("times", [1, 2])
def test_lost_answer_to_complete_is_resolved(
    times: int, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """The upload is gone because it was completed: the object tells."""
    rule = fault_proxy.add(LostAnswer(), method="POST", pattern=COMPLETE, times=times)
    outcome = faulty_cli("upload", "--json", medium_file.path, f"{moto.uri}/m").expect(0)
    assert outcome.summary["done_count"] == 1
    assert rule.applied_count >= 1
    assert medium_file.sha256 == moto.sha256("m")
    assert [] == moto.uploads()


def test_lost_answers_to_puts_are_resolved(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, small: Path
) -> None:
    """The same object is put again."""
    rule = fault_proxy.add(LostAnswer(), method="PUT", times=3)
    faulty_cli("upload", f"{small}/", f"{moto.uri}/").expect(0)
    assert rule.applied_count == 3
    assert tree(small) == moto.contents()


def test_lost_answer_to_a_part_is_resolved(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """The part is put again, and stands once in the object."""
    fault_proxy.add(LostAnswer(), method="PUT", pattern=PART)
    faulty_cli("upload", medium_file.path, f"{moto.uri}/m").expect(0)
    assert medium_file.sha256 == moto.sha256("m")


def test_lost_answer_to_a_conditional_put_is_resolved(
    fault_proxy: FaultProxy, moto: Bucket, options: dict[str, str]
) -> None:
    """The second attempt meets what the first one wrote: that is success, not a conflict."""
    rule = fault_proxy.add(LostAnswer(), method="PUT")
    only_new = s3dlio.Condition(if_absent=True)
    with s3dlio.open_store(moto.uri, options=options) as store:
        info = store.put("key", b"content", condition=only_new)
        head = moto.client.head_object(Bucket=moto.name, Key="key")
        assert (info.size_bytes, info.etag) == (7, head["ETag"].strip('"'))
        assert (rule.applied_count, rule.matched_count) == (1, 2)
        with pytest.raises(s3dlio.PreconditionFailedError):
            store.put("key", b"content", condition=only_new)
    assert {"key": b"content"} == moto.contents()


def test_lost_answer_to_a_refused_conditional_put_stays_a_refusal(
    fault_proxy: FaultProxy, moto: Bucket, options: dict[str, str]
) -> None:
    """Somebody else's object is there: no attempt of ours has written it."""
    moto.put("key", b"theirs!")
    fault_proxy.add(LostAnswer(), method="PUT")
    with (
        s3dlio.open_store(moto.uri, options=options) as store,
        pytest.raises(s3dlio.PreconditionFailedError),
    ):
        store.put("key", b"content", condition=s3dlio.Condition(if_absent=True))
    assert {"key": b"theirs!"} == moto.contents()


def test_lost_answer_to_create_bucket_is_resolved(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """It exists because we made it."""
    name = f"{moto.name}-new"
    rule = fault_proxy.add(LostAnswer(), method="PUT", pattern=name)
    faulty_cli("mb", f"s3://{name}").expect(0)
    assert rule.applied_count == 1
    moto.client.delete_bucket(Bucket=name)


def test_lost_answer_to_delete_bucket_is_resolved(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """It is gone because we removed it."""
    name = f"{moto.name}-new"
    moto.client.create_bucket(Bucket=name)
    fault_proxy.add(LostAnswer(), method="DELETE", pattern=name)
    faulty_cli("rb", f"s3://{name}").expect(0)
    assert name not in {found["Name"] for found in moto.client.list_buckets()["Buckets"]}


def test_lost_answer_to_delete_objects_is_resolved(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """They are gone, and the neighbours aren't."""
    for key in ["x/1", "x/2", "y"]:
        moto.put(key, b"x")
    rule = fault_proxy.add(LostAnswer(), method="POST", pattern=r"\?delete")
    faulty_cli("rm", "-r", f"{moto.uri}/x/").expect(0)
    assert rule.applied_count == 1
    assert ["y"] == moto.listed()


def test_error_after_the_deed_is_resolved(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """A 500 to Complete that was carried out all the same."""
    fault_proxy.add(Answer.internal_error(reaches_server=True), method="POST", pattern=COMPLETE)
    faulty_cli("upload", medium_file.path, f"{moto.uri}/m").expect(0)
    assert medium_file.sha256 == moto.sha256("m")


# Answers that make no sense.


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_once_is_survived_or_refused(
    name: str, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """A listing is the right one or an error, never an empty or a shorter one."""
    for key in "abc":
        moto.put(key, b"x")
    fault_proxy.add(GARBAGE[name], method="GET")
    outcome = faulty_cli("ls", "-r", moto.uri)
    if outcome.code == 0:
        assert [f"{moto.uri}/{key}" for key in "abc"] == outcome.out.splitlines()
    else:
        assert outcome.code in {1, 3}
        assert len(outcome.errors) == 1
        assert outcome.out == ""


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_instead_of_an_object_is_never_written(
    name: str, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """A web page isn't the file."""
    moto.put("x", b"x" * 1000)
    fault_proxy.add(GARBAGE[name], method="GET", pattern="/x$", times=2)
    outcome = faulty_cli("download", f"{moto.uri}/x", "out/")
    if outcome.code == 0:
        assert {"x": b"x" * 1000} == tree(tmp_path / "out")
    else:
        assert_failed_cleanly(outcome, moto, tmp_path / "out")


@pytest.mark.parametrize("name", ["page-502", "no-http", "closed", "huge-head", "empty-500"])
def test_garbage_instead_of_a_put_s_answer(
    name: str, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, small: Path
) -> None:
    """What was never stored isn't reported done."""
    fault_proxy.add(GARBAGE[name], method="PUT", pattern="/b$", times=1)
    outcome = faulty_cli("upload", f"{small}/", f"{moto.uri}/")
    if outcome.code == 0:
        assert tree(small) == moto.contents()
    else:
        assert_failed_cleanly(outcome, moto)
        assert ["a", "c"] == moto.listed()
