"""The configuration from what the URI names, then options, then environment, then defaults.

Rules that hold in this file:
- The environment is an argument; `current_config` alone reads that of the process.
- Explicit credentials are options; what only the environment has is found on the first request,
  and so is in no pickle (see `credential_search`).
- "" is unset, everywhere. Defaults are those of `AzureConfig`.
- A value may be a secret: messages have names only.

Source: Azure CLI, "Azure CLI configuration", for the variables.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from s3dlio_azure.config import AzureConfig
from s3dlio_azure.credential_search import (
    ACCOUNT_VARIABLES,
    CONNECTION_STRING_VARIABLE,
    ENDPOINT_VARIABLE,
    connection_string_of,
    credential_of,
    first_set,
    read_connection_string,
)
from s3dlio_azure.credentials import Anonymous, Sas, SharedKey
from s3dlio_azure.endpoints import account_of, belongs_to, named_by, service_url
from s3dlio_core.errors import CredentialsError, UsageError
from s3dlio_core.rest.option_values import count, lower, positive, switch, text, upper
from s3dlio_core.rest.tags import parse_tagging

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_azure.connection_string import ConnectionString
    from s3dlio_azure.credentials import Credential

__all__ = [
    "OPTION_GROUPS",
    "OPTION_NAMES",
    "WRITE_OPTIONS",
    "config_from_options",
    "current_config",
]


def _tags(_name: str, value: str) -> Mapping[str, str]:
    return parse_tagging(value)


#: How each attribute of `AzureConfig` that stands by itself is read.
_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "access_tier": text,
    "blob_tags": switch,
    "ca_bundle": text,
    "checksum_algorithm": upper,
    "connect_timeout_s": positive,
    "delete_snapshots": lower,
    "include_directory_stubs": switch,
    "max_pool_size": count,
    "read_timeout_s": positive,
    "tags": _tags,
    "validate_content": switch,
    "verify": switch,
    "versions": switch,
}
#: What the options of every store, and so of the command line, call it.
_OTHER_NAMES = {"storage_class": "access_tier", "tagging": "tags"}
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_CREDENTIAL_OPTIONS = frozenset(
    {"account", "account_key", "anonymous", "connection_string", "credential", "sas_token"}
)

#: What `config_from_options` understands.
OPTION_NAMES = frozenset({"endpoint_url", *_CREDENTIAL_OPTIONS, *_READERS, *_OTHER_NAMES})

#: Who asks is given as a whole.
OPTION_GROUPS = (_CREDENTIAL_OPTIONS,)

#: What reading has no use for.
WRITE_OPTIONS = frozenset({"access_tier", "delete_snapshots", "storage_class", "tagging", "tags"})


class _Account(NamedTuple):
    """An account, and where it answers; either may be ""."""

    account: str
    endpoint: str


def config_from_options(
    options: Mapping[str, str], environ: Mapping[str, str], host: str = ""
) -> AzureConfig:
    """Resolve the configuration.

    Args:
        options: names of `OPTION_NAMES`. Numbers and switches are given as text.
        environ: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT,
            AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ENDPOINT, REQUESTS_CA_BUNDLE.
        host: the host that the URI names, or "": it wins.

    Raises:
        UsageError: a value makes no sense, or two contradict each other.
        CredentialsError: nothing names an account; the message lists what was looked for.
    """
    given = read_connection_string(
        "the option connection_string", options.get("connection_string", "")
    )
    around = connection_string_of(environ)
    account, endpoint = _account_and_endpoint(options, environ, host, given, around)
    values = {
        name: read(name, value)
        for name, read in _READERS.items()
        if (value := _option(options, name))
    }
    if "ca_bundle" not in values:
        values["ca_bundle"] = first_set(environ, _CA_VARIABLES)[1]
    return AzureConfig(
        account=account,
        endpoint=endpoint,
        credential=_explicit_credential(options, given, account),
        credential_kind=options.get("credential", "").lower(),
        host=host,
        **values,
    )


def current_config(options: Mapping[str, str], host: str = "") -> AzureConfig:
    """Resolve the configuration in this process's environment."""
    return config_from_options(options, os.environ, host)


