"""Shared access signatures, against those of azure-storage-blob, and what is taken of a user's."""

from __future__ import annotations

import base64
from datetime import datetime, timezone

import pytest
from azure.storage.blob._shared_access_signature import BlobSharedAccessSignature
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.sas import (
    SIGNED_VERSION,
    BlobSas,
    check_sas,
    check_sas_is_usable,
    ended_at,
    sas_fields,
    service_sas,
)
from s3dlio_core.errors import UsageError

KEY = base64.b64encode(bytes(range(64))).decode()


@given(
    container=st.from_regex(r"[a-z0-9]{3,10}", fullmatch=True),
    key=st.text(min_size=1, max_size=30).filter(
        lambda key: key.isprintable() and not key.startswith("/")
    ),
    permissions=st.sampled_from(["r", "cw", "d", "racwd"]),
    expires_at_s=st.integers(min_value=1, max_value=2**33),
    https_only=st.booleans(),
    version=st.one_of(st.none(), st.just("2024-01-01T00:00:00.0000000Z")),
)
def test_signature_is_that_of_azure_storage_blob(
    container: str,
    key: str,
    permissions: str,
    expires_at_s: int,
    https_only: bool,
    version: str | None,
) -> None:
    """Any blob's signature has the fields and the signature that the SDK gives it."""
    sdk = BlobSharedAccessSignature("account", KEY)
    sdk.x_ms_version = SIGNED_VERSION
    theirs = sdk.generate_blob(
        container,
        key,
        version_id=version,
        permission=permissions,
        expiry=datetime.fromtimestamp(expires_at_s, timezone.utc),
        protocol="https" if https_only else None,
    )
    allowed = BlobSas(
        container,
        key,
        permissions,
        expires_at_s,
        https_only=https_only,
        snapshot_or_version=version or "",
        resource="b" if version is None else "bv",
    )
    ours = sas_fields(service_sas("account", base64.b64decode(KEY), allowed))
    assert {name: value for name, value in sas_fields(theirs).items() if name != "sst"} == {
        name: value for name, value in ours.items() if name != "sst"
    }


TOKEN = "sv=2023-11-03&ss=b&srt=sco&sp=r&se=2030-01-01T00:00:00Z&sig=c2VjcmV0c2VjcmV0%3D"


@pytest.mark.parametrize("text", [TOKEN, f"?{TOKEN}", f" {TOKEN}\n"])
def test_a_question_mark_is_dropped(text: str) -> None:
    """The portal shows a token with a "?" before it; both are taken."""
    assert check_sas(text) == TOKEN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"https://a.blob.core.windows.net/c?{TOKEN}", "bad SAS token"),
        ("sv=2023-11-03&sp=r", "it has no sig"),
        ("c2VjcmV0c2VjcmV0", "it has no sv and no sig"),
        (TOKEN.replace("&", " "), "bad SAS token"),
        (TOKEN + "\xe9", "bad SAS token"),
    ],
)
def test_what_is_no_token_is_refused_without_a_word_of_it(text: str, said: str) -> None:
    """The message says what is wrong, and nothing that may be a secret."""
    with pytest.raises(UsageError, match=said) as caught:
        check_sas(text)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_token_for_https_only_needs_https() -> None:
    """It would be refused by the service, after it has been seen by everybody on the way."""
    check_sas_is_usable(f"{TOKEN}&spr=https", "https://a.blob.core.windows.net")
    with pytest.raises(UsageError, match="https only"):
        check_sas_is_usable(f"{TOKEN}&spr=https", "http://127.0.0.1:10000/a")
    check_sas_is_usable(f"{TOKEN}&spr=https,http", "http://127.0.0.1:10000/a")


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("2001-09-09T01:46:39Z", "2001-09-09T01:46:39Z"),
        ("2001-09-09T01:46Z", "2001-09-09T01:46:00Z"),
        ("2001-09-09", "2001-09-09T00:00:00Z"),
        ("2001-09-09T01:46:41Z", ""),
        ("some day", ""),
        ("", ""),
    ],
)
def test_when_a_token_ended(ends: str, said: str) -> None:
    """A token that has ended says when; one that can't be read says nothing."""
    assert ended_at(f"sv=x&sig=y&se={ends}", 1_000_000_000.0) == said
