"""Checksums on the wire: what is sent, and what is compared, against a server that may lie."""

from __future__ import annotations

import base64
import json
import uuid
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest
from tests.servers.canned import CannedServer, Cut, answer, error_xml

from s3dlio_core import errors as core
from s3dlio_core.content_check import Outcome
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.retry import RetryingStore
from s3dlio_core.store import ChecksumType, Condition, ObjectInfo, Part
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.plan import CopyItem
from s3dlio_s3 import S3Store, checksums
from s3dlio_s3.checksums import ALGORITHMS

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectReader

MakeStore: TypeAlias = Callable[..., tuple[CannedServer, S3Store]]

CONTENT = bytes(range(256)) * 4
MULTI = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
ON = {
    "checksum_algorithm": "CRC32",
    "request_checksum_calculation": "when_supported",
    "response_checksum_validation": "when_supported",
}


def crc(content: bytes) -> str:
    """The CRC32 of a content as a header has it."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def composite(*pieces: bytes) -> str:
    """The composite CRC32 of parts."""
    joined = b"".join(zlib.crc32(piece).to_bytes(4, "big") for piece in pieces)
    return f"{crc(joined)}-{len(pieces)}"


def checked(body: bytes, told: str, kind: str = "FULL_OBJECT", *, etag: str = "e1") -> bytes:
    """An answer to GET with a checksum."""
    headers = {"ETag": f'"{etag}"', "x-amz-checksum-crc32": told, "x-amz-checksum-type": kind}
    return answer(200, body, headers=headers)


def head(told: str, kind: str, size: int = len(CONTENT), **more: str) -> bytes:
    """An answer to HEAD with a checksum."""
    headers = {"ETag": '"e1"', "x-amz-checksum-crc32": told, "x-amz-checksum-type": kind, **more}
    return answer(200, length=size, headers=headers)


def part_head(size: int, count: int) -> bytes:
    """An answer to HEAD with a part number."""
    return answer(206, length=size, headers={"ETag": '"e1"', "x-amz-mp-parts-count": str(count)})


def ranged(start: int, stop: int, body: bytes = CONTENT) -> bytes:
    """An answer to a ranged GET, which has no checksum."""
    where = f"bytes {start}-{stop - 1}/{len(body)}"
    return answer(206, body[start:stop], headers={"ETag": '"e1"', "Content-Range": where})


# What is sent.


@pytest.mark.parametrize("name", ALGORITHMS)
def test_put_carries_the_checksum(serve: MakeStore, name: str) -> None:
    """The header, the algorithm's name, and nothing in the body."""
    server, store = serve(
        answer(200, headers={"ETag": '"e"'}), **{**ON, "checksum_algorithm": name}
    )
    store.put("k", b"abc")
    _, headers, body = server.requests[0]
    assert (body, headers["x-amz-sdk-checksum-algorithm"]) == (b"abc", name)
    assert f"x-amz-checksum-{name.lower()}" in headers
    assert f"x-amz-checksum-{name.lower()}" in headers["authorization"]
    assert "x-amz-trailer" not in headers


