"""Credentials of one side of a copy: taken whole, and shown nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3dlio_core.session import Session
from s3dlio_core.sides import SideOptions, open_sides
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.uri import parse_uri
from s3dlio_s3 import Credentials, S3Provider
from s3dlio_s3.config_options import OPTION_GROUPS, OPTION_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_s3 import S3Config

_URI = parse_uri("s3://bucket/key")
_KEYS = {
    "access_key_id": "AKID",
    "secret_access_key": "not-to-be-seen",
    "session_token": "nor-this",
}
_OTHER = {"access_key_id": "AKOTHER", "secret_access_key": "another"}


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a configuration with one profile, "work", and nothing else."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config"
    path.write_text("[profile work]\nregion = eu-west-3\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def config_of(session: Session) -> S3Config:
    """The configuration of a session's provider."""
    provider = session.provider(_URI).inner
    assert isinstance(provider, S3Provider)
    return provider.config


def test_groups_are_of_options_that_exist() -> None:
    """One that is misspelt would protect nothing."""
    assert {name for group in OPTION_GROUPS for name in group} <= OPTION_NAMES


@pytest.mark.parametrize(
    ("both", "own", "expected"),
    [
        (_KEYS, _OTHER, (Credentials("AKOTHER", "another"), "", False)),
        (_KEYS, {"profile": "work"}, (None, "work", False)),
        (_KEYS, {"anonymous": "true"}, (None, "", True)),
        ({"profile": "work"}, _OTHER, (Credentials("AKOTHER", "another"), "", False)),
        ({"anonymous": "true"}, {"profile": "work"}, (None, "work", False)),
        ({"profile": "work"}, {"region": "eu-west-1"}, (None, "work", False)),
    ],
)
def test_who_asks_is_taken_whole(
    both: dict[str, str], own: dict[str, str], expected: tuple[Credentials | None, str, bool]
) -> None:
    """No token of one account stands beside the key of another."""
    with Session(both, own_options=own) as session:
        config = config_of(session)
    assert (config.credentials, config.profile, config.anonymous) == expected


@pytest.mark.parametrize(
    ("both", "found", "own", "region"),
    [
        ({}, {}, {"profile": "work"}, "eu-west-3"),
        ({}, {"profile": "work"}, {}, "eu-west-3"),
        ({"profile": "work"}, {}, {}, "us-west-1"),
        ({"profile": "work"}, {"profile": "work"}, {}, "us-west-1"),
        ({}, {"profile": "work"}, _OTHER, "us-west-1"),
        ({"region": "us-east-2"}, {}, {"profile": "work"}, "us-east-2"),
    ],
)
def test_the_profile_of_a_side_counts_before_the_environment(
    both: dict[str, str],
    found: dict[str, str],
    own: dict[str, str],
    region: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment is for both sides; what is said of one comes before it."""
    monkeypatch.setenv("AWS_REGION", "us-west-1")
    with Session(both, defaults=found, own_options=own) as session:
        assert config_of(session).region == region


def test_the_endpoint_of_a_sides_profile_is_where_its_keys_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not to the service of the other side, which the environment names."""
    (tmp_path / "config").write_text("[profile work]\nendpoint_url = http://two.example\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://one.example")
    options = SideOptions(dest={"profile": "work"})
    with open_sides(options, [_URI], _URI, CancelToken()) as sides:
        source, destination = config_of(sides.source), config_of(sides.destination)
    assert (source.endpoint, destination.endpoint) == ("http://one.example", "http://two.example")


def test_each_side_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment as from options."""
    for name, value in _KEYS.items():
        monkeypatch.setenv(f"S3DLIO_SOURCE_{name.upper()}", value)
    options = SideOptions(dest={"profile": "work"})
    with open_sides(options, [_URI], _URI, CancelToken()) as sides:
        source, destination = config_of(sides.source), config_of(sides.destination)
    assert source.credentials == Credentials("AKID", "not-to-be-seen", "nor-this")
    assert (source.region, destination.region) == ("us-east-1", "eu-west-3")
    assert (destination.credentials, destination.profile) == (None, "work")
    for shown in (repr(source), repr(sides), repr(options)):
        assert "not-to-be-seen" not in shown
        assert "nor-this" not in shown
