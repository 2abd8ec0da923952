"""Credentials of a profile of the shared files, of whatever kind it names.

Rules that hold in this file:
- Which kind counts is botocore's order: a role, a token of an identity provider, IAM Identity
  Center, keys of the credentials file, a program, keys of the configuration file.
- A profile that another one's role is assumed with is taken by its keys first, so it may name the
  role itself, too.
- Half a kind is an error that names profile and setting.

Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and "Assume role
credential provider".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials.container import ContainerSource
from s3dlio_s3.credentials.environment import EnvironmentSource, ExplicitSource
from s3dlio_s3.credentials.instance_metadata import InstanceMetadataSource
from s3dlio_s3.credentials.process import ProcessSource
from s3dlio_s3.credentials.roles import AssumeRoleSource, WebIdentitySource, assumes_role
from s3dlio_s3.credentials.sso import SsoSource
from s3dlio_s3.credentials.value import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_s3.credentials.source import CredentialsSource, Surroundings
    from s3dlio_s3.shared_files import Section, SharedFiles

__all__ = ["SharedFilesSource"]

_KEY_NAMES = ("aws_access_key_id", "aws_secret_access_key")
# The token's old name counts first, as for boto3.
_TOKEN_NAMES = ("aws_security_token", "aws_session_token")
_ROLES_MAX = 50
_SSO_ROLE_NAMES = ("sso_account_id", "sso_role_name")
# A profile may have these for tokens alone, beside credentials of another kind.
_SSO_LOGIN_NAMES = ("sso_session", "sso_start_url")
_CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")


@dataclass(frozen=True, slots=True)
class SharedFilesSource:
    """A profile of the shared credentials and configuration files.

    Attributes:
        profile: the profile.
        surroundings: what says where the files are, and what the profile's kind needs.
        visited: the profiles whose roles are to be assumed with this one.
        files: the shared files, or None: they are read.
    """

    profile: str
    surroundings: Surroundings
    visited: tuple[str, ...] = ()
    files: SharedFiles | None = field(default=None, repr=False)
    renewable: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return f'profile "{self.profile}"'

    def load(self) -> Credentials | str:
        """Return the credentials, or why the profile has none.

        Raises:
            CredentialsError: it names some, but wrongly, or they can't be had.
        """
        files = self.files or self.surroundings.shared_files()
        if not files.has_profile(self.profile):
            return f"not in {files.credentials_path} or {files.config_path}"
        source = self._source(files)
        return source if isinstance(source, str) else source.load()

    def _source(self, files: SharedFiles) -> CredentialsSource | str:
        values = files.values(self.profile)
        has_keys = _has_keys(values)
        if assumes_role(files, self.profile) and not (self.visited and has_keys):
            return self._role(files, values)
        if values.get("web_identity_token_file"):
            return self._web_identity(files, values)
        if any(values.get(name) for name in _SSO_ROLE_NAMES):
            return SsoSource(self.profile, files, self.surroundings)
        if _has_keys(keys := files.keys.get(self.profile, {})):
            return _keys_of(keys)
        if values.get("login_session"):
            raise CredentialsError(
                "it uses login_session, which isn't supported",
                hint=f"Run: eval $(aws configure export-credentials --profile {self.profile} "
                "--format env)",
            )
        if command := values.get("credential_process"):
            return ProcessSource(command)
        if has_keys:
            return _keys_of(files.profiles[self.profile])
        if any(values.get(name) for name in _SSO_LOGIN_NAMES):
            return SsoSource(self.profile, files, self.surroundings)
        return "it names no credentials"

    def _role(self, files: SharedFiles, values: Section) -> CredentialsSource:
        profile, kind = values.get("source_profile"), values.get("credential_source")
        if profile and kind:
            raise CredentialsError("it has both source_profile and credential_source")
        if kind:
            source = self._named_source(kind)
        elif profile:
            source = self._source_profile(files, profile)
        else:
            raise CredentialsError("it has role_arn, but no source_profile or credential_source")
        return AssumeRoleSource(self.profile, source, files, self.surroundings)

    def _named_source(self, kind: str) -> CredentialsSource:
        if kind == "Environment":
            return EnvironmentSource(self.surroundings.environ)
        if kind == "Ec2InstanceMetadata":
            return InstanceMetadataSource(self.surroundings, self.profile)
        if kind == "EcsContainer":
            return ContainerSource(self.surroundings)
        raise CredentialsError(
            f"its credential_source is {kind!r}, not one of {', '.join(_CREDENTIAL_SOURCES)}"
        )

    def _source_profile(self, files: SharedFiles, profile: str) -> CredentialsSource:
        if not files.has_profile(profile):
            raise CredentialsError(f"its source_profile {profile} doesn't exist")
        visited = (*self.visited, self.profile)
        # A profile may name itself, when it has keys: those of its own.
        if profile in visited and not (
            profile == self.profile and _has_keys(files.values(profile))
        ):
            raise CredentialsError(
                f"its source_profile goes round: {' → '.join((*visited, profile))}"
            )
        if len(visited) > _ROLES_MAX:
            raise CredentialsError(f"more than {_ROLES_MAX} roles are assumed one with another")
        return SharedFilesSource(profile, self.surroundings, visited, files)

    def _web_identity(self, files: SharedFiles, values: Section) -> CredentialsSource:
        if not values.get("role_arn"):
            raise CredentialsError("it has web_identity_token_file, but no role_arn")
        return WebIdentitySource(
            name=self.name,
            role_arn=values["role_arn"],
            token_file=values["web_identity_token_file"],
            session_name=values.get("role_session_name", ""),
            profile=self.profile,
            files=files,
            surroundings=self.surroundings,
        )


def _keys_of(section: Section) -> ExplicitSource:
    key, secret = (section.get(name, "") for name in _KEY_NAMES)
    if not key or not secret:
        given, missing = _KEY_NAMES if key else reversed(_KEY_NAMES)
        raise CredentialsError(f"{given} is set, but {missing} isn't")
    token = next((value for name in _TOKEN_NAMES if (value := section.get(name))), "")
    return ExplicitSource(Credentials(key, secret, token))


def _has_keys(values: Mapping[str, str]) -> bool:
    return any(values.get(name) for name in _KEY_NAMES)