def test_nothing_is_computed_where_it_is_not_wanted(
    serve: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default a server that isn't AWS gets no header, and no byte is looked at."""
    monkeypatch.setattr("s3dlio_s3.checksums.Crc.of", lambda *_: pytest.fail("computed"))
    server, store = serve(
        answer(200, headers={"ETag": '"e"'}),
        answer(200, b"abc", headers={"ETag": '"e"', "x-amz-checksum-crc32": "AAAAAA=="}),
        answer(200, length=3, headers={"ETag": '"e"'}),
        answer(200, MULTI),
        answer(200, headers={"ETag": '"e"'}),
        answer(200, b"<DeleteResult/>"),
    )
    store.put("k", b"abc")
    with store.open_reader("k") as reader:
        assert (b"abc", None) == (reader.readall(), reader.check)
    assert store.content_check(store.head("k")) is None
    store.create_multipart("k").put_part(1, 0, b"abc")
    list(store.delete_many(["k"]))
    names = {name for _, headers, _ in server.requests for name in headers}
    assert {name for name in names if "checksum" in name} == set()
    assert "content-md5" in server.requests[-1][1]


def test_deletion_carries_crc32_where_checksums_are_sent(serve: MakeStore) -> None:
    """MD5 stays for servers that may know nothing else."""
    server, store = serve(answer(200, b"<DeleteResult/>"), **ON)
    list(store.delete_many(["k"]))
    _, headers, body = server.requests[0]
    assert (crc(body), False) == (headers["x-amz-checksum-crc32"], "content-md5" in headers)


def completed(told: str, kind: str = "FULL_OBJECT") -> bytes:
    """An answer to CompleteMultipartUpload."""
    return answer(
        200,
        f"<CompleteMultipartUploadResult><ETag>&quot;e-2&quot;</ETag><ChecksumCRC32>{told}"
        f"</ChecksumCRC32><ChecksumType>{kind}</ChecksumType></CompleteMultipartUploadResult>".encode(),
    )


def test_upload_in_parts_is_compared_as_a_whole(serve: MakeStore) -> None:
    """From the algorithm at the beginning to the object's checksum, type and size at the end."""
    stored = answer(200, headers={"ETag": '"p"'})
    server, store = serve(
        answer(200, MULTI),
        stored,
        stored,
        completed(crc(b"abcdef")),
        answer(200, length=6, headers={"ETag": '"e-2"'}),
        **ON,
    )
    upload = store.create_multipart("k")
    parts = [upload.put_part(1, 0, b"abcd"), upload.put_part(2, 4, b"ef")]
    info = upload.complete(parts)
    create, first, _, complete, described = (headers for _, headers, _ in server.requests)
    assert ("CRC32", "FULL_OBJECT") == (
        create["x-amz-checksum-algorithm"],
        create["x-amz-checksum-type"],
    )
    assert crc(b"abcd") == first["x-amz-checksum-crc32"] == parts[0].checksums["CRC32"]
    assert (crc(b"abcdef"), "FULL_OBJECT", "6") == (
        complete["x-amz-checksum-crc32"],
        complete["x-amz-checksum-type"],
        complete["x-amz-mp-object-size"],
    )
    assert f"<ChecksumCRC32>{crc(b'ef')}</ChecksumCRC32>".encode() in server.requests[3][2]
    assert ({"CRC32": crc(b"abcdef")}, ChecksumType.FULL_OBJECT) == (
        info.checksums,
        info.checksum_type,
    )
    # Whoever may only write needn't be allowed to decrypt.
    assert "x-amz-checksum-mode" not in described


def test_a_resumed_upload_keeps_its_algorithm(serve: MakeStore) -> None:
    """The token names it, and listed parts bring their checksums."""
    listed = (
        "<ListPartsResult><Part><PartNumber>1</PartNumber><Size>4</Size><ETag>p</ETag>"
        f"<ChecksumCRC32>{crc(b'abcd')}</ChecksumCRC32></Part></ListPartsResult>"
    ).encode()
    _, first = serve(answer(200, MULTI), **ON)
    token = first.create_multipart("k").token
    server, store = serve(
        answer(200, listed),
        answer(200, headers={"ETag": '"p"'}),
        completed(crc(b"abcdef")),
        answer(200, length=6, headers={"ETag": '"e-2"'}),
    )
    upload = store.resume_multipart("k", token)
    upload.complete([*upload.parts(), upload.put_part(2, 4, b"ef")])
    assert crc(b"abcdef") == server.requests[2][1]["x-amz-checksum-crc32"]


def test_parts_without_checksum_leave_the_whole_to_the_service(serve: MakeStore) -> None:
    """A part copied by a server that tells no checksum: the object's isn't known here."""
    server, store = serve(
        answer(200, MULTI),
        completed("whatever"),
        answer(200, length=4, headers={"ETag": '"e-2"'}),
        **ON,
    )
    store.create_multipart("k").complete([Part(1, 4, "p")])
    headers = server.requests[1][1]
    assert ("4", False) == (headers["x-amz-mp-object-size"], "x-amz-checksum-crc32" in headers)


def test_any_declared_algorithm_can_be_asked_for(serve: MakeStore) -> None:
    """The caller's choice wins over the configuration, and another is refused."""
    server, store = serve(answer(200, MULTI), **ON)
    token = store.create_multipart("k", checksum="CRC32C").token
    assert json.loads(token)["checksum"] == "CRC32C"
    assert server.requests[0][1]["x-amz-checksum-algorithm"] == "CRC32C"
    with pytest.raises(core.NotSupportedError, match="no checksum MD5"):
        store.create_multipart("k", checksum="MD5")


# What the service says it got.


def test_put_of_other_bytes_is_an_error(serve: MakeStore) -> None:
    """The checksum of the answer differs: what was stored isn't what was sent."""
    _, store = serve(checked(b"", "AAAAAA=="), **ON)
    with pytest.raises(core.IntegrityError, match="put s3://b/k: the service got other bytes"):
        store.put("k", b"abc")


def test_put_of_other_bytes_is_sent_again(serve: MakeStore) -> None:
    """With retries a flipped bit costs a second request."""
    server, store = serve(checked(b"", "AAAAAA=="), checked(b"", crc(b"abc")), **ON)
    info = RetryingStore(store).put("k", b"abc")
    assert len(server.requests) == 2
    assert ({"CRC32": crc(b"abc")}, ChecksumType.FULL_OBJECT) == (
        info.checksums,
        info.checksum_type,
    )


def test_refused_checksum_may_be_sent_again(serve: MakeStore) -> None:
    """BadDigest: the service compared, and took nothing."""
    _, store = serve(answer(400, error_xml("BadDigest")), **ON)
    with pytest.raises(core.IntegrityError) as raised:
        store.put("k", b"abc")
    assert (True, "BadDigest") == (raised.value.retryable, raised.value.code)


def test_part_of_other_bytes_is_an_error(serve: MakeStore) -> None:
    """Likewise for a part."""
    _, store = serve(answer(200, MULTI), checked(b"", "AAAAAA=="), **ON)
    upload = store.create_multipart("k")
    with pytest.raises(core.IntegrityError, match="put part s3://b/k"):
        upload.put_part(1, 0, b"abc")


@pytest.mark.parametrize(
    ("told", "kind", "fine"),
    [
        (crc(b"abcdef"), "FULL_OBJECT", True),
        (composite(b"abcd", b"ef"), "COMPOSITE", True),
        ("AAAAAA==", "FULL_OBJECT", False),
        (composite(b"abcd", b"eg"), "COMPOSITE", False),
    ],
)
def test_completed_object_of_other_bytes_is_an_error(
    serve: MakeStore, told: str, kind: str, fine: bool
) -> None:
    """The end of an upload tells what it holds; one that is over isn't tried again."""
    stored = answer(200, headers={"ETag": '"p"'})
    server, store = serve(
        answer(200, MULTI),
        stored,
        stored,
        completed(told, kind),
        answer(200, length=6, headers={"ETag": '"e-2"'}),
        **ON,
    )
    upload = RetryingStore(store).create_multipart("k")
    parts = [upload.put_part(1, 0, b"abcd"), upload.put_part(2, 4, b"ef")]
    if fine:
        assert upload.complete(parts).checksums == {"CRC32": told}
        return
    with pytest.raises(core.IntegrityError, match="complete multipart upload s3://b/k"):
        upload.complete(parts)
    assert len(server.requests) == 4


ENCRYPTED = {"x-amz-server-side-encryption": "aws:kms"}


def settled(body: bytes, kind: str = "FULL_OBJECT") -> list[bytes | Cut]:
    """The answers to a completion that is carried out, but whose first answer is lost."""
    described = {"ETag": '"kms-1"', "x-amz-checksum-crc32": crc(body), "x-amz-checksum-type": kind}
    found = answer(200, length=len(body), headers=described)
    return [Cut(b"", reset=True), answer(404, error_xml("NoSuchUpload")), found]


@pytest.mark.parametrize(
    ("last", "fine"),
    [
        (settled(b"abcdef"), True),
        (settled(b"abcdeg"), False),
        (settled(b"abcdef0"), False),
        (settled(b"abcdef", "COMPOSITE"), False),
    ],
)
def test_lost_answer_of_complete_is_settled_by_the_checksum(
    serve: MakeStore, monkeypatch: pytest.MonkeyPatch, last: list[bytes | Cut], fine: bool
) -> None:
    """Where the ETag can't be told ahead, as under SSE-KMS."""
    monkeypatch.setattr("s3dlio_core.retry.policy.time.sleep", lambda _s: None)
    stored = answer(200, headers={"ETag": '"p"'})
    _, store = serve(answer(200, MULTI, headers=ENCRYPTED), stored, stored, *last, **ON)
    upload = RetryingStore(store).create_multipart("k")
    parts = [upload.put_part(1, 0, b"abcd"), upload.put_part(2, 4, b"ef")]
    if fine:
        assert upload.complete(parts).etag == "kms-1"
        return
    with pytest.raises(core.UploadNotFoundError):
        upload.complete(parts)


def test_algorithm_whose_library_fails_is_not_supported(
    serve: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is installed, but of a kind that isn't used."""
    monkeypatch.setattr("s3dlio_s3.bucket.installed", lambda: frozenset({"CRC32C"}))
    monkeypatch.setattr("s3dlio_s3.bucket.find", lambda _name: None)
    _, store = serve(**ON)
    with pytest.raises(core.NotSupportedError, match="no checksum CRC32C"):
        store.create_multipart("k", checksum="CRC32C")


@pytest.mark.parametrize("condition", [Condition(if_absent=True), Condition(if_match="e")])
def test_conditional_put_of_other_bytes_is_not_repeated(
    serve: MakeStore, condition: Condition
) -> None:
    """Its own damaged object would fail the condition, and be taken for somebody else's."""
    server, store = serve(checked(b"", "AAAAAA=="), **ON)
    with pytest.raises(core.IntegrityError, match="the service got other bytes") as raised:
        RetryingStore(store).put("k", b"abc", condition=condition)
    assert (True, 1) == (raised.value.maybe_done, len(server.requests))


# What is read.


def read(reader: ObjectReader) -> tuple[bytes, Outcome | None]:
    """The content, and how it compared."""
    with reader:
        content = reader.readall()
        return content, None if reader.check is None else reader.check.outcome


def test_right_content_is_verified(serve: MakeStore) -> None:
    """The checksum is asked for, and compared."""
    server, store = serve(checked(CONTENT, crc(CONTENT)), **ON)
    assert (CONTENT, Outcome.VERIFIED) == read(store.open_reader("k"))
    assert server.requests[0][1]["x-amz-checksum-mode"] == "ENABLED"


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"\0", b"\1" + CONTENT[1:], b""])
def test_flipped_bits_are_an_error(serve: MakeStore, content: bytes) -> None:
    """The last bytes of a wrong content are never given, and opening a wrong empty one fails."""
    _, store = serve(checked(content, crc(CONTENT)), **ON)
    with pytest.raises(core.IntegrityError, match="read s3://b/k: the bytes that were read have"):
        read(store.open_reader("k"))


