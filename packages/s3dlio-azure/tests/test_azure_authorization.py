"""A real server of Azure Blob Storage takes what is signed here, and refuses what is wrong."""

from __future__ import annotations

import base64
import os
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from azure.storage.blob import generate_account_sas, generate_container_sas

from s3dlio_azure.config_options import config_from_options
from s3dlio_azure.request import BlobRequest
from s3dlio_azure.sender import AzureSender
from s3dlio_core.errors import CredentialsError, PermissionDeniedError, S3dlioError

if TYPE_CHECKING:
    from tests.servers.azurite_server import AzuriteServer
    from tests.servers.blob_container import BlobContainer

KEYS = ["plain", "a b/ü+%41&?#=", "_x/y~z", "ä" * 200, "a//b", "percent%2Fslash", "'(!*)';:@,$"]
IN_AN_HOUR = datetime.now(timezone.utc) + timedelta(hours=1)


def sender_of(azurite: AzuriteServer, **options: str) -> AzureSender:
    """A sender with other credentials than those of the server."""
    given = {
        name: value
        for name, value in azurite.options.items()
        if value and (name != "account_key" or not options)
    }
    return AzureSender(config_from_options({**given, **options}, {}))


def put(container: str, key: str) -> BlobRequest:
    """A request to store a blob, with headers whose order the signature depends on."""
    headers = {
        "x-ms-blob-type": "BlockBlob",
        "x-ms-meta-a_": "1",
        "x-ms-meta-a1": " 2  ",
        "x-ms-meta-aa": "",
        "content-type": "text/plain",
        "if-none-match": "*",
    }
    return BlobRequest("put", "PUT", container, key, headers=headers, body=b"hello")


@pytest.mark.parametrize("key", KEYS)
def test_a_shared_key_signs_any_name(
    azurite: AzuriteServer, azurite_container: BlobContainer, key: str
) -> None:
    """Blobs of odd names are written, read in part and listed; the SDK reads them, too."""
    sender = sender_of(azurite)
    name = azurite_container.name
    sender.send_for_nothing(put(name, key))
    assert azurite_container.get(key) == b"hello"
    for headers in ({"range": "bytes=1-3"}, {"x-ms-range": "bytes=1-3"}):
        read = BlobRequest("read", "GET", name, key, headers=headers)
        assert sender.send(read).read(10) == b"ell"
    query = (("restype", "container"), ("comp", "list"), ("prefix", key), ("maxresults", "5"))
    assert sender.send(BlobRequest("list", "GET", name, query=query)).read(10_000)


@pytest.mark.parametrize("key", KEYS)
def test_a_signed_url_is_taken(
    azurite: AzuriteServer, azurite_container: BlobContainer, key: str
) -> None:
    """Anybody can read by it, and the service can copy by it."""
    sender = sender_of(azurite)
    name = azurite_container.name
    azurite_container.put(key, b"hello")
    url = sender.sas_url(name, key, permissions="r", expires_s=60)
    if not azurite.certificates:
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"hello"
    source, headers = sender.source_authorization(name, key)
    copy = {"x-ms-copy-source": source, "x-ms-requires-sync": "true", **headers}
    sender.send_for_nothing(BlobRequest("copy", "PUT", name, "copy", headers=copy))
    assert azurite_container.get("copy") == b"hello"


def test_tokens_of_the_sdk_are_taken(
    azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """Those of an account and of a container, which the portal makes, too."""
    name = azurite_container.name
    azurite_container.put("k", b"hello")
    tokens = [
        generate_account_sas(azurite.account, azurite.account_key, "sco", "rl", IN_AN_HOUR),
        generate_container_sas(
            azurite.account, name, azurite.account_key, permission="rl", expiry=IN_AN_HOUR
        ),
    ]
    for token in tokens:
        sender = sender_of(azurite, sas_token=f"?{token}")
        assert sender.send(BlobRequest("read", "GET", name, "k")).read(10) == b"hello"
        with pytest.raises(PermissionDeniedError, match="Use a SAS token with the permission"):
            sender.send(put(name, "new"))


@pytest.mark.parametrize("kind", ["key", "signature", "nobody"])
def test_wrong_credentials_are_refused(
    azurite: AzuriteServer, azurite_container: BlobContainer, kind: str
) -> None:
    """One clear line that stops a run, and holds nothing of the credential."""
    wrong = base64.b64encode(os.urandom(64)).decode()
    token = generate_account_sas(azurite.account, azurite.account_key, "sco", "rl", IN_AN_HOUR)
    options = {
        "key": {"account_key": wrong},
        "signature": {"sas_token": token.partition("sig=")[0] + "sig=bm90LXRoZS1zaWduYXR1cmU%3D"},
        "nobody": {"anonymous": "true"},
    }
    with pytest.raises(CredentialsError) as caught:
        sender_of(azurite, **options[kind]).send(
            BlobRequest("read", "GET", azurite_container.name, "k")
        )
    said = str(caught.value)
    assert "Server failed to authenticate the request" in said
    assert "\n" not in said
    for secret in (wrong, "bm90LXRoZS1zaWduYXR1cmU", token):
        assert secret not in said


@pytest.mark.parametrize(
    ("method", "container", "key", "query", "code"),
    [
        ("HEAD", "", "nobody", (), "BlobNotFound"),
        ("GET", "", "nobody", (), "BlobNotFound"),
        ("HEAD", "no-such-container", "k", (), "ContainerNotFound"),
        (
            "GET",
            "no-such-container",
            "",
            (("restype", "container"), ("comp", "list")),
            "ContainerNotFound",
        ),
        ("PUT", "", "", (("restype", "container"),), "ContainerAlreadyExists"),
    ],
)
def test_codes_arrive(
    azurite: AzuriteServer,
    azurite_container: BlobContainer,
    method: str,
    container: str,
    key: str,
    query: tuple[tuple[str, str], ...],
    code: str,
) -> None:
    """Also where no body can carry them."""
    request = BlobRequest("try", method, container or azurite_container.name, key, query=query)
    with pytest.raises(S3dlioError) as caught:
        sender_of(azurite).send(request)
    assert caught.value.code == code
    assert caught.value.request_id
