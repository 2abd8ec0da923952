"""Credentials of an EC2 instance's role, from the instance metadata service, version 2.

Rules that hold in this file:
- Version 1 is never used: it answers whoever makes a program ask, without a token.
- One attempt and one second, unless told otherwise: nearly everywhere nobody answers.
- The service knows best: credentials that it still gives are used though they look expired, and it
  is asked again some minutes later.

Source: Amazon EC2 User Guide, "Use the Instance Metadata Service"; AWS SDKs and Tools Reference
Guide, "IMDS credential provider".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import get_logger, register_secret
from s3dlio_s3.credentials import http
from s3dlio_s3.credentials.value import Credentials, credentials_of_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_s3.credentials.source import Surroundings

__all__ = ["InstanceMetadataSource"]

logger = get_logger("s3")

_ORIGINS = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
_SETTINGS = (
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "metadata_service_num_attempts",
    "metadata_service_timeout",
)
_ROLES = "/latest/meta-data/iam/security-credentials/"
#: The longest life of a token, in seconds: six hours.
_TOKEN_LIFE_S = "21600"  # noqa: S105 - a duration
#: Credentials that are older than they may be are taken to last this long, in seconds.
EXTENSION_S = 20 * 60.0


class _NobodyError(Exception):
    """The service gives nothing; the argument says why."""


@dataclass(frozen=True, slots=True)
class InstanceMetadataSource:
    """The role of the EC2 instance that this is."""

    surroundings: Surroundings
    profile: str
    name: ClassVar[str] = "instance metadata"
    renewable: ClassVar[bool] = True

    def load(self) -> Credentials | str:
        """Return the credentials, or why there are none.

        Raises:
            CredentialsError: a setting makes no sense, or the answer doesn't.
        """
        if self.surroundings.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return "AWS_EC2_METADATA_DISABLED is true"
        settings = self._settings()
        origin, timeout_s = _origin(settings), _number(settings, "metadata_service_timeout")
        attempts = max(1, int(_number(settings, "metadata_service_num_attempts")))
        for left in reversed(range(attempts)):
            try:
                return self._extended(_Service(origin, timeout_s).credentials())
            except _NobodyError as nobody:
                if not left:
                    return str(nobody)
        raise AssertionError("the last attempt returns")

    def _extended(self, credentials: Credentials) -> Credentials:
        now_s = self.surroundings.now_s()
        if credentials.expires_at_s is None or credentials.expires_at_s > now_s:
            return credentials
        logger.warning(
            "the instance metadata service gave credentials that expired %.0f s ago; they are used",
            now_s - credentials.expires_at_s,
        )
        return replace(credentials, expires_at_s=now_s + EXTENSION_S)

    def _settings(self) -> dict[str, str]:
        """Return the profile's settings, under those of the environment."""
        environ = self.surroundings.environ
        values = self.surroundings.shared_files().values(self.profile)
        given = {name: environ.get(f"AWS_{name.upper()}") or values.get(name) for name in _SETTINGS}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class _Service:
    origin: str
    timeout_s: float

    def credentials(self) -> Credentials:
        token = self._token()
        role = self._get(_ROLES, token).body.decode("utf-8", "replace").partition("\n")[0].strip()
        if not role:
            raise _NobodyError("the instance has no role")
        url = _ROLES + quote(role, safe="")
        values = http.json_object(self._get(url, token), self.origin)
        if values.get("Code", "Success") != "Success":
            raise _NobodyError(f"the role {role} gave {values['Code']}")
        whose = f"the role {role}"
        return credentials_of_answer(values, whose, "Token")

    def _token(self) -> str:
        answer = self._send(
            "PUT", "/latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds": _TOKEN_LIFE_S}
        )
        token = answer.body.decode("latin-1").strip()
        if answer.status != 200 or not token:
            raise _NobodyError(
                f"{self.origin} gave no token (status {answer.status}); version 1 isn't used"
            )
        register_secret(token)
        return token

    def _get(self, path: str, token: str) -> http.Answer:
        answer = self._send("GET", path, {"x-aws-ec2-metadata-token": token})
        if answer.status == 404:
            raise _NobodyError("the instance has no role")
        if answer.status != 200:
            raise _NobodyError(f"{self.origin} answered {answer.status}")
        return answer

    def _send(self, method: str, path: str, headers: dict[str, str]) -> http.Answer:
        try:
            return http.send(method, self.origin + path, headers=headers, timeout_s=self.timeout_s)
        except CredentialsError as error:
            raise _NobodyError(error.reason) from error


def _origin(settings: Mapping[str, str]) -> str:
    if given := settings.get("ec2_metadata_service_endpoint"):
        if not given.startswith(("http://", "https://")):
            raise CredentialsError("AWS_EC2_METADATA_SERVICE_ENDPOINT is no http URL")
        return given.rstrip("/")
    mode = settings.get("ec2_metadata_service_endpoint_mode", "ipv4")
    if mode.lower() not in _ORIGINS:
        raise CredentialsError(
            f"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is {mode!r}, not IPv4 or IPv6"
        )
    return _ORIGINS[mode.lower()]


def _number(settings: Mapping[str, str], name: str) -> float:
    text = settings.get(name, "1")
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise CredentialsError(f"AWS_{name.upper()} is {text!r}, not a number above zero")
    return value