def test_empty_object_is_verified(serve: MakeStore) -> None:
    """There is nothing to read, and still a checksum."""
    _, store = serve(checked(b"", crc(b"")), **ON)
    assert (b"", Outcome.VERIFIED) == read(store.open_reader("k"))


def test_ranges_ask_for_no_checksum(serve: MakeStore) -> None:
    """A range has none, and its reader compares nothing."""
    server, store = serve(ranged(1, 9), **ON)
    assert (CONTENT[1:9], None) == read(store.open_reader("k", 1, 9))
    assert "x-amz-checksum-mode" not in server.requests[0][1]


def test_object_without_checksum_is_not_verified(serve: MakeStore) -> None:
    """It is read all the same."""
    _, store = serve(answer(200, CONTENT, headers={"ETag": '"e"'}), **ON)
    assert (CONTENT, Outcome.NO_CHECKSUM) == read(store.open_reader("k"))


@pytest.mark.parametrize("spoilt", [False, True])
def test_composite_is_compared_by_parts(serve: MakeStore, spoilt: bool) -> None:
    """The size of the first part is asked for; before an error, that of the others too."""
    content = CONTENT[:-1] + b"\0" if spoilt else CONTENT
    told = composite(CONTENT[:400], CONTENT[400:800], CONTENT[800:])
    server, store = serve(
        checked(content, told, "COMPOSITE", etag="e1-3"), part_head(400, 3), part_head(400, 3), **ON
    )
    if spoilt:
        with pytest.raises(core.IntegrityError, match="the bytes that were read have"):
            read(store.open_reader("k"))
        assert ["HEAD /b/k?partNumber=1", "HEAD /b/k?partNumber=2"] == server.targets()[1:]
    else:
        assert (CONTENT, Outcome.VERIFIED) == read(store.open_reader("k"))
        assert ["HEAD /b/k?partNumber=1"] == server.targets()[1:]
    assert server.requests[1][1]["if-match"] == '"e1-3"'


