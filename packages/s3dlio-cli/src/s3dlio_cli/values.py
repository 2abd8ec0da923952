"""Objects and buckets as lines and as values for JSON. Pure; field names are an interface."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import printable
from s3dlio_progress import format_bytes

if TYPE_CHECKING:
    from s3dlio_core.operations import ListEntry
    from s3dlio_core.store import Attributes, ContainerInfo, ObjectInfo

__all__ = ["container_values", "entry_values", "info_lines", "info_values"]

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


def info_values(info: ObjectInfo) -> dict[str, Any]:
    """Return all that is known of an object."""
    values: dict[str, Any] = {
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


def container_values(container: ContainerInfo) -> dict[str, Any]:
    """Return a bucket."""
    return {"name": container.name, "created": _time(container.created)}
