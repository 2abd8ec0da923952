"""The contract between s3dlio and a storage backend.

A backend gives two classes: a `StoreProvider` for an account (or a machine) and an `ObjectStore`
bound to one container. They hold only what an implementer must write; everything convenient is a
function over them (`s3dlio_core.listing`, `s3dlio_core.operations`).

Rules that hold for every store:
- Synchronous and thread-safe: any method may be called from any thread, also concurrently.
- Keys are exact Unicode strings (file stores: surrogate-escaped bytes). A prefix is a prefix of
  the string, not of path segments: "foo" is a prefix of "foobar".
- Writes are atomic: a reader sees the old object or the new one, whole, never a part of one.
- A failed or abandoned write leaves the old object as it was.
- Errors are of `s3dlio_core.errors`, with operation and URI; nothing else is raised on purpose.
- A store doesn't retry; the decorator in `s3dlio_core.retry` does. It signs or builds a request
  anew on each call.
- Differences between stores are data: `limits` and `capabilities`. A call that needs a missing
  capability raises `NotSupportedError` and changes nothing.
- A store pickles by its configuration and survives a fork: the child shares no connection.
- No signal handlers, no change of the environment or the working directory.

Times are seconds since the epoch (UTC) as floats. Sizes and offsets are bytes. Byte ranges are
half-open: [start, stop).
"""

from __future__ import annotations

import abc
import enum
import io
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from s3dlio_core.errors import NotSupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.errors import S3dlioError

__all__ = [
    "Attributes",
    "Buffer",
    "Capabilities",
    "ChecksumType",
    "Condition",
    "ContainerInfo",
    "CopySource",
    "DeleteError",
    "Limits",
    "ListError",
    "ListOrder",
    "MultipartInfo",
    "MultipartUpload",
    "ObjectInfo",
    "ObjectReader",
    "ObjectStore",
    "Page",
    "Part",
    "StoreProvider",
    "check_version",
]

#: Bytes that a caller owns; a store reads them during the call and keeps no reference.
Buffer: TypeAlias = "bytes | bytearray | memoryview"


class ListOrder(enum.Enum):
    """The order in which a store lists keys."""

    UTF8 = "utf8"  # ascending by the keys' UTF-8 bytes
    UNSPECIFIED = "unspecified"


class ChecksumType(enum.Enum):
    """What an object's checksum covers."""

    FULL_OBJECT = "FULL_OBJECT"
    COMPOSITE = "COMPOSITE"  # a checksum of the parts' checksums


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store accepts; the transfer plan is made from two of these.

    Attributes:
        put_size_max_bytes: the largest object of a single `put`.
        object_size_max_bytes: the largest object at all, or None.
        part_size_min_bytes: the smallest part but the last.
        part_size_max_bytes: the largest part.
        part_count_max: the largest part number; numbers start at 1.
        equal_parts: whether all parts but the last must have one size.
        alignment_bytes: what offsets and lengths must be multiples of to be fast (O_DIRECT), or 1.
        copy_size_max_bytes: the largest source of `copy_from`, above which parts are copied; None
            is `put_size_max_bytes`.
        copy_part_size_bytes: what a larger one is cut to. Its bytes wait in no memory, but a bar is
            to move, and a copy to end when it is told to.
        delete_batch_max: keys in one request of `delete_many`; 1 where each costs a request.
    """

    put_size_max_bytes: int
    object_size_max_bytes: int | None = None
    part_size_min_bytes: int = 1
    part_size_max_bytes: int = 5 * 1024**3
    part_count_max: int = 10_000
    equal_parts: bool = False
    alignment_bytes: int = 1
    copy_size_max_bytes: int | None = None
    copy_part_size_bytes: int = 64 * 1024**2
    delete_batch_max: int = 1


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do. A call that needs a missing one raises `NotSupportedError`.

    Attributes:
        put_if_absent: `Condition(if_absent=True)` on `put` and multipart uploads.
        put_if_match: `Condition(if_match=…)` on `put` and multipart uploads.
        read_if_match: `if_match` of `open_reader` is enforced by the store.
        copy: `copy_from` from a source of the same store kind and identity.
        copy_if_absent: `Condition(if_absent=True)` on `copy_from`.
        copy_if_match: the ETag of a copy source is checked as the bytes are copied, not by a look
            before that.
        rename: `rename_from` from a source of the same store kind.
        copy_part: `MultipartUpload.copy_part`, likewise.
        resume_multipart: `resume_multipart` and `list_multiparts`.
        parallel_uploads: several uploads of one key don't disturb each other. Without it the first
            to complete, or a `put`, ends the others, which then tell so.
        attributes: content headers and metadata are kept. Without it they are dropped on write.
        tags: `tags` tells those that an object has, and a copy from elsewhere is to have its
            source's; not where the store's own settings give each new object its tags.
        list_order: the order of listings.
        start_after: `start_after` of `list_page`.
        checksums: algorithms that the store verifies on write, e.g. "CRC32C".
        read_checksums: `content_check` may give a check, and whole reads are compared.
        md5_etags: bytes whose MD5, in hexadecimal digits, is an object's ETag are that object's.
        mtime: an object has the modification time that it is written with: the metadata `mtime`
            (`s3dlio_core.mtimes`) of its attributes, and `head` and readers tell it there.
        etag_changes: whether each overwrite gives a new, non-empty ETag.
        directories: names are directories and files of a file system: no key is both "a" and
            "a/b", none ends in "/" or has an empty, "." or ".." segment.
        case_sensitive: keys that differ in case alone are different. Without it the later of two
            such objects would replace the earlier.
        versions: `version` of `head`, `open_reader` and copy sources; whether a container keeps
            versions is up to its owner.
    """

    put_if_absent: bool = True
    put_if_match: bool = True
    read_if_match: bool = True
    copy: bool = True
    copy_if_absent: bool = True
    copy_if_match: bool = True
    rename: bool = False
    copy_part: bool = True
    resume_multipart: bool = True
    parallel_uploads: bool = True
    attributes: bool = True
    tags: bool = False
    list_order: ListOrder = ListOrder.UTF8
    start_after: bool = True
    checksums: frozenset[str] = frozenset()
    read_checksums: bool = False
    md5_etags: bool = False
    mtime: bool = False
    etag_changes: bool = True
    directories: bool = False
    case_sensitive: bool = True
    versions: bool = False