def test_parts_are_asked_for_again(serve: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that fails once neither hides the damage nor has bytes read twice."""
    monkeypatch.setattr("s3dlio_core.retry.policy.time.sleep", lambda _s: None)
    told = composite(CONTENT[:400], CONTENT[400:800], CONTENT[800:])
    server, store = serve(
        checked(CONTENT[:-1] + b"\0", told, "COMPOSITE"),
        part_head(400, 3),
        answer(503),
        part_head(400, 3),
        **ON,
    )
    with pytest.raises(core.IntegrityError, match="the bytes that were read have"):
        read(RetryingStore(store).open_reader("k"))
    assert ["HEAD /b/k?partNumber=2"] * 2 == server.targets()[2:]


@pytest.mark.parametrize(
    "said", [head(crc(CONTENT), "COMPOSITE"), answer(501), answer(404), part_head(999, 3)]
)
def test_composite_of_unknown_parts_is_not_verified(serve: MakeStore, said: bytes) -> None:
    """A server that ignores the part number, refuses it, or tells a size that can't be."""
    told = composite(CONTENT[:400], CONTENT[400:800], CONTENT[800:])
    _, store = serve(checked(CONTENT, told, "COMPOSITE"), said, answer(404), **ON)
    assert (CONTENT, Outcome.UNKNOWN_PARTS) == read(store.open_reader("k"))


def test_a_resumed_read_is_verified_as_a_whole(
    serve: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that breaks in the middle leaves the comparison where it was."""
    monkeypatch.setattr("s3dlio_core.retry.policy.time.sleep", lambda _s: None)
    whole = checked(CONTENT, crc(CONTENT))
    server, store = serve(Cut(whole[:-500]), ranged(524, len(CONTENT)), **ON)
    assert (CONTENT, Outcome.VERIFIED) == read(RetryingStore(store).open_reader("k"))
    assert server.requests[1][1]["range"] == "bytes=524-"


def test_head_tells_checksums_where_it_may(serve: MakeStore) -> None:
    """An object that may be described but not decrypted is described without."""
    refused = answer(403, headers={"x": "y"})
    server, store = serve(
        head(crc(CONTENT), "FULL_OBJECT"),
        refused,
        answer(403, error_xml("AccessDenied")),
        answer(200, length=4, headers={"ETag": '"e"'}),
        **ON,
    )
    told = store.head("k")
    assert ({"CRC32": crc(CONTENT)}, ChecksumType.FULL_OBJECT) == (
        told.checksums,
        told.checksum_type,
    )
    assert store.head("k").size_bytes == 4
    modes = ["x-amz-checksum-mode" in headers for _, headers, _ in server.requests]
    assert modes == [True, True, False, False]


# Downloads in parts.


def download(store: S3Store, key: str = "k") -> tuple[MemoryStore, Engine, CopyItem]:
    """Prepare a download of 1,024 bytes in ranges of 500, of an object as a listing tells it."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    destination = MemoryStore(name)
    info = ObjectInfo(key, len(CONTENT), etag="e1")
    engine = Engine("download", destination, jobs=1, part_size_bytes=500)
    return destination, engine, CopyItem(store, info, key)


def test_a_listed_upload_keeps_its_algorithm(serve: MakeStore) -> None:
    """S3 refuses a part without a checksum of an upload that has one."""
    listed = (
        b"<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId>"
        b"<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        b"</Upload></ListMultipartUploadsResult>"
    )
    server, store = serve(answer(200, listed), answer(200, headers={"ETag": '"p"'}))
    (found,) = store.list_multiparts()
    store.resume_multipart(found.key, found.token).put_part(1, 0, CONTENT)
    assert crc(CONTENT) == server.requests[1][1]["x-amz-checksum-crc32"]


def test_an_upload_can_be_aborted_where_its_checksum_cannot_be_computed(
    serve: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever clears up needs no library; whoever goes on does."""
    nowhere = checksums._Origin((), lambda: None)
    monkeypatch.setitem(checksums._ORIGINS, "CRC64NVME", nowhere)
    server, store = serve(answer(204))
    upload = store.resume_multipart("k", json.dumps({"upload_id": "u", "checksum": "CRC64NVME"}))
    with pytest.raises(core.UsageError, match="isn't installed"):
        upload.put_part(1, 0, CONTENT)
    upload.abort()
    assert ["DELETE /b/k?uploadId=u"] == server.targets()


@pytest.mark.parametrize("spoilt", [False, True])
@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_ranges_are_verified_together(serve: MakeStore, spoilt: bool, kind: str) -> None:
    """Ranges that end elsewhere than the parts do; wrong bytes never become an object."""
    full = kind == "FULL_OBJECT"
    told = crc(CONTENT) if full else composite(CONTENT[:600], CONTENT[600:])
    described = head(told, kind)
    body = b"\0\1" + CONTENT[2:-1] + b"\0" if spoilt else CONTENT
    server, store = serve(
        described,
        *([] if full else [part_head(600, 2)]),
        *(ranged(at, min(at + 500, 1024), body) for at in (0, 500, 1000)),
        **ON,
    )
    destination, engine, item = download(store)
    report = engine.run([item])
    if spoilt:
        assert isinstance(report.failures[0].error, core.IntegrityError)
        assert list(destination.list_page().objects) == []
        assert list(destination.list_multiparts()) == []
    else:
        assert (1, 1, {}) == (report.done_count, report.verified_count, report.unverified)
        with destination.open_reader("k") as reader:
            assert CONTENT == reader.readall()
    assert server.answers == []


def test_what_cannot_be_verified_is_reported(serve: MakeStore) -> None:
    """It is done, counted apart, and says why."""
    described = head("AAAAAA==-3", "COMPOSITE")
    _, store = serve(
        described,
        answer(501),
        *(ranged(at, min(at + 500, 1024)) for at in (0, 500, 1000)),
        **ON,
    )
    _, engine, item = download(store)
    report = engine.run([item])
    assert (1, 0, True) == (report.done_count, report.verified_count, report.ok)
    assert {"its checksum is made of parts whose sizes aren't known": 1} == report.unverified
