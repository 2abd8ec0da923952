"""Credentials: what signs the requests, and where they are looked for.

Rules that hold in this file:
- A secret is in no repr, no log and no error.
- Sources form a chain; the first that has credentials wins. Each of the others says why it gave
  nothing, and the error lists them all. A new kind of source is one more class in the chain.
- Nothing is looked up before the first request: `file://` and `--help` need no credentials.

Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers". As in boto3 and
the AWS CLI, a profile that is asked for by option wins over keys in the environment, and
AWS_PROFILE doesn't.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from s3dlio_core.errors import CredentialsError, UsageError
from s3dlio_s3.shared_files import DEFAULT_PROFILE, read_shared_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Credentials",
    "CredentialsSource",
    "EnvironmentSource",
    "SharedFilesSource",
    "default_sources",
    "find_credentials",
]

_HINT = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile (option profile or "
    "AWS_PROFILE); for a public bucket set the option anonymous"
)
# Settings of a profile that name a kind of credentials which isn't read here.
_UNREAD_KINDS = ("sso_session", "sso_start_url", "role_arn", "credential_process")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key.

    Attributes:
        access_key_id: names the key; not a secret.
        secret_access_key: the secret.
        session_token: the token of temporary credentials, or "".
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


class CredentialsSource(Protocol):
    """One place where credentials may be."""

    @property
    def name(self) -> str:
        """What the source is called in messages."""

    def load(self) -> Credentials | str:
        """Return the credentials, or why there are none here."""


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."""

    environ: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return "environment"

    def load(self) -> Credentials | str:
        """Return the credentials, or why there are none here."""
        return _from_values(
            self.environ.get("AWS_ACCESS_KEY_ID", ""),
            self.environ.get("AWS_SECRET_ACCESS_KEY", ""),
            self.environ.get("AWS_SESSION_TOKEN", ""),
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        )


@dataclass(frozen=True, slots=True)
class SharedFilesSource:
    """A profile of the shared credentials and configuration files."""

    profile: str
    environ: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return f'profile "{self.profile}"'

    def load(self) -> Credentials | str:
        """Return the credentials, or why there are none here."""
        try:
            files = read_shared_files(self.environ)
        except UsageError as error:
            return error.reason
        if not files.has_profile(self.profile):
            return f"not in {files.credentials_path} or {files.config_path}"
        values = files.credentials_values(self.profile)
        found = _from_values(
            values.get("aws_access_key_id", ""),
            values.get("aws_secret_access_key", ""),
            values.get("aws_session_token", ""),
            ("aws_access_key_id", "aws_secret_access_key"),
        )
        if isinstance(found, str):
            kinds = [kind for kind in _UNREAD_KINDS if kind in values]
            if kinds:
                return f"it uses {kinds[0]}, which isn't supported"
        return found


def default_sources(profile: str, environ: Mapping[str, str]) -> Sequence[CredentialsSource]:
    """Return the chain: the environment, then the profile; only the profile if one is given.

    Args:
        profile: the profile that was asked for by option, or "".
        environ: the environment.
    """
    if profile:
        return (SharedFilesSource(profile, environ),)
    named = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or DEFAULT_PROFILE
    return (EnvironmentSource(environ), SharedFilesSource(named, environ))


def find_credentials(sources: Sequence[CredentialsSource]) -> Credentials:
    """Return the credentials of the first source that has any.

    Raises:
        CredentialsError: none has; the message says why each gave nothing.
    """
    tried = []
    for source in sources:
        found = source.load()
        if isinstance(found, Credentials):
            return found
        tried.append(f"{source.name}: {found}")
    raise CredentialsError(f"no credentials found ({'; '.join(tried)})", hint=_HINT)


def _from_values(
    access_key_id: str, secret_access_key: str, session_token: str, names: tuple[str, str]
) -> Credentials | str:
    if not access_key_id and not secret_access_key:
        return f"{names[0]} isn't set"
    if not access_key_id or not secret_access_key:
        given, missing = names if access_key_id else reversed(names)
        return f"{given} is set, but {missing} isn't"
    return Credentials(access_key_id, secret_access_key, session_token)
