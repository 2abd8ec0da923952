"""Copies within one server: no object passes, nothing of it is lost, and every end is clean."""

from __future__ import annotations

import dataclasses
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

import s3dlio
import s3dlio_s3.bucket
from tests.e2e.command_line import Cli, outcome_of
from tests.e2e.truth import LogMark, rclone
from tests.servers import Answer, Hold

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy, MotoServer, RcloneServer

pytestmark = pytest.mark.one_wire

MIB = 1 << 20
#: Makes the medium file a large one for copies.
COPY_SIZE_MAX_BYTES = 6 * MIB
KEPT: dict[str, Any] = {
    "ContentType": "text/x",
    "CacheControl": "no-store",
    "ContentDisposition": "inline",
    "Metadata": {"a": "b", "mtime": "1.5"},
}
TAGGING = {"team": "a b", "year": "2026"}
_SMALL_LIMIT = f"""
import dataclasses, sys
import s3dlio_s3.bucket as bucket
bucket.LIMITS = dataclasses.replace(
    bucket.LIMITS, copy_size_max_bytes={COPY_SIZE_MAX_BYTES}, copy_part_size_bytes=5 << 20
)
from s3dlio_cli.app import run
sys.exit(run())
"""


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of more than 6 MiB are in parts."""
    limits = dataclasses.replace(s3dlio_s3.bucket.LIMITS, copy_size_max_bytes=COPY_SIZE_MAX_BYTES)
    monkeypatch.setattr(s3dlio_s3.bucket, "LIMITS", limits)


@pytest.fixture
def small_cli(faulty_cli: Cli) -> Cli:
    """s3-cli with this limit, through the fault proxy."""
    return dataclasses.replace(faulty_cli, command=(sys.executable, "-c", _SMALL_LIMIT))


def put_medium(moto: Bucket, file: LargeFile, key: str = "from") -> None:
    """Store the medium file in parts, with all that an object can have."""
    moto.client.upload_file(str(file.path), moto.name, key, ExtraArgs=KEPT)
    tags = [{"Key": name, "Value": value} for name, value in TAGGING.items()]
    moto.client.put_object_tagging(Bucket=moto.name, Key=key, Tagging={"TagSet": tags})


def kept(moto: Bucket, key: str) -> dict[str, Any]:
    """Return what an object has of what is to be kept."""
    found = moto.client.head_object(Bucket=moto.name, Key=key)
    return {name: found.get(name) for name in KEPT}


def tags(moto: Bucket, key: str) -> dict[str, str]:
    """Return an object's tags."""
    found = moto.client.get_object_tagging(Bucket=moto.name, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_tree_is_copied_without_a_read(moto_cli: Cli, moto_s3: MotoServer, moto: Bucket) -> None:
    """A request that copies, and a look before and after, since this server isn't AWS."""
    for number in range(5):
        moto.put(f"from/{number}", b"%d" % number, Tagging="t=u", **KEPT)
    mark = LogMark(moto_s3, moto.name)
    uris = f"{moto.uri}/from/", f"{moto.uri}/to/"
    found = moto_cli("cp", "--json", "-r", *uris).expect(0).summary
    assert (5, 5, 0) == (found["done_count"], found["done_bytes"], found["verified_count"])
    asked = sorted((record.method, record.key.partition("/")[0]) for record in mark.records)
    expected = [("HEAD", "from")] * 5 + [("HEAD", "to")] * 5 + [("PUT", "to")] * 5
    assert expected == [(method, key) for method, key in asked if key]
    for number in range(5):
        assert moto.get(f"to/{number}") == b"%d" % number
        assert (KEPT, {"t": "u"}) == (kept(moto, f"to/{number}"), tags(moto, f"to/{number}"))


@pytest.mark.usefixtures("small_limit")
def test_large_object_is_copied_in_parts(
    moto_s3: MotoServer, moto: Bucket, medium_file: LargeFile
) -> None:
    """Headers, metadata and tags are read from the source and written again."""
    put_medium(moto, medium_file)
    mark = LogMark(moto_s3, moto.name)
    report = s3dlio.copy(
        f"{moto.uri}/from",
        f"{moto.uri}/to",
        part_size_bytes=5 * MIB,
        options={**moto_s3.options, "conditional_copies": "true"},
    )
    assert (1, medium_file.size_bytes) == (report.done_count, report.done_bytes)
    parts = [record for record in mark.records if "partNumber" in record.parameters]
    assert sorted(int(part.parameters["partNumber"]) for part in parts) == list(range(1, 9))
    reads = [record for record in mark.records if record.method == "GET" and record.key]
    assert [{"tagging": ""}] == [record.parameters for record in reads]
    assert medium_file.sha256 == moto.sha256("to")
    assert (KEPT, TAGGING) == (kept(moto, "to"), tags(moto, "to"))
    assert moto.uploads() == []


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("key", ["from", "small"])
def test_asked_attributes_go_over_the_sources(
    moto_s3: MotoServer, moto: Bucket, medium_file: LargeFile, key: str
) -> None:
    """Whole and in parts; tags replace tags."""
    put_medium(moto, medium_file)
    moto.put("small", b"x", Tagging="t=u", **KEPT)
    asked = s3dlio.Attributes(cache_control="max-age=1", metadata={"a": "c"})
    for attributes in (asked, dataclasses.replace(asked, tags={"new": "1"})):
        s3dlio.copy(
            f"{moto.uri}/{key}",
            f"{moto.uri}/to",
            attributes=attributes,
            part_size_bytes=5 * MIB,
            options=moto_s3.options,
        )
        expected = {**KEPT, "CacheControl": "max-age=1", "Metadata": {"a": "c", "mtime": "1.5"}}
        assert expected == kept(moto, "to")
        assert (dict(attributes.tags) or tags(moto, key)) == tags(moto, "to")


@pytest.mark.parametrize("size_mib", [0, 17])
def test_tags_travel_between_servers(moto_s3: MotoServer, moto: Bucket, size_mib: int) -> None:
    """Where nothing can be copied server-side they are read and written: whole, and in parts."""
    moto.put("from", b"x" * (size_mib * MIB), Tagging="t=u")
    # Another name of the server is another server to a client.
    other = moto_s3.endpoint_url.replace("127.0.0.1", "localhost")
    s3dlio.copy(
        f"{moto.uri}/from",
        f"{moto.uri}/to",
        options=moto_s3.options,
        source_options={"endpoint_url": other},
    )
    assert tags(moto, "to") == {"t": "u"}


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("trusted", ["true", "false"])
def test_source_that_changes_meanwhile_is_an_error(
    fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile, trusted: str
) -> None:
    """In parts: the server says so itself, or is asked before each; this one ignores conditions."""
    put_medium(moto, medium_file)
    hold = Hold()
    refuses = trusted == "true"
    fault = Answer.error(412, "PreconditionFailed") if refuses else hold
    fault_proxy.add(fault, method="PUT", pattern="partNumber=3")
    observer = _Changing(hold, moto)
    with pytest.raises(s3dlio.TransferFailedError, match="changed since it was listed"):
        s3dlio.copy(
            f"{moto.uri}/from",
            f"{moto.uri}/to",
            1,
            part_size_bytes=5 * MIB,
            progress=observer,
            options={**fault_proxy.options, "conditional_copies": trusted},
        )
    assert (["from"], []) == (moto.listed(), moto.uploads())


class _Changing(s3dlio.TransferObserver):
    """Writes the source when a request is held, and lets that go."""

    def __init__(self, hold: Hold, moto: Bucket) -> None:
        self._hold = hold
        self._moto = moto

    def progressed(self, snapshot: s3dlio.Snapshot) -> None:
        """Look whether it is."""
        del snapshot
        if self._hold.arrived.is_set() and not self._hold.released.is_set():
            self._moto.put("from", b"another")
            self._hold.released.set()


NOT_IMPLEMENTED = Answer.error(501, "NotImplemented")


def test_refused_copies_are_streamed_at_once(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """The first refusal is enough for all."""
    for number in range(4):
        moto.put(f"from/{number}", b"%d" % number, Tagging="t=u")
    rule = fault_proxy.add(NOT_IMPLEMENTED, method="PUT", times=1)
    faulty_cli("cp", "-r", "-j", "1", f"{moto.uri}/from/", f"{moto.uri}/to/").expect(0)
    assert rule.applied_count == 1
    reads = [one.key for one in fault_proxy.request_log() if one.method == "GET" and one.key]
    objects = {f"from/{number}" for number in range(4)}
    assert objects == set(reads)
    for number in range(4):
        assert (b"%d" % number, {"t": "u"}) == (
            moto.get(f"to/{number}"),
            tags(moto, f"to/{number}"),
        )


def test_refused_parts_are_streamed(
    small_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """The upload that was begun is aborted, and another one made."""
    put_medium(moto, medium_file)
    fault_proxy.add(NOT_IMPLEMENTED, method="PUT", pattern="partNumber=1")
    small_cli("cp", f"{moto.uri}/from", f"{moto.uri}/to").expect(0)
    assert (medium_file.sha256, []) == (moto.sha256("to"), moto.uploads())
    assert (KEPT, TAGGING) == (kept(moto, "to"), tags(moto, "to"))


def test_failed_part_aborts_the_upload(
    small_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """And is told by the object's name."""
    put_medium(moto, medium_file)
    fault_proxy.add(Answer.error(403, "AccessDenied"), method="PUT", pattern="partNumber=1")
    outcome = small_cli("cp", "--json", f"{moto.uri}/from", f"{moto.uri}/to").expect(1)
    assert f"{moto.uri}/from" in outcome.err
    assert (["from"], []) == (moto.listed(), moto.uploads())


def test_interrupted_copy_is_aborted(
    small_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """Ctrl-C while parts are copied: no object appears, and no upload is left."""
    put_medium(moto, medium_file)
    hold = Hold()
    fault_proxy.add(hold, method="PUT", pattern="partNumber=", nth=3, times=None)
    arguments = ("cp", "-j", "2", f"{moto.uri}/from", f"{moto.uri}/to")
    with small_cli.started(*arguments) as process:
        hold.arrived.wait()
        assert moto.uploads() == ["to"]
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        fault_proxy.clear()
        outcome_of(process).expect(130)
    assert (["from"], []) == (moto.listed(), moto.uploads())


def test_server_without_etags_is_streamed(
    bare_cli: Cli, rclone_s3: RcloneServer, rclone_bucket: str, home: Path
) -> None:
    """Nothing could be a condition, and this one has no UploadPartCopy either."""
    cli = bare_cli.with_environment(**rclone_s3.environment)
    (cli.directory / "a").write_bytes(b"content")
    cli("upload", "a", f"s3://{rclone_bucket}/from").expect(0)
    cli("cp", f"s3://{rclone_bucket}/from", f"s3://{rclone_bucket}/to").expect(0)
    assert rclone(rclone_s3, home, "cat", f"t:{rclone_bucket}/to") == b"content"
