"""What `memory://` holds: the containers of this process, and the checks that all calls share.

Rules that hold in this file:
- Containers live in one dictionary of the process, by name. It is the only state.
- One lock per container, held for look-ups and swaps only, never while bytes are copied (joining
  the parts of an upload is the exception). At most one container's lock is held at a time.
- Contents are immutable `bytes`; whoever has them needs no lock.
- `str` sorts by code points, which is the order of the UTF-8 bytes except for lone surrogates;
  keys with those are refused.
"""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import itertools
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from s3dlio_core.errors import (
    ContainerExistsError,
    ContainerNotEmptyError,
    ContainerNotFoundError,
    InvalidKeyError,
    InvalidRangeError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
    S3dlioError,
)
from s3dlio_core.store import (
    Attributes,
    Capabilities,
    Condition,
    ContainerInfo,
    CopySource,
    Limits,
    ObjectInfo,
    Part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its description and its bytes."""

    info: ObjectInfo
    content: bytes
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Upload:
    """An unfinished upload: its parts by number, with their bytes."""

    key: str
    attributes: Attributes
    condition: Condition | None
    initiated: float
    parts: dict[int, tuple[Part, bytes]] = field(default_factory=dict)


class Container:
    """Objects and uploads under one lock, with the keys in order."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.created = time.time()
        self.deleted = False
        self.objects: dict[str, Stored] = {}
        self.versions: dict[tuple[str, str], Stored] = {}
        self.keys: list[str] = []
        self.uploads: dict[str, Upload] = {}

    def set(self, key: str, stored: Stored) -> None:
        """Store an object. The caller holds the lock."""
        if key not in self.objects:
            bisect.insort(self.keys, key)
        self.objects[key] = stored

    def discard(self, key: str) -> None:
        """Forget an object, if there is one. The caller holds the lock."""
        if self.objects.pop(key, None) is not None:
            del self.keys[bisect.bisect_left(self.keys, key)]


_containers: dict[str, Container] = {}
_containers_lock = threading.Lock()
_numbers = itertools.count(1)


def _hold_all_locks() -> None:
    _containers_lock.acquire()
    for container in _containers.values():
        container.lock.acquire()


def _release_all_locks() -> None:
    for container in _containers.values():
        container.lock.release()
    _containers_lock.release()


# A fork while another thread holds a lock would leave it locked in the child for ever.
os.register_at_fork(
    before=_hold_all_locks,
    after_in_parent=_release_all_locks,
    after_in_child=_release_all_locks,
)


def new_number() -> int:
    """Return a number that this process never used before, for ETags and tokens."""
    return next(_numbers)


def new_etag() -> str:
    """Return an ETag that this process never used before."""
    return f"{new_number():032x}"


def create_container(name: str) -> None:
    """Create a container, or raise ContainerExistsError."""
    with _containers_lock:
        if name in _containers:
            raise ContainerExistsError(
                "the container exists", operation="create_container", uri=f"memory://{name}"
            )
        _containers[name] = Container()


def delete_container(name: str) -> None:
    """Delete an empty container, or say why not."""
    operation, uri = "delete_container", f"memory://{name}"
    with _containers_lock:
        container = _containers.get(name)
        if container is None:
            raise ContainerNotFoundError("no such container", operation=operation, uri=uri)
        with container.lock:
            if container.objects:
                reason = "the container isn't empty"
                raise ContainerNotEmptyError(reason, operation=operation, uri=uri)
            container.deleted = True
            del _containers[name]


def container_infos() -> list[ContainerInfo]:
    """Describe all containers, by name."""
    with _containers_lock:
        found = [ContainerInfo(name, held.created) for name, held in _containers.items()]
    return sorted(found, key=lambda info: info.name)


def container_exists(name: str) -> bool:
    """Return whether there is such a container now."""
    return name in _containers


def endpoint() -> str:
    """Name this process: another one has other containers of the same names."""
    return f"process-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Handle:
    """A container's name with what a store declares for it: the checks that calls share.

    Picklable. A method's `operation` and `key` are what an error names.
    """

    name: str
    limits: Limits
    capabilities: Capabilities

    def uri_of(self, key: str | None) -> str:
        """Return the URI of a key, or of the container."""
        return f"memory://{self.name}" if key is None else f"memory://{self.name}/{key}"

    def fail(
        self, cls: type[S3dlioError], reason: str, operation: str, key: str | None = None
    ) -> NoReturn:
        """Raise an error of a class."""
        raise cls(reason, operation=operation, uri=self.uri_of(key))

    def need(self, what: str, operation: str, has: bool, key: str | None = None) -> None:
        """Raise NotSupportedError unless a capability is there."""
        if not has:
            self.fail(NotSupportedError, f"{what} isn't supported here", operation, key)

    def check_key(self, operation: str, key: str) -> None:
        """Raise InvalidKeyError when no object can have this key."""
        if not key:
            self.fail(InvalidKeyError, "the key is empty", operation, key)
        try:
            key.encode()
        except UnicodeEncodeError:
            self.fail(InvalidKeyError, "the key can't be written in UTF-8", operation, key)

    def check_write(self, operation: str, key: str, condition: Condition | None) -> None:
        """Check all of a write that doesn't depend on what is stored."""
        self.check_key(operation, key)
        if condition is not None and condition.if_absent:
            self.need("if_absent", operation, self.capabilities.put_if_absent, key)
        if condition is not None and condition.if_match is not None:
            self.need("if_match", operation, self.capabilities.put_if_match, key)

    def kept(self, attributes: Attributes | None) -> Attributes:
        """Return what is kept of a writer's attributes: a copy."""
        if attributes is None or not self.capabilities.attributes:
            return Attributes()
        tags = dict(attributes.tags) if self.capabilities.tags else {}
        return dataclasses.replace(
            attributes, metadata=dict(attributes.metadata), storage_class="", tags=tags, mode=None
        )

    def container(self, operation: str, key: str | None = None) -> Container:
        """Return the container, or raise ContainerNotFoundError."""
        container = _containers.get(self.name)
        if container is None:
            self.fail(ContainerNotFoundError, "no such container", operation, key)
        return container

    @contextlib.contextmanager
    def locked(self, operation: str, key: str | None = None) -> Iterator[Container]:
        """Hold the lock of the container, which isn't deleted meanwhile."""
        container = self.container(operation, key)
        with container.lock:
            if container.deleted:
                self.fail(ContainerNotFoundError, "no such container", operation, key)
            yield container

    def find(self, operation: str, key: str, version: str | None = None) -> Stored:
        """Return an object, or raise ObjectNotFoundError."""
        container = self.container(operation, key)
        if version is None:
            stored = container.objects.get(key)
        else:
            stored = container.versions.get((key, version))
        if stored is None:
            self.fail(ObjectNotFoundError, "no such object", operation, key)
        return stored

    def find_source(self, operation: str, key: str, source: CopySource) -> Stored:
        """Return the object that a source names, if it lives in this process."""
        if (source.scheme, source.endpoint) != ("memory", endpoint()):
            self.fail(NotSupportedError, "the source is in another store", operation, key)
        if source.version is not None:
            self.need("a version", operation, self.capabilities.versions, source.key)
        there = dataclasses.replace(self, name=source.container)
        stored = there.find(operation, source.key, source.version)
        if source.etag is not None and source.etag != stored.info.etag:
            reason = "the source has another ETag"
            there.fail(PreconditionFailedError, reason, operation, source.key)
        return stored

    def cut(self, operation: str, stored: Stored, start: int, stop: int | None) -> tuple[int, int]:
        """Return the range as it lies in the object, or raise InvalidRangeError."""
        size_bytes = stored.info.size_bytes
        if start < 0 or start > size_bytes or (stop is not None and stop < start):
            reason = f"no bytes [{start}, {stop}) in an object of {size_bytes}"
            self.fail(InvalidRangeError, reason, operation, stored.info.key)
        return start, size_bytes if stop is None else min(stop, size_bytes)

    def write(
        self,
        container: Container,
        operation: str,
        key: str,
        content: bytes,
        attributes: Attributes | None,
        condition: Condition | None,
    ) -> ObjectInfo:
        """Swap an object in, if the condition holds now. The caller holds the lock."""
        present = container.objects.get(key)
        if condition is not None and condition.if_absent and present is not None:
            self.fail(PreconditionFailedError, "the object exists", operation, key)
        if condition is not None and condition.if_match is not None:
            if present is None:
                self.fail(PreconditionFailedError, "the object doesn't exist", operation, key)
            if present.info.etag != condition.if_match:
                reason = "the object has another ETag"
                self.fail(PreconditionFailedError, reason, operation, key)
        etag, kept = new_etag(), self.kept(attributes)
        version = etag if self.capabilities.versions else None
        tags = kept.tags
        info = ObjectInfo(
            key,
            len(content),
            time.time(),
            etag,
            version,
            attributes=dataclasses.replace(kept, tags={}) if tags else kept,
            tag_count=len(tags) if self.capabilities.tags else None,
        )
        stored = Stored(info, content, tags)
        container.set(key, stored)
        if version is not None:
            container.versions[key, version] = stored
        return info
