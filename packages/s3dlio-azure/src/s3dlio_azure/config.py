"""The configuration of the az backend; `config_options` makes it of what users give.

Rules that hold in this file:
- A configuration is a value: frozen, comparable, and its repr shows no secret. It can be pickled
  where its credential can.
- What an emulator lacks is declared here by a switch, or told by its own refusal.

Source: Azure Storage, "Blob Storage REST API".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3dlio_azure.credentials import Anonymous, BearerToken, Sas, SharedKey
from s3dlio_azure.endpoints import (
    account_of,
    check_account,
    default_endpoint,
    is_azure,
    one_name,
    service_url,
)
from s3dlio_azure.headers import checked_tier
from s3dlio_azure.tagging import format_tags
from s3dlio_core.errors import Scope, UsageError
from s3dlio_core.rest.choices import check_choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.credentials import TokenCredential

    from s3dlio_azure.credentials import Credential

__all__ = ["CREDENTIAL_KINDS", "AzureConfig"]

#: What may be looked for: "identity" is Microsoft Entra ID.
CREDENTIAL_KINDS = ("", "key", "sas", "identity")
CHECKSUM_ALGORITHMS = ("", "CRC64", "MD5", "NONE")
DELETE_SNAPSHOTS = ("", "include")


@dataclass(frozen=True, slots=True)
class AzureConfig:
    """How to reach a storage account.

    A pickle of it holds an explicit `credential` in plain text: treat it as a secret. Without one
    each process finds its own, and no pickle holds any.

    Attributes:
        account: the storage account's name; "" where the endpoint names it.
        endpoint: the service's URL without "/" at its end, e.g.
            "http://127.0.0.1:10000/devstoreaccount1"; "" is the account's in the public cloud.
        credential: an explicit one, any TokenCredential of azure-core too; or None: it is looked
            for on the first request.
        credential_kind: what alone is looked for, one of `CREDENTIAL_KINDS`; "" takes the first.
        ca_bundle: a file or directory of CA certificates, or "" for those of certifi.
        verify: whether TLS certificates are verified.
        connect_timeout_s: seconds to wait for a connection.
        read_timeout_s: seconds to wait for the next bytes of an answer.
        max_pool_size: idle connections kept.
        checksum_algorithm: what uploads carry: "CRC64", "MD5", "NONE", or "" for the best that is
            installed and the service compares.
        validate_content: whether the bytes of a blob are compared with the MD5 that is told of it.
        tags: blob index tags of new blobs whose `Attributes` don't name their own.
        access_tier: of new blobs, e.g. "Cool"; "" is the account's default.
        delete_snapshots: what a delete does with a blob's snapshots: "" refuses, "include" deletes
            them too. To delete them alone would leave what is told as deleted.
        include_directory_stubs: whether listings show the empty blobs that stand for directories.
        versions: whether the account may keep versions of blobs.
        blob_tags: whether the account has blob index tags, and the credential may read them.
        host: the host that URIs of the account name, or "" for URIs without one.
    """

    account: str = ""
    endpoint: str = ""
    credential: Credential | TokenCredential | None = field(default=None, repr=False)
    credential_kind: str = ""
    ca_bundle: str = ""
    verify: bool = True
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    max_pool_size: int = 256
    checksum_algorithm: str = ""
    validate_content: bool = True
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    access_tier: str = ""
    delete_snapshots: str = ""
    include_directory_stubs: bool = False
    versions: bool = True
    blob_tags: bool = True
    host: str = ""

    def __post_init__(self) -> None:
        check_choice("credential", self.credential_kind, CREDENTIAL_KINDS, shown=False)
        check_choice("checksum_algorithm", self.checksum_algorithm, CHECKSUM_ALGORITHMS)
        check_choice("delete_snapshots", self.delete_snapshots, DELETE_SNAPSHOTS)
        format_tags(self.tags, scope=Scope.STORE)
        checked_tier(self.access_tier)
        if self.ca_bundle and not Path(self.ca_bundle).exists():
            raise UsageError(f"the CA bundle {self.ca_bundle} doesn't exist")
        account, endpoint = self._account_and_endpoint()
        object.__setattr__(self, "account", account)
        object.__setattr__(self, "endpoint", endpoint)
        if self.credential is not None:
            object.__setattr__(self, "credential", self._checked_credential())

    def _account_and_endpoint(self) -> tuple[str, str]:
        account = self.account
        if not account and isinstance(self.credential, SharedKey):
            account = self.credential.account
        if account:
            check_account(account)
        if not account and not self.endpoint:
            raise UsageError("no storage account", hint="Give the account or the endpoint")
        endpoint = service_url(self.endpoint or default_endpoint(account), account)
        return account or account_of(endpoint), endpoint

    def _checked_credential(self) -> Credential:
        found: Any = self.credential
        if isinstance(found, SharedKey) and self.account and found.account != self.account:
            raise UsageError(
                f"the key is of the account {found.account}, not of {self.account}",
                hint="Give the key of the account that is asked",
            )
        if isinstance(found, (SharedKey, Sas, Anonymous)):
            return found
        if not isinstance(found, BearerToken) and not hasattr(found, "get_token"):
            raise UsageError(
                f"a credential that gives no tokens: {type(found).__name__}",
                hint="Give SharedKey, Sas, Anonymous or a TokenCredential of azure-core",
            )
        check_takes_tokens(self.endpoint)
        return found if isinstance(found, BearerToken) else BearerToken(found)

    @property
    def namespace(self) -> str:
        """Within what a container's name is unique."""
        return one_name(self.endpoint)

    @property
    def account_uri(self) -> str:
        """What URIs of the account's containers begin with."""
        return f"az://{self.host}/" if self.host else "az://"

    @property
    def is_azure(self) -> bool:
        """Whether Azure itself answers, or something that only speaks like it."""
        return is_azure(self.endpoint)


def check_takes_tokens(endpoint: str) -> None:
    """Check that a bearer token may be sent to an endpoint.

    Raises:
        UsageError: it isn't https: whoever sees a token can use it.
    """
    if not endpoint.startswith("https://"):
        raise UsageError(
            "a token of Microsoft Entra ID is sent over https only",
            uri=endpoint,
            hint="Use an https:// endpoint, or give an account key or a SAS token",
        )
