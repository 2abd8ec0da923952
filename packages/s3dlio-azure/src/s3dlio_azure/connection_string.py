"""Connection strings: text in, account, endpoint and credentials out.

Rules that hold in this file:
- Pure.
- The text holds secrets: errors name its settings, never a value.

Source: Azure Storage, "Configure Azure Storage connection strings"; Azurite, "Well-known storage
account and key".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from s3dlio_core.errors import UsageError

__all__ = ["DEVELOPMENT_ACCOUNT", "DEVELOPMENT_KEY", "ConnectionString", "parse_connection_string"]

#: The account of every emulator; its key is published, and so no secret.
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_DEVELOPMENT_PORT = 10000

_KNOWN = {
    "accountkey": "AccountKey",
    "accountname": "AccountName",
    "blobendpoint": "BlobEndpoint",
    "defaultendpointsprotocol": "DefaultEndpointsProtocol",
    "developmentstorageproxyuri": "DevelopmentStorageProxyUri",
    "endpointsuffix": "EndpointSuffix",
    "sharedaccesssignature": "SharedAccessSignature",
    "usedevelopmentstorage": "UseDevelopmentStorage",
}
_HINT = "Write for example AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net"


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """What a connection string says.

    Attributes:
        account: the account's name, or "".
        blob_endpoint: the service's URL where the string names it, or "".
        default_endpoint: the URL that follows from the account, or "".
        account_key: the account's key, or "".
        sas_token: a shared access signature, or "".
    """

    account: str = ""
    blob_endpoint: str = ""
    default_endpoint: str = ""
    account_key: str = field(default="", repr=False)
    sas_token: str = field(default="", repr=False)


def parse_connection_string(text: str) -> ConnectionString:
    """Read a connection string.

    Settings of other services, such as QueueEndpoint, are passed over.

    Raises:
        UsageError: it can't be read, or says two things of one.
    """
    given = _settings(text)
    if given.get("UseDevelopmentStorage", "").lower() == "true":
        return _of_emulator(given.get("DevelopmentStorageProxyUri", ""))
    account, key = given.get("AccountName", ""), given.get("AccountKey", "")
    sas_token = given.get("SharedAccessSignature", "")
    if key and sas_token:
        raise UsageError(
            "the connection string has an AccountKey and a SharedAccessSignature",
            hint="Leave one of them out",
        )
    if key and not account:
        raise UsageError("the connection string has an AccountKey but no AccountName", hint=_HINT)
    if not account and not given.get("BlobEndpoint"):
        raise UsageError(
            "the connection string has neither an AccountName nor a BlobEndpoint", hint=_HINT
        )
    default = ""
    if account:
        suffix = given.get("EndpointSuffix", "") or "core.windows.net"
        default = f"{given.get('DefaultEndpointsProtocol') or 'https'}://{account}.blob.{suffix}"
    return ConnectionString(account, given.get("BlobEndpoint", ""), default, key, sas_token)


def _settings(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, setting in enumerate(filter(None, map(str.strip, text.split(";"))), 1):
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"bad connection string: setting {place} has no name or no =", hint=_HINT
            )
        name = _KNOWN.get(name.strip().lower(), name.strip())
        if name in found:
            raise UsageError(f"the connection string has {name[:100]} twice", hint=_HINT)
        found[name] = value.strip()
    return found


def _of_emulator(proxy: str) -> ConnectionString:
    origin = proxy.rstrip("/") or "http://127.0.0.1"
    endpoint = f"{origin}:{_DEVELOPMENT_PORT}/{DEVELOPMENT_ACCOUNT}"
    return ConnectionString(DEVELOPMENT_ACCOUNT, endpoint, "", DEVELOPMENT_KEY)
