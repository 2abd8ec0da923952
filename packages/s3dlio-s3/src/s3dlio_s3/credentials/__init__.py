"""Credentials: what signs the requests, where they are looked for, and how they stay valid.

Rules that hold in this package:
- A secret is in no repr, no log and no error.
- One file for each kind of source; `chain` has their order, `holder` what is in use.
- Nothing is looked up before the first request: `file://` and `--help` need no credentials.

Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
"""

from s3dlio_s3.credentials.chain import default_sources, find_credentials, find_source
from s3dlio_s3.credentials.environment import EnvironmentSource, ExplicitSource
from s3dlio_s3.credentials.holder import CredentialsHolder
from s3dlio_s3.credentials.profile import SharedFilesSource
from s3dlio_s3.credentials.source import CredentialsSource, Surroundings
from s3dlio_s3.credentials.value import Credentials

__all__ = [
    "Credentials",
    "CredentialsHolder",
    "CredentialsSource",
    "EnvironmentSource",
    "ExplicitSource",
    "SharedFilesSource",
    "Surroundings",
    "default_sources",
    "find_credentials",
    "find_source",
]
