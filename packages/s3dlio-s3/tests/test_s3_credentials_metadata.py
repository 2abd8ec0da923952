"""Credentials of containers and of instances, from a service that answers as a test says."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.servers.scripted_http import Reply, ScriptedHttp

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials import Credentials, Surroundings, http
from s3dlio_s3.credentials.container import ContainerSource
from s3dlio_s3.credentials.http import ANSWER_MAX_BYTES
from s3dlio_s3.credentials.instance_metadata import EXTENSION_S, InstanceMetadataSource

if TYPE_CHECKING:
    from pathlib import Path

NOW_S = 1767323045.0
ROLES = "/latest/meta-data/iam/security-credentials/"
ANSWER = {
    "Code": "Success",
    "AccessKeyId": "ASIA",
    "SecretAccessKey": "role/secret",
    "Token": "role/token",
    "Expiration": "2026-01-02T09:04:05Z",
}
FOUND = Credentials("ASIA", "role/secret", "role/token", NOW_S + 6 * 3600)
FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"


def around(environ: dict[str, str]) -> Surroundings:
    """Surroundings without shared files, at a fixed time."""
    nowhere = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    return Surroundings({**nowhere, **environ}, now_s=lambda: NOW_S)


def container(**environ: str) -> ContainerSource:
    """The source of a container's credentials in an environment."""
    return ContainerSource(around(environ))


def instance(server: ScriptedHttp, **environ: str) -> InstanceMetadataSource:
    """The source of an instance's credentials, with the test's server as the service."""
    given = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{server.url}/", **environ}
    return InstanceMetadataSource(around(given), "default")


def with_role(server: ScriptedHttp, answer: dict[str, Any], role: str = "the role") -> None:
    """Make a server answer as the metadata service of an instance with a role does."""
    server.answers("PUT /latest/api/token", Reply(200, b"imds-token"))
    server.answers(f"GET {ROLES}", Reply(200, f"{role}\n".encode()))
    server.answers(f"GET {ROLES}{role.replace(' ', '%20')}", Reply.of_json(answer))


def test_container_gives_credentials(scripted_http: ScriptedHttp) -> None:
    """The full URI is asked, query and all, and its answer becomes credentials."""
    scripted_http.answers("GET /creds", Reply.of_json(ANSWER))
    assert container(**{FULL_URI: f"{scripted_http.url}/creds?id=1"}).load() == FOUND
    [asked] = scripted_http.asked
    assert (asked.query, asked.headers.get("authorization")) == ("id=1", None)


def test_container_without_its_variables_is_passed_over() -> None:
    """No variable, no container."""
    assert "aren't set" in str(container().load())


