"""Where the credential of an account is looked for, when none is given explicitly.

Rules that hold in this file:
- The first that is found counts. Each place that has none says why, and so does the error, which
  lists them all.
- What is set for another account isn't used, and that is said.
- A shared access signature and a token are secrets to whoever gets them: the first goes where the
  environment says that its account is, or else to Azure's own hosts; the second, unless it is asked
  for by name, to these alone.
- azure-identity is imported only when its turn comes: it costs a quarter of a second.

Sources: Azure CLI, "Azure CLI configuration" (AZURE_STORAGE_CONNECTION_STRING, _ACCOUNT, _KEY,
_SAS_TOKEN); azure-identity, DefaultAzureCredential.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from s3dlio_azure.config import check_takes_tokens
from s3dlio_azure.connection_string import ConnectionString, parse_connection_string
from s3dlio_azure.credentials import BearerToken, Sas, SharedKey
from s3dlio_azure.endpoints import belongs_to, is_azure, named_by
from s3dlio_core.errors import CredentialsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from s3dlio_azure.config import AzureConfig
    from s3dlio_azure.credentials import Credential

__all__ = [
    "ACCOUNT_VARIABLES",
    "CONNECTION_STRING_VARIABLE",
    "ENDPOINT_VARIABLE",
    "KEY_VARIABLES",
    "SAS_VARIABLE",
    "Found",
    "credential_of",
    "find_credential",
    "first_set",
    "nothing_found",
]

CONNECTION_STRING_VARIABLE = "AZURE_STORAGE_CONNECTION_STRING"
ACCOUNT_VARIABLES = ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME")
ENDPOINT_VARIABLE = "AZURE_STORAGE_ENDPOINT"
KEY_VARIABLES = ("AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY")
SAS_VARIABLE = "AZURE_STORAGE_SAS_TOKEN"

_HINT = (
    "Set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or log in "
    "(az login); for a public container set the option anonymous (--no-sign-request)"
)
#: Keeps Python from printing what nobody handles.
_SILENT = logging.NullHandler()


class Found(NamedTuple):
    """A credential.

    Attributes:
        credential: the credential.
        whence: where it was found; "" where it was given.
        tried: what each place said that was looked at before.
    """

    credential: Credential
    whence: str = ""
    tried: tuple[str, ...] = ()


def find_credential(config: AzureConfig, environ: Mapping[str, str]) -> Found:
    """Return the credential that the environment has for an account.

    Args:
        config: names the account, and may say what kind alone is looked for.
        environ: the environment.

    Raises:
        CredentialsError: there is none; the message says where it was looked for.
        UsageError: what is there makes no sense.
    """
    kind = config.credential_kind
    tried: list[str] = []
    for wanted, look in _PLACES:
        if kind and kind not in wanted:
            continue
        found = look(config, environ)
        if not isinstance(found, str):
            return found._replace(tried=tuple(tried))
        tried.append(found)
    raise nothing_found(config, tried)


def nothing_found(
    config: AzureConfig, tried: Iterable[str], *, retryable: bool = False
) -> CredentialsError:
    """Return the error of a search that has found nothing.

    Args:
        config: names the account.
        tried: what each place said.
        retryable: whether it may be otherwise later.
    """
    return CredentialsError(
        f"no credential found for the account {config.account or config.endpoint} "
        f"({'; '.join(tried)})",
        hint=_HINT,
        retryable=retryable,
    )


def first_set(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """Return the first of these variables that is set, and its value; two "" when none is."""
    return next(((name, environ[name]) for name in names if environ.get(name)), ("", ""))


def _connection_string(config: AzureConfig, environ: Mapping[str, str]) -> Found | str:
    if not environ.get(CONNECTION_STRING_VARIABLE):
        return f"{CONNECTION_STRING_VARIABLE} isn't set"
    given = connection_string_of(environ)
    account = given.account or named_by(given.blob_endpoint)
    if account and account != config.account:
        return f"{CONNECTION_STRING_VARIABLE} is for the account {account}"
    credential = credential_of(given, config.credential_kind)
    if credential is None:
        return f"{CONNECTION_STRING_VARIABLE} has no {_wanted(config.credential_kind)}"
    if isinstance(credential, Sas) and not _may_go_to(config, environ, account):
        return f"{CONNECTION_STRING_VARIABLE} is for another endpoint"
    return Found(credential, CONNECTION_STRING_VARIABLE)


def connection_string_of(environ: Mapping[str, str]) -> ConnectionString:
    """Return the connection string of the environment; one that is empty when there is none.

    Raises:
        UsageError: it can't be read.
    """
    text = environ.get(CONNECTION_STRING_VARIABLE, "")
    return read_connection_string(CONNECTION_STRING_VARIABLE, text)


def read_connection_string(whose: str, text: str) -> ConnectionString:
    """Read a connection string, or "".

    Raises:
        UsageError: it can't be read; the message begins with whose it is.
    """
    if not text:
        return ConnectionString()
    try:
        return parse_connection_string(text)
    except UsageError as error:
        error.reason = f"{whose}: {error.reason}"
        raise


def credential_of(given: ConnectionString, kind: str) -> Credential | None:
    """Return the credential of a connection string, if it has one of this kind."""
    if given.account_key and kind in {"", "key"}:
        return SharedKey(given.account, given.account_key)
    if given.sas_token and kind in {"", "sas"}:
        return Sas(given.sas_token)
    return None


def _wanted(kind: str) -> str:
    names = {"key": "AccountKey", "sas": "SharedAccessSignature"}
    return names.get(kind, "AccountKey and no SharedAccessSignature")


def _key(config: AzureConfig, environ: Mapping[str, str]) -> Found | str:
    name, key = first_set(environ, KEY_VARIABLES)
    if not key:
        return f"neither {' nor '.join(KEY_VARIABLES)} is set"
    if not config.account:
        return f"{name} is set, but nothing names the account"
    return _of_other(config, environ, name) or Found(SharedKey(config.account, key), name)


def _sas(config: AzureConfig, environ: Mapping[str, str]) -> Found | str:
    token = environ.get(SAS_VARIABLE, "")
    if not token:
        return f"{SAS_VARIABLE} isn't set"
    if other := _of_other(config, environ, SAS_VARIABLE):
        return other
    if not _may_go_to(config, environ, first_set(environ, ACCOUNT_VARIABLES)[1]):
        return (
            f"{SAS_VARIABLE} is set, but nothing says that it is for {config.endpoint} "
            f"(set {ENDPOINT_VARIABLE})"
        )
    return Found(Sas(token), SAS_VARIABLE)


def _may_go_to(config: AzureConfig, environ: Mapping[str, str], account: str) -> bool:
    """Return whether the environment's shared access signature may be sent to an endpoint."""
    given = connection_string_of(environ)
    urls = [environ.get(ENDPOINT_VARIABLE, ""), given.blob_endpoint or given.default_endpoint]
    return any(
        belongs_to(config.endpoint, config.account, account=account, url=url)
        for url in (list(filter(None, urls)) or [""])
    )


