"""The chain of sources: where credentials are looked for, in which order.

Rules that hold in this file:
- The first source that has credentials wins. Each that has none says why, and so does the error,
  which lists them all.
- The metadata services come last: asking them costs time where nobody answers.

Source: botocore's order (`create_credential_resolver`), which is that of boto3 and the AWS CLI; AWS
SDKs and Tools Reference Guide, "Standardized credential providers". As there a profile that is
asked for by option wins over the environment, and AWS_PROFILE doesn't win over keys in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials.container import ContainerSource
from s3dlio_s3.credentials.environment import EnvironmentSource
from s3dlio_s3.credentials.instance_metadata import InstanceMetadataSource
from s3dlio_s3.credentials.profile import SharedFilesSource
from s3dlio_s3.credentials.roles import EnvironmentWebIdentitySource
from s3dlio_s3.credentials.source import CredentialsSource, Surroundings
from s3dlio_s3.shared_files import DEFAULT_PROFILE, profile_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from s3dlio_s3.credentials.value import Credentials

__all__ = ["default_sources", "find_credentials", "find_source"]

_HINT = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile (option profile or "
    "AWS_PROFILE); for a public bucket set the option anonymous "
    "(--no-sign-request)"
)


def default_sources(
    profile: str, environ: Mapping[str, str], surroundings: Surroundings | None = None
) -> Sequence[CredentialsSource]:
    """Return the chain.

    Args:
        profile: the profile that was asked for by option, or "".
        environ: the environment.
        surroundings: the same and more; made of `environ` when None.
    """
    around = surroundings or Surroundings(environ)
    if profile:
        before: list[CredentialsSource] = []
    else:
        profile = profile_of(environ) or DEFAULT_PROFILE
        before = [EnvironmentSource(environ), EnvironmentWebIdentitySource(around, profile)]
    return (
        *before,
        SharedFilesSource(profile, around),
        ContainerSource(around),
        InstanceMetadataSource(around, profile),
    )


def find_credentials(sources: Sequence[CredentialsSource]) -> Credentials:
    """Return the credentials of the first source that has any.

    Raises:
        CredentialsError: see `find_source`.
    """
    return find_source(sources)[0]


def find_source(sources: Sequence[CredentialsSource]) -> tuple[Credentials, CredentialsSource]:
    """Return the credentials of the first source that has any, and the source.

    Raises:
        CredentialsError: none has, or one that comes first fails; the message says why each gave
            nothing.
    """
    tried: list[str] = []
    for source in sources:
        try:
            found = source.load()
        except CredentialsError as error:
            reason = "; ".join([*tried, f"{source.name}: {error.reason}"])
            raise CredentialsError(
                f"no credentials found ({reason})",
                hint=error.hint,
                retryable=error.retryable,
                code=error.code,
            ) from error
        if not isinstance(found, str):
            return found, source
        tried.append(f"{source.name}: {found}")
    raise CredentialsError(f"no credentials found ({'; '.join(tried)})", hint=_HINT)
