"""A client process that carries the files of a directory to Azure Blob Storage, or back.

    python -I tools/bench/azure_blobs_client.py obstore up DIRECTORY CONTAINER PREFIX
    python -I tools/bench/azure_blobs_client.py versions

Rules of this file: it is a script, so that an interpreter runs it that has the client but nothing
of this repository; it imports only the client that it is asked for. Where a client leaves to its
user how many requests are made at a time, it is `JOBS`. A download lists what lies below the
prefix, as those do that are told only that.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import itertools
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

JOBS = 8


def s3dlio_up(directory: Path, container: str, prefix: str) -> None:
    """The Python API."""
    s3dlio = importlib.import_module("s3dlio")
    s3dlio.upload(f"{directory}/", f"az://{container}/{prefix}/", max_in_flight=JOBS)


def s3dlio_down(directory: Path, container: str, prefix: str) -> None:
    """The Python API."""
    s3dlio = importlib.import_module("s3dlio")
    s3dlio.download(f"az://{container}/{prefix}/", f"{directory}/", max_in_flight=JOBS)


@contextlib.contextmanager
def sdk_container(container: str) -> Iterator[Any]:
    """The SDK's client of a container."""
    blob = importlib.import_module("azure.storage.blob")
    connection_string = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    with blob.ContainerClient.from_connection_string(connection_string, container) as client:
        yield client


def sdk_up(directory: Path, container: str, prefix: str) -> None:
    """A pool of threads over several files, the SDK's own threads over the blocks of one."""
    paths = files_of(directory)
    with sdk_container(container) as client:

        def send(path: Path, blocks_at_a_time: int) -> None:
            with path.open("rb") as file:
                name = f"{prefix}/{path.name}"
                client.upload_blob(name, file, overwrite=True, max_concurrency=blocks_at_a_time)

        on_threads(send, paths)


def sdk_down(directory: Path, container: str, prefix: str) -> None:
    """As the upload."""
    with sdk_container(container) as client:

        def fetch(name: str, blocks_at_a_time: int) -> None:
            with (directory / name.rpartition("/")[2]).open("wb") as file:
                client.download_blob(name, max_concurrency=blocks_at_a_time).readinto(file)

        on_threads(fetch, list(client.list_blob_names(name_starts_with=f"{prefix}/")))


def on_threads(one: Callable[[Any, int], None], items: Sequence[Any]) -> None:
    """Do something to each item, with the number of its own threads."""
    if len(items) == 1:
        one(items[0], JOBS)
        return
    with ThreadPoolExecutor(JOBS) as threads:
        for _ in threads.map(one, items, itertools.repeat(1)):
            pass


def obstore_store(container: str) -> Any:
    """The store of obstore for a container."""
    return importlib.import_module("obstore.store").AzureStore(
        container,
        account_name=os.environ["AZURE_STORAGE_ACCOUNT"],
        account_key=os.environ["AZURE_STORAGE_KEY"],
        endpoint=os.environ["AZURE_STORAGE_ENDPOINT"],
        client_options={"allow_http": True},
    )


def obstore_up(directory: Path, container: str, prefix: str) -> None:
    """A pool of threads over several files, its own tasks over the blocks of one."""
    obstore = importlib.import_module("obstore")
    store = obstore_store(container)

    def send(path: Path) -> None:
        obstore.put(store, f"{prefix}/{path.name}", path, max_concurrency=JOBS)

    with ThreadPoolExecutor(JOBS) as threads:
        for _ in threads.map(send, files_of(directory)):
            pass


def obstore_down(directory: Path, container: str, prefix: str) -> None:
    """A pool of threads over several blobs, one stream a blob."""
    obstore = importlib.import_module("obstore")
    store = obstore_store(container)
    names = [meta["path"] for page in obstore.list(store, f"{prefix}/") for meta in page]

    def fetch(name: str) -> None:
        with (directory / name.rpartition("/")[2]).open("wb") as file:
            for piece in obstore.get(store, name).stream():
                file.write(piece)

    with ThreadPoolExecutor(JOBS) as threads:
        for _ in threads.map(fetch, names):
            pass


def adlfs_system() -> Any:
    """The file system of adlfs."""
    connection_string = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    return importlib.import_module("adlfs").AzureBlobFileSystem(connection_string=connection_string)


def adlfs_up(directory: Path, container: str, prefix: str) -> None:
    """Its own copying of a directory, as it is by default."""
    adlfs_system().put(f"{directory}/", f"{container}/{prefix}/", recursive=True)


def adlfs_down(directory: Path, container: str, prefix: str) -> None:
    """Its own copying of a directory, as it is by default."""
    adlfs_system().get(f"{container}/{prefix}/", f"{directory}/", recursive=True)


def files_of(directory: Path) -> list[Path]:
    """The files of a directory, by name."""
    return sorted(directory.iterdir())


#: By the client's name: what sends the files of a directory, and what fetches them.
CLIENTS: dict[str, dict[str, Callable[[Path, str, str], None]]] = {
    "s3dlio": {"up": s3dlio_up, "down": s3dlio_down},
    "azure-storage-blob": {"up": sdk_up, "down": sdk_down},
    "obstore": {"up": obstore_up, "down": obstore_down},
    "adlfs": {"up": adlfs_up, "down": adlfs_down},
}


#: Where it is not the client's own: the name of its distribution.
DISTRIBUTIONS = {"s3dlio": "s3dlio-cli"}


def versions() -> dict[str, str]:
    """Those clients that this interpreter has."""
    found = {}
    for name in CLIENTS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(DISTRIBUTIONS.get(name, name))
    return found


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=["versions", *CLIENTS])
    parser.add_argument("direction", choices=["up", "down"], nargs="?")
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("container", nargs="?")
    parser.add_argument("prefix", nargs="?")
    options = parser.parse_args()
    if options.client == "versions":
        sys.stdout.write(json.dumps(versions()) + "\n")
        return
    carry = CLIENTS[options.client][options.direction]
    carry(options.directory, options.container, options.prefix)


if __name__ == "__main__":
    main()