@dataclass(frozen=True, slots=True)
class Attributes:
    """What an object is to have beside its bytes: content headers, user metadata, class and tags.

    Attributes:
        content_type, cache_control, content_encoding, content_language, content_disposition: the
            headers of these names (RFC 9110, RFC 9111, RFC 6266); "" when unset.
        metadata: user metadata, names in lower case.
        storage_class: the service's name for the class or tier to write to; "" is its default.
            Only for writes: what an object has is told by `ObjectInfo.storage_class`, so a copy
            doesn't take over its source's.
        tags: tags to write. Only for writes: descriptions of objects tell their number, and
            `ObjectStore.tags` them.
        mode: permissions of a file (0o777 at most), which a new file gets, less the umask; None
            when nothing tells them. Between file systems only: no service is told them.

    A store drops what it has no place for.
    """

    content_type: str = ""
    cache_control: str = ""
    content_encoding: str = ""
    content_language: str = ""
    content_disposition: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    mode: int | None = None

    def over(self, base: Attributes | None) -> Attributes:
        """Return these attributes, and what they leave unset from others.

        Metadata merge name by name; tags are taken from one of the two, since a service may take
        no more of them than either has.
        """
        if base is None:
            return self
        return Attributes(
            content_type=self.content_type or base.content_type,
            cache_control=self.cache_control or base.cache_control,
            content_encoding=self.content_encoding or base.content_encoding,
            content_language=self.content_language or base.content_language,
            content_disposition=self.content_disposition or base.content_disposition,
            metadata={**base.metadata, **self.metadata},
            storage_class=self.storage_class or base.storage_class,
            tags=self.tags or base.tags,
            mode=base.mode if self.mode is None else self.mode,
        )


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store says of an object.

    Attributes:
        key: the exact key.
        size_bytes: the whole object's size, also when a range is read.
        mtime: last modification, seconds since the epoch, or None when the store doesn't say.
        etag: the entity tag without quotes, or None (an empty one is none).
        version: the version id, or None.
        checksums: algorithm → base64 value, for those that the store gave.
        checksum_type: what they cover, or None.
        attributes: None when the call doesn't carry them (a listing).
        storage_class: the service's name for it, or "".
        encryption: the service's name for how it is encrypted at rest, or "".
        tag_count: how many tags it has, or None: the store doesn't say, or not in this call.
    """

    key: str
    size_bytes: int
    mtime: float | None = None
    etag: str | None = None
    version: str | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: ChecksumType | None = None
    attributes: Attributes | None = None
    storage_class: str = ""
    encryption: str = ""
    tag_count: int | None = None


@dataclass(frozen=True, slots=True)
class ListError:
    """A key or prefix (ending in "/") that a listing had to leave out.

    Attributes:
        key: the key or prefix.
        error: why.
        wanted: the store's own settings leave it out, so that nothing has gone wrong.
    """

    key: str
    error: S3dlioError
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    Attributes:
        objects: keys in the store's order.
        prefixes: common prefixes up to and including the delimiter, in the store's order.
        next_token: what `list_page` takes to go on, or None at the end. A page may be empty and
            still have one.
        errors: what had to be left out although it is there, e.g. an unreadable directory. Whoever
            copies reports them as failures; whoever deletes by comparing must not.
    """

    objects: Sequence[ObjectInfo]
    prefixes: Sequence[str] = ()
    next_token: str | None = None
    errors: Sequence[ListError] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a write (RFC 9110 section 13): at most one of the two.

    Attributes:
        if_absent: only when no object has the key (If-None-Match: *).
        if_match: only when the object has this ETag (If-Match).
    """

    if_absent: bool = False
    if_match: str | None = None

    def __post_init__(self) -> None:
        if self.if_absent and self.if_match is not None:
            raise ValueError("a condition is either if_absent or if_match")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart upload.

    Attributes:
        number: 1 to `Limits.part_count_max`.
        size_bytes: its length.
        etag: what the store gave for it; `complete` hands it back.
        offset_bytes: its place in the object, or None when the store doesn't know (a listing of
            parts whose sizes may differ).
        checksums: algorithm → base64 value.
    """

    number: int
    size_bytes: int
    etag: str
    offset_bytes: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MultipartInfo:
    """An unfinished multipart upload, as a listing shows it: `resume_multipart(key, token)`."""

    key: str
    token: str
    initiated: float | None = None


