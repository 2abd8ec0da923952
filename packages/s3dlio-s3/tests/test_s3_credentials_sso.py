"""IAM Identity Center: the token's file, its refresh, and the credentials of a role."""

from __future__ import annotations

import hashlib
import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.servers.scripted_http import Reply, ScriptedHttp

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import redact
from s3dlio_s3.credentials import Credentials, Surroundings, default_sources, find_credentials

NOW_S = 1767323045.0  # 2026-01-02T03:04:05Z
START_URL = "https://my.awsapps.com/start"
LEGACY = f"""[profile dev]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Reader
"""
SESSION = f"""[profile dev]
sso_session = my session
sso_account_id = 123456789012
sso_role_name = Reader
[sso-session my session]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
"""
TOKEN = {
    "startUrl": START_URL,
    "region": "eu-west-1",
    "accessToken": "sso-access-token",
    "expiresAt": "2026-01-02T05:00:00Z",
    "clientId": "client",
    "clientSecret": "client-secret",
    "refreshToken": "refresh-token",
    "registrationExpiresAt": "2026-03-01T00:00:00Z",
    "somethingElse": 7,
}
FOUND = Credentials("ASIASSO", "sso/secret", "sso/token", NOW_S + 3600)
ROLE_VALUES = {
    "accessKeyId": "ASIASSO",
    "secretAccessKey": "sso/secret",
    "sessionToken": "sso/token",
    "expiration": int((NOW_S + 3600) * 1000),
}
ROLE_CREDENTIALS = {"roleCredentials": ROLE_VALUES}
FRESH = {"accessToken": "fresh-token", "expiresIn": 3600, "refreshToken": "next-refresh"}
CREDENTIALS = "GET /federation/credentials"


class Machine:
    """A machine where somebody may have logged in."""

    def __init__(self, home: Path, server: ScriptedHttp) -> None:
        self.home = home
        self.server = server
        self.cache = home / ".aws" / "sso" / "cache"
        self.cache.mkdir(parents=True)
        server.answers(CREDENTIALS, Reply.of_json(ROLE_CREDENTIALS))
        server.answers("POST /token", Reply.of_json(FRESH))

    def token_file(self, name: str) -> Path:
        """The file of a session or start URL."""
        return self.cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json"

    def log_in(self, name: str, **changes: Any) -> None:
        """Leave a token as `aws sso login` does; a change to None removes a value."""
        values = {**TOKEN, **changes}
        kept = {key: value for key, value in values.items() if value is not None}
        self.token_file(name).write_text(json.dumps(kept))

    def find(self, config: str) -> Credentials:
        """Look for the credentials of the profile "dev"."""
        (self.home / ".aws" / "config").write_text(config)
        environ = {
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL_SSO": self.server.url,
            "AWS_ENDPOINT_URL_SSO_OIDC": self.server.url,
        }
        around = Surroundings(environ, now_s=lambda: NOW_S)
        return find_credentials(default_sources("dev", environ, around))

    def refusal(self, config: str) -> CredentialsError:
        """Look for credentials, and return the error."""
        with pytest.raises(CredentialsError) as raised:
            self.find(config)
        return raised.value


@pytest.fixture
def machine(tmp_path: Path, scripted_http: ScriptedHttp) -> Machine:
    """A machine where nobody has logged in."""
    return Machine(tmp_path, scripted_http)


@pytest.mark.parametrize(("config", "name"), [(LEGACY, START_URL), (SESSION, "my session")])
def test_credentials_of_the_role(machine: Machine, config: str, name: str) -> None:
    """Either form of a profile gets the role's credentials with the token."""
    machine.log_in(name)
    assert machine.find(config) == FOUND
    [asked] = machine.server.asked
    assert f"{asked.method} {asked.path}" == CREDENTIALS
    assert asked.query == "role_name=Reader&account_id=123456789012"
    assert asked.headers["x-amz-sso_bearer_token"] == "sso-access-token"
    text = "sso-access-token refresh-token client-secret sso/secret sso/token"
    assert redact(text) == " ".join(["[redacted]"] * 5)


