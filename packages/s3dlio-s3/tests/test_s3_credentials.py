"""Where credentials come from, and what is said when there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import CredentialsError, Scope
from s3dlio_s3 import S3Config, S3Provider
from s3dlio_s3.credentials import Credentials, default_sources, find_credentials

if TYPE_CHECKING:
    from pathlib import Path

KEYS = """
[default]
aws_access_key_id = FILE
aws_secret_access_key = file/secret
[work]
aws_access_key_id=WORK
aws_secret_access_key=work/secret
aws_session_token=work/token
[half]
aws_access_key_id=HALF
"""
CONFIG = """
[profile sso]
sso_session = mine
[profile inline]
aws_access_key_id = INLINE
aws_secret_access_key = inline/secret
[profile "two words"]
aws_access_key_id = TWO
aws_secret_access_key = two/secret
"""
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env/secret"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """An environment that names both shared files."""
    (tmp_path / "credentials").write_text(KEYS)
    (tmp_path / "config").write_text(CONFIG)
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }


def found(profile: str, environ: dict[str, str]) -> Credentials:
    """Return what the chain finds."""
    return find_credentials(default_sources(profile, environ))


def test_environment_comes_first(files: dict[str, str]) -> None:
    """Keys in the environment win over the default profile."""
    environ = {**files, **ENVIRONMENT, "AWS_SESSION_TOKEN": "t"}
    assert Credentials("ENV", "env/secret", "t") == found("", environ)


def test_asked_profile_wins_over_environment(files: dict[str, str]) -> None:
    """A profile that is asked for by option wins over keys in the environment."""
    expected = Credentials("WORK", "work/secret", "work/token")
    assert expected == found("work", {**files, **ENVIRONMENT})


def test_environment_wins_over_profile_of_the_environment(files: dict[str, str]) -> None:
    """AWS_PROFILE doesn't win over keys in the environment."""
    assert found("", {**files, **ENVIRONMENT, "AWS_PROFILE": "work"}).access_key_id == "ENV"


def test_profile_of_the_environment(files: dict[str, str]) -> None:
    """AWS_PROFILE names the profile when the environment has no keys."""
    assert found("", {**files, "AWS_PROFILE": "work"}).access_key_id == "WORK"


def test_default_profile(files: dict[str, str]) -> None:
    """The default profile comes last."""
    assert found("", files) == Credentials("FILE", "file/secret")


@pytest.mark.parametrize(("profile", "key"), [("inline", "INLINE"), ("two words", "TWO")])
def test_keys_in_the_configuration_file(files: dict[str, str], profile: str, key: str) -> None:
    """Keys may stand in a profile of the configuration file, whose name may have spaces."""
    assert key == found(profile, files).access_key_id


def test_error_says_why_each_source_gave_nothing(files: dict[str, str]) -> None:
    """The error names each source that was tried, why it gave nothing, and what to do."""
    environ = {**files, "AWS_ACCESS_KEY_ID": "ENV", "AWS_PROFILE": "gone"}
    with pytest.raises(CredentialsError) as raised:
        found("", environ)
    text = str(raised.value)
    assert "environment: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't" in text
    assert f'profile "gone": not in {files["AWS_SHARED_CREDENTIALS_FILE"]}' in text
    assert "Set AWS_ACCESS_KEY_ID" in text
    assert Scope.STORE is raised.value.scope


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ("sso", "it uses sso_session, which isn't supported"),
        ("half", "aws_access_key_id is set, but aws_secret_access_key isn't"),
    ],
)
def test_profile_that_gives_nothing(files: dict[str, str], profile: str, reason: str) -> None:
    """A profile without usable keys says what it has instead."""
    with pytest.raises(CredentialsError, match=reason):
        found(profile, files)


def test_repr_hides_the_secrets() -> None:
    """The repr shows the access key id only."""
    assert repr(Credentials("AKID", "hunter2", "t0ken")) == "Credentials(access_key_id='AKID')"


def test_default_section_lends_nothing(tmp_path: Path) -> None:
    """A section [DEFAULT] is a profile like any other."""
    (tmp_path / "credentials").write_text(
        "[DEFAULT]\naws_access_key_id=A\naws_secret_access_key=B\n[other]\nx=1\n"
    )
    nowhere = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }
    with pytest.raises(CredentialsError):
        found("other", nowhere)


def test_nothing_is_looked_up_before_the_first_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Providers and stores are made without credentials; the first request misses them."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with S3Provider(S3Config(endpoint_url="http://127.0.0.1:1")) as provider:
        store = provider.open("bucket")
        with pytest.raises(CredentialsError) as raised:
            store.head("key")
    assert (raised.value.operation, raised.value.uri) == ("head", "s3://bucket/key")