def test_container_gets_the_token_of_the_environment(scripted_http: ScriptedHttp) -> None:
    """AWS_CONTAINER_AUTHORIZATION_TOKEN is the Authorization header."""
    scripted_http.answers("GET /", Reply.of_json(ANSWER))
    uri = {FULL_URI: f"{scripted_http.url}/"}
    container(**uri, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic abc").load()
    assert scripted_http.asked[0].headers["authorization"] == "Basic abc"


def test_container_reads_the_token_file_each_time(
    scripted_http: ScriptedHttp, tmp_path: Path
) -> None:
    """The file wins over the variable, and is read again: Kubernetes writes it anew."""
    scripted_http.answers("GET /", Reply.of_json(ANSWER))
    file = tmp_path / "token"
    source = container(
        **{
            FULL_URI: f"{scripted_http.url}/",
            TOKEN_FILE: str(file),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "unused",
        }
    )
    for text in ("first\n", "second"):
        file.write_text(text)
        source.load()
    sent = [asked.headers["authorization"] for asked in scripted_http.asked]
    assert sent == ["first", "second"]


@pytest.mark.parametrize("token", ["a\r\nx-evil: 1", "a\nb", "\u20ac"])
def test_container_token_that_is_no_header_is_refused(
    scripted_http: ScriptedHttp, token: str
) -> None:
    """A token that would break the request's head is not sent, nor shown."""
    source = container(
        **{FULL_URI: f"{scripted_http.url}/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": token}
    )
    with pytest.raises(CredentialsError, match="can't stand in a header") as raised:
        source.load()
    assert token not in str(raised.value)
    assert scripted_http.asked == []


def test_container_token_file_that_is_missing(tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "none"
    source = container(**{FULL_URI: "http://127.0.0.1:1/", TOKEN_FILE: str(path)})
    with pytest.raises(CredentialsError, match=f"{TOKEN_FILE} {path}: No such file"):
        source.load()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://169.254.169.254/",
        "http://127.0.0.1@example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://[fd00:ec2::24]/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https:///x",
        "http://[::1",
        "nonsense",
    ],
)
def test_container_addresses_that_are_refused(url: str) -> None:
    """Over plain HTTP nobody but this machine and the agents is asked."""
    with pytest.raises(CredentialsError, match="neither https nor of this machine"):
        container(**{FULL_URI: url}).load()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2/x",
        "http://localhost:80/",
        "http://[::1]:8080/",
        "http://169.254.170.2/v2",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "https://example.com/",
    ],
)
def test_container_addresses_that_are_asked(url: str, sent: list[str]) -> None:
    """The addresses of the agents, and any over TLS."""
    container(**{FULL_URI: url}).load()
    assert sent == [url]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that were asked; nothing leaves this machine."""
    urls: list[str] = []

    def send(method: str, url: str, **_: object) -> http.Answer:
        urls.append(url)
        return http.Answer(200, Reply.of_json(ANSWER).body)

    monkeypatch.setattr(http, "send", send)
    return urls


def test_container_relative_uri_is_of_the_ecs_agent(sent: list[str]) -> None:
    """A relative URI is one of 169.254.170.2, and wins."""
    container(
        **{FULL_URI: "http://127.0.0.1/", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x?y=z"}
    ).load()
    assert sent == ["http://169.254.170.2/v2/x?y=z"]


def test_container_relative_uri_can_name_no_host(sent: list[str]) -> None:
    """What would be another host is refused."""
    with pytest.raises(CredentialsError, match="has no leading /"):
        container(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="@example.com/").load()
    assert sent == []


@pytest.mark.parametrize(
    ("reply", "reason", "retryable"),
    [
        (Reply(500), "answered 500", True),
        (Reply(429), "answered 429", True),
        (Reply(403), "answered 403", False),
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), "answered 302", False),
        (Reply(200, b"<html>"), "something else than a JSON object", False),
        (Reply(200, b"[]"), "something else than a JSON object", False),
        (Reply.of_json({**ANSWER, "AccessKeyId": ""}), "gave no AccessKeyId", False),
        (Reply.of_json({**ANSWER, "SecretAccessKey": 7}), "gave no SecretAccessKey", False),
        (Reply.of_json({**ANSWER, "Token": ["a"]}), "gave no Token", False),
        (Reply.of_json({**ANSWER, "Expiration": "soon"}), "Expiration that is no time", False),
        (Reply(200, b" " * (ANSWER_MAX_BYTES + 1)), f"more than {ANSWER_MAX_BYTES} bytes", False),
    ],
)
def test_container_that_fails(
    scripted_http: ScriptedHttp, reply: Reply, reason: str, *, retryable: bool
) -> None:
    """Whatever else the agent answers is an error: no other credentials were asked for."""
    scripted_http.answers("GET /", reply)
    with pytest.raises(CredentialsError, match=reason) as raised:
        container(**{FULL_URI: f"{scripted_http.url}/"}).load()
    assert retryable is raised.value.retryable
    assert "role/secret" not in str(raised.value)


def test_container_that_is_not_there() -> None:
    """An agent that can't be reached may be restarting: the error is retryable."""
    with pytest.raises(CredentialsError, match=r"can.t connect to http://127\.0\.0\.1:1") as raised:
        container(**{FULL_URI: "http://127.0.0.1:1/secret-path?id=secret"}).load()
    assert raised.value.retryable
    assert "secret-path" not in str(raised.value)


