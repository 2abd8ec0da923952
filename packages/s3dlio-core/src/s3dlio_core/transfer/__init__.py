"""Moving objects between any two stores.

plan         what is copied where: items and the sizes of parts; pure values
buffers      reused page-aligned memory under one budget
object_copy  one object in one piece, and what all copies have in common
parted_copy  one object in parts, streamed; the choice between the two
within_store what the destination copies by itself, whole or in parts
overwrite    whether an object is copied when its destination exists
existing     what stands at the destination, from its listing
same_content whether a destination has its source's bytes already
engine       worker threads over a stream of items
aborts       what a run leaves unfinished
second_tries what failed and is tried again at the end
frames       what an error that is kept must not keep
dry_run      the same without any write
in_order     calling a function on a stream, many at a time
named        finding objects by their names instead of by a listing
ledger       what the engine's threads have done
tally        the counts of a run in one thread
failure_lists files that name what failed
moving       verified deletion of sources, and renames
own_sources  what a move would write onto sources of the same run
events       what an observer is told, and how a run is cancelled
report       the outcome
"""

from __future__ import annotations

from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.report import Failure, Planned, Settled, TransferReport

__all__ = [
    "CancelToken",
    "Failure",
    "Planned",
    "Settled",
    "Snapshot",
    "TransferObserver",
    "TransferReport",
]
