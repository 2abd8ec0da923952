"""Objects and buckets as lines and as values for JSON. Pure; field names are an interface."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import printable
from s3dlio_progress import format_bytes

if TYPE_CHECKING:
    from s3dlio_cli.usage import Total
    from s3dlio_core.operations import ListEntry
    from s3dlio_core.store import Attributes, ContainerInfo, ObjectInfo

__all__ = [
    "container_line",
    "container_values",
    "entry_line",
    "entry_values",
    "info_lines",
    "info_values",
    "size_text",
    "usage_line",
    "usage_values",
]

_HEADERS = (
    ("content_type", "Content-Type"),
    ("cache_control", "Cache-Control"),
    ("content_encoding", "Content-Encoding"),
    ("content_language", "Content-Language"),
    ("content_disposition", "Content-Disposition"),
)


def _time(seconds: float | None) -> str | None:
    """Return a time as RFC 3339 writes it, in UTC."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def size_text(size_bytes: int, *, human: bool) -> str:
    """Return a number of bytes, alone or as people read it."""
    return format_bytes(size_bytes) if human else str(size_bytes)


def entry_line(entry: ListEntry, *, human: bool) -> str:
    """Return a line of a long listing: size, time in UTC, URI; "-" is what isn't known."""
    if entry.info is None:
        return _long_line("-", None, entry.uri)
    return _long_line(size_text(entry.info.size_bytes, human=human), entry.info.mtime, entry.uri)


def container_line(uri: str, container: ContainerInfo) -> str:
    """Return a bucket as a line of a long listing."""
    return _long_line("-", container.created, uri)


def _long_line(size: str, seconds: float | None, uri: str) -> str:
    time = _time(None if seconds is None else int(seconds // 1)) or "-"
    return f"{size:>14}  {time.replace('.000Z', 'Z'):<20}  {uri}"


def usage_line(uri: str, total: Total, *, human: bool) -> str:
    """Return what lies below a directory: bytes, objects, URI."""
    return f"{size_text(total.size_bytes, human=human):>14}  {total.object_count:>10}  {uri}"


def usage_values(uri: str, total: Total) -> dict[str, Any]:
    """Return what lies below a directory."""
    return {
        "type": "usage",
        "uri": uri,
        "object_count": total.object_count,
        "total_bytes": total.size_bytes,
    }


def entry_values(entry: ListEntry) -> dict[str, Any]:
    """Return a line of a listing: an object, or a prefix that holds deeper ones."""
    if entry.info is None:
        return {"type": "prefix", "uri": entry.uri}
    info = entry.info
    return {
        "type": "object",
        "uri": entry.uri,
        "key": info.key,
        "size_bytes": info.size_bytes,
        "modified": _time(info.mtime),
        "etag": info.etag,
        "storage_class": info.storage_class,
    }


def info_values(uri: str, info: ObjectInfo) -> dict[str, Any]:
    """Return all that is known of an object."""
    values: dict[str, Any] = {
        "type": "object",
        "uri": uri,
        "key": info.key,
        "size_bytes": info.size_bytes,
        "modified": _time(info.mtime),
        "etag": info.etag,
        "version": info.version,
        "storage_class": info.storage_class,
        "encryption": info.encryption,
        "checksums": dict(info.checksums),
        "checksum_type": None if info.checksum_type is None else info.checksum_type.value,
    }
    if info.attributes is not None:
        values |= {name: getattr(info.attributes, name) for name, _ in _HEADERS}
        values["metadata"] = dict(info.attributes.metadata)
    return values


def info_lines(uri: str, info: ObjectInfo) -> list[str]:
    """Return all that is known of an object, a line each, without what is unset."""
    known = [
        ("URI", uri),
        ("Size", f"{info.size_bytes} bytes ({format_bytes(info.size_bytes)})"),
        ("Modified", _time(info.mtime)),
        ("ETag", info.etag),
        ("Version", info.version),
        ("Storage class", info.storage_class),
        ("Encryption", info.encryption),
        *((f"Checksum {name}", value) for name, value in sorted(info.checksums.items())),
        *(_attribute_rows(info.attributes) if info.attributes is not None else ()),
    ]
    rows = [(name, value) for name, value in known if value]
    columns = max(len(name) for name, _ in rows) + 2
    return [f"{printable(name) + ':':<{columns}}{printable(value)}" for name, value in rows]


def _attribute_rows(attributes: Attributes) -> list[tuple[str, str]]:
    headers = [(label, getattr(attributes, name)) for name, label in _HEADERS]
    metadata = [(f"Metadata {name}", value) for name, value in sorted(attributes.metadata.items())]
    return headers + metadata


def container_values(uri: str, container: ContainerInfo) -> dict[str, Any]:
    """Return a bucket."""
    return {
        "type": "bucket",
        "uri": uri,
        "name": container.name,
        "created": _time(container.created),
    }