def _option(options: Mapping[str, str], name: str) -> str:
    """Return an option by its name, or by that of every store."""
    value = options.get(name, "")
    for other, own in _OTHER_NAMES.items():
        if own == name and options.get(other):
            if value:
                raise UsageError(f"{name} and {other} mean the same", hint="Give one of them")
            value = options[other]
    return value


def _account_and_endpoint(
    options: Mapping[str, str],
    environ: Mapping[str, str],
    host: str,
    given: ConnectionString,
    around: ConnectionString,
) -> _Account:
    """Return the account, and where it answers, as the first place says that names one."""
    named = options.get("account", "") or given.account
    if given.account not in {"", named}:
        raise UsageError("account and connection_string name different accounts")
    url = options.get("endpoint_url", "") or given.blob_endpoint
    known = around.account or first_set(environ, ACCOUNT_VARIABLES)[1]
    around_url = environ.get(ENDPOINT_VARIABLE, "")
    if host:
        found = _of_host(host, url, named, known)
        if given.sas_token and not url:
            _check_goes_to(found, given)
        return found
    if named:
        return _Account(
            named, url or given.default_endpoint or _endpoint_around(named, around, environ)
        )
    if url:
        return _Account(named_by(url) or known, url)
    if around.account or around.blob_endpoint:
        own = around.blob_endpoint or around_url or around.default_endpoint
        return _Account(around.account, own)
    if known or around_url:
        return _Account(known, around_url)
    raise CredentialsError(
        "no storage account is named (looked for: the URI's host; the options account, "
        "endpoint_url, connection_string; "
        f"{', '.join((CONNECTION_STRING_VARIABLE, *ACCOUNT_VARIABLES, ENDPOINT_VARIABLE))})",
        hint="Set AZURE_STORAGE_ACCOUNT, or write az://ACCOUNT.blob.core.windows.net/container/key",
    )


def _endpoint_around(named: str, around: ConnectionString, environ: Mapping[str, str]) -> str:
    """Return where the environment says that an account answers that an option names, or ""."""
    url = environ.get(ENDPOINT_VARIABLE, "")
    if around.account == named:
        return around.blob_endpoint or url or around.default_endpoint
    if owner := named_by(url):
        return url if owner == named else ""
    known = around.account or first_set(environ, ACCOUNT_VARIABLES)[1]
    if not url or known in {"", named}:
        return url
    # A cloud's and an emulator's is any account's, a domain of one's own is not.
    return url if account_of(service_url(url, named)) == named else ""


def _of_host(host: str, url: str, named: str, known: str) -> _Account:
    endpoint = service_url(f"https://{host}", "")
    account = account_of(endpoint)
    if account and named and account != named:
        raise UsageError(
            f"the URI is of the account {account}, and the options are for {named}",
            hint="Give the options of the account that is asked",
        )
    if url and service_url(url, account) != endpoint:
        raise UsageError(
            f"the URI is of {host}, and the endpoint URL is another one",
            hint="Leave the endpoint URL out, or write az://container/key",
        )
    return _Account(account or named or known, endpoint)


def _check_goes_to(asked: _Account, given: ConnectionString) -> None:
    url = given.default_endpoint
    if not belongs_to(asked.endpoint, asked.account, account=given.account, url=url):
        raise UsageError(
            f"the SAS token of connection_string is for {url}, not for {asked.endpoint}",
            hint="Write az://container/key, or a BlobEndpoint into the connection string",
        )


def _explicit_credential(
    options: Mapping[str, str], given: ConnectionString, account: str
) -> Credential | None:
    """Return the credential that the options give, or None."""
    anonymous = options.get("anonymous", "")
    key, token = options.get("account_key", ""), options.get("sas_token", "")
    found: list[Credential] = [
        *([Anonymous()] if anonymous and switch("anonymous", anonymous) else []),
        *([SharedKey(account, key)] if key else []),
        *([Sas(token)] if token else []),
    ]
    by_string = credential_of(given, "")
    if by_string is not None:
        found.append(by_string)
    if len(found) > 1:
        raise UsageError(
            "more than one credential is given",
            hint="Give one of account_key, sas_token, connection_string and anonymous",
        )
    return found[0] if found else None
