"""Roles: assumed with other credentials or by a token, from an AWS STS that checks signatures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from tests.servers.scripted_http import Asked, Reply, ScriptedHttp

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import redact
from s3dlio_s3.credentials import Credentials, Surroundings, default_sources, find_credentials
from s3dlio_s3.credentials.service_urls import service_url, sts_url
from s3dlio_s3.shared_files import read_shared_files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_wire

NOW_S = 1767323045.0
AMZ_DATE = "20260102T030405Z"
ROLE = "arn:aws:iam::123456789012:role/reader"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
FOUND = Credentials("ASIAROLE", "role/secret", "role/token", NOW_S + 3600)
KEYS = "aws_access_key_id = BASE\naws_secret_access_key = base/secret\n"


def sts_answer(action: str, key: str = "ASIAROLE") -> Reply:
    """What STS answers to a rightful request."""
    return Reply(
        200,
        f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
        <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/x</Arn>
        <AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>
        <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>role/secret</SecretAccessKey>
        <SessionToken>role/token</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration>
        </Credentials></{action}Result></{action}Response>""".encode(),
    )


def sts_error(status: int, code: str, message: str = "") -> Reply:
    """What STS answers to a request that it refuses."""
    return Reply(
        status,
        f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
        <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>
        <RequestId>abc</RequestId></ErrorResponse>""".encode(),
    )


@pytest.fixture
def sts(scripted_http: ScriptedHttp) -> ScriptedHttp:
    """A server that answers as STS does."""
    scripted_http.answers("POST /", sts_answer("AssumeRole"))
    return scripted_http


class Machine:
    """A machine with shared files, an environment, and STS at the test's server."""

    def __init__(self, directory: Path, server: ScriptedHttp) -> None:
        self.directory = directory
        self.environ = {
            "AWS_CONFIG_FILE": str(directory / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
            "AWS_ENDPOINT_URL_STS": server.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def find(self, config: str, profile: str = "", region: str = "eu-west-1") -> Credentials:
        """Look for credentials, with a configuration file."""
        (self.directory / "config").write_text(config)
        around = Surroundings(self.environ, region=region, now_s=lambda: NOW_S)
        return find_credentials(default_sources(profile, self.environ, around))

    def refusal(self, config: str, profile: str = "") -> CredentialsError:
        """Look for credentials, and return the error."""
        with pytest.raises(CredentialsError) as raised:
            self.find(config, profile)
        return raised.value


@pytest.fixture
def machine(tmp_path: Path, sts: ScriptedHttp) -> Machine:
    """A machine whose STS is the test's."""
    return Machine(tmp_path, sts)


def check_signature(asked: Asked, key: str, secret: str, token: str = "") -> None:
    """Check a request's signature by botocore."""
    sent = asked.headers["authorization"]
    names = sent.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest("POST", f"http://{asked.headers['host']}/", data=asked.body)
    for name in names:
        request.headers[name] = asked.headers[name]
    request.context["timestamp"] = asked.headers["x-amz-date"]
    auth = SigV4Auth(BotoCredentials(key, secret, token or None), "sts", "eu-west-1")
    expected = auth.signature(
        auth.string_to_sign(request, auth.canonical_request(request)), request
    )
    assert sent == (
        f"AWS4-HMAC-SHA256 Credential={key}/{AMZ_DATE[:8]}/eu-west-1/sts/aws4_request, "
        f"SignedHeaders={';'.join(names)}, Signature={expected}"
    )
    assert {"host", "x-amz-date", "content-type"} <= set(names)


def test_role_of_a_source_profile(machine: Machine, sts: ScriptedHttp) -> None:
    """The source profile's keys sign the request for the role, as botocore would sign it."""
    config = f"[profile base]\n{KEYS}[profile role]\nrole_arn={ROLE}\nsource_profile=base\n"
    assert machine.find(config, "role") == FOUND
    [asked] = sts.asked
    check_signature(asked, "BASE", "base/secret")
    assert asked.form == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": f"s3dlio-{int(NOW_S)}",
    }


def test_role_has_its_settings(machine: Machine, sts: ScriptedHttp) -> None:
    """Session name, external id and duration are sent."""
    machine.find(
        f"[default]\n{KEYS}role_arn={ROLE}\nsource_profile=default\nrole_session_name=me@x\n"
        "external_id=a+b=c\nduration_seconds=900\n"
    )
    form = sts.asked[0].form
    assert form["RoleSessionName"] == "me@x"
    assert form["ExternalId"] == "a+b=c"
    assert form["DurationSeconds"] == "900"


def test_role_of_a_role(machine: Machine, sts: ScriptedHttp) -> None:
    """A chain of roles: the second is assumed with the first one's credentials."""
    sts.answers("POST /", sts_answer("AssumeRole", "ASIAFIRST"), sts_answer("AssumeRole"))
    config = (
        f"[profile base]\n{KEYS}"
        f"[profile first]\nrole_arn={OTHER_ROLE}\nsource_profile=base\n"
        f"[profile second]\nrole_arn={ROLE}\nsource_profile=first\n"
    )
    assert machine.find(config, "second") == FOUND
    assert [asked.form["RoleArn"] for asked in sts.asked] == [OTHER_ROLE, ROLE]
    check_signature(sts.asked[1], "ASIAFIRST", "role/secret", "role/token")
    assert sts.asked[1].headers["x-amz-security-token"] == "role/token"


def test_source_profile_with_keys_is_taken_by_its_keys(machine: Machine, sts: ScriptedHttp) -> None:
    """A source profile's keys win over the role that it names itself."""
    machine.find(
        f"[profile base]\n{KEYS}role_arn={OTHER_ROLE}\nsource_profile=base\n"
        f"[profile role]\nrole_arn={ROLE}\nsource_profile=base\n",
        "role",
    )
    assert [asked.form["RoleArn"] for asked in sts.asked] == [ROLE]


def test_role_wins_over_keys_of_its_profile(machine: Machine) -> None:
    """A profile that names itself as its source is taken by its role."""
    config = f"[default]\n{KEYS}role_arn={ROLE}\nsource_profile=default\n"
    assert machine.find(config) == FOUND


def test_role_of_the_environments_keys(machine: Machine, sts: ScriptedHttp) -> None:
    """credential_source=Environment: the keys of the environment sign."""
    machine.environ |= {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env/secret"}
    config = f"[profile role]\nrole_arn={ROLE}\ncredential_source=Environment\n"
    assert machine.find(config, "role") == FOUND
    check_signature(sts.asked[0], "ENV", "env/secret")


def test_role_of_a_container(machine: Machine, sts: ScriptedHttp) -> None:
    """credential_source=EcsContainer: the container's credentials sign."""
    values = {"AccessKeyId": "ECS", "SecretAccessKey": "ecs/secret", "Token": "ecs/token"}
    sts.answers("GET /ecs", Reply.of_json(values))
    machine.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{sts.url}/ecs"
    config = f"[default]\nrole_arn={ROLE}\ncredential_source=EcsContainer\n"
    assert machine.find(config) == FOUND
    check_signature(sts.asked[1], "ECS", "ecs/secret", "ecs/token")


def test_role_of_an_instance_that_has_none(machine: Machine) -> None:
    """credential_source=Ec2InstanceMetadata, and nobody answers: the error says so."""
    error = machine.refusal(f"[default]\nrole_arn={ROLE}\ncredential_source=Ec2InstanceMetadata\n")
    assert (
        'profile "default": its role can\'t be assumed: instance metadata: '
        "AWS_EC2_METADATA_DISABLED is true" in str(error)
    )


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("source_profile=gone", 'profile "r": its source_profile gone doesn\'t exist'),
        ("", "it has role_arn, but no source_profile or credential_source"),
        (
            "source_profile=r\ncredential_source=Environment",
            "it has both source_profile and credential_source",
        ),
        ("credential_source=Magic", "its credential_source is 'Magic', not one of Environment"),
        ("source_profile=r0", "more than 50 roles are assumed one with another"),
        ("source_profile=r", "its source_profile goes round: r → r"),
        ("source_profile=loop", "its source_profile goes round: r → loop → r"),
        ("source_profile=empty", 'profile "empty": it names no credentials'),
        ("source_profile=half", 'profile "half": aws_access_key_id is set'),
        ("source_profile=base\nduration_seconds=60", "duration_seconds is '60', not 900 to 43200"),
        ("source_profile=base\nduration_seconds=1h", "duration_seconds is '1h'"),
        ("source_profile=base\nmfa_serial=arn:aws:iam::1:mfa/me", "mfa_serial"),
    ],
)
def test_role_that_is_set_up_wrongly(
    machine: Machine, sts: ScriptedHttp, config: str, reason: str
) -> None:
    """The error names the profile and the setting; nobody is asked."""
    error = machine.refusal(
        f"[profile r]\nrole_arn={ROLE}\n{config}\n[profile base]\n{KEYS}"
        f"[profile loop]\nrole_arn={OTHER_ROLE}\nsource_profile=r\n"
        "[profile empty]\nregion=eu-west-1\n[profile half]\naws_access_key_id=HALF\n"
        + "".join(
            f"[profile r{at}]\nrole_arn={ROLE}\nsource_profile=r{at + 1}\n" for at in range(60)
        ),
        "r",
    )
    assert reason in str(error)
    assert sts.asked == []


@pytest.mark.parametrize(
    ("reply", "reason", "retryable"),
    [
        (
            sts_error(403, "AccessDenied", "User: x is not authorized"),
            "AssumeRole was refused with AccessDenied: User: x is not authorized",
            False,
        ),
        (sts_error(400, "Throttling", "Rate exceeded"), "refused with Throttling", True),
        (sts_error(400, "IDPCommunicationError"), "refused with IDPCommunicationError", True),
        (sts_error(500, "InternalFailure"), "refused with InternalFailure", True),
        (Reply(503, b"<html>"), "answered 503 to AssumeRole", True),
        (Reply(200, b"<html/>"), "gave no answer of AWS STS to AssumeRole", False),
        (Reply(200, b"nonsense"), "gave no answer of AWS STS to AssumeRole", False),
    ],
)
def test_sts_that_refuses(
    machine: Machine, sts: ScriptedHttp, reply: Reply, reason: str, *, retryable: bool
) -> None:
    """What STS says is passed on; what may be gone a moment later is retryable."""
    sts.answers("POST /", reply)
    config = f"[default]\n{KEYS}role_arn={ROLE}\nsource_profile=default\n"
    error = machine.refusal(config)
    assert reason in str(error)
    assert retryable is error.retryable
    assert "base/secret" not in str(error)


def test_web_identity_of_the_environment(
    machine: Machine, sts: ScriptedHttp, tmp_path: Path
) -> None:
    """The token's file and the role of the environment; the request isn't signed."""
    sts.answers("POST /", sts_answer("AssumeRoleWithWebIdentity"))
    (tmp_path / "token").write_text("head.claims.signature\n")
    machine.environ |= {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ROLE_SESSION_NAME": "pod",
    }
    assert machine.find("") == FOUND
    [asked] = sts.asked
    assert "authorization" not in asked.headers
    assert asked.form == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "pod",
        "WebIdentityToken": "head.claims.signature",
    }
    assert "head.claims" not in redact("see head.claims.signature")


