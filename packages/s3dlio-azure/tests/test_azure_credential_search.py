"""Where credentials are looked for when none is given: the order, and what is said of each."""

from __future__ import annotations

import logging
import sys

import pytest

from s3dlio_azure.config import AzureConfig
from s3dlio_azure.credential_search import find_credential
from s3dlio_azure.credentials import BearerToken, Sas, SharedKey
from s3dlio_core.errors import CredentialsError, UsageError

KEY = "c2VjcmV0LWtleQ=="
TOKEN = "sv=2023-11-03&sp=r&sig=c2VjcmV0LXNhcw%3D%3D"
STRING = "AZURE_STORAGE_CONNECTION_STRING"
ALL = {
    STRING: "AccountName=acct;AccountKey=c3RyaW5nLWtleQ==",
    "AZURE_STORAGE_KEY": KEY,
    "AZURE_STORAGE_ACCOUNT_KEY": "b3RoZXIta2V5LS0=",
    "AZURE_STORAGE_SAS_TOKEN": TOKEN,
}
ACCT = AzureConfig(account="acct")


def without(*names: str) -> dict[str, str]:
    """The environment without some variables."""
    return {name: value for name, value in ALL.items() if name not in names}


def test_the_order() -> None:
    """Connection string, key by either name, SAS token, Microsoft Entra ID: the first counts."""
    gone: list[str] = []
    expected = [
        SharedKey("acct", "c3RyaW5nLWtleQ=="),
        SharedKey("acct", KEY),
        SharedKey("acct", "b3RoZXIta2V5LS0="),
        Sas(TOKEN),
    ]
    for name, credential in zip(ALL, expected, strict=True):
        assert find_credential(ACCT, without(*gone))[:2] == (credential, name)
        gone.append(name)
    assert isinstance(find_credential(ACCT, {}).credential, BearerToken)


@pytest.mark.parametrize(
    ("kind", "expected"), [("key", SharedKey("acct", "c3RyaW5nLWtleQ==")), ("sas", Sas(TOKEN))]
)
def test_one_kind_alone_can_be_asked_for(kind: str, expected: object) -> None:
    """The option credential passes over what is of another kind."""
    assert (
        find_credential(AzureConfig(account="acct", credential_kind=kind), ALL).credential
        == expected
    )


def test_identity_can_be_asked_for() -> None:
    """Microsoft Entra ID though keys are set."""
    config = AzureConfig(account="acct", credential_kind="identity")
    assert isinstance(find_credential(config, ALL).credential, BearerToken)


def test_identity_needs_https() -> None:
    """Asked for over plain http it is an error; in the chain it is passed over."""
    endpoint = "http://127.0.0.1:10000/acct"
    with pytest.raises(UsageError, match="over https only"):
        find_credential(AzureConfig(endpoint=endpoint, credential_kind="identity"), {})
    with pytest.raises(CredentialsError, match="needs an https:// endpoint"):
        find_credential(AzureConfig(endpoint=endpoint), {})


def test_what_azure_identity_warns_of_is_not_printed() -> None:
    """Python prints what no handler takes: a page of all that was tried."""
    find_credential(ACCT, {})
    find_credential(ACCT, {})
    assert [logging.NullHandler] == [
        type(handler) for handler in logging.getLogger("azure.identity").handlers
    ]


def test_nothing_found_lists_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place says why it has none; without azure-identity the message says what to install."""
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(CredentialsError) as caught:
        find_credential(ACCT, {"AZURE_STORAGE_ACCOUNT": "acct"})
    for said in (
        "no credential found for the account acct",
        "AZURE_STORAGE_CONNECTION_STRING isn't set",
        "neither AZURE_STORAGE_KEY nor AZURE_STORAGE_ACCOUNT_KEY is set",
        "AZURE_STORAGE_SAS_TOKEN isn't set",
        "azure-identity isn't installed (pip install 's3dlio-azure[identity]')",
        "--no-sign-request",
    ):
        assert said in str(caught.value)


def test_what_is_for_another_account_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or token of the account that the environment names goes to no other."""
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    config = AzureConfig(account="mine")
    with pytest.raises(CredentialsError) as caught:
        find_credential(config, {**ALL, "AZURE_STORAGE_ACCOUNT": "acct"})
    for said in (
        "AZURE_STORAGE_CONNECTION_STRING is for the account acct",
        "AZURE_STORAGE_KEY is for the account acct (AZURE_STORAGE_ACCOUNT)",
        "AZURE_STORAGE_SAS_TOKEN is for the account acct (AZURE_STORAGE_ACCOUNT)",
    ):
        assert said in str(caught.value)


SAS = {"AZURE_STORAGE_SAS_TOKEN": TOKEN}
MINE = {"AZURE_STORAGE_ACCOUNT": "mine"}
AT_MINE = {"AZURE_STORAGE_ENDPOINT": "https://mine.blob.core.windows.net"}
AT_HOME = {"AZURE_STORAGE_ENDPOINT": "https://blobs.home.example"}
EMULATOR = "http://127.0.0.1:10000"


def sas_string(*settings: str) -> dict[str, str]:
    """An environment whose connection string has a shared access signature."""
    return {STRING: ";".join((*settings, f"SharedAccessSignature={TOKEN}"))}


OF_PORTAL = sas_string("BlobEndpoint=https://mine.blob.core.windows.net/")


