"""Account, endpoint and options: from the URI's host, options and environment."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.config import AzureConfig
from s3dlio_azure.config_options import OPTION_GROUPS, OPTION_NAMES, config_from_options
from s3dlio_azure.connection_string import (
    DEVELOPMENT_ACCOUNT,
    DEVELOPMENT_KEY,
    parse_connection_string,
)
from s3dlio_azure.credentials import Anonymous, BearerToken, Sas, SharedKey
from s3dlio_core.errors import CredentialsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "c2VjcmV0LWtleQ=="
OTHER_KEY = "b3RoZXIta2V5LS0="
TOKEN = "sv=2023-11-03&sp=r&sig=c2VjcmV0LXNhcw%3D%3D"
STRING = f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY}"
SAS_STRING = f"AccountName=acct;SharedAccessSignature={TOKEN}"
PUBLIC = "https://acct.blob.core.windows.net"
EMULATOR = "http://127.0.0.1:10000/devstoreaccount1"


def resolved(
    options: dict[str, str] | None = None, host: str = "", **environ: str
) -> tuple[str, str]:
    """Account and endpoint."""
    config = config_from_options(options or {}, environ, host)
    return config.account, config.endpoint


@pytest.mark.parametrize(
    ("options", "environ", "host", "expected"),
    [
        ({"account": "acct"}, {}, "", ("acct", PUBLIC)),
        ({"endpoint_url": PUBLIC + "/"}, {}, "", ("acct", PUBLIC)),
        ({"endpoint_url": EMULATOR}, {}, "", ("devstoreaccount1", EMULATOR)),
        (
            {"endpoint_url": "http://127.0.0.1:10000", "account": "acct"},
            {},
            "",
            ("acct", "http://127.0.0.1:10000/acct"),
        ),
        (
            {"endpoint_url": "http://azurite:10000", "account": "acct"},
            {},
            "",
            ("acct", "http://azurite:10000/acct"),
        ),
        (
            {"endpoint_url": "https://blob.core.chinacloudapi.cn", "account": "acct"},
            {},
            "",
            ("acct", "https://acct.blob.core.chinacloudapi.cn"),
        ),
        (
            {"endpoint_url": "https://blobs.example.com", "account": "acct"},
            {},
            "",
            ("acct", "https://blobs.example.com"),
        ),
        ({}, {"AZURE_STORAGE_ACCOUNT": "acct"}, "", ("acct", PUBLIC)),
        ({}, {"AZURE_STORAGE_ACCOUNT_NAME": "acct"}, "", ("acct", PUBLIC)),
        (
            {},
            {"AZURE_STORAGE_ACCOUNT": "acct", "AZURE_STORAGE_ACCOUNT_NAME": "other"},
            "",
            ("acct", PUBLIC),
        ),
        ({}, {"AZURE_STORAGE_ENDPOINT": EMULATOR}, "", ("devstoreaccount1", EMULATOR)),
        (
            {},
            {
                "AZURE_STORAGE_ENDPOINT": "https://blob.core.usgovcloudapi.net",
                "AZURE_STORAGE_ACCOUNT": "acct",
            },
            "",
            ("acct", "https://acct.blob.core.usgovcloudapi.net"),
        ),
        ({}, {"AZURE_STORAGE_CONNECTION_STRING": STRING}, "", ("acct", PUBLIC)),
        (
            {},
            {"AZURE_STORAGE_CONNECTION_STRING": STRING, "AZURE_STORAGE_ENDPOINT": EMULATOR[:22]},
            "",
            ("acct", "http://127.0.0.1:10000/acct"),
        ),
        (
            {},
            {"AZURE_STORAGE_CONNECTION_STRING": STRING, "AZURE_STORAGE_ACCOUNT": "other"},
            "",
            ("acct", PUBLIC),
        ),
        (
            {"account": "mine"},
            {"AZURE_STORAGE_CONNECTION_STRING": STRING},
            "",
            ("mine", "https://mine.blob.core.windows.net"),
        ),
        *[
            ({"account": "acct"}, {"AZURE_STORAGE_ENDPOINT": url, **around}, "", ("acct", found))
            for url, around, found in (
                ("https://blobs.example.com", {"AZURE_STORAGE_ACCOUNT": "other"}, PUBLIC),
                ("https://blobs.example.com", {"AZURE_STORAGE_ACCOUNT": "acct"}, None),
                ("https://blobs.example.com", {}, None),
                ("https://other.blob.core.windows.net", {}, PUBLIC),
                (
                    "https://blob.core.chinacloudapi.cn",
                    {"AZURE_STORAGE_ACCOUNT": "other"},
                    "https://acct.blob.core.chinacloudapi.cn",
                ),
                (
                    "http://127.0.0.1:10000",
                    {"AZURE_STORAGE_ACCOUNT": "other"},
                    "http://127.0.0.1:10000/acct",
                ),
            )
            for found in [found or url]
        ],
        (
            {"account": "acct"},
            {"AZURE_STORAGE_CONNECTION_STRING": f"{STRING};EndpointSuffix=core.chinacloudapi.cn"},
            "",
            ("acct", "https://acct.blob.core.chinacloudapi.cn"),
        ),
        (
            {"account": "acct"},
            {"AZURE_STORAGE_CONNECTION_STRING": f"{STRING};BlobEndpoint=http://azurite:1/acct"},
            "",
            ("acct", "http://azurite:1/acct"),
        ),
        (
            {"account": "acct", "endpoint_url": "https://blob.example.com"},
            {},
            "",
            ("acct", "https://blob.example.com"),
        ),
        (
            {"connection_string": STRING},
            {"AZURE_STORAGE_ACCOUNT": "other", "AZURE_STORAGE_ENDPOINT": EMULATOR},
            "",
            ("acct", PUBLIC),
        ),
        (
            {},
            {"AZURE_STORAGE_ACCOUNT": "other", "AZURE_STORAGE_ENDPOINT": EMULATOR},
            "acct.blob.core.windows.net",
            ("acct", PUBLIC),
        ),
        ({}, {}, "acct-secondary.blob.core.windows.net", None),
        ({}, {}, "acct.z01.blob.storage.azure.net", None),
        ({}, {}, "acct.privatelink.blob.core.windows.net", None),
        (
            {"account": "acct"},
            {},
            "blobs.example.com",
            ("acct", "https://blobs.example.com"),
        ),
        (
            {"connection_string": SAS_STRING},
            {},
            "acct-secondary.blob.core.windows.net",
            None,
        ),
        (
            {"endpoint_url": PUBLIC},
            {},
            "acct.blob.core.windows.net",
            ("acct", PUBLIC),
        ),
    ],
)
def test_who_is_asked_and_where(
    options: dict[str, str],
    environ: dict[str, str],
    host: str,
    expected: tuple[str, str] | None,
) -> None:
    """The URI's host wins, then options, then environment; hosts name their account."""
    found = resolved(options, host, **environ)
    assert found == (expected or ("acct", f"https://{host}"))


