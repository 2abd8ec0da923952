"""What a source of credentials is, and what it sees of the world.

Rules that hold in this file and in the sources:
- The environment, the clock and the places of files are arguments.
- A source that isn't set up says so in a few words; the next one is asked. One that is set up, but
  wrongly, or that fails, raises: credentials of somebody else must not take the place of those that
  were asked for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from s3dlio_core.errors import CredentialsError, UsageError
from s3dlio_s3.shared_files import SharedFiles, read_shared_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_s3.credentials.value import Credentials

__all__ = ["CredentialsSource", "Surroundings", "named"]


class CredentialsSource(Protocol):
    """One place where credentials may be."""

    @property
    def name(self) -> str:
        """What the source is called in messages."""

    @property
    def renewable(self) -> bool:
        """Whether asking again may give credentials that last longer."""

    def load(self) -> Credentials | str:
        """Return the credentials, or why the source isn't set up.

        Raises:
            CredentialsError: it is set up, but wrongly, or it fails.
        """


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What sources see of the world.

    Attributes:
        environ: the environment.
        region: where AWS STS is asked.
        use_fips: whether AWS STS and IAM Identity Center are asked at their FIPS 140 hosts.
        ca_bundle: a file or directory of CA certificates, or "" for those of certifi.
        now_s: the clock, in seconds since the epoch.
    """

    environ: Mapping[str, str] = field(repr=False)
    region: str = "us-east-1"
    use_fips: bool = False
    ca_bundle: str = ""
    now_s: Callable[[], float] = time.time

    def shared_files(self) -> SharedFiles:
        """Read the shared files.

        Raises:
            CredentialsError: one can't be read.
        """
        try:
            return read_shared_files(self.environ)
        except UsageError as error:
            raise CredentialsError(error.reason, hint=error.hint) from error


def named(error: CredentialsError, name: str) -> CredentialsError:
    """Return an error that says which source it is about."""
    return CredentialsError(
        f"{name}: {error.reason}", hint=error.hint, retryable=error.retryable, code=error.code
    )