@dataclass(frozen=True, slots=True)
class CopySource:
    """Where a server-side copy reads from, as data: a wrapped store can't be inspected.

    Attributes:
        scheme: the store's kind: its scheme, or that of the store whose objects it serves in
            another way. Two names of one object are equal here.
        endpoint: the service or machine that the container is one of; the same for all addresses
            that are known to lead to one.
        container: bucket, container or directory.
        key: the exact key.
        etag: copy only this state of it, or None.
        identity: names the credentials (never a secret); copies work within one identity.
        version: copy this version of it, or None for the current one.
        access: what else reading it takes, as its kind of store writes it: who pays, which key
            decrypts it (its digest, never a secret).
        tag_count: how many tags it has, or None: who asks doesn't know.
    """

    scheme: str
    endpoint: str
    container: str
    key: str
    etag: str | None = None
    identity: str = ""
    version: str | None = None
    access: str = ""
    tag_count: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteError:
    """A key that `delete_many` could not delete."""

    key: str
    error: S3dlioError


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """A bucket, container or directory."""

    name: str
    created: float | None = None


class ObjectReader(io.RawIOBase):
    """A stream of an object's bytes, from `ObjectStore.open_reader`.

    `readinto` fills the caller's buffer straight from the socket or file; it may return fewer
    bytes than fit, and returns 0 only after the last byte of the range. A body that ends early
    raises `IntegrityError` (retryable), never a short result. A local source that changes while
    it is read raises `SourceChangedError` at its end. Not thread-safe: one reader, one thread.

    Where the store tells a checksum of the object, the reader of a whole object compares: bytes
    that differ raise `IntegrityError` (not retryable) with the last of them.
    """

    _check: ContentCheck | None = None

    @property
    @abc.abstractmethod
    def info(self) -> ObjectInfo:
        """The object as this answer describes it; `size_bytes` is the whole object's."""

    @property
    def check(self) -> ContentCheck | None:
        """What compares the bytes that are read; None where nothing is to be compared.

        A reader that goes on where another broke off takes over the other's.
        """
        return self._check

    @check.setter
    def check(self, check: ContentCheck | None) -> None:
        self._check = check

    def readable(self) -> bool:
        """Return True."""
        return True