@pytest.mark.parametrize(
    ("options", "host", "said"),
    [
        ({"account": "A_b"}, "", "bad storage account 'A_b'"),
        ({"account": "other", "endpoint_url": PUBLIC}, "", "is of the account acct, not of other"),
        ({"endpoint_url": "http://127.0.0.1:10000"}, "", "names no account"),
        ({"endpoint_url": "https://blob.core.windows.net"}, "", "names no account"),
        (
            {"account": "acct", "credential": "geheim"},
            "",
            "bad credential. Use one of: key, sas, id",
        ),
        ({"endpoint_url": f"{PUBLIC}/a/b"}, "", "more than the account in its path"),
        ({"endpoint_url": f"{PUBLIC}?{TOKEN}"}, "", "bad endpoint URL"),
        ({"endpoint_url": f"https://me:{KEY}@host.example"}, "", "can't hold a user's name"),
        ({"endpoint_url": EMULATOR}, "acct.blob.core.windows.net", "not of acct"),
        ({"endpoint_url": "https://b.example"}, "acct.blob.core.windows.net", "is another one"),
        ({"account": "mine", "connection_string": STRING}, "", "name different accounts"),
        ({"account": "mine", "sas_token": TOKEN}, "acct.blob.core.windows.net", "are for mine"),
        ({"connection_string": SAS_STRING}, "b.example", "is for https://acct.blob.core"),
        ({"connection_string": SAS_STRING}, "other.blob.core.windows.net", "are for acct"),
        ({"account": "acct", "connection_string": "geheim"}, "", "setting 1 has no name or no ="),
        ({"connection_string": f"AccountKey={KEY}"}, "", "AccountKey but no AccountName"),
        ({"connection_string": "EndpointSuffix=x"}, "", "neither an AccountName nor"),
        ({"connection_string": f"{STRING};SharedAccessSignature={TOKEN}"}, "", "Leave one"),
        ({"connection_string": f"{STRING};AccountName=b"}, "", "AccountName twice"),
        ({"account": "acct", "account_key": "no base64!"}, "", "bad account key"),
        ({"account": "acct", "sas_token": "geheim"}, "", "bad SAS token"),
        ({"account": "acct", "account_key": KEY, "sas_token": TOKEN}, "", "more than one"),
        ({"account": "acct", "account_key": KEY, "anonymous": "true"}, "", "more than one"),
        ({"connection_string": STRING, "account_key": KEY}, "", "more than one"),
        ({"account": "acct", "credential": "magic"}, "", "bad credential"),
        ({"account": "acct", "verify": "perhaps"}, "", "bad verify"),
        ({"account": "acct", "checksum_algorithm": "sha1"}, "", "bad checksum_algorithm"),
        ({"account": "acct", "delete_snapshots": "some"}, "", "bad delete_snapshots"),
        # The service's, which leaves the blob.
        ({"account": "acct", "delete_snapshots": "only"}, "", "bad delete_snapshots"),
        ({"account": "acct", "ca_bundle": "/no/such"}, "", "CA bundle /no/such doesn't exist"),
        ({"account": "acct", "tagging": "no-tags"}, "", "bad tagging"),
        ({"account": "acct", "storage_class": "Cool", "access_tier": "Hot"}, "", "mean the same"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, str], host: str, said: str) -> None:
    """Before anything is sent, in words that quote no secret."""
    with pytest.raises(UsageError) as caught:
        config_from_options(options, {}, host)
    assert said in str(caught.value)
    for secret in ("c2VjcmV0", "geheim", "no base64"):
        assert secret not in str(caught.value)


def test_nothing_names_an_account() -> None:
    """The error lists all that was looked for."""
    with pytest.raises(CredentialsError) as caught:
        config_from_options({}, {})
    for place in (
        "the URI's host",
        "account",
        "endpoint_url",
        "connection_string",
        "AZURE_STORAGE_CONNECTION_STRING",
        "AZURE_STORAGE_ACCOUNT",
        "AZURE_STORAGE_ACCOUNT_NAME",
        "AZURE_STORAGE_ENDPOINT",
    ):
        assert place in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"account": "acct", "account_key": KEY}, SharedKey("acct", KEY)),
        ({"endpoint_url": PUBLIC, "account_key": KEY}, SharedKey("acct", KEY)),
        ({"account": "acct", "sas_token": f"?{TOKEN}"}, Sas(TOKEN)),
        ({"account": "acct", "anonymous": "true"}, Anonymous()),
        ({"account": "acct", "anonymous": "false"}, None),
        ({"connection_string": STRING}, SharedKey("acct", KEY)),
        (
            {"connection_string": f"BlobEndpoint={PUBLIC};SharedAccessSignature={TOKEN}"},
            Sas(TOKEN),
        ),
        ({"connection_string": SAS_STRING}, Sas(TOKEN)),
        ({"connection_string": f"BlobEndpoint={PUBLIC}", "sas_token": TOKEN}, Sas(TOKEN)),
        ({"connection_string": "AccountName=acct", "account_key": KEY}, SharedKey("acct", KEY)),
        ({"account": "acct"}, None),
    ],
)
def test_explicit_credentials(options: dict[str, str], expected: object) -> None:
    """Each form of an explicit credential; those of the environment are found later."""
    config = config_from_options(options, {"AZURE_STORAGE_KEY": OTHER_KEY})
    assert config.credential == expected