def test_web_identity_token_is_read_each_time(
    machine: Machine, sts: ScriptedHttp, tmp_path: Path
) -> None:
    """Kubernetes writes the file anew."""
    config = f"[default]\nrole_arn={ROLE}\nweb_identity_token_file={tmp_path}/token\n"
    for text in ("first-token", "second-token"):
        (tmp_path / "token").write_text(text)
        machine.find(config)
    tokens = [asked.form["WebIdentityToken"] for asked in sts.asked]
    assert tokens == ["first-token", "second-token"]


def test_role_of_the_profile_wins_over_web_identity(
    machine: Machine, sts: ScriptedHttp, tmp_path: Path
) -> None:
    """Pods have the variables whether or not somebody names another role."""
    machine.environ |= {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": ROLE,
        "AWS_PROFILE": "other",
    }
    (tmp_path / "token").write_text("pod-token")
    machine.find(
        f"[profile other]\nrole_arn={OTHER_ROLE}\nsource_profile=pod\n"
        f"[profile pod]\nrole_arn={ROLE}\nweb_identity_token_file={tmp_path}/token\n"
    )
    assert [asked.form["RoleArn"] for asked in sts.asked] == [ROLE, OTHER_ROLE]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), ("", "is empty"), ("t\u00f6ken", "isn't ASCII")],
)
def test_web_identity_without_a_token(
    machine: Machine, tmp_path: Path, content: str | None, reason: str
) -> None:
    """The error names the file."""
    if content is not None:
        (tmp_path / "token").write_text(content, encoding="utf-8")
    machine.environ |= {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": ROLE,
    }
    error = str(machine.refusal(""))
    assert f"token file {tmp_path}/token" in error
    assert reason in error


