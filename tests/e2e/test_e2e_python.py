"""`import s3dlio` as a program uses it."""

from __future__ import annotations

import inspect
import multiprocessing
import pickle
import threading
from typing import TYPE_CHECKING

import pytest

import s3dlio
from tests.e2e.children import send_object
from tests.e2e.truth import file_sha256, tree, write_tree
from tests.servers import Hold

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy, S3Endpoint

pytestmark = pytest.mark.one_wire

FILES = {"a.log": b"1", "b.log": b"22", "c.txt": b"333", "sub/d.log": b"4444"}


def use(endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name an endpoint."""
    for name, value in endpoint.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket_here(bucket: Bucket, s3_server: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket on each server in turn, which the environment names."""
    use(s3_server, monkeypatch)
    return bucket


@pytest.fixture
def moto_here(moto: Bucket, moto_s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket on moto, which the environment names."""
    use(moto_s3, monkeypatch)
    return moto


@pytest.fixture
def faulty_here(moto: Bucket, fault_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket on moto, which the environment names by way of the fault proxy."""
    use(fault_proxy, monkeypatch)
    return moto


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory with a few files."""
    return write_tree(tmp_path / "in", FILES)


def test_old_programs_run_unchanged(moto_here: Bucket, source: Path, tmp_path: Path) -> None:
    """The positional arguments of the first versions, in their order."""
    new = f"{moto_here.name}-new"
    s3dlio.upload([f"{source}/*.log", f"{source}/c.txt"], f"s3://{new}/x/", 8, True)
    s3dlio.download(f"s3://{new}/x/", str(tmp_path / "back"), 8, True)
    assert {name: FILES[name] for name in ("a.log", "b.log", "c.txt")} == tree(tmp_path / "back")
    s3dlio.delete(f"s3://{new}/x/", recursive=True)
    s3dlio.delete_container(f"s3://{new}")


def test_signatures_that_programs_rely_on() -> None:
    """Names, order and defaults of the arguments before the keyword-only ones."""

    def positional(function: object) -> list[tuple[str, object]]:
        assert callable(function)
        return [
            (name, parameter.default)
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]

    empty = inspect.Parameter.empty
    assert [
        ("src_patterns", empty),
        ("dest_prefix", empty),
        ("max_in_flight", 32),
        ("create_bucket", False),
    ] == positional(s3dlio.upload)
    assert [
        ("src_uri", empty),
        ("dest_dir", empty),
        ("max_in_flight", 64),
        ("recursive", True),
    ] == positional(s3dlio.download)


def test_there_and_back(bucket_here: Bucket, source: Path, tmp_path: Path) -> None:
    """Paths are taken as `os.PathLike`; a download takes all depths by default."""
    up = s3dlio.upload(source, f"{bucket_here.uri}/x/", recursive=True)
    assert {f"x/in/{name}": content for name, content in FILES.items()} == bucket_here.contents()
    down = s3dlio.download(f"{bucket_here.uri}/x/in/", tmp_path / "back")
    assert tree(tmp_path / "back") == FILES
    for report in (up, down):
        assert report.ok
        assert (report.done_count, report.done_bytes) == (4, 10)
        assert (report.failed_count, report.failures, report.stopped_by) == (0, (), None)
        assert report.elapsed_s > 0
    assert ("upload", "download") == (up.operation, down.operation)


def test_small_calls(bucket_here: Bucket) -> None:
    """Put, get, get a range, exists, stat, list, delete; each as the bucket has it."""
    uri = f"{bucket_here.uri}/dir/object"
    put = s3dlio.put(uri, b"0123456789")
    assert put.size_bytes == 10
    assert bucket_here.contents() == {"dir/object": b"0123456789"}
    assert s3dlio.get(uri) == b"0123456789"
    assert s3dlio.get(uri, start=3, stop=6) == b"345"
    assert s3dlio.get(uri, start=8) == b"89"
    assert s3dlio.stat(uri).size_bytes == 10
    found = [s3dlio.exists(f"{bucket_here.uri}{path}") for path in ("", "/dir/object", "/dir/")]
    assert found == [True, True, True]
    assert not s3dlio.exists(f"{bucket_here.uri}/dir/obj")
    assert not s3dlio.exists(f"{bucket_here.uri}-missing")
    assert [(f"{bucket_here.uri}/dir/", None)] == [
        (entry.uri, entry.info) for entry in s3dlio.list(f"{bucket_here.uri}/")
    ]
    assert [uri] == [entry.uri for entry in s3dlio.list(bucket_here.uri, recursive=True)]
    assert bucket_here.name in {found.name for found in s3dlio.list_containers()}
    s3dlio.delete(uri)
    assert {} == bucket_here.contents()
    with pytest.raises(FileNotFoundError):
        s3dlio.get(uri)


def test_attributes_go_along(moto_here: Bucket) -> None:
    """Content type and metadata are set and read."""
    attributes = s3dlio.Attributes(content_type="text/x-test", metadata={"colour": "green"})
    s3dlio.put(f"{moto_here.uri}/object", b"x", attributes=attributes)
    head = moto_here.client.head_object(Bucket=moto_here.name, Key="object")
    assert (head["ContentType"], head["Metadata"]) == ("text/x-test", {"colour": "green"})
    assert attributes == s3dlio.stat(f"{moto_here.uri}/object").attributes


def test_copy_between_any_two(moto_here: Bucket, source: Path, tmp_path: Path) -> None:
    """One function for file → s3, s3 → s3, s3 → memory, memory → file."""
    s3dlio.copy(f"{source}/", f"{moto_here.uri}/1/", recursive=True)
    s3dlio.copy(f"{moto_here.uri}/1/", f"{moto_here.uri}/2/", recursive=True)
    s3dlio.create_container("memory://copies")
    s3dlio.copy(f"{moto_here.uri}/2/", "memory://copies/3/", recursive=True)
    s3dlio.copy("memory://copies/3/", f"{tmp_path}/4/", recursive=True)
    s3dlio.delete("memory://copies/", recursive=True)
    s3dlio.delete_container("memory://copies")
    assert tree(tmp_path / "4") == FILES


class Recorder(s3dlio.TransferObserver):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.snapshots: list[s3dlio.Snapshot] = []
        self.failures: list[s3dlio.Failure] = []
        self.reports: list[s3dlio.TransferReport] = []
        self.threads: set[int] = set()

    def progressed(self, snapshot: s3dlio.Snapshot) -> None:
        """Keep it, and who calls."""
        self.snapshots.append(snapshot)
        self.threads.add(threading.get_ident())

    def failed(self, failure: s3dlio.Failure) -> None:
        """Keep it."""
        self.failures.append(failure)

    def finished(self, snapshot: s3dlio.Snapshot, report: s3dlio.TransferReport) -> None:
        """Keep both."""
        self.snapshots.append(snapshot)
        self.reports.append(report)


def test_observer_sees_a_large_object_move(
    faulty_here: Bucket, fault_proxy: FaultProxy, large_file: LargeFile
) -> None:
    """Bytes grow inside one object, in the caller's thread, and end at the whole."""
    del fault_proxy
    recorder = Recorder()
    report = s3dlio.upload(large_file.path, f"{faulty_here.uri}/x", progress=recorder)
    moved = [snapshot.done_bytes for snapshot in recorder.snapshots]
    assert sorted(moved) == moved
    assert len({count for count in moved if 0 < count < large_file.size_bytes}) >= 2
    assert large_file.size_bytes == moved[-1]
    assert {threading.get_ident()} == recorder.threads
    assert [report] == recorder.reports


def test_progress_true_draws_nothing_into_a_pipe(
    moto_here: Bucket, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bars are for terminals."""
    s3dlio.upload(f"{source}/", f"{moto_here.uri}/", recursive=True, progress=True)
    assert capfd.readouterr() == ("", "")


def test_failures_are_raised_after_the_rest_is_done(moto_here: Bucket, source: Path) -> None:
    """The error has the report; the observer was told; asked for, nothing is raised."""
    (source / "bad").symlink_to("nowhere")
    recorder = Recorder()
    with pytest.raises(s3dlio.TransferFailedError, match="bad") as caught:
        s3dlio.upload(f"{source}/", f"{moto_here.uri}/", recursive=True, progress=recorder)
    assert FILES == moto_here.contents()
    report = caught.value.report
    assert (report.done_count, report.failed_count) == (4, 1)
    assert [f"file://{source}/bad"] == [failure.source for failure in report.failures]
    assert recorder.failures == list(report.failures)
    again = s3dlio.upload(f"{source}/", f"{moto_here.uri}/", recursive=True, raise_on_failure=False)
    assert (again.ok, again.failed_count) == (False, 1)


def test_errors_are_the_builtins_that_fit(moto_here: Bucket, tmp_path: Path) -> None:
    """Code written for files catches them."""
    missing = f"s3://{moto_here.name}-missing"
    with pytest.raises(FileNotFoundError):
        s3dlio.stat(f"{moto_here.uri}/missing")
    with pytest.raises(s3dlio.ContainerNotFoundError):
        s3dlio.stat(f"{missing}/x")
    with pytest.raises(s3dlio.ContainerNotFoundError):
        s3dlio.put(f"{missing}/x", b"")
    with pytest.raises(s3dlio.NothingMatchedError):
        s3dlio.download(f"{moto_here.uri}/missing/", tmp_path)
    with pytest.raises(PermissionError):
        s3dlio.stat(f"{moto_here.uri}/x", options={"access_key_id": "A", "secret_access_key": "B"})
    with pytest.raises(ValueError, match="means nothing"):
        s3dlio.stat(f"{moto_here.uri}/x", options={"endpoint": "http://localhost"})


def test_transfer_is_cancelled_from_another_thread(
    faulty_here: Bucket, fault_proxy: FaultProxy, large_file: LargeFile
) -> None:
    """It ends with CancelledError, without object, upload or thread."""
    before = threading.active_count()
    hold = Hold()
    fault_proxy.add(hold, method="PUT", pattern="partNumber=", nth=3, times=None)
    token = s3dlio.CancelToken()

    def cancel_when_it_runs() -> None:
        hold.arrived.wait()
        token.cancel()
        fault_proxy.clear()

    canceller = threading.Thread(target=cancel_when_it_runs)
    canceller.start()
    with pytest.raises(s3dlio.CancelledError):
        s3dlio.upload(large_file.path, f"{faulty_here.uri}/x", 4, cancel=token)
    canceller.join()
    assert ([], []) == (faulty_here.uploads(), faulty_here.listed())
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("s3dlio")], before


def test_token_that_is_set_before_stops_at_once(moto_here: Bucket, source: Path) -> None:
    """Nothing is copied."""
    token = s3dlio.CancelToken()
    token.cancel()
    with pytest.raises(s3dlio.CancelledError):
        s3dlio.upload(f"{source}/", f"{moto_here.uri}/", recursive=True, cancel=token)
    assert [] == moto_here.listed()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_store_works_in_a_child_process(method: str, bucket_here: Bucket) -> None:
    """An open store, already used here, is used there too, and here again."""
    bucket_here.put("key", b"content")
    context = multiprocessing.get_context(method)
    with s3dlio.open_store(bucket_here.uri) as store:
        assert store.head("key").size_bytes == 7
        mine, theirs = context.Pipe()
        child = context.Process(target=send_object, args=(store, "key", theirs))  # type: ignore[attr-defined]
        child.start()
        theirs.close()
        assert mine.recv() == b"content"
        child.join()
        mine.close()
        assert child.exitcode == 0
        child.close()
        assert store.head("key-copy").size_bytes == 7


def test_pickled_store_holds_no_secret_of_the_environment(moto_here: Bucket) -> None:
    """Credentials that come from the environment are looked for again where it is unpickled."""
    with s3dlio.open_store(moto_here.uri) as store:
        store.put("key", b"content")
        pickled = pickle.dumps(store)
        shown = repr(store)
    with pickle.loads(pickled) as other:
        assert other.head("key").size_bytes == 7
    assert b"secret/with+odd" not in pickled
    assert "secret" not in shown.lower()


def test_two_threads_share_a_store(bucket_here: Bucket, medium_file: LargeFile) -> None:
    """Many readers of one object at once each get it whole."""
    bucket_here.client.upload_file(str(medium_file.path), bucket_here.name, "m")
    sizes: list[int] = []

    def read_it(store: s3dlio.ObjectStore) -> None:
        with store.open_reader("m") as reader:
            sizes.append(len(reader.readall() or b""))

    with s3dlio.open_store(bucket_here.uri) as store:
        threads = [threading.Thread(target=read_it, args=(store,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sizes == [medium_file.size_bytes] * 4


def test_part_size_is_the_callers(moto_here: Bucket, medium_file: LargeFile) -> None:
    """40 MiB in parts of 5 MiB are eight."""
    s3dlio.upload(medium_file.path, f"{moto_here.uri}/m", part_size_bytes=5 * 1024**2)
    head = moto_here.client.head_object(Bucket=moto_here.name, Key="m")
    assert head["ETag"].strip('"').endswith("-8")
    assert medium_file.sha256 == moto_here.sha256("m")


def test_download_of_a_large_object_by_ranges(
    moto_here: Bucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Ranges of odd sizes, put together."""
    moto_here.client.upload_file(str(medium_file.path), moto_here.name, "m")
    s3dlio.download(f"{moto_here.uri}/m", tmp_path / "m", part_size_bytes=3_000_001)
    assert medium_file.sha256 == file_sha256(tmp_path / "m")
