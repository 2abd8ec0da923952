"""A loader that works as PyTorch's DataLoader does with worker processes, and data sets for it.

What matters is copied from there: the data set goes to each worker as it is (by fork, or pickled by
spawn), each worker gets index lists from a queue of its own, and the loader gives the batches in
their order. Source: PyTorch documentation, "torch.utils.data", "Multi-process Data Loading".
"""

from __future__ import annotations

import multiprocessing
import random
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import s3dlio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: A worker that gives no batch for so long hangs.
HANGING_S: Final = 120.0

Sample = tuple[str, bytes]


class Dataset(Protocol):
    """A map-style data set; PyTorch calls `__getitems__` where there is one."""

    def __len__(self) -> int:
        """How many samples there are."""

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """The samples of these numbers."""


@dataclass(frozen=True)
class ByUri:
    """Samples by their URIs: each batch opens connections of its own."""

    uris: Sequence[str]
    options: Mapping[str, str] | None = None

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.uris)

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """Read them together."""
        return s3dlio.get_many([self.uris[index] for index in indices], 8, options=self.options)


@dataclass(frozen=True)
class ByStore:
    """Samples of an open store, which keeps its connections from batch to batch."""

    store: s3dlio.ObjectStore
    keys: Sequence[str]

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.keys)

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """Read them together."""
        return s3dlio.get_many([self.keys[index] for index in indices], 8, store=self.store)


def _work(dataset: Dataset, indices: Any, batches: Any) -> None:
    """What a worker does: batch by batch, until it gets None."""
    while (asked := indices.get()) is not None:
        number, wanted = asked
        try:
            batches.put((number, dataset.__getitems__(wanted)))
        except s3dlio.S3dlioError as error:
            batches.put((number, error))


@dataclass
class Loader:
    """Gives a data set's samples in batches.

    Attributes:
        dataset: goes to each worker.
        start_method: "fork" or "spawn".
        workers: how many processes.
        batch_size: samples in a batch.
        seed: of the order.
    """

    dataset: Dataset
    start_method: str
    workers: int = 2
    batch_size: int = 8
    seed: int = 1

    def __iter__(self) -> Iterator[list[Sample]]:
        """One epoch: each sample once, shuffled; an error of a worker is raised here."""
        order = list(range(len(self.dataset)))
        random.Random(self.seed).shuffle(order)
        wanted = [order[at : at + self.batch_size] for at in range(0, len(order), self.batch_size)]
        context: Any = multiprocessing.get_context(self.start_method)
        batches = context.Queue()
        queues = [context.Queue() for _ in range(self.workers)]
        processes = [
            context.Process(target=_work, args=(self.dataset, queue, batches), daemon=True)
            for queue in queues
        ]
        for process in processes:
            with warnings.catch_warnings():
                # Python 3.12 warns of forks beside threads, which are what is tried.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
        try:
            for number, indices in enumerate(wanted):
                queues[number % self.workers].put((number, indices))
            for queue in queues:
                queue.put(None)
            yield from _in_order(batches, len(wanted))
            for process in processes:
                process.join(HANGING_S)
                assert process.exitcode == 0
        finally:
            for process in processes:
                process.kill()
                process.join()


def _in_order(batches: Any, count: int) -> Iterator[list[Sample]]:
    arrived: dict[int, list[Sample] | s3dlio.S3dlioError] = {}
    for number in range(count):
        while number not in arrived:
            at, batch = batches.get(timeout=HANGING_S)
            arrived[at] = batch
        found = arrived.pop(number)
        if isinstance(found, s3dlio.S3dlioError):
            raise found
        yield found
