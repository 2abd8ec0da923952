"""The lines of a listing on standard output, and what is said of them at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_cli.output import emit, emit_json, emit_name, say
from s3dlio_cli.usage import Total
from s3dlio_cli.values import (
    container_line,
    container_values,
    entry_line,
    entry_values,
    size_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3dlio_cli.several import Several
    from s3dlio_core.operations import ListEntry
    from s3dlio_core.store import ContainerInfo
    from s3dlio_core.uri import Uri

__all__ = ["Listing"]


class Listing:
    """Shows what is found, and counts it."""

    def __init__(self, *, as_json: bool, long: bool, human: bool, summarize: bool) -> None:
        """Begin with nothing.

        Args:
            as_json: an object a line, whatever else is asked for.
            long: size and time in front of each URI.
            human: sizes with units.
            summarize: objects and bytes at the end, on standard output.
        """
        self._as_json = as_json
        self._long = long
        self._human = human
        self._summarize = summarize
        self._total = Total()
        self._prefix_count = 0
        self._bucket_count: int | None = None

    def show(self, entry: ListEntry) -> None:
        """Show an object or a prefix."""
        if entry.info is None:
            self._prefix_count += 1
        else:
            self._total.add(entry.info.size_bytes)
        if self._as_json:
            emit_json(entry_values(entry))
        else:
            emit_name(entry_line(entry, human=self._human) if self._long else entry.uri)

    def show_buckets(self, account: Uri, buckets: Iterable[ContainerInfo]) -> None:
        """Show the buckets of an account."""
        self._bucket_count = self._bucket_count or 0
        for bucket in buckets:
            self._bucket_count += 1
            uri = f"{replace(account, container=bucket.name)}/"
            if self._as_json:
                emit_json(container_values(uri, bucket))
            else:
                emit_name(container_line(uri, bucket) if self._long else uri)

    def end(self, several: Several) -> int:
        """Say the totals, and return the exit code; nothing is said of nothing but an error."""
        total = self._total
        code = several.end(
            object_count=total.object_count,
            total_bytes=total.size_bytes,
            prefix_count=self._prefix_count,
            bucket_count=self._bucket_count or 0,
        )
        if code and not (total.object_count or self._prefix_count or self._bucket_count):
            return code
        if self._bucket_count is not None and not several.settings.is_silent:
            say(f"Total buckets: {self._bucket_count}")
        if self._summarize and not self._as_json:
            emit(f"Total objects: {total.object_count}")
            emit(f"Total size: {size_text(total.size_bytes, human=self._human)}")
        elif self._bucket_count is None and not several.settings.is_silent:
            say(f"Total objects: {total.object_count}")
        return code