def _of_other(config: AzureConfig, environ: Mapping[str, str], name: str) -> str:
    """Say that a variable is for another account, or return ""."""
    variable, account = first_set(environ, ACCOUNT_VARIABLES)
    if not account and (url := environ.get(ENDPOINT_VARIABLE)):
        variable, account = ENDPOINT_VARIABLE, named_by(url)
    if not account or not config.account or account == config.account:
        return ""
    return f"{name} is for the account {account} ({variable})"


def _identity(config: AzureConfig, environ: Mapping[str, str]) -> Found | str:
    del environ  # azure-identity reads it by itself
    try:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - see the rules
    except ImportError:
        return "azure-identity isn't installed (pip install 's3dlio-azure[identity]')"
    if config.credential_kind == "identity":
        check_takes_tokens(config.endpoint)
    elif not config.endpoint.startswith("https://"):
        return "Microsoft Entra ID needs an https:// endpoint"
    elif not is_azure(config.endpoint):
        return (
            "a token of Microsoft Entra ID is sent to Azure's own hosts (set the option "
            "credential=identity to send it elsewhere)"
        )
    # It warns of all that it has tried. Whoever configures logging still gets that.
    logging.getLogger("azure.identity").addHandler(_SILENT)
    return Found(BearerToken(DefaultAzureCredential(), "environment"), "azure-identity")


_PLACES: tuple[
    tuple[frozenset[str], Callable[[AzureConfig, Mapping[str, str]], Found | str]], ...
] = (
    (frozenset({"key", "sas"}), _connection_string),
    (frozenset({"key"}), _key),
    (frozenset({"sas"}), _sas),
    (frozenset({"identity"}), _identity),
)