def test_token_that_ends_soon_is_refreshed(machine: Machine) -> None:
    """The new token is used, and takes the place of the old one in the file."""
    machine.log_in("my session", expiresAt="2026-01-02T03:10:00Z")
    assert machine.find(SESSION) == FOUND
    refresh, asked = machine.server.asked
    assert json.loads(refresh.body) == {
        "grantType": "refresh_token",
        "clientId": "client",
        "clientSecret": "client-secret",
        "refreshToken": "refresh-token",
    }
    assert asked.headers["x-amz-sso_bearer_token"] == "fresh-token"
    file = machine.token_file("my session")
    assert json.loads(file.read_text()) == {
        **TOKEN,
        "accessToken": "fresh-token",
        "refreshToken": "next-refresh",
        "expiresAt": "2026-01-02T04:04:05Z",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(machine.cache.iterdir()) == [file]


def test_refreshed_token_is_used_though_it_cant_be_kept(
    machine: Machine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that can't be written is a warning, no error, and nothing is left in it."""
    machine.log_in("my session", expiresAt="2026-01-02T03:00:00Z")

    def refuse(_: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with caplog.at_level(logging.WARNING, "s3dlio"):
        assert machine.find(SESSION) == FOUND
    assert "can't write the refreshed token" in caplog.text
    assert list(machine.cache.iterdir()) == [machine.token_file("my session")]


def test_failing_refresh_keeps_a_token_that_still_works(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Until the token ends a failure is only told."""
    machine.log_in("my session", expiresAt="2026-01-02T03:10:00Z")
    machine.server.answers("POST /token", Reply.of_json({"error": "invalid_grant"}, 400))
    with caplog.at_level(logging.WARNING, "s3dlio"):
        assert machine.find(SESSION) == FOUND
    assert "can't be refreshed" in caplog.text
    assert "answered 400 invalid_grant" in caplog.text


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        ({}, Reply.of_json({"error": "invalid_grant"}, 400)),
        ({}, Reply.of_json({"accessToken": "fresh-token"})),
        ({}, Reply(200, b"nonsense")),
        ({}, Reply(200, b"[" * 100_000)),
        *(({}, Reply.of_json({**FRESH, "expiresIn": life})) for life in (True, -3, 10**29)),
        ({"refreshToken": None}, Reply.of_json(FRESH)),
        ({"registrationExpiresAt": "2026-01-01T00:00:00Z"}, Reply.of_json(FRESH)),
    ],
)
def test_ended_token_that_cant_be_refreshed(
    machine: Machine, changes: dict[str, Any], reply: Reply
) -> None:
    """Somebody must log in again: the error says how."""
    machine.log_in("my session", expiresAt="2026-01-02T03:00:00Z", **changes)
    machine.server.answers("POST /token", reply)
    error = machine.refusal(SESSION)
    assert 'profile "dev": the login has ended' in str(error)
    assert error.hint == "Run: aws sso login --profile dev"
    assert CREDENTIALS not in machine.server.targets


def test_older_form_is_never_refreshed(machine: Machine) -> None:
    """A profile with the start URL itself has tokens without a refresh."""
    machine.log_in(START_URL, expiresAt="2026-01-02T03:00:00UTC")
    assert machine.refusal(LEGACY).hint == "Run: aws sso login --profile dev"
    assert machine.server.asked == []


def test_nobody_has_logged_in(machine: Machine) -> None:
    """Without a token file the error says how to log in."""
    error = machine.refusal(SESSION)
    assert "nobody has logged in" in str(error)
    assert error.hint == "Run: aws sso login --profile dev"


@pytest.mark.parametrize(
    "content", ["nonsense", "[]", "{}", '{"accessToken": "a"}', "[" * 100_000], ids=len
)
def test_token_file_that_is_none(machine: Machine, content: str) -> None:
    """The error names the file."""
    file = machine.token_file("my session")
    file.write_text(content)
    assert f"{file} holds no token" in str(machine.refusal(SESSION))


@pytest.mark.parametrize(
    ("reply", "reason", "retryable"),
    [
        (Reply(401), "the login is no longer valid", False),
        (Reply(403), "refused the role Reader of account 123456789012 with status 403", False),
        (Reply(429), "with status 429", True),
        (Reply(200, b"{}"), "gave no credentials", False),
        (Reply.of_json({"roleCredentials": {"accessKeyId": "A"}}), "gave no credentials", False),
        (Reply(200, b"[" * 100_000), "something else than a JSON object", False),
        *(
            (
                Reply.of_json({"roleCredentials": {**ROLE_VALUES, "expiration": time}}),
                "gave no credentials",
                False,
            )
            for time in (True, -5, 10**400)
        ),
    ],
)
def test_service_that_refuses(
    machine: Machine, reply: Reply, reason: str, *, retryable: bool
) -> None:
    """What the service says is passed on."""
    machine.log_in("my session")
    machine.server.answers(CREDENTIALS, reply)
    error = machine.refusal(SESSION)
    assert reason in str(error)
    assert retryable is error.retryable


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (LEGACY.replace("sso_account_id", "x"), "has no sso_account_id"),
        (LEGACY.replace("sso_region", "x"), "has no sso_region"),
        (LEGACY.replace("= eu-west-1", "= evil.example/"), "'evil.example/' is no region"),
        ("[profile dev]\nsso_session = my session\n", "there is no such section"),
        (SESSION.replace("sso_role_name", "x"), "has no sso_role_name"),
        (
            SESSION.replace("sso_account_id", "sso_region = us-east-1\nsso_account_id"),
            "its sso_region isn't that of the sso-session my session",
        ),
    ],
)
def test_profile_that_is_set_up_wrongly(machine: Machine, config: str, reason: str) -> None:
    """Half of the settings is an error that names the profile and what is missing."""
    error = str(machine.refusal(config))
    assert 'profile "dev": ' in error
    assert reason in error
