"""The chain against botocore's: the same environment and files give the same credentials."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
import time
from typing import TYPE_CHECKING, TypeAlias

import botocore.exceptions
import botocore.session
import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from tests.servers.scripted_http import Asked, Reply, ScriptedHttp

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials import Surroundings, default_sources, find_credentials

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_wire

#: Key, secret and token, or None.
Found: TypeAlias = "tuple[str, str, str] | None"

ENV_KEYS = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env/secret"}
WEB_IDENTITY = {
    "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/web",
}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}
INSTANCE = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}", "AWS_EC2_METADATA_DISABLED": "false"}

CREDENTIALS_FILE = """
[default]
aws_access_key_id = FILE
aws_secret_access_key = file/secret
[both]
aws_access_key_id = BOTHFILE
aws_secret_access_key = bothfile/secret
aws_session_token = bothfile/token
[old]
aws_access_key_id = OLD
aws_secret_access_key = old/secret
aws_session_token = new/token
aws_security_token = old/token
[oldonly]
aws_access_key_id = OLD
aws_secret_access_key = old/secret
aws_security_token = old/token
[half]
aws_access_key_id = HALF
[rolefile]
role_arn = arn:aws:iam::1:role/file
source_profile = both
"""
CONFIG_FILE = """
[default]
region = eu-west-1
[profile inline]
aws_access_key_id = INLINE
aws_secret_access_key = inline/secret
[profile oldconfig]
aws_access_key_id = OLDCONFIG
aws_secret_access_key = old/secret
aws_security_token = old/token
[profile both]
aws_access_key_id = BOTHCONFIG
aws_secret_access_key = bothconfig/secret
credential_process = {process}
[profile process]
credential_process = {process}
[profile processkeys]
credential_process = {process}
aws_access_key_id = UNUSED
aws_secret_access_key = unused/secret
[profile role]
role_arn = arn:aws:iam::1:role/one
source_profile = inline
[profile rolekeys]
role_arn = arn:aws:iam::1:role/keys
source_profile = rolekeys
aws_access_key_id = RK
aws_secret_access_key = rk/secret
[profile rolechain]
role_arn = arn:aws:iam::1:role/two
source_profile = role
[profile roleofkeys]
role_arn = arn:aws:iam::1:role/three
source_profile = rolekeys
[profile roleprocess]
role_arn = arn:aws:iam::1:role/four
source_profile = process
[profile roleenv]
role_arn = arn:aws:iam::1:role/env
credential_source = Environment
[profile rolecontainer]
role_arn = arn:aws:iam::1:role/container
credential_source = EcsContainer
[profile roleinstance]
role_arn = arn:aws:iam::1:role/instance
credential_source = Ec2InstanceMetadata
[profile web]
role_arn = arn:aws:iam::1:role/profileweb
web_identity_token_file = {home}/token
[profile roleweb]
role_arn = arn:aws:iam::1:role/five
source_profile = web
[profile loop]
role_arn = arn:aws:iam::1:role/loop
source_profile = loop2
[profile loop2]
role_arn = arn:aws:iam::1:role/loop2
source_profile = loop
[profile lost]
role_arn = arn:aws:iam::1:role/lost
source_profile = nowhere
[profile nosource]
role_arn = arn:aws:iam::1:role/nosource
[profile sso]
sso_account_id = 1
sso_role_name = r
sso_start_url = https://x/start
sso_region = eu-west-1
[profile ssosession]
sso_account_id = 1
sso_role_name = r
sso_session = s
aws_access_key_id = UNUSED
aws_secret_access_key = unused/secret
[profile ssohalf]
sso_account_id = 1
sso_start_url = https://x/start
sso_region = eu-west-1
[profile ssokeys]
sso_session = s
aws_access_key_id = SSOKEYS
aws_secret_access_key = ssokeys/secret
[sso-session s]
sso_start_url = https://x/start
sso_region = eu-west-1
[profile bare]
region = eu-west-1
"""

#: What is asked for by option, the environment, and whose answer counts: an access key, or None
#: when there is none. Roles have the key ASIA and the role's name.
CASES = [
    ("", {}, "FILE"),
    ("", ENV_KEYS, "ENV"),
    ("", {**ENV_KEYS, "AWS_SESSION_TOKEN": "env/token"}, "ENV"),
    ("", {**ENV_KEYS, "AWS_SECURITY_TOKEN": "old/token"}, "ENV"),
    ("", {**ENV_KEYS, "AWS_SECURITY_TOKEN": "old", "AWS_SESSION_TOKEN": "new"}, "ENV"),
    ("", {"AWS_SHARED_CREDENTIALS_FILE": "$HOME/credentials"}, "FILE"),
    ("inline", {"AWS_CONFIG_FILE": "${HOME}/config"}, "INLINE"),
    ("old", {}, "OLD"),
    ("oldonly", {}, "OLD"),
    ("oldconfig", {}, "OLDCONFIG"),
    ("", {**ENV_KEYS, "AWS_PROFILE": "role"}, "ENV"),
    ("inline", ENV_KEYS, "INLINE"),
    ("", {"AWS_PROFILE": "inline"}, "INLINE"),
    ("", {"AWS_DEFAULT_PROFILE": "inline"}, "INLINE"),
    ("", {"AWS_DEFAULT_PROFILE": "inline", "AWS_PROFILE": "both"}, "INLINE"),
    ("", {"AWS_ACCESS_KEY_ID": "ENV"}, None),
    ("", {"AWS_SECRET_ACCESS_KEY": "env/secret"}, "FILE"),
    ("half", {}, None),
    ("both", {}, "BOTHFILE"),
    ("process", {}, "PROCESS"),
    ("processkeys", {}, "PROCESS"),
    ("rolefile", {}, "ASIAfile"),
    ("role", {}, "ASIAone"),
    ("role", ENV_KEYS, "ASIAone"),
    ("rolekeys", {}, "ASIAkeys"),
    ("rolechain", {}, "ASIAtwo"),
    ("roleofkeys", {}, "ASIAthree"),
    ("roleprocess", {}, "ASIAfour"),
    ("roleweb", {}, "ASIAfive"),
    ("roleenv", ENV_KEYS, "ASIAenv"),
    ("roleenv", {}, None),
    ("rolecontainer", CONTAINER, "ASIAcontainer"),
    ("rolecontainer", {}, None),
    ("roleinstance", INSTANCE, "ASIAinstance"),
    ("roleinstance", {}, None),
    ("web", {}, "ASIAprofileweb"),
    ("web", WEB_IDENTITY, "ASIAprofileweb"),
    ("", WEB_IDENTITY, "ASIAweb"),
    ("", {**WEB_IDENTITY, **ENV_KEYS}, "ENV"),
    ("", {**WEB_IDENTITY, "AWS_PROFILE": "role"}, "ASIAone"),
    ("", {**WEB_IDENTITY, "AWS_PROFILE": "inline"}, "ASIAweb"),
    ("inline", WEB_IDENTITY, "INLINE"),
    ("loop", {}, None),
    ("lost", {}, None),
    ("nosource", {}, None),
    ("sso", {}, "SSO"),
    ("ssosession", {}, "SSO"),
    ("ssohalf", {}, None),
    ("ssokeys", {}, "SSOKEYS"),
    ("bare", {}, None),
    ("bare", CONTAINER, "CONTAINER"),
    ("bare", INSTANCE, "INSTANCE"),
    ("bare", {**CONTAINER, **INSTANCE}, "CONTAINER"),
    ("", {**CONTAINER, **INSTANCE}, "FILE"),
    ("", {**CONTAINER, "AWS_PROFILE": "bare"}, "CONTAINER"),
]


def utc_in(seconds: float) -> str:
    """Return the time so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def keys_of(name: str, token_name: str) -> dict[str, str]:
    """An answer's credentials, good for an hour from now."""
    return {
        "AccessKeyId": name,
        "SecretAccessKey": f"{name}/secret",
        token_name: f"{name}/token",
        "Expiration": utc_in(3600),
    }


