"""What tests run in child processes: functions that a spawned interpreter can import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import s3dlio


def send_object(store: s3dlio.ObjectStore, key: str, answer: Connection) -> None:
    """Read an object of a store that came from another process, and send it there."""
    with store.open_reader(key) as reader:
        content = reader.read()
    store.put(f"{key}-copy", content or b"")
    answer.send(content)
    answer.close()
