"""Where credentials come from, and what is said when there are none."""

from __future__ import annotations

import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.errors import CredentialsError, Scope
from s3dlio_s3 import S3Config, S3Provider
from s3dlio_s3.credentials import Credentials, default_sources, find_credentials
from s3dlio_s3.credentials.value import parse_expiry

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
[profile login]
login_session = mine
[profile bare]
region = eu-west-1
[profile lone]
aws_secret_access_key = lone/secret
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
        "AWS_EC2_METADATA_DISABLED": "true",
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
    with pytest.raises(CredentialsError) as raised:
        found("", {**files, "AWS_PROFILE": "gone"})
    text = str(raised.value)
    for reason in (
        "environment: AWS_ACCESS_KEY_ID isn't set; ",
        "web identity: AWS_WEB_IDENTITY_TOKEN_FILE isn't set; ",
        f'profile "gone": not in {files["AWS_SHARED_CREDENTIALS_FILE"]} or ',
        "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI aren't set; ",
        "instance metadata: AWS_EC2_METADATA_DISABLED is true)",
        "Set AWS_ACCESS_KEY_ID",
    ):
        assert reason in text
    assert Scope.STORE is raised.value.scope


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ("login", 'profile "login": it uses login_session, which isn\'t supported'),
        ("half", 'profile "half": aws_access_key_id is set, but aws_secret_access_key isn\'t'),
        ("lone", 'profile "lone": aws_secret_access_key is set, but aws_access_key_id isn\'t'),
        ("bare", 'profile "bare": it names no credentials'),
    ],
)
def test_profile_that_gives_nothing(files: dict[str, str], profile: str, reason: str) -> None:
    """A profile without usable keys says what it has instead."""
    with pytest.raises(CredentialsError, match=reason):
        found(profile, files)


def test_half_a_kind_stops_the_search(files: dict[str, str]) -> None:
    """What is set up wrongly is an error: nobody else's credentials take its place."""
    with pytest.raises(CredentialsError) as raised:
        found("", {**files, "AWS_ACCESS_KEY_ID": "ENV"})
    assert "environment: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't" in str(
        raised.value
    )


def test_secret_alone_counts_for_nothing(files: dict[str, str]) -> None:
    """A secret without a key in the environment is passed over, as by the SDKs."""
    assert found("", {**files, "AWS_SECRET_ACCESS_KEY": "env/secret"}).access_key_id == "FILE"


def test_environment_says_when_they_expire(files: dict[str, str]) -> None:
    """AWS_CREDENTIAL_EXPIRATION is read."""
    environ = {**files, **ENVIRONMENT, "AWS_CREDENTIAL_EXPIRATION": "2026-01-02T03:04:05+00:00"}
    assert found("", environ).expires_at_s == 1767323045.0


def test_environment_with_a_bad_expiry_is_refused(files: dict[str, str]) -> None:
    """A time that can't be read is an error, not "never"."""
    with pytest.raises(CredentialsError, match="AWS_CREDENTIAL_EXPIRATION is no time"):
        found("", {**files, **ENVIRONMENT, "AWS_CREDENTIAL_EXPIRATION": "soon"})


def test_keys_come_from_one_file_only(tmp_path: Path) -> None:
    """Key, secret and token of the two files are never mixed."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id=A\naws_secret_access_key=B\n"
    )
    (tmp_path / "config").write_text("[default]\naws_session_token=stale\n")
    environ = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }
    assert found("", environ) == Credentials("A", "B")


def test_files_of_the_home_of_the_environment(tmp_path: Path) -> None:
    """Without other settings the files are those below HOME."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(KEYS)
    assert found("", {"HOME": str(tmp_path)}).access_key_id == "FILE"


def test_unreadable_file_stops_the_search(files: dict[str, str]) -> None:
    """A file that isn't in the INI format is an error that names it."""
    Path(files["AWS_CONFIG_FILE"]).write_text("no section\n")
    with pytest.raises(CredentialsError, match=f"can't read {files['AWS_CONFIG_FILE']}"):
        found("", files)


@pytest.mark.parametrize("end", ["\n", "\r", "\0", "\u20ac", "\x7f"])
@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
def test_what_no_header_carries_is_refused(files: dict[str, str], name: str, end: str) -> None:
    """The error names what is wrong and doesn't quote it, nor does one that it came from."""
    environ = {**files, **ENVIRONMENT, name: f"hidden{end}hidden"}
    with pytest.raises(CredentialsError, match="has characters that no header can carry") as raised:
        found("", environ)
    shown = "".join(traceback.format_exception(raised.value))
    assert f"environment: the {name.lower().removeprefix('aws_')} has" in shown
    assert "hidden" not in shown


def test_repr_hides_the_secrets() -> None:
    """The repr shows no secret."""
    assert (
        repr(Credentials("AKID", "hunter2", "t0ken"))
        == "Credentials(access_key_id='AKID', expires_at_s=None)"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-02T03:04:05Z", 1767323045.0),
        ("2026-01-02T03:04:05.678Z", 1767323045.0),
        ("2026-01-02T03:04:05", 1767323045.0),
        ("2026-01-02T03:04:05UTC", 1767323045.0),
        ("2026-01-02 04:04:05+01:00", 1767323045.0),
        ("2026-01-01T22:04:05-0500", 1767323045.0),
        ("2026-13-02T03:04:05Z", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_expiry_is_read(text: str, seconds: float | None) -> None:
    """Each form of a time that credential programs write is understood; another is none."""
    assert parse_expiry(text) == seconds


@given(
    st.datetimes(
        min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - the zone comes from the next line
        timezones=st.integers(-1439, 1439).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    )
)
def test_any_expiry_is_read(moment: datetime) -> None:
    """Whatever the date and the zone, ISO 8601 is understood, to the second."""
    assert parse_expiry(moment.isoformat()) == moment.replace(microsecond=0).timestamp()


def test_default_section_lends_nothing(tmp_path: Path) -> None:
    """A section [DEFAULT] is a profile like any other."""
    (tmp_path / "credentials").write_text(
        "[DEFAULT]\naws_access_key_id=A\naws_secret_access_key=B\n[other]\nx=1\n"
    )
    nowhere = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
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
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with S3Provider(S3Config(endpoint_url="http://127.0.0.1:1")) as provider:
        store = provider.open("bucket")
        with pytest.raises(CredentialsError) as raised:
            store.head("key")
    assert (raised.value.operation, raised.value.uri) == ("head", "s3://bucket/key")