def test_container_uri_without_a_path(scripted_http: ScriptedHttp) -> None:
    """Its host is the one that is asked, to the last letter."""
    scripted_http.answers("GET /", Reply.of_json(ANSWER))
    assert container(**{FULL_URI: scripted_http.url}).load() == FOUND


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "169.254.170.2", "[fd00:ec2::254]", "[::1]", "localhost"]
)
def test_metadata_services_are_asked_without_a_proxy(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy sees neither the tokens of metadata services nor what they answer."""
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert http._proxies(f"http://{host}/latest") == {}
    assert http._proxies("http://sts.example/")["http"] == "http://proxy.example:3128"


def test_container_is_asked_without_a_proxy(
    scripted_http: ScriptedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy never sees a request to this machine."""
    scripted_http.answers("GET /", Reply.of_json(ANSWER))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert container(**{FULL_URI: f"{scripted_http.url}/"}).load() == FOUND


def test_instance_gives_its_roles_credentials(scripted_http: ScriptedHttp) -> None:
    """Token, name of the role, credentials; the token goes with each request."""
    with_role(scripted_http, ANSWER)
    assert instance(scripted_http).load() == FOUND
    assert scripted_http.targets == [
        "PUT /latest/api/token",
        f"GET {ROLES}",
        f"GET {ROLES}the%20role",
    ]
    first, *others = scripted_http.asked
    assert first.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
    assert {asked.headers["x-aws-ec2-metadata-token"] for asked in others} == {"imds-token"}


def test_instance_metadata_can_be_switched_off(scripted_http: ScriptedHttp) -> None:
    """AWS_EC2_METADATA_DISABLED=true: nothing is asked."""
    source = instance(scripted_http, AWS_EC2_METADATA_DISABLED="TRUE")
    assert source.load() == "AWS_EC2_METADATA_DISABLED is true"
    assert scripted_http.asked == []


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_instance_without_version_2_is_passed_over(
    scripted_http: ScriptedHttp, status: int
) -> None:
    """Without a token nothing else is asked: version 1 is never used."""
    scripted_http.answers("PUT /latest/api/token", Reply(status))
    assert str(instance(scripted_http).load()).endswith(
        f"gave no token (status {status}); version 1 isn't used"
    )
    assert scripted_http.targets == ["PUT /latest/api/token"]


@pytest.mark.parametrize(
    ("roles", "answer", "reason"),
    [
        (Reply(404), Reply(404), "the instance has no role"),
        (Reply(200, b"\n"), Reply(404), "the instance has no role"),
        (Reply(503), Reply(404), "answered 503"),
        (Reply(200, b"r"), Reply(401), "answered 401"),
        (
            Reply(200, b"r"),
            Reply.of_json({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume"}),
            "the role r gave AssumeRoleUnauthorizedAccess",
        ),
    ],
)
def test_instance_without_credentials(
    scripted_http: ScriptedHttp, roles: Reply, answer: Reply, reason: str
) -> None:
    """An instance that gives nothing says why."""
    with_role(scripted_http, ANSWER)
    scripted_http.answers(f"GET {ROLES}", roles)
    scripted_http.answers(f"GET {ROLES}r", answer)
    assert reason in str(instance(scripted_http).load())


@pytest.mark.parametrize("body", [b"nonsense", b'{"Code":"Success"}'])
def test_instance_with_a_broken_answer(scripted_http: ScriptedHttp, body: bytes) -> None:
    """An answer of the service that can't be understood is an error."""
    with_role(scripted_http, ANSWER, role="r")
    scripted_http.answers(f"GET {ROLES}r", Reply(200, body))
    with pytest.raises(CredentialsError):
        instance(scripted_http).load()


def test_instance_that_is_none() -> None:
    """Where nobody answers the reason says so."""
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}
    found = InstanceMetadataSource(around(environ), "default").load()
    assert str(found).startswith("can't connect to http://127.0.0.1:1")


def test_instance_that_doesnt_answer_is_waited_for_as_long_as_set(
    scripted_http: ScriptedHttp,
) -> None:
    """AWS_METADATA_SERVICE_TIMEOUT bounds the wait; nothing else is asked then."""
    goes_on = threading.Event()
    scripted_http.answers("PUT /latest/api/token", Reply(200, b"late", before=goes_on.wait))
    found = instance(scripted_http, AWS_METADATA_SERVICE_TIMEOUT="0.1").load()
    goes_on.set()
    assert found == f"no answer from {scripted_http.url} in time"


def test_instance_is_asked_as_often_as_set(scripted_http: ScriptedHttp) -> None:
    """AWS_METADATA_SERVICE_NUM_ATTEMPTS repeats what gave nothing."""
    with_role(scripted_http, ANSWER)
    scripted_http.answers(
        "PUT /latest/api/token", Reply(500), Reply(500), Reply(200, b"imds-token")
    )
    assert instance(scripted_http, AWS_METADATA_SERVICE_NUM_ATTEMPTS="3").load() == FOUND


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_METADATA_SERVICE_TIMEOUT", "0"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "many"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://x"),
    ],
)
def test_instance_settings_that_make_no_sense(
    scripted_http: ScriptedHttp, name: str, value: str
) -> None:
    """A bad setting is an error that names it."""
    with pytest.raises(CredentialsError, match=name):
        instance(scripted_http, **{name: value}).load()


@pytest.mark.parametrize(
    ("mode", "origin"),
    [
        ("IPv6", "http://[fd00:ec2::254]"),
        ("ipv4", "http://169.254.169.254"),
        ("", "http://169.254.169.254"),
    ],
)
def test_instance_address_by_mode(sent: list[str], mode: str, origin: str) -> None:
    """AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE chooses the address."""
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": mode} if mode else {}
    InstanceMetadataSource(around(environ), "default").load()
    assert sent[0] == f"{origin}/latest/api/token"


def test_instance_mode_that_is_unknown() -> None:
    """Another mode is an error."""
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}
    with pytest.raises(CredentialsError, match="'IPv5', not IPv4 or IPv6"):
        InstanceMetadataSource(around(environ), "default").load()


def test_instance_settings_of_the_profile(scripted_http: ScriptedHttp, tmp_path: Path) -> None:
    """The profile may set the endpoint, too."""
    with_role(scripted_http, ANSWER)
    config = tmp_path / "config"
    config.write_text(f"[default]\nec2_metadata_service_endpoint = {scripted_http.url}\n")
    source = InstanceMetadataSource(around({"AWS_CONFIG_FILE": str(config)}), "default")
    assert source.load() == FOUND


def test_instance_credentials_that_have_ended_are_used(
    scripted_http: ScriptedHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """The service knows best: they are used, with a warning, and asked for again soon."""
    with_role(scripted_http, {**ANSWER, "Expiration": "2026-01-02T03:03:05Z"})
    with caplog.at_level(logging.WARNING, "s3dlio"):
        found = instance(scripted_http).load()
    assert isinstance(found, Credentials)
    assert found.expires_at_s == NOW_S + EXTENSION_S
    assert "expired 60 s ago; they are used" in caplog.text