def sts_reply(asked: Asked) -> Reply:
    """Give credentials whose key tells the role."""
    action, role = asked.form["Action"], asked.form["RoleArn"].rpartition("/")[2]
    inner = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in keys_of(f"ASIA{role}", "SessionToken").items()
    )
    return Reply(
        200,
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
        f"<Credentials>{inner}</Credentials></{action}Result></{action}Response>".encode(),
    )


@pytest.fixture
def machine(
    tmp_path: Path, scripted_http: ScriptedHttp, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A machine with files and services; returns the environment that all cases share."""
    printed = json.dumps({"Version": 1, **keys_of("PROCESS", "SessionToken")})
    process = shlex.join([sys.executable, "-c", "import sys; print(sys.argv[1])", printed])
    config = CONFIG_FILE.replace("{process}", process).replace("{home}", str(tmp_path))
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text(CREDENTIALS_FILE)
    (tmp_path / "token").write_text("web-token")
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = json.dumps({"accessToken": "sso-access", "expiresAt": utc_in(3600)})
    for name in ("https://x/start", "s"):
        (cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(token)
    # botocore finds the directory when it is imported.
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    script(scripted_http)
    return {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL": scripted_http.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def script(services: ScriptedHttp) -> None:
    """Let one server be all services."""
    roles = "GET /latest/meta-data/iam/security-credentials/"
    instance = {"Code": "Success", **keys_of("INSTANCE", "Token")}
    sso = {
        "accessKeyId": "SSO",
        "secretAccessKey": "SSO/secret",
        "sessionToken": "SSO/token",
        "expiration": int(time.time() + 3600) * 1000,
    }
    services.answers("POST /", sts_reply)
    services.answers("GET /container", Reply.of_json(keys_of("CONTAINER", "Token")))
    services.answers("PUT /latest/api/token", Reply(200, b"imds-token"))
    services.answers(roles, Reply(200, b"r"))
    services.answers(f"{roles}r", Reply.of_json(instance))
    services.answers("GET /federation/credentials", Reply.of_json({"roleCredentials": sso}))


def found_by_us(profile: str, environ: dict[str, str]) -> Found:
    """Look for credentials as this package does."""
    around = Surroundings(environ, region="eu-west-1")
    try:
        found = find_credentials(default_sources(profile, environ, around))
    except CredentialsError:
        return None
    return found.access_key_id, found.secret_access_key, found.session_token


def found_by_botocore(
    profile: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Found:
    """Look for credentials as boto3 and the AWS CLI do."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    try:
        found = botocore.session.Session(profile=profile or None).get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
    except (botocore.exceptions.BotoCoreError, ValueError):
        return None
    return frozen.access_key, frozen.secret_key, frozen.token or ""


@pytest.mark.parametrize(
    ("profile", "variables", "expected"),
    CASES,
    ids=[f"{profile or '-'}:{'+'.join(variables)}" for profile, variables, _ in CASES],
)
def test_same_as_botocore(
    machine: dict[str, str],
    scripted_http: ScriptedHttp,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    variables: dict[str, str],
    expected: str | None,
) -> None:
    """Whose credentials are found, if any, is what botocore finds, and what the case says."""
    given = {
        name: value.replace("{url}", scripted_http.url).replace("{home}", machine["HOME"])
        for name, value in variables.items()
    }
    environ = {**machine, **given}
    ours = found_by_us(profile, environ)
    assert ours == found_by_botocore(profile, environ, monkeypatch)
    assert expected == (None if ours is None else ours[0])