@pytest.mark.parametrize(
    ("environ", "endpoint", "account"),
    [
        (OF_PORTAL, "https://other.blob.core.windows.net", ""),
        (OF_PORTAL, "https://blobs.evil.example", "mine"),
        (OF_PORTAL, "https://mine.blob.evil.example", ""),
        (sas_string("AccountName=mine"), "https://mine.blob.evil.example", ""),
        (
            sas_string("BlobEndpoint=https://blobs.home.example"),
            AT_MINE["AZURE_STORAGE_ENDPOINT"],
            "",
        ),
        (SAS, "https://blobs.evil.example", ""),
        ({**SAS, **MINE}, "https://blobs.evil.example", "mine"),
        ({**SAS, **MINE}, "https://mine.blob.evil.example", ""),
        ({**SAS, **MINE}, "https://mine.blob.core.windows.net.evil.example", ""),
        ({**SAS, **MINE}, f"{EMULATOR}/mine", ""),
        ({**SAS, **AT_MINE}, "https://other.blob.core.windows.net", ""),
        ({**SAS, **AT_HOME}, "https://mine.blob.core.windows.net", ""),
        ({**SAS, **AT_HOME, **MINE}, "https://blobs.evil.example", "mine"),
        ({**SAS, "AZURE_STORAGE_ENDPOINT": "no url?"}, "https://blobs.evil.example", ""),
    ],
)
def test_a_sas_is_not_sent_where_it_may_not_belong(
    environ: dict[str, str], endpoint: str, account: str
) -> None:
    """Whoever gets it can use it: another account, or a host that isn't known to be its own."""
    config = AzureConfig(account=account, endpoint=endpoint, credential_kind="sas")
    with pytest.raises(CredentialsError, match=r"is for|nothing says that it is for") as caught:
        find_credential(config, environ)
    assert "sig=" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "endpoint", "account"),
    [
        (OF_PORTAL, "https://mine.blob.core.windows.net", ""),
        (OF_PORTAL, "https://mine-secondary.blob.core.windows.net", ""),
        (sas_string("AccountName=mine"), "https://mine.privatelink.blob.core.windows.net", ""),
        (sas_string("AccountName=mine", f"BlobEndpoint={EMULATOR}/mine"), f"{EMULATOR}/mine", ""),
        ({**sas_string("AccountName=mine"), **AT_HOME}, "https://blobs.home.example", "mine"),
        (SAS, "https://mine.blob.core.windows.net", ""),
        ({**SAS, **MINE}, "https://mine.blob.core.chinacloudapi.cn", ""),
        ({**SAS, **AT_MINE}, "https://mine-secondary.blob.core.windows.net", ""),
        ({**SAS, **AT_HOME}, "https://blobs.home.example", ""),
        ({**SAS, **AT_HOME, **MINE}, "https://blobs.home.example", "mine"),
        ({**SAS, "AZURE_STORAGE_ENDPOINT": EMULATOR}, f"{EMULATOR}/mine", ""),
        ({**SAS, STRING: f"BlobEndpoint={EMULATOR}/mine"}, f"{EMULATOR}/mine", ""),
    ],
)
def test_a_sas_goes_where_the_environment_says(
    environ: dict[str, str], endpoint: str, account: str
) -> None:
    """To its account at Azure's own hosts, and to the endpoint that the environment names."""
    config = AzureConfig(account=account, endpoint=endpoint)
    assert find_credential(config, environ).credential == Sas(TOKEN)


def test_a_token_is_sent_elsewhere_only_where_that_is_asked_for() -> None:
    """A token is good for every account of who asks: a search gives it to Azure's hosts alone."""
    elsewhere = "https://acct.blob.core.windows.net.evil.example"
    with pytest.raises(CredentialsError, match=r"sent to Azure's own hosts.*credential=identity"):
        find_credential(AzureConfig(endpoint=elsewhere), {})
    config = AzureConfig(endpoint=elsewhere, credential_kind="identity")
    assert isinstance(find_credential(config, {}).credential, BearerToken)


def test_a_key_needs_an_account() -> None:
    """Where a host of one's own doesn't name it, the message says so."""
    config = AzureConfig(endpoint="https://blobs.example.com", credential_kind="key")
    with pytest.raises(CredentialsError, match="AZURE_STORAGE_KEY is set, but nothing names"):
        find_credential(config, {"AZURE_STORAGE_KEY": KEY})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (STRING, "geheim", "AZURE_STORAGE_CONNECTION_STRING: bad connection string"),
        ("AZURE_STORAGE_KEY", "geheim!", "bad account key"),
        ("AZURE_STORAGE_SAS_TOKEN", "geheim", "bad SAS token"),
    ],
)
def test_what_is_wrong_in_the_environment_is_an_error(name: str, value: str, said: str) -> None:
    """Nobody else's credential takes its place; the message doesn't quote it."""
    with pytest.raises(UsageError) as caught:
        find_credential(ACCT, {name: value})
    assert said in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_connection_string_without_a_credential_is_passed_over() -> None:
    """It may name the account alone."""
    environ = {STRING: "AccountName=acct", "AZURE_STORAGE_KEY": KEY}
    found = find_credential(ACCT, environ)
    assert found == (
        SharedKey("acct", KEY),
        "AZURE_STORAGE_KEY",
        ("AZURE_STORAGE_CONNECTION_STRING has no AccountKey and no SharedAccessSignature",),
    )