def test_the_emulator_has_its_own_connection_string() -> None:
    """UseDevelopmentStorage=true is an emulator on this machine, or on that of the proxy."""
    local = parse_connection_string("UseDevelopmentStorage=true;")
    assert (local.account, local.blob_endpoint, local.account_key) == (
        DEVELOPMENT_ACCOUNT,
        EMULATOR,
        DEVELOPMENT_KEY,
    )
    proxied = parse_connection_string(
        "usedevelopmentstorage=TRUE;DevelopmentStorageProxyUri=http://azurite"
    )
    assert proxied.blob_endpoint == "http://azurite:10000/devstoreaccount1"


def test_settings_of_other_services_are_passed_over() -> None:
    """A connection string of the portal names queues, tables and files, too."""
    given = parse_connection_string(f"{STRING};QueueEndpoint=https://q;EndpointSuffix=x.example")
    assert given.default_endpoint == "https://acct.blob.x.example"


@given(st.text(max_size=60))
def test_any_connection_string_is_read_or_refused(text: str) -> None:
    """A bad one is a UsageError, and nothing else."""
    try:
        parse_connection_string(text)
    except UsageError:
        return


def test_every_option_reaches_the_configuration(tmp_path: Path) -> None:
    """Texts become what `AzureConfig` has, by the names that the command line has, too."""
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    options = {
        "account": "acct",
        "ca_bundle": str(bundle),
        "checksum_algorithm": "crc64",
        "connect_timeout_s": "1.5",
        "credential": "IDENTITY",
        "delete_snapshots": "Include",
        "include_directory_stubs": "true",
        "max_pool_size": "7",
        "read_timeout_s": "2",
        "storage_class": "Cool",
        "tagging": "team=blue",
        "verify": "no",
        "versions": "false",
        "blob_tags": "off",
    }
    assert config_from_options(options, {}) == AzureConfig(
        account="acct",
        ca_bundle=str(bundle),
        checksum_algorithm="CRC64",
        connect_timeout_s=1.5,
        credential_kind="identity",
        delete_snapshots="include",
        include_directory_stubs=True,
        max_pool_size=7,
        read_timeout_s=2.0,
        access_tier="Cool",
        tags={"team": "blue"},
        verify=False,
        versions=False,
        blob_tags=False,
    )
    assert set(options) <= OPTION_NAMES
    assert OPTION_GROUPS[0] <= OPTION_NAMES


