"""Dry runs: what they tell is what the real run does, and they change nothing."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core import errors
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import (
    copy,
    create_container,
    delete,
    download,
    get,
    open_store,
    put,
    upload,
)
from s3dlio_core.store import ObjectInfo
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.testing.generated import GeneratedSource
from s3dlio_core.transfer import tally as tally_module
from s3dlio_core.transfer.dry_run import DryRun
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.plan import CopyItem, Note, PlanEntry, Skipped, Unmatched
from s3dlio_core.transfer.report import Failure, Planned, TransferReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectStore


class Recorder(TransferObserver):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[Planned] = []
        self.notes: list[str] = []
        self.snapshots: list[Snapshot] = []
        self.ends: list[TransferReport] = []

    def planned(self, planned: Planned) -> None:
        """Remember."""
        self.told.append(planned)

    def noted(self, text: str) -> None:
        """Remember."""
        self.notes.append(text)

    def progressed(self, snapshot: Snapshot) -> None:
        """Remember."""
        self.snapshots.append(snapshot)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Remember."""
        self.ends.append(report)


def _new_uri() -> str:
    return f"memory://{uuid.uuid4().hex}"


def _container() -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


def _tree(root: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


def _write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


# What is told, and what is not done.


def test_nothing_is_written(tmp_path: Path) -> None:
    """Neither an object nor a directory; the report says what would be."""
    _write(tmp_path / "in", "a", "sub/b")
    before = _tree(tmp_path)
    observer = Recorder()
    report = upload(
        f"{tmp_path}/in/", tmp_path / "out/x", recursive=True, dry_run=True, progress=observer
    )
    assert before == _tree(tmp_path)
    assert (report.dry_run, report.ok, report.done_count, report.done_bytes) == (True, True, 2, 6)
    assert tuple(observer.told) == report.planned
    assert observer.ends == [report]
    assert report.planned == (
        Planned(f"file://{tmp_path}/in/a", f"file://{tmp_path}/out/x/a", 1),
        Planned(f"file://{tmp_path}/in/sub/b", f"file://{tmp_path}/out/x/sub/b", 5),
    )


def test_a_bucket_is_not_created_but_told(tmp_path: Path) -> None:
    """With create_bucket the real run would make it."""
    uri = _new_uri()
    _write(tmp_path, "a")
    report = upload(tmp_path / "a", f"{uri}/x", create_bucket=True, dry_run=True)
    assert report.notes == (f"{uri} would be created",)
    assert [planned.destination for planned in report.planned] == [f"{uri}/x"]
    assert not MemoryProvider().container_exists(uri.removeprefix("memory://"))


def test_a_missing_bucket_ends_it_as_it_ends_the_real_run(tmp_path: Path) -> None:
    """With the same error and the same advice."""
    _write(tmp_path, "a")
    for dry_run in (False, True):
        with pytest.raises(errors.ContainerNotFoundError, match="create_bucket"):
            upload(tmp_path / "a", f"{_new_uri()}/x", dry_run=dry_run)


def test_nothing_matched_is_the_same_error(tmp_path: Path) -> None:
    """As it has nothing to do with the destination."""
    with pytest.raises(errors.NothingMatchedError):
        upload(f"{tmp_path}/*.log", tmp_path / "out/", dry_run=True)


def test_no_list_of_failures_is_written(tmp_path: Path) -> None:
    """That of an earlier run stays."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad").symlink_to("nowhere")
    (tmp_path / "list").write_bytes(b"old\n")
    report = upload(
        f"{tmp_path}/in/",
        tmp_path / "out/",
        dry_run=True,
        failures=tmp_path / "list",
        raise_on_failure=False,
    )
    assert report.failed_count == 1
    assert (tmp_path / "list").read_bytes() == b"old\n"


def _file_in_the_way(root: Path) -> None:
    _write(root, "a")


def _directory_in_the_way(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)


def _file_for_a_root(root: Path) -> None:
    root.write_bytes(b"")


@pytest.mark.parametrize(
    "stand",
    [_file_in_the_way, _directory_in_the_way, _file_for_a_root],
    ids=lambda one: one.__name__,
)
def test_what_stands_in_the_way_is_a_failure(tmp_path: Path, stand: Callable[[Path], None]) -> None:
    """Where a file is needed as a directory, or a directory as a file."""
    uri = _new_uri()
    create_container(uri)
    put(f"{uri}/a/b", b"1")
    put(f"{uri}/c", b"2")
    stand(tmp_path / "out")
    before = _tree(tmp_path)
    dry = download(f"{uri}/", tmp_path / "out/", dry_run=True, raise_on_failure=False)
    assert before == _tree(tmp_path)
    try:
        real = download(f"{uri}/", tmp_path / "out/", raise_on_failure=False)
    except errors.InvalidKeyError:
        assert dry.failed_count == 2  # the directory itself can't be made
    else:
        assert [failure.source for failure in dry.failures] == [
            failure.source for failure in real.failures
        ]
        assert dry.done_count == real.done_count == 1


def test_an_object_that_is_too_large_is_a_failure() -> None:
    """The limits of the destination are known."""
    sink = _container()
    small = FaultyStore(sink)
    small.limits = type(sink.limits)(put_size_max_bytes=10, object_size_max_bytes=10)
    source = GeneratedSource(3, 11)
    report = _run(small, _plan(source))
    assert [type(failure.error) for failure in report.failures] == [errors.ObjectTooLargeError] * 3


# The engine of it.


def _run(
    destination: ObjectStore,
    plan: Iterator[PlanEntry],
    observer: TransferObserver | None = None,
    cancel: CancelToken | None = None,
    is_wanted: Callable[[CopyItem], bool] | None = None,
) -> TransferReport:
    run = DryRun(
        "copy",
        destination,
        jobs=4,
        part_size_bytes=None,
        observer=observer or Recorder(),
        cancel=cancel or CancelToken(),
        is_wanted=is_wanted,
    )
    return run.run(plan)


def _plan(source: GeneratedSource) -> Iterator[PlanEntry]:
    token = None
    while True:
        page = source.list_page(token=token)
        for info in page.objects:
            yield CopyItem(source, info, info.key)
        token = page.next_token
        if token is None:
            return


def test_every_entry_of_a_plan_is_in_the_report() -> None:
    """Failures, notes, skips and sources without a match, as of the real run."""
    failure = Failure("memory://x/y", "", errors.PermissionDeniedError("no"))
    entries: list[PlanEntry] = [failure, Note("note"), Skipped("x/"), Unmatched("z*", "nothing")]
    observer = Recorder()
    plan = itertools.chain(entries, _plan(GeneratedSource(2, 10)))
    report = _run(_container(), plan, observer)
    assert (report.done_count, report.done_bytes) == (2, 20)
    assert (report.failures, report.failed_count, report.skipped_count) == ((failure,), 1, 1)
    assert (report.unmatched, report.notes) == (("z*",), ("note", "nothing"))
    assert observer.notes == ["note", "nothing"]


def test_decisions_come_in_the_order_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although they are made side by side; what isn't wanted is skipped."""
    monkeypatch.setattr(tally_module, "TICK_S", 0)
    source = GeneratedSource(300, 10)
    keys = [info.key for info in source.list_page(page_size=300).objects]
    wanted = set(keys[::3])
    observer = Recorder()
    report = _run(_container(), _plan(source), observer, is_wanted=lambda item: item.key in wanted)
    assert [planned.source for planned in observer.told] == [
        source.uri_of(key) for key in keys[::3]
    ]
    assert (report.done_count, report.skipped_count) == (100, 200)
    assert len(observer.snapshots) == 300


@pytest.mark.parametrize(
    ("error", "stops"),
    [(errors.PermissionDeniedError("no"), False), (errors.CredentialsError("wrong"), True)],
)
def test_a_decision_that_fails(error: errors.S3dlioError, stops: bool) -> None:
    """One of object scope is that object's; any other ends the run."""
    destination = FaultyStore(_container(), [Fault("head", error, times=None)])

    def is_wanted(item: CopyItem) -> bool:
        return destination.head(item.key) is None

    report = _run(destination, _plan(GeneratedSource(5, 1)), is_wanted=is_wanted)
    assert report.failed_count == (0 if stops else 5)
    assert type(report.stopped_by) is (type(error) if stops else type(None))
    assert report.planned == ()


def test_a_dry_run_can_be_cancelled() -> None:
    """From the observer, or from another thread."""
    cancel = CancelToken()

    class Cancelling(Recorder):
        def planned(self, planned: Planned) -> None:
            super().planned(planned)
            cancel.cancel()

    observer = Cancelling()
    report = _run(_container(), _plan(GeneratedSource(5, 1)), observer, cancel)
    assert isinstance(report.stopped_by, errors.CancelledError)
    assert report.done_count == len(observer.told) == 1


def test_an_observer_that_raises_is_told_the_end() -> None:
    """And its error goes on."""

    class Raising(Recorder):
        def planned(self, planned: Planned) -> None:
            raise ZeroDivisionError

    observer = Raising()
    with pytest.raises(ZeroDivisionError):
        _run(_container(), _plan(GeneratedSource(5, 1)), observer)
    assert len(observer.ends) == 1


def test_the_report_keeps_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The observer is told all."""
    monkeypatch.setattr(tally_module, "PLANNED_KEPT_MAX", 3)
    observer = Recorder()
    report = _run(_container(), _plan(GeneratedSource(5, 1)), observer)
    assert (len(report.planned), report.done_count, len(observer.told)) == (3, 5, 5)


# Deletions.


def test_a_deletion_is_told_and_not_done(tmp_path: Path) -> None:
    """Neither of the files nor of the directory."""
    _write(tmp_path / "in", "a", "sub/b")
    before = _tree(tmp_path)
    observer = Recorder()
    report = delete(f"{tmp_path}/in/", recursive=True, dry_run=True, progress=observer)
    assert before == _tree(tmp_path)
    assert (
        report.planned
        == tuple(observer.told)
        == tuple(Planned(f"file://{tmp_path}/in/{name}", "", None) for name in ("a", "sub/b"))
    )
    assert (report.dry_run, report.done_count) == (True, 2)
    with pytest.raises(errors.UsageError):
        delete(tmp_path / "in", dry_run=True)
    with pytest.raises(errors.NothingMatchedError):
        delete(tmp_path / "no", dry_run=True)


# Property.

_NAMES = st.sampled_from(["a", "b", "a b", "ä", "sub"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
#: Sizes that are often alike.
_CONTENTS = st.sampled_from([b"", b"one", b"two", b"three"])
_RULES: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    ("never", None),
    ("newer", None),
    ("changed", None),
    ("changed", "size"),
    ("changed", "checksum"),
)


@settings(max_examples=100, deadline=None)
@given(
    sources=st.dictionaries(_PATHS, _CONTENTS, min_size=1, max_size=6),
    existing=st.dictionaries(_PATHS, _CONTENTS, max_size=6),
    existing_is_newer=st.booleans(),
    recursive=st.booleans(),
    to_files=st.booleans(),
    rule=st.sampled_from(_RULES),
)
def test_what_is_told_is_what_the_real_run_does(
    sources: dict[str, bytes],
    existing: dict[str, bytes],
    existing_is_newer: bool,
    recursive: bool,
    to_files: bool,
    rule: tuple[str | None, str | None],
) -> None:
    """The same objects to the same names, of any tree onto any other; and the same failures."""
    origin = _new_uri()
    create_container(origin)
    with tempfile.TemporaryDirectory() as directory:
        goal = f"file://{directory}/out" if to_files else _new_uri()
        create_container(goal)
        writes = [(origin, sources), (goal, existing)]
        for uri, contents in writes if existing_is_newer else reversed(writes):
            for key, content in contents.items():
                with contextlib.suppress(errors.InvalidKeyError):  # both a file and a directory
                    put(f"{uri}/{key}", content)
        before = _contents(goal)
        dry = _outcome(origin, goal, rule, recursive=recursive, dry_run=True)
        assert _contents(goal) == before
        real = _outcome(origin, goal, rule, recursive=recursive, dry_run=False)
        if isinstance(dry, str) or isinstance(real, str):
            assert dry == real
            return
        told = {planned.destination: get(planned.source) for planned in dry.planned}
        assert _contents(goal) == {**before, **told}
        for name in ("done_count", "done_bytes", "skipped_count", "unmatched", "notes"):
            assert getattr(dry, name) == getattr(real, name)
        assert {failure.source for failure in dry.failures} == {
            failure.source for failure in real.failures
        }


def _outcome(
    source: str, goal: str, rule: tuple[str | None, str | None], *, recursive: bool, dry_run: bool
) -> TransferReport | str:
    """Copy, and return the report, or what the error says."""
    try:
        return copy(
            f"{source}/",
            f"{goal}/",
            recursive=recursive,
            dry_run=dry_run,
            overwrite=rule[0],
            compare=rule[1],
            raise_on_failure=False,
        )
    except errors.NothingMatchedError as error:
        return str(error)


def _contents(uri: str) -> dict[str, bytes]:
    with open_store(uri) as store:
        return {
            store.uri_of(one.key): get(store.uri_of(one.key))
            for one in iterate(store)
            if isinstance(one, ObjectInfo)
        }


def test_a_listed_object_is_what_is_planned() -> None:
    """Its size is the listing's."""
    info = ObjectInfo("k", 7)
    store = _container()
    report = _run(store, iter([CopyItem(store, info, "x")]))
    assert report.planned == (Planned(store.uri_of("k"), store.uri_of("x"), 7),)