def test_web_identity_without_a_role(machine: Machine) -> None:
    """Half of it is an error, in the environment and in a profile."""
    assert "it has web_identity_token_file, but no role_arn" in str(
        machine.refusal("[default]\nweb_identity_token_file=/x\n")
    )
    machine.environ["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/x"
    assert "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN isn't" in str(machine.refusal(""))


@pytest.mark.parametrize(
    ("region", "environ", "config", "expected"),
    [
        ("eu-west-1", {}, "", ("https://sts.eu-west-1.amazonaws.com", "eu-west-1")),
        ("cn-north-1", {}, "", ("https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1")),
        ("aws-global", {}, "", ("https://sts.amazonaws.com", "us-east-1")),
        (
            "eu-west-1",
            {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
            "",
            ("https://sts.amazonaws.com", "us-east-1"),
        ),
        (
            "eu-south-1",
            {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
            "",
            ("https://sts.eu-south-1.amazonaws.com", "eu-south-1"),
        ),
        (
            "us-east-1",
            {},
            "sts_regional_endpoints=legacy",
            ("https://sts.amazonaws.com", "us-east-1"),
        ),
        ("eu-west-1", {"AWS_ENDPOINT_URL": "http://all/"}, "", ("http://all", "eu-west-1")),
        (
            "eu-west-1",
            {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_STS": "http://sts"},
            "",
            ("http://sts", "eu-west-1"),
        ),
        ("eu-west-1", {}, "endpoint_url=http://all", ("http://all", "eu-west-1")),
        (
            "eu-west-1",
            {},
            "endpoint_url=http://all\nservices=s\n[services s]\nsts =\n  endpoint_url=http://sts",
            ("http://sts", "eu-west-1"),
        ),
        (
            "eu-west-1",
            {"AWS_ENDPOINT_URL": "http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "endpoint_url=http://all",
            ("https://sts.eu-west-1.amazonaws.com", "eu-west-1"),
        ),
    ],
)
def test_where_sts_is(
    tmp_path: Path,
    region: str,
    environ: dict[str, str],
    config: str,
    expected: tuple[str, str],
) -> None:
    """Region, partition, and each setting that moves STS."""
    (tmp_path / "config").write_text(f"[default]\n{config}\n")
    environ = {**environ, "AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path)}
    files = read_shared_files(environ)
    assert sts_url(files, "default", Surroundings(environ, region=region)) == expected


def test_where_identity_center_is(tmp_path: Path) -> None:
    """The SSO services have their own variables."""
    environ = {"HOME": str(tmp_path), "AWS_ENDPOINT_URL_SSO_OIDC": "http://oidc"}
    files, around = read_shared_files(environ), Surroundings(environ)
    assert service_url("oidc", "sso_oidc", "eu-west-1", files, "x", around) == "http://oidc"
    assert (
        service_url("portal.sso", "sso", "eu-west-1", files, "x", around)
        == "https://portal.sso.eu-west-1.amazonaws.com"
    )


@pytest.mark.parametrize("use_fips", [False, True])
@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1"]
)
@pytest.mark.parametrize(
    ("host", "name", "service"),
    [("sts", "sts", "sts"), ("portal.sso", "sso", "sso"), ("oidc", "sso_oidc", "sso-oidc")],
)
def test_hosts_are_those_of_botocore(
    tmp_path: Path, host: str, name: str, service: str, region: str, *, use_fips: bool
) -> None:
    """Regions, partitions and FIPS 140 hosts."""
    environ = {"HOME": str(tmp_path)}
    around = Surroundings(environ, region=region, use_fips=use_fips)
    ours = service_url(host, name, region, read_shared_files(environ), "default", around)
    loader = Loader()
    provider = EndpointProvider(
        loader.load_service_model(service, "endpoint-rule-set-1"), loader.load_data("partitions")
    )
    theirs = provider.resolve_endpoint(Region=region, UseFIPS=use_fips, UseDualStack=False)
    assert ours == theirs.url


def test_secrets_of_a_role_stay_out_of_logs(machine: Machine) -> None:
    """What was found on the way is never logged: source keys and role credentials."""
    machine.find(f"[default]\n{KEYS}role_arn={ROLE}\nsource_profile=default\n")
    text = json.dumps(["base/secret", "role/secret", "role/token"])
    assert redact(text) == json.dumps(["[redacted]"] * 3)