class MultipartUpload(abc.ABC):
    """An upload in parts. Nothing is visible under the key until `complete`.

    All methods may be called concurrently, except that `complete` comes last.
    """

    @property
    @abc.abstractmethod
    def key(self) -> str:
        """The key that the object will have."""

    @property
    @abc.abstractmethod
    def token(self) -> str:
        """Enough to go on in another process with `resume_multipart(key, token)`. No secret."""

    @abc.abstractmethod
    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Store a part: in any order, concurrently, and again (the last one counts).

        Args:
            number: 1 to `Limits.part_count_max`. Parts are joined in the order of their numbers.
            offset_bytes: where the part begins in the object.
            buffer: the part's bytes; not empty.

        Buffers may begin at any address; a store that needs aligned memory copies what isn't.

        Raises:
            UploadNotFoundError: completed, aborted or expired, where the store can tell.
            InvalidPartError: a number out of range or an empty buffer.
        """

    @abc.abstractmethod
    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Store bytes [start, stop) of another object as a part, server-side.

        Raises:
            NotSupportedError: without the capability, or from a source the store can't read.
            PreconditionFailedError: `source.etag` no longer matches.
            ObjectNotFoundError: the source doesn't exist.
        """

    @abc.abstractmethod
    def parts(self) -> Iterator[Part]:
        """Yield the parts that the store holds, by ascending number."""

    @abc.abstractmethod
    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Make the object of these parts, atomically, under the condition given at creation.

        Args:
            parts: what `put_part`, `copy_part` or `parts` returned, by number, at least one.

        Returns:
            The object as the store now reports it; `size_bytes` is measured by the store, not
            added up by the client.

        Raises:
            InvalidPartError: a part is missing, has another ETag, is out of order, or too small.
            PreconditionFailedError: the condition doesn't hold; nothing was changed.
            UploadNotFoundError: completed, aborted or expired.
        """

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """Return the ETag that the finished object will have, or None when it can't be told.

        See `is_result`.
        """
        del parts
        return None

    def is_result(self, info: ObjectInfo, parts: Sequence[Part]) -> bool:
        """Return whether an object is, beyond doubt, what these parts become.

        It settles whether a `complete` whose answer was lost was carried out. Size alone proves
        nothing: the object may be an older one of the same size.
        """
        expected = self.expected_etag(parts)
        return expected is not None and info.etag == expected

    @abc.abstractmethod
    def abort(self) -> None:
        """Discard the upload and its parts, or let them expire where nothing else is possible.

        Never touches a committed object: aborting twice, or after `complete`, does nothing. A late
        `put_part` may still be under way; it fails, or what it stored is discarded with the rest.
        """


class ObjectStore(abc.ABC):
    """One container of a store. See the module's rules."""

    limits: Limits
    capabilities: Capabilities

    @property
    @abc.abstractmethod
    def uri(self) -> str:
        """The container's URI without a trailing "/", e.g. "s3://bucket"; for messages."""

    def uri_of(self, key: str) -> str:
        """Return the URI of a key, for messages."""
        return f"{self.uri}/{key}"

    def check_key(self, key: str) -> None:  # noqa: B027 - a store may hold any key
        """Check that an object of this key could be written, as far as no service must be asked.

        A write finds out the same; this is for who only wants to know what one would do.

        Raises:
            InvalidKeyError: the store can't hold this key.
        """

    @abc.abstractmethod
    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object, attributes included.

        Args:
            key: the exact key.
            version: describe this version (`ObjectInfo.version`), also of an object that was
                deleted; None is the current one.

        Raises:
            ObjectNotFoundError, ContainerNotFoundError, PermissionDeniedError, CredentialsError.
            NotSupportedError: a version without the capability.
        """

    @abc.abstractmethod
    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List one page of the keys that begin with a prefix, and of no others.

        Args:
            prefix: a prefix of the string; "" lists everything.
            delimiter: "" or "/". With it, keys that have one after the prefix are rolled up into
                `Page.prefixes`, each once in a whole listing.
            token: `Page.next_token` of the page before, with the same other arguments.
            start_after: list only keys after this one, in the store's order.
            page_size: at most this many objects and prefixes together; the store may give fewer.

        Raises:
            ContainerNotFoundError: no such container. (No key with the prefix: an empty page.)
            NotSupportedError: `start_after` without the capability, or another delimiter.
        """

    def list_entered(
        self, prefix: str, enter: Callable[[str], bool]
    ) -> Iterator[ObjectInfo | ListError] | None:
        """List all depths in one walk that asks before it reads a directory, if the store has one.

        Args:
            prefix: as of `list_page`.
            enter: whether to read a directory, given by its key, which ends in "/".

        Returns:
            What is found, in the store's order; None where only pages can be had.
        """
        del prefix, enter
        return None

    @abc.abstractmethod
    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open bytes [start, stop) for reading.

        Args:
            key: the exact key.
            start: first byte; at most the object's size.
            stop: end of the range, exclusive; None or beyond the end means the end.
            if_match: read only this ETag.
            version: read this version; see `head`.

        Raises:
            ObjectNotFoundError: no such key, or version of it.
            PreconditionFailedError: the object has another ETag.
            InvalidRangeError: start is negative or beyond the end, or stop before start.
            NotSupportedError: a version without the capability.
        """

    @abc.abstractmethod
    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Store a whole object, atomically.

        Args:
            key: the exact key.
            buffer: the whole content, up to `Limits.put_size_max_bytes`; may be empty.
            attributes: content headers and metadata.
            condition: write only if it holds.

        Raises:
            PreconditionFailedError: the condition doesn't hold; nothing was changed.
            InvalidKeyError: the store can't hold this key.
            ObjectTooLargeError: over `Limits.put_size_max_bytes`.
        """

    @abc.abstractmethod
    def create_multipart(
        self,
        key: str,
        *,
        size_bytes: int | None = None,
        part_size_bytes: int | None = None,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
        checksum: str | None = None,
    ) -> MultipartUpload:
        """Begin an upload in parts.

        Args:
            key: the exact key.
            size_bytes: the object's size when it is known, so that space can be reserved.
            part_size_bytes: the size of all parts but the last when they are equal.
            attributes: content headers and metadata.
            condition: checked, at the latest, by `complete`.
            checksum: an algorithm of `Capabilities.checksums` that parts are sent with.
        """

    @abc.abstractmethod
    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Go on with an upload of this or another process.

        Raises:
            UploadNotFoundError: at once or at its first use, when it is gone.
            NotSupportedError: without the capability.
        """

    @abc.abstractmethod
    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Yield the unfinished uploads of keys that begin with a prefix.

        Raises:
            NotSupportedError: without the capability.
        """

    @abc.abstractmethod
    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe a key of this store for `copy_from` and `copy_part`. No request is made."""

    @abc.abstractmethod
    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Copy an object server-side, atomically. `source.etag` is the if-match of the source.

        Args:
            source: from `copy_source` of a store; at most `Limits.copy_size_max_bytes` long.
            key: the destination.
            attributes: replaces the source's; None keeps them. The source's tags are kept unless
                some are given.
            condition: on the destination.

        Raises:
            NotSupportedError: the pair can't; the caller streams instead.
            ObjectNotFoundError: the source doesn't exist.
            PreconditionFailedError: the source's ETag or the destination's condition.
        """

    def rename_from(
        self, source: CopySource, key: str, *, condition: Condition | None = None
    ) -> ObjectInfo:
        """Move an object here without copying its bytes, atomically: it is never without a name.

        Args:
            source: from `copy_source` of a store; with an ETag, only that state of it is moved.
            key: the destination.
            condition: on the destination.

        Raises:
            NotSupportedError: the pair can't; the caller copies and deletes instead. Nothing was
                changed.
            ObjectNotFoundError: the source doesn't exist.
            SourceChangedError: the source has another ETag.
            CollisionError: source and destination are one object.
            PreconditionFailedError: the destination's condition.
        """
        del source, condition
        raise NotSupportedError("this store can't rename", operation="move", uri=self.uri_of(key))

    @abc.abstractmethod
    def delete(self, key: str) -> None:
        """Delete exactly this key. Deleting a missing key succeeds (it may be a retry)."""

    @abc.abstractmethod
    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Delete exactly these keys, in batches as they come; yield those of them that failed.

        The iterator does the work: exhaust it. Errors of container or store scope are raised.
        """

    def tags(self, key: str, *, version: str | None = None) -> Mapping[str, str]:
        """Return an object's tags.

        Args:
            key: the exact key.
            version: those of this version; see `head`.

        Raises:
            ObjectNotFoundError: no such key, or version of it.
            NotSupportedError: objects have no tags here, or a version without the capability.
        """
        del version
        raise NotSupportedError(
            "objects have no tags here", operation="get tags", uri=self.uri_of(key)
        )

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck | None:
        """Return what compares an object's bytes with its checksum, however they are read.

        For who reads ranges: a reader of a whole object compares by itself.

        Args:
            info: from `head` of this store, or from a listing that tells checksums.
            version: what `head` was asked for.

        Returns:
            A check of this state of the object, to which each byte is added once, in order where
            it `needs_order`; None in a store that tells no checksums.
        """
        del info, version
        return None

    def presign(
        self, key: str, *, method: str = "GET", expires_s: int = 3600, version: str | None = None
    ) -> str:
        """Return a URL with which anybody can make one kind of request until it expires: a secret.

        No object is asked for: it may not exist, and the URL may permit less than it says.

        Args:
            key: the exact key.
            method: what the URL is for: "GET", "HEAD", "PUT" or "DELETE".
            expires_s: how long the URL works, in seconds.
            version: read this version; only for "GET" and "HEAD".

        Raises:
            NotSupportedError: the store has no such URLs.
            UsageError: another method, a life that is out of range, or nobody who could sign.
            CredentialsError: no credentials were found.
        """
        del method, expires_s, version
        raise NotSupportedError(
            "this store has no presigned URLs", operation="presign", uri=self.uri_of(key)
        )

    def remarks(self) -> tuple[str, ...]:
        """Return what users should know of how the store has worked so far, each text once.

        For example that files were read through the page cache although they weren't to be. The
        reports of operations have it among their notes; the store itself logs a warning, once, when
        it comes to know. Also after `close`.
        """
        return ()

    def close(self) -> None:  # noqa: B027 - many stores have nothing to release
        """Release connections and files. The store must not be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class StoreProvider(abc.ABC):
    """An account of a service, or the local machine: it opens and manages containers.

    Thread-safe, picklable by configuration. Making one does no I/O beyond configuration files and
    needs no credentials; they are looked for on first use.
    """

    #: Option names that `from_options` understands, e.g. {"endpoint_url", "region"}.
    option_names: ClassVar[frozenset[str]] = frozenset()
    #: Options that belong together, e.g. all that say who asks. Who gives some of a group means all
    #: of it: none is taken from elsewhere beside them.
    option_groups: ClassVar[tuple[frozenset[str], ...]] = ()
    #: Options that concern only what is written.
    write_options: ClassVar[frozenset[str]] = frozenset()
    #: Options under which its stores tell the checksums that they know (`read_checksums`).
    checksum_options: ClassVar[Mapping[str, str]] = MappingProxyType({})
    #: What goes with an option that was given for one side of a copy alone, by its name.
    own_side_options: ClassVar[Mapping[str, Mapping[str, str]]] = MappingProxyType({})
    #: Whether a container is a directory of a file system, named by its path.
    containers_are_paths: bool = False

    @classmethod
    @abc.abstractmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Make a provider for a scheme from options, then the environment, then its defaults.

        Args:
            scheme: the scheme that was asked for; a provider may serve several.
            options: only names of `option_names`.
            host: the host that the URI itself names (`Uri.host`), or "".

        Raises:
            UsageError: a value that makes no sense.
        """

    @abc.abstractmethod
    def open(self, container: str) -> ObjectStore:
        """Return the bare store of a container. No request is made; it may not exist."""

    @abc.abstractmethod
    def list_containers(self) -> Iterator[ContainerInfo]:
        """Yield the account's containers.

        Raises:
            NotSupportedError: where there is no such list.
        """

    @abc.abstractmethod
    def create_container(self, name: str) -> None:
        """Create a container.

        Raises:
            ContainerExistsError: it exists, or the name belongs to another account.
        """

    @abc.abstractmethod
    def delete_container(self, name: str) -> None:
        """Delete an empty container.

        Raises:
            ContainerNotFoundError: it doesn't exist.
            ContainerNotEmptyError: it holds objects.
        """

    @abc.abstractmethod
    def container_exists(self, name: str) -> bool:
        """Return whether it exists; True also when it exists but may not be read."""

    def close(self) -> None:  # noqa: B027 - likewise
        """Release connections that the provider's stores share."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def check_version(store: ObjectStore, operation: str, key: str, version: str | None) -> None:
    """Check that a store that is asked for a version has such.

    Raises:
        NotSupportedError: it hasn't.
    """
    if version is not None and not store.capabilities.versions:
        raise NotSupportedError(
            "this store has no versions", operation=operation, uri=store.uri_of(key)
        )
