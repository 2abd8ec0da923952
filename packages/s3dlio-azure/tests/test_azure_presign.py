"""Presigned URLs on Azurite: each permits one kind of request, without a credential.

What sends one is for plain HTTP: a URL of an https endpoint permits https alone, and the TLS of the
tests ends before Azurite, which takes that for http.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from s3dlio_azure import Anonymous, AzureConfig, AzureProvider, AzureStore, Sas, SharedKey
from s3dlio_core.errors import InvalidKeyError, NotSupportedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import AzuriteServer
    from tests.servers.blob_container import BlobContainer

    from s3dlio_azure.credentials import Credential

PUT_HEADERS = {"x-ms-blob-type": "BlockBlob"}


@pytest.fixture
def store(azurite: AzuriteServer, azurite_container: BlobContainer) -> Iterator[AzureStore]:
    """A fresh container with the blob "a b/ä"."""
    config = AzureConfig(
        endpoint=azurite.endpoint_url,
        credential=SharedKey(azurite.account, azurite.account_key),
        ca_bundle=azurite.ca_bundle,
        versions=False,
    )
    azurite_container.put("a b/\u00e4", b"12345")
    with AzureProvider(config) as provider:
        yield provider.open(azurite_container.name)


def offline(credential: Credential) -> AzureStore:
    """A store that sends nothing."""
    endpoint = "https://account.blob.core.windows.net"
    return AzureStore.connect("target", AzureConfig(endpoint=endpoint, credential=credential))


KEY = SharedKey("account", "aHVudGVyMg==")


@pytest.mark.one_wire
@pytest.mark.parametrize(
    ("method", "allowed"),
    [("GET", {"GET", "HEAD"}), ("HEAD", {"GET", "HEAD"}), ("PUT", {"PUT"}), ("DELETE", {"DELETE"})],
)
def test_url_permits_what_it_is_for(
    store: AzureStore, azurite: AzuriteServer, method: str, allowed: set[str]
) -> None:
    """And nothing else."""
    url = store.presign("a b/\u00e4", method=method)
    found = set()
    for tried in ("GET", "HEAD", "PUT", "DELETE"):
        answer = requests.request(
            tried,
            url,
            headers=PUT_HEADERS if tried == "PUT" else {},
            data=b"67890" if tried == "PUT" else None,
            verify=azurite.ca_bundle or True,
            timeout=60,
        )
        if answer.ok:
            found.add(tried)
    assert found == allowed


@pytest.mark.one_wire
def test_url_of_a_blob_to_be(store: AzureStore, azurite: AzuriteServer) -> None:
    """Nothing is sent to make one, so the blob may be missing."""
    url = store.presign("new", method="PUT")
    requests.put(
        url, b"12345", headers=PUT_HEADERS, verify=azurite.ca_bundle or True, timeout=60
    ).raise_for_status()
    assert store.head("new").size_bytes == 5


def test_url_ends(store: AzureStore, azurite: AzuriteServer) -> None:
    """The service refuses a request when the URL's time is over."""
    url = store.presign("a b/\u00e4", expires_s=1)
    verify = azurite.ca_bundle or True
    while requests.get(url, verify=verify, timeout=60).ok:
        pass
    assert requests.get(url, verify=verify, timeout=60).status_code == 403


def test_url_is_for_https_only_where_that_is_spoken() -> None:
    """Its signature would be seen on the way."""
    query = parse_qs(urlsplit(offline(KEY).presign("k")).query)
    assert query["spr"] == ["https"]


def test_url_of_a_version() -> None:
    """It is named, and signed as such."""
    url = urlsplit(offline(KEY).presign("k", version="2026-01-02T03:04:05.6789012Z"))
    query = parse_qs(url.query)
    assert (query["sr"], query["versionid"]) == (["bv"], ["2026-01-02T03:04:05.6789012Z"])


@pytest.mark.parametrize("expires_s", [0, -1, 10**12])
def test_life_out_of_range(expires_s: int) -> None:
    """No time at all, or beyond the last year that the service can write."""
    with pytest.raises(UsageError, match="to the year 9999"):
        offline(KEY).presign("k", expires_s=expires_s)


def test_life_may_be_long() -> None:
    """The service has no seven days."""
    query = parse_qs(urlsplit(offline(KEY).presign("k", expires_s=10 * 365 * 86_400)).query)
    assert query["se"] > ["2030"]


@pytest.mark.parametrize("method", ["POST", "get", ""])
def test_other_methods_are_refused(method: str) -> None:
    """As with every store."""
    with pytest.raises(UsageError, match="no URL is presigned"):
        offline(KEY).presign("k", method=method)


@pytest.mark.parametrize(
    "credential", [Anonymous(), Sas("sv=2023-11-03&se=2999-01-01&sp=r&sig=c2VjcmV0")]
)
def test_only_a_key_signs(credential: Credential) -> None:
    """The line says what is needed."""
    with pytest.raises(UsageError, match="account_key"):
        offline(credential).presign("k")


def test_key_that_no_blob_can_have() -> None:
    """A URL of it would be of another blob."""
    with pytest.raises(InvalidKeyError):
        offline(KEY).presign("a/../k")


def test_version_without_the_capability() -> None:
    """It would be ignored."""
    config = AzureConfig(
        endpoint="https://account.blob.core.windows.net", credential=KEY, versions=False
    )
    with pytest.raises(NotSupportedError, match="no versions"):
        AzureStore.connect("target", config).presign("k", version="v")


def test_url_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """It is a secret."""
    caplog.set_level(logging.DEBUG)
    signature = parse_qs(urlsplit(offline(KEY).presign("k")).query)["sig"][0]
    assert signature not in caplog.text
