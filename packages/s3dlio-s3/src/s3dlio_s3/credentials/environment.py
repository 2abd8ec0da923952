"""Credentials in the environment, and those that a program gives by itself.

Source: AWS SDKs and Tools Reference Guide, "AWS access keys"; AWS_CREDENTIAL_EXPIRATION is set by
`aws configure export-credentials --format env`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials.value import Credentials, parse_expiry, register_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EnvironmentSource", "ExplicitSource"]


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION.

    AWS_SECURITY_TOKEN is the token's old name, and counts first, as for boto3.
    """

    environ: Mapping[str, str] = field(repr=False)
    name: ClassVar[str] = "environment"
    renewable: ClassVar[bool] = False

    def load(self) -> Credentials | str:
        """Return the credentials, or why there are none here.

        Raises:
            CredentialsError: there is half of them.
        """
        key = self.environ.get("AWS_ACCESS_KEY_ID", "")
        secret = self.environ.get("AWS_SECRET_ACCESS_KEY", "")
        if not key:
            # As in the SDKs a secret alone counts for nothing.
            return "AWS_ACCESS_KEY_ID isn't set" + (
                ", but AWS_SECRET_ACCESS_KEY is" if secret else ""
            )
        if not secret:
            raise CredentialsError("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't")
        expires_at_s = None
        if expiration := self.environ.get("AWS_CREDENTIAL_EXPIRATION", ""):
            expires_at_s = parse_expiry(expiration)
            if expires_at_s is None:
                raise CredentialsError("AWS_CREDENTIAL_EXPIRATION is no time")
        names = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
        token = next((value for name in names if (value := self.environ.get(name))), "")
        return register_credentials(Credentials(key, secret, token, expires_at_s))


@dataclass(frozen=True, slots=True)
class ExplicitSource:
    """Credentials that were given as a value."""

    credentials: Credentials
    name: ClassVar[str] = "options"
    renewable: ClassVar[bool] = False

    def load(self) -> Credentials:
        """Return the credentials."""
        return register_credentials(self.credentials)
