"""Headers: what is sent of attributes, and what is read of a blob."""

from __future__ import annotations

import pytest

from s3dlio_azure.config import AzureConfig
from s3dlio_azure.headers import (
    attribute_headers,
    check_answered_version,
    object_info,
    written_object_info,
)
from s3dlio_core.errors import NotSupportedError, UsageError
from s3dlio_core.store import Attributes, ChecksumType, ObjectInfo

ANSWERED = {
    "etag": '"0x8DE49A8B"',
    "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
    "content-length": "7",
    "content-type": "text/plain",
    "content-md5": "mgNkuembtIDdJeHwKEyFVQ==",
    "x-ms-blob-type": "BlockBlob",
    "x-ms-access-tier": "Cool",
    "x-ms-version-id": "2026-01-02T03:04:05.1234567Z",
    "x-ms-tag-count": "2",
    "x-ms-meta-My_x002D_Name".lower(): "value",
}


def test_attributes_are_sent_as_the_blob_s_own() -> None:
    """Not as those of the request."""
    attributes = Attributes(
        "text/plain", "no-store", "gzip", "de", "inline", {"My-Name": "value"}, "Cool"
    )
    assert attribute_headers(attributes, "put", "az://c/k") == {
        "x-ms-blob-content-type": "text/plain",
        "x-ms-blob-cache-control": "no-store",
        "x-ms-blob-content-encoding": "gzip",
        "x-ms-blob-content-language": "de",
        "x-ms-blob-content-disposition": "inline",
        "x-ms-meta-my_x002d_name": "value",
        "x-ms-access-tier": "Cool",
    }


def test_tier_of_the_configuration_is_for_blobs_that_name_none() -> None:
    """And is sent without attributes, too."""
    tier = {"x-ms-access-tier": "Cold"}
    assert attribute_headers(None, "put", "", access_tier="Cold") == tier
    assert attribute_headers(Attributes(), "put", "", access_tier="Cold") == tier
    given = attribute_headers(Attributes(storage_class="Hot"), "put", "", access_tier="Cold")
    assert given == {"x-ms-access-tier": "Hot"}


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        (Attributes(metadata={"a": "ä"}), "x-ms-meta-a can't be sent to Azure"),
        (Attributes(metadata={"a": "x\r\nx-ms-y: z"}), "isn't printable ASCII"),
        (Attributes(cache_control="no\nstore"), "isn't printable ASCII"),
        (Attributes(metadata={"": "a"}), "empty name"),
        (Attributes(metadata={"a": "x" * 8192}), "8193 bytes"),
    ],
)
def test_what_a_header_cannot_carry_is_refused(attributes: Attributes, says: str) -> None:
    """Nothing is altered on its way."""
    with pytest.raises(NotSupportedError, match=says):
        attribute_headers(attributes, "put", "az://c/k")


def test_most_metadata_that_azure_keeps_is_sent() -> None:
    """Names and values together."""
    headers = attribute_headers(Attributes(metadata={"a": "x" * 8191}), "put", "")
    assert len(headers["x-ms-meta-a"]) == 8191


def test_blob_is_described_by_its_headers() -> None:
    """The whole blob's MD5 counts as its checksum."""
    assert object_info("k", ANSWERED) == ObjectInfo(
        "k",
        7,
        1767323045.0,
        "0x8DE49A8B",
        "2026-01-02T03:04:05.1234567Z",
        {"MD5": "mgNkuembtIDdJeHwKEyFVQ=="},
        ChecksumType.FULL_OBJECT,
        Attributes("text/plain", metadata={"my-name": "value"}),
        "Cool",
        tag_count=2,
    )


def test_md5_of_a_range_is_not_the_blob_s() -> None:
    """Beside a range the blob's stands in a header of its own."""
    ranged = {**ANSWERED, "content-range": "bytes 0-3/7"}
    assert object_info("k", ranged, 7).checksums == {}
    own = {**ranged, "x-ms-blob-content-md5": "AAAA"}
    assert object_info("k", own, 7).checksums == {"MD5": "AAAA"}


@pytest.mark.parametrize("etag", ["", 'W/"0x8D"', "0x8D ", '"', '""', '"a"b"'])
def test_etag_that_proves_nothing_is_none(etag: str) -> None:
    """An empty, a weak or a broken one; a bare one is taken as it is."""
    expected = "0x8D" if etag == "0x8D " else None
    assert object_info("k", {**ANSWERED, "etag": etag}).etag == expected


def test_new_blob_is_described_by_the_answer_to_its_put() -> None:
    """What wasn't answered is what was sent."""
    attributes = Attributes("text/plain")
    assert written_object_info("k", ANSWERED, 3, attributes) == ObjectInfo(
        "k",
        3,
        1767323045.0,
        "0x8DE49A8B",
        "2026-01-02T03:04:05.1234567Z",
        attributes=attributes,
    )


def test_answer_about_another_version_is_refused() -> None:
    """A server that ignores the parameter answers with the current one."""
    version = ANSWERED["x-ms-version-id"]
    check_answered_version("read", "az://c/k", version, ANSWERED)
    check_answered_version("read", "az://c/k", None, {})
    for headers in (ANSWERED, {}):
        with pytest.raises(NotSupportedError, match="answered with the version"):
            check_answered_version("read", "az://c/k", "2025", headers)


@pytest.mark.parametrize("name", ["STANDARD_IA", "P10", "Hot\r\n", "x"])
def test_tier_that_there_is_not_is_refused(name: str) -> None:
    """Before anything is sent, whoever names it; one in other letters is meant."""
    for call in (
        lambda: attribute_headers(Attributes(storage_class=name), "put", ""),
        lambda: attribute_headers(None, "put", "", access_tier=name),
        lambda: AzureConfig(account="acct", access_tier=name),
    ):
        with pytest.raises(UsageError, match="no access tier") as raised:
            call()
        assert "Hot, Cool, Cold, Archive" in raised.value.hint
    assert attribute_headers(None, "put", "", access_tier="COOL") == {"x-ms-access-tier": "Cool"}
