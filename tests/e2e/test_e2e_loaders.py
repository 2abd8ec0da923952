"""Data sets in worker processes, forked and spawned, on every store that processes can share."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

import s3dlio
from s3dlio_core.memory_store import MemoryProvider
from tests.e2e.any_store import BlobPrefix, DirectDirectory, Directory, Prefix
from tests.e2e.loaders import ByStore, ByUri, Loader
from tests.e2e.truth import Bucket, boto3_client
from tests.servers.endpoint import SECRET_KEY, SESSION_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.any_store import Place
    from tests.e2e.loaders import Sample
    from tests.servers import MotoServer

pytestmark = pytest.mark.one_wire

START_METHODS: Final = ("fork", "spawn")
SAMPLES: Final = {f"{n % 3}/{n:02}.bin": bytes([n]) * (1000 * n + 1) for n in range(40)}


@pytest.fixture(params=["moto"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """The samples in a directory, or in a bucket of a server that the environment names."""
    place: Place = Directory(tmp_path / "samples")
    with contextlib.ExitStack() as stack:
        if request.param == "direct":
            place = DirectDirectory(request.getfixturevalue("direct_directory") / "samples")
        elif request.param == "azurite":
            for name, value in request.getfixturevalue("azurite").environment.items():
                monkeypatch.setenv(name, value)
            place = BlobPrefix(request.getfixturevalue("azurite_container"), "samples")
        elif request.param != "file":
            server = request.getfixturevalue(f"{request.param}_s3")
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            client = stack.enter_context(boto3_client(server))
            name = request.getfixturevalue(f"{request.param}_bucket")
            place = Prefix(Bucket(client, name), "samples")
        place.fill(SAMPLES)
        yield place


def by_uri(place: Place) -> dict[str, bytes]:
    """The samples by their URIs."""
    return {f"{place.uri}/{name}": content for name, content in SAMPLES.items()}


def loaded(loader: Loader) -> dict[str, bytes]:
    """All samples of an epoch, each of which comes once."""
    samples: list[Sample] = [sample for batch in loader for sample in batch]
    assert len(samples) == len(dict(samples))
    return dict(samples)


@pytest.mark.parametrize("start_method", START_METHODS)
@pytest.mark.parametrize("place", ["file", "direct", "moto", "rclone", "azurite"], indirect=True)
def test_samples_by_uri(place: Place, start_method: str) -> None:
    """Two workers read every sample once, in two epochs."""
    wanted = by_uri(place)
    s3dlio.get_many(list(wanted)[:3])  # the parent has used the library already
    for seed in (1, 2):
        loader = Loader(ByUri(list(wanted)), start_method, seed=seed)
        assert loaded(loader) == wanted


@pytest.mark.parametrize("start_method", START_METHODS)
@pytest.mark.parametrize("place", ["file", "direct", "moto", "rclone", "azurite"], indirect=True)
def test_samples_of_a_store_that_is_in_use(place: Place, start_method: str) -> None:
    """The store goes to the workers while the parent reads with it, before, meanwhile and after."""
    base, _, prefix = place.uri.rpartition("/")
    keys = {f"{prefix}/{name}": content for name, content in SAMPLES.items()}
    with s3dlio.open_store(base) as store, reading(store, keys):
        for seed in (1, 2):
            loader = Loader(ByStore(store, list(keys)), start_method, seed=seed)
            assert loaded(loader) == keys
        assert dict(s3dlio.get_many(keys, store=store)) == keys


class reading:  # noqa: N801 - used like a function
    """Threads that read all samples again and again, and so hold locks whenever a fork happens."""

    def __init__(self, store: s3dlio.ObjectStore, wanted: dict[str, bytes]) -> None:
        self._store = store
        self._wanted = wanted
        self._over = threading.Event()
        self._wrong: list[object] = []
        self._thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        try:
            while not self._over.is_set():
                found = dict(s3dlio.get_many(self._wanted, 4, store=self._store))
                if found != self._wanted:
                    self._wrong.append(found.keys())
        except s3dlio.S3dlioError as error:
            self._wrong.append(error)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        assert self._wrong == []


def test_credentials_go_with_a_store_that_was_given_them(moto: Bucket, moto_s3: MotoServer) -> None:
    """A spawned worker needs no environment: what was given explicitly travels in the pickle."""
    moto.put("a", b"1")
    options = {
        "endpoint_url": moto_s3.endpoint_url,
        "region": moto_s3.region,
        "access_key_id": moto_s3.access_key,
        "secret_access_key": moto_s3.secret_key,
        "session_token": SESSION_TOKEN,
        "ca_bundle": moto_s3.ca_bundle,
    }
    options = {name: value for name, value in options.items() if value}
    with s3dlio.open_store(moto.uri, options=options) as store:
        assert loaded(Loader(ByStore(store, ["a"]), "spawn", workers=1)) == {"a": b"1"}
    uris = ByUri([f"{moto.uri}/a"], options)
    assert loaded(Loader(uris, "spawn", workers=1)) == {f"{moto.uri}/a": b"1"}


def test_found_credentials_stay_at_home(moto: Bucket, moto_s3: MotoServer) -> None:
    """What the environment gave is in no pickle: each process looks for its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto_s3.environment.items():
            patch.setenv(name, value)
        with s3dlio.open_store(moto.uri) as store:
            store.list_page()
            assert SECRET_KEY.encode() not in pickle.dumps(store)


@pytest.mark.parametrize("start_method", START_METHODS)
def test_errors_come_back(place: Place, start_method: str) -> None:
    """A sample that is missing is an error in the parent, with all that the worker knew."""
    uris = [*by_uri(place), f"{place.uri}/missing"]
    with pytest.raises(s3dlio.TransferFailedError, match="missing") as caught:
        loaded(Loader(ByUri(uris), start_method))
    (failure,) = caught.value.report.failures
    assert isinstance(failure.error, s3dlio.ObjectNotFoundError)
    assert failure.source == f"{place.uri}/missing"


def test_epoch_may_be_left(place: Place) -> None:
    """Who breaks off after a batch leaves no process behind."""
    batches: Iterator[list[Sample]] = iter(Loader(ByUri(list(by_uri(place))), "fork"))
    assert len(next(batches)) == 8
    batches.close()  # type: ignore[attr-defined] # it is a generator
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("start_method", START_METHODS)
def test_functions_run_in_a_pool(place: Place, start_method: str) -> None:
    """The functions themselves, and what they return, go to processes and back."""
    uris = list(by_uri(place))[:4]
    context = multiprocessing.get_context(start_method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        infos = list(pool.map(s3dlio.stat, uris))
        report = pool.submit(
            s3dlio.copy, uris, f"{place.uri}/copies/", raise_on_failure=False
        ).result()
    assert [info.size_bytes for info in infos] == [len(by_uri(place)[uri]) for uri in uris]
    assert (report.ok, report.done_count) == (True, 4)


def test_memory_is_of_one_process() -> None:
    """A forked worker has a copy of what is in memory, and what it does there stays there."""
    MemoryProvider().create_container("loaders")
    s3dlio.put("memory://loaders/a", b"1")
    dataset = ByUri(["memory://loaders/a"])
    assert loaded(Loader(dataset, "fork", workers=1)) == {"memory://loaders/a": b"1"}
    with pytest.raises(s3dlio.ContainerNotFoundError):
        loaded(Loader(dataset, "spawn", workers=1))
    s3dlio.delete("memory://loaders/a")
    s3dlio.delete_container("memory://loaders")
