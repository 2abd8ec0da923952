"""Who asks: the credential in use, found once in a process, and what it does to requests.

Rules that hold in this file:
- A credential that isn't given is looked for when it is first needed; one that isn't found is
  looked for again the next time.
- A fork has a lock of its own, and looks again: a credential that was found may hold locks, too.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from s3dlio_azure.credential_search import Found, find_credential, nothing_found
from s3dlio_azure.credentials import Anonymous, BearerToken, Sas, SharedKey
from s3dlio_azure.policies import BearerTokenPolicy, SasPolicy, SharedKeyPolicy
from s3dlio_azure.sas import check_sas_is_usable, ended_at
from s3dlio_core.errors import CredentialsError
from s3dlio_core.forks import renew_in_children
from s3dlio_core.logs import RedactSecrets

if TYPE_CHECKING:
    from s3dlio_azure.config import AzureConfig
    from s3dlio_azure.credentials import Credential
    from s3dlio_core.errors import S3dlioError

__all__ = ["Authorizer"]

_REDACTS = RedactSecrets()


class Authorizer:
    """The credential of one configuration. Thread-safe and fork-safe.

    Attributes:
        config: the configuration.
    """

    def __init__(self, config: AzureConfig) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._found: Found | None = None
        self._tokens: BearerTokenPolicy | None = None
        renew_in_children(self)

    def renew_after_fork(self) -> None:
        """Take a new lock, and look for the credential again."""
        self._lock = threading.Lock()
        self._found = self._tokens = None

    @property
    def credential(self) -> Credential:
        """Who asks.

        Raises:
            CredentialsError: there is no credential.
            UsageError: what is set makes no sense.
        """
        found = self._found
        if found is None:
            with self._lock:
                found = self._found = self._found or _found(self.config)
        return found.credential

    def policies(self) -> list[Any]:
        """Return what authorizes requests in a pipeline: one policy, or none.

        Raises:
            CredentialsError: there is no credential.
        """
        credential = self.credential
        if isinstance(credential, SharedKey):
            return [SharedKeyPolicy(credential)]
        if isinstance(credential, Sas):
            # Below a proxy urllib3 logs each URL.
            logging.getLogger("urllib3.connectionpool").addFilter(_REDACTS)
            return [SasPolicy(credential.token)]
        return [self._tokens_of(credential)] if isinstance(credential, BearerToken) else []

    def bearer(self) -> str:
        """Return a header's value with a token, or "" where the credential has none.

        Raises:
            CredentialsError: there is no credential, or no token.
        """
        credential = self.credential
        if isinstance(credential, BearerToken):
            return self._tokens_of(credential).header()
        return ""

    def _tokens_of(self, credential: BearerToken) -> BearerTokenPolicy:
        with self._lock:
            if self._tokens is None:
                self._tokens = BearerTokenPolicy(credential)
            return self._tokens

    def told_of_search(self, error: S3dlioError) -> S3dlioError:
        """Say what was looked for in vain before a credential that has no token."""
        found = self._found
        if found is None or not found.tried or not isinstance(error, CredentialsError):
            return error
        tried = (*found.tried, error.reason)
        return nothing_found(self.config, tried, retryable=error.retryable)

    def explain(self, error: CredentialsError) -> None:
        """Say what is known of a credential that the service has refused."""
        found = self._found
        if found is None:
            return
        credential = found.credential
        if isinstance(credential, Sas) and (ended := ended_at(credential.token, time.time())):
            error.hint = f"The SAS token ended at {ended}: get a new one"
        elif isinstance(credential, Anonymous):
            error.hint = (
                "Without a credential only public containers can be read: give a key, a SAS token "
                "or an identity"
            )
        elif found.whence:
            error.hint = f"{error.hint}; the credential in use is of {found.whence}"


def _found(config: AzureConfig) -> Found:
    """Return who asks."""
    # Any other has been wrapped by the configuration.
    given: Any = config.credential
    found = Found(given) if given is not None else find_credential(config, os.environ)
    if isinstance(found.credential, Sas):
        check_sas_is_usable(found.credential.token, config.endpoint)
    return found