def test_the_host_of_a_uri_is_kept() -> None:
    """URIs that are shown have it, in the form that it was written in."""
    host = "acct.blob.core.windows.net"
    assert config_from_options({}, {}, host).account_uri == f"az://{host}/"
    assert config_from_options({"account": "acct"}, {}).account_uri == "az://"


def test_a_ca_bundle_may_stand_in_the_environment(tmp_path: Path) -> None:
    """By the variable that requests has, too; an option wins."""
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    config = config_from_options({"account": "acct"}, {"REQUESTS_CA_BUNDLE": str(bundle)})
    assert config.ca_bundle == str(bundle)


def test_a_key_of_another_account_is_refused() -> None:
    """It can't sign for this one."""
    with pytest.raises(UsageError, match="key is of the account other, not of acct"):
        AzureConfig(account="acct", credential=SharedKey("other", KEY))


class Tokens:
    """A credential that has no token."""

    def get_token(self, *scopes: str, **options: object) -> None:
        """Never called here."""
        raise AssertionError


def test_a_configuration_is_a_value() -> None:
    """It can be hashed, too; and what gives no tokens is refused at once."""
    assert hash(AzureConfig(account="acct", tags={"a": "b"})) is not None
    with pytest.raises(UsageError, match="gives no tokens: str") as caught:
        AzureConfig(account="acct", credential="geheim")  # type: ignore[arg-type] # a mistake
    assert "geheim" not in str(caught.value)


def test_any_token_credential_is_taken_over_https_only() -> None:
    """A configuration takes whatever gets tokens, but sends none over plain http."""
    config = AzureConfig(account="acct", credential=Tokens())  # type: ignore[arg-type] # a stand-in
    assert isinstance(config.credential, BearerToken)
    assert config.credential.identity.startswith("Tokens-")
    assert config.credential.identity == BearerToken(config.credential.source).identity
    assert config.credential.identity != BearerToken(Tokens()).identity  # type: ignore[arg-type] # likewise
    with pytest.raises(UsageError, match="over https only"):
        AzureConfig(endpoint=EMULATOR, credential=Tokens())  # type: ignore[arg-type] # likewise


@pytest.mark.parametrize("credential", [SharedKey("acct", KEY), Sas(TOKEN), Anonymous()])
def test_no_repr_tells_a_secret_and_pickles_are_whole(
    credential: SharedKey | Sas | Anonymous,
) -> None:
    """Configurations are shown without secrets, and cross processes with them."""
    config = AzureConfig(account="acct", credential=credential)
    for shown in (repr(config), repr(credential), credential.identity):
        assert "c2VjcmV0" not in shown
    assert pickle.loads(pickle.dumps(config)) == config


@pytest.mark.parametrize(
    ("endpoint", "is_azure"),
    [
        (PUBLIC, True),
        ("https://acct.blob.core.chinacloudapi.cn", True),
        ("https://acct.blob.core.usgovcloudapi.net", True),
        ("https://acct.z01.blob.storage.azure.net", True),
        (EMULATOR, False),
        ("https://acct.blob.core.windows.net.example.com", False),
    ],
)
def test_whether_azure_itself_answers(endpoint: str, is_azure: bool) -> None:
    """Hosts of Azure's clouds are trusted with what emulators lack."""
    config = AzureConfig(endpoint=endpoint)
    assert (config.is_azure, config.endpoint) == (is_azure, endpoint)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (PUBLIC, PUBLIC),
        ("http://acct.blob.core.windows.net", PUBLIC),
        ("https://acct.blob.core.windows.net:443", PUBLIC),
        ("https://acct-secondary.blob.core.windows.net", PUBLIC),
        ("https://acct.privatelink.blob.core.windows.net", PUBLIC),
        ("https://acct.z01.blob.storage.azure.net", "https://acct.blob.storage.azure.net"),
        (EMULATOR, EMULATOR),
        ("https://acct.blob.example.com", "https://acct.blob.example.com"),
    ],
)
def test_an_account_has_one_name(endpoint: str, expected: str) -> None:
    """Else a tree could be synchronised with itself, or a blob be moved onto itself."""
    assert AzureConfig(endpoint=endpoint).namespace == expected
