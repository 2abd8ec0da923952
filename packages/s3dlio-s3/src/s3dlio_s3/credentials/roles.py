"""Credentials of a role: assumed with other credentials, or with a token of an identity provider.

Rules that hold in this file:
- What the role is assumed with is looked for anew each time, and so is the token's file: both may
  have changed since.
- A role that wants a code of a device (mfa_serial) is refused: nobody is there to ask in the middle
  of a transfer.

Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider"; AWS STS API
Reference, AssumeRole and AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import register_secret
from s3dlio_s3.credentials.source import named
from s3dlio_s3.credentials.sts import call_sts
from s3dlio_s3.shared_files import aws_path

if TYPE_CHECKING:
    from s3dlio_s3.credentials.source import CredentialsSource, Surroundings
    from s3dlio_s3.credentials.value import Credentials
    from s3dlio_s3.shared_files import SharedFiles

__all__ = ["AssumeRoleSource", "EnvironmentWebIdentitySource", "WebIdentitySource"]

#: What STS takes, in seconds (AssumeRole, DurationSeconds).
DURATION_MIN_S, DURATION_MAX_S = 900, 43_200


@dataclass(frozen=True, slots=True)
class AssumeRoleSource:
    """The role of a profile, assumed with the credentials of another source."""

    profile: str
    source: CredentialsSource
    files: SharedFiles
    surroundings: Surroundings
    renewable: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return f"the role of profile {self.profile}"

    def load(self) -> Credentials:
        """Assume the role.

        Raises:
            CredentialsError: a setting makes no sense, the other source gave nothing, or AWS STS
                refused.
        """
        parameters = self._parameters()
        try:
            signer = self.source.load()
        except CredentialsError as error:
            raise named(error, self.source.name) from error
        if isinstance(signer, str):
            raise CredentialsError(f"its role can't be assumed: {self.source.name}: {signer}")
        return call_sts(
            "AssumeRole",
            parameters,
            signer=signer,
            files=self.files,
            profile=self.profile,
            around=self.surroundings,
        )

    def _parameters(self) -> dict[str, str]:
        values = self.files.values(self.profile)
        if values.get("mfa_serial"):
            raise CredentialsError(
                "its role wants a code of the device in mfa_serial, which isn't asked for here",
                hint=f"Run: eval $(aws configure export-credentials --profile {self.profile} "
                "--format env)",
            )
        parameters = {
            "RoleArn": values["role_arn"],
            "RoleSessionName": values.get("role_session_name") or _session_name(self.surroundings),
        }
        if external_id := values.get("external_id"):
            parameters["ExternalId"] = external_id
        if duration := values.get("duration_seconds"):
            parameters["DurationSeconds"] = _checked_duration(duration)
        return parameters


@dataclass(frozen=True, slots=True)
class WebIdentitySource:
    """A role that is assumed with a token of an identity provider, which stands in a file."""

    name: str
    role_arn: str
    token_file: str
    session_name: str
    profile: str
    files: SharedFiles
    surroundings: Surroundings
    renewable: ClassVar[bool] = True

    def load(self) -> Credentials:
        """Assume the role.

        Raises:
            CredentialsError: the file can't be read, or AWS STS refused.
        """
        return call_sts(
            "AssumeRoleWithWebIdentity",
            {
                "RoleArn": self.role_arn,
                "RoleSessionName": self.session_name or _session_name(self.surroundings),
                "WebIdentityToken": self._token(),
            },
            signer=None,
            files=self.files,
            profile=self.profile,
            around=self.surroundings,
        )

    def _token(self) -> str:
        path = aws_path(self.token_file, self.surroundings.environ)
        try:
            token = path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise CredentialsError(f"can't read the token file {path}: {error.strerror}") from None
        except ValueError:
            raise CredentialsError(f"the token file {path} isn't ASCII") from None
        if not token:
            raise CredentialsError(f"the token file {path} is empty")
        register_secret(token)
        return token


@dataclass(frozen=True, slots=True)
class EnvironmentWebIdentitySource:
    """AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, as Amazon EKS sets them."""

    surroundings: Surroundings
    profile: str
    name: ClassVar[str] = "web identity"
    renewable: ClassVar[bool] = True

    def load(self) -> Credentials | str:
        """Return the credentials, or why there are none here.

        Raises:
            CredentialsError: a setting is missing, the file can't be read, or AWS STS refused.
        """
        environ = self.surroundings.environ
        token_file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", "")
        if not token_file:
            return "AWS_WEB_IDENTITY_TOKEN_FILE isn't set"
        files = self.surroundings.shared_files()
        if assumes_role(files, self.profile):
            # As in botocore: pods have these variables whether or not somebody wants another role.
            return f"profile {self.profile} names a role of its own"
        role_arn = environ.get("AWS_ROLE_ARN", "")
        if not role_arn:
            raise CredentialsError("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN isn't")
        return WebIdentitySource(
            name=self.name,
            role_arn=role_arn,
            token_file=token_file,
            session_name=environ.get("AWS_ROLE_SESSION_NAME", ""),
            profile=self.profile,
            files=files,
            surroundings=self.surroundings,
        ).load()


def assumes_role(files: SharedFiles, profile: str) -> bool:
    """Return whether a profile names a role to be assumed with other credentials."""
    values = files.values(profile)
    return bool(values.get("role_arn")) and not values.get("web_identity_token_file")


def _session_name(around: Surroundings) -> str:
    return f"s3dlio-{int(around.now_s())}"


def _checked_duration(text: str) -> str:
    if not text.isdecimal() or not DURATION_MIN_S <= int(text) <= DURATION_MAX_S:
        raise CredentialsError(
            f"duration_seconds is {text!r}, not {DURATION_MIN_S} to {DURATION_MAX_S}"
        )
    return str(int(text))
