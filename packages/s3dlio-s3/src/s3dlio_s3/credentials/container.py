"""Credentials of a container: from the agents of Amazon ECS and Amazon EKS Pod Identity.

Rules that hold in this file:
- Over plain HTTP only the machine itself and the agents' own addresses are asked: the answer is a
  secret. A name that isn't an address is not looked up; "localhost" is the exception.
- The token file is read for each request: Kubernetes writes it anew.

Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import register_secret
from s3dlio_s3.credentials import http
from s3dlio_s3.credentials.value import Credentials, credentials_of_answer

if TYPE_CHECKING:
    from s3dlio_s3.credentials.source import Surroundings

__all__ = ["ContainerSource"]

_ECS_ORIGIN = "http://169.254.170.2"
_AGENTS = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
#: As botocore has it, in seconds.
TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class ContainerSource:
    """The agent that AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI names."""

    surroundings: Surroundings
    name: ClassVar[str] = "container"
    renewable: ClassVar[bool] = True

    def load(self) -> Credentials | str:
        """Return the credentials, or that no agent is named.

        Raises:
            CredentialsError: the agent's address isn't allowed, or it gave no credentials.
        """
        url = self._url()
        if not url:
            return "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI aren't set"
        answer = http.send(
            "GET",
            url,
            headers={"accept": "application/json", **self._authorization()},
            timeout_s=TIMEOUT_S,
            ca_bundle=self.surroundings.ca_bundle,
        )
        if answer.status != 200:
            raise CredentialsError(
                f"{http.origin_of(url)} answered {answer.status}",
                retryable=http.is_retryable(answer.status),
            )
        values = http.json_object(answer, url)
        return credentials_of_answer(values, http.origin_of(url), "Token")

    def _url(self) -> str:
        environ = self.surroundings.environ
        if relative := environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ""):
            if not relative.startswith("/"):
                raise CredentialsError("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI has no leading /")
            return _ECS_ORIGIN + relative
        url = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
        if url and not _is_allowed(url):
            raise CredentialsError(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this machine, "
                f"nor one of {', '.join(sorted(_AGENTS))}"
            )
        return url

    def _authorization(self) -> dict[str, str]:
        environ = self.surroundings.environ
        token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        if path := environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""):
            token = _read_token(path)
        if not token:
            return {}
        if "\r" in token or "\n" in token or not token.isascii():
            raise CredentialsError("the container's authorization token can't stand in a header")
        register_secret(token)
        return {"authorization": token}


def _read_token(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").rstrip("\r\n")
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "it isn't ASCII"
    raise CredentialsError(f"can't read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE {path}: {reason}")


def _is_allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.username is not None or not host or parts.port == 0:
            return False
    except ValueError:
        return False
    if parts.scheme == "https" or (parts.scheme == "http" and host == "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return parts.scheme == "http" and (address.is_loopback or str(address) in _AGENTS)
