"""The AWS shared configuration files: profiles with credentials, regions and endpoints.

Rules that hold in this file:
- The environment is an argument; the files are read, never written.
- A missing file is an empty one. A file that can't be parsed is an error that names it.

Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files". Nested values
("s3 =" followed by indented lines) are read as "s3.name".
"""

from __future__ import annotations

import configparser
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFAULT_PROFILE",
    "Section",
    "SharedFiles",
    "aws_path",
    "profile_of",
    "read_shared_files",
]

DEFAULT_PROFILE = "default"

Section = dict[str, str]


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """What the two shared files hold.

    Attributes:
        config_path: the configuration file.
        credentials_path: the credentials file.
        profiles: profile → values of the configuration file; nested ones as "s3.name".
        services: name of a "services" section → its values.
        sso_sessions: name of an "sso-session" section → its values.
        keys: profile → values of the credentials file. Secrets, hence not in the repr.
    """

    config_path: Path
    credentials_path: Path
    profiles: Mapping[str, Section] = field(repr=False)
    services: Mapping[str, Section] = field(repr=False)
    sso_sessions: Mapping[str, Section] = field(repr=False)
    keys: Mapping[str, Section] = field(repr=False)

    def has_profile(self, name: str) -> bool:
        """Return whether one of the files has this profile."""
        return name in self.profiles or name in self.keys

    def value(self, profile: str, name: str) -> str:
        """Return a setting of a profile, or ""."""
        return self.keys.get(profile, {}).get(name) or self.profiles.get(profile, {}).get(name, "")

    def values(self, profile: str) -> Section:
        """Return the settings of both files together; the credentials file wins."""
        return {**self.profiles.get(profile, {}), **self.keys.get(profile, {})}

    def endpoint_url(self, profile: str, service: str) -> str:
        """Return the endpoint that a profile sets: its services section first, or "".

        Args:
            profile: the profile.
            service: as it is called in a services section: "s3", "sts", "sso", "sso_oidc".

        Raises:
            UsageError: the profile names a services section that doesn't exist.
        """
        name = self.value(profile, "services")
        if name and name not in self.services:
            raise UsageError(
                f"the profile {profile!r} uses services {name!r}, but {self.config_path} has no "
                f"[services {name}]",
                hint="Correct the name, or add the section",
            )
        section = self.services.get(name, {})
        return section.get(f"{service}.endpoint_url", "") or self.value(profile, "endpoint_url")

    def s3_endpoint_url(self, profile: str) -> str:
        """Return the endpoint that a profile sets for S3, or ""."""
        return self.endpoint_url(profile, "s3")


def read_shared_files(environ: Mapping[str, str]) -> SharedFiles:
    """Read the files that the environment names, or those in ~/.aws.

    Raises:
        UsageError: a file can't be parsed or read.
    """
    config_path, keys_path = (
        # Variables in them are replaced, as botocore does.
        aws_path(Template(environ.get(name) or default).safe_substitute(environ), environ)
        for name, default in (
            ("AWS_CONFIG_FILE", "~/.aws/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        )
    )
    sections: dict[str, dict[str, Section]] = {"profile": {}, "services": {}, "sso-session": {}}
    profiles = sections["profile"]
    for title, section in _read(config_path).items():
        kind, _, name = " ".join(_words(title)).partition(" ")
        if kind in sections and name:
            sections[kind][name] = section
        elif title == DEFAULT_PROFILE:
            profiles.setdefault(title, section)
    return SharedFiles(
        config_path=config_path,
        credentials_path=keys_path,
        profiles=profiles,
        services=sections["services"],
        sso_sessions=sections["sso-session"],
        keys=_read(keys_path),
    )


def profile_of(environ: Mapping[str, str]) -> str:
    """Return the profile that the environment asks for, or ""; which counts is as in botocore."""
    return environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or ""


def aws_path(text: str, environ: Mapping[str, str]) -> Path:
    """Return the path of a file, in which a leading "~/" is the home of the environment."""
    home = environ.get("HOME")
    if home and text.startswith("~/"):
        return Path(home, text[2:])
    return Path(text).expanduser()


def _words(title: str) -> list[str]:
    try:
        return shlex.split(title)
    except ValueError:
        return title.split()


def _read(path: Path) -> dict[str, Section]:
    # No section is special: "[DEFAULT]" must not lend its values to every profile.
    parser = configparser.RawConfigParser(default_section="\0", strict=False)
    try:
        with path.open(encoding="utf-8-sig") as lines:
            parser.read_file(lines)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        # The parser's own message quotes the line, and the line may hold a secret.
        why = error.strerror if isinstance(error, OSError) else "it isn't in the INI format"
        raise UsageError(
            f"can't read {path}: {why}", hint="Correct the file, or name another"
        ) from None
    return {title: _flatten(parser[title]) for title in parser.sections()}


def _flatten(section: Mapping[str, str]) -> Section:
    flat: Section = {}
    for name, value in section.items():
        if not value.startswith("\n"):
            flat[name] = value.strip()
            continue
        for line in value.splitlines():
            inner, equals, text = line.partition("=")
            if equals:
                flat[f"{name}.{inner.strip().lower()}"] = text.strip()
    return flat
