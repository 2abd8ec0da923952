"""Where the configuration comes from, and where requests then go."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import UsageError
from s3dlio_s3.config import S3Config
from s3dlio_s3.config_options import config_from_options
from s3dlio_s3.credentials import Credentials

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
[default]
region = eu-south-1
[profile work]
region = eu-north-1
endpoint_url = http://work.example
s3 =
    addressing_style = virtual
ca_bundle =
[profile served]
services = mine
[services mine]
s3 =
  endpoint_url = http://served.example:9000/
"""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user:hunter2@s3.example", "can't hold a user's name or password"),
        ("http://user@s3.example", "can't hold a user's name or password"),
        ("https://user:hunter2/x@s3.example", "bad endpoint URL"),
        ("http://user:hunter2@[s3.example", "bad endpoint URL"),
        ("http://user:hunter2@s3.example:99999", "bad endpoint URL"),
        ("http://user:x://hunter2@s3.example:x", "bad endpoint URL"),
        ("ftp://user:hunter2@s3.example", "bad endpoint URL"),
        ("user:hunter2@s3.example", "bad endpoint URL"),
        ("http://user:hunter2@s3.example?a=b", "can't hold a user's name or password"),
    ],
)
def test_endpoint_with_a_password_is_refused_without_showing_it(url: str, reason: str) -> None:
    """An endpoint URL with a user's name or password is refused, and the password not shown."""
    with pytest.raises(UsageError, match=reason) as raised:
        S3Config(endpoint_url=url)
    shown = f"{raised.value} {raised.value.uri} {raised.value!r}"
    assert "hunter2" not in shown
    assert "s3.example" in shown


@pytest.mark.parametrize(
    "url",
    [
        "http://ho st",
        "http://h/a b",
        "http://h:",
        "http://h\x7f",
        "http://h\n",
        "http://h\\@x",
        "http://",
        "h",
    ],
)
def test_what_is_no_url_of_a_service_is_refused(url: str) -> None:
    """At once, and not with each request."""
    with pytest.raises(UsageError, match="bad endpoint URL"):
        S3Config(endpoint_url=url)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment that names a configuration file and nothing else."""
    path = tmp_path / "config"
    path.write_text(CONFIG)
    return {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}


def test_defaults_are_aws(tmp_path: Path) -> None:
    """Without anything it is AWS in us-east-1."""
    nowhere = str(tmp_path / "none")
    config = config_from_options(
        {}, {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}
    )
    assert (config.region, config.endpoint) == ("us-east-1", "https://s3.us-east-1.amazonaws.com")


def test_option_wins_over_environment(environ: dict[str, str]) -> None:
    """An option wins over the environment."""
    environ |= {"AWS_REGION": "us-west-1", "AWS_ENDPOINT_URL": "http://env.example"}
    config = config_from_options({"region": "us-west-2", "endpoint_url": "http://o"}, environ)
    assert (config.region, config.endpoint) == ("us-west-2", "http://o")


def test_environment_wins_over_profile(environ: dict[str, str]) -> None:
    """The environment wins over the profile, and the S3 variable over the general one."""
    environ |= {
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_REGION": "us-west-1",
        "AWS_ENDPOINT_URL": "http://general.example",
        "AWS_ENDPOINT_URL_S3": "http://s3.example",
    }
    config = config_from_options({}, environ)
    assert (config.region, config.endpoint) == ("us-west-1", "http://s3.example")


def test_profile_counts_first_where_it_is_said(environ: dict[str, str]) -> None:
    """With profile_first it wins over the environment, but not over options."""
    environ |= {"AWS_REGION": "us-west-1", "AWS_ENDPOINT_URL": "http://general.example"}
    options = {"profile": "work", "profile_first": "true"}
    config = config_from_options(options, environ)
    assert (config.region, config.endpoint) == ("eu-north-1", "http://work.example")
    config = config_from_options({**options, "endpoint_url": "http://said.example"}, environ)
    assert config.endpoint == "http://said.example"


def test_profile_first_leaves_what_it_lacks_to_the_environment(environ: dict[str, str]) -> None:
    """A profile without an endpoint has that of the environment."""
    environ |= {"AWS_ENDPOINT_URL": "http://general.example"}
    config = config_from_options({"profile_first": "true"}, environ)
    assert (config.region, config.endpoint) == ("eu-south-1", "http://general.example")


def test_profile_gives_region_endpoint_and_style(environ: dict[str, str]) -> None:
    """A profile gives region, endpoint and addressing style."""
    config = config_from_options({"profile": "work"}, environ)
    assert (
        config.region,
        config.endpoint,
        config.addressing_style,
    ) == ("eu-north-1", "http://work.example", "virtual")


def test_services_section_gives_the_endpoint(environ: dict[str, str]) -> None:
    """The services section that a profile names gives the endpoint."""
    config = config_from_options({}, {**environ, "AWS_PROFILE": "served"})
    assert config.endpoint == "http://served.example:9000"


def test_missing_services_section_is_an_error(tmp_path: Path) -> None:
    """A services section that a profile names must exist, or requests would go elsewhere."""
    path = tmp_path / "config"
    path.write_text("[default]\nservices = gone\n")
    with pytest.raises(UsageError, match=r"no \[services gone\]"):
        config_from_options({}, {"AWS_CONFIG_FILE": str(path)})


@pytest.mark.parametrize(
    ("options", "variables", "shared", "expected"),
    [
        ({}, {}, "use_dualstack_endpoint = true", {"use_dualstack_endpoint": True}),
        ({}, {}, "s3 =\n  use_dualstack_endpoint = true", {"use_dualstack_endpoint": True}),
        (
            {},
            {"AWS_USE_DUALSTACK_ENDPOINT": "false"},
            "use_dualstack_endpoint = true",
            {"use_dualstack_endpoint": False},
        ),
        (
            {"use_fips_endpoint": "true"},
            {"AWS_USE_FIPS_ENDPOINT": "false"},
            "",
            {"use_fips_endpoint": True},
        ),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "true"}, "", {"use_fips_endpoint": True}),
        ({}, {}, "use_fips_endpoint = TRUE", {"use_fips_endpoint": True}),
        ({}, {}, "s3 =\n  use_accelerate_endpoint = true", {"use_accelerate_endpoint": True}),
        ({}, {}, "", {"use_arn_region": True, "use_fips_endpoint": False}),
        ({}, {"AWS_S3_USE_ARN_REGION": "false"}, "", {"use_arn_region": False}),
        ({}, {}, "s3_use_arn_region = false", {"use_arn_region": False}),
        ({}, {}, "s3 =\n  use_arn_region = false", {"use_arn_region": False}),
        ({}, {}, "endpoint_url = http://shared", {"endpoint_url": "http://shared"}),
        (
            {},
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://env"},
            "endpoint_url = http://shared",
            {"endpoint_url": ""},
        ),
        (
            {},
            {"AWS_ENDPOINT_URL_S3": "http://env"},
            "ignore_configured_endpoint_urls = true",
            {"endpoint_url": ""},
        ),
        (
            {"endpoint_url": "http://asked"},
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "",
            {"endpoint_url": "http://asked"},
        ),
        (
            {"ignore_configured_endpoint_urls": "false"},
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://env"},
            "",
            {"endpoint_url": "http://env"},
        ),
    ],
)
def test_endpoint_settings_have_their_order(
    options: dict[str, str],
    variables: dict[str, str],
    shared: str,
    expected: dict[str, object],
    tmp_path: Path,
) -> None:
    """An option wins over the environment, that over the profile; each has its standard names."""
    path = tmp_path / "config"
    path.write_text(f"[default]\n{shared}\n")
    config = config_from_options(options, {"AWS_CONFIG_FILE": str(path), **variables})
    assert expected == {name: getattr(config, name) for name in expected}


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_S3_USE_ARN_REGION"])
def test_switch_of_the_environment_that_makes_no_sense_is_refused(
    name: str, environ: dict[str, str]
) -> None:
    """A switch that is neither true nor false isn't taken for false."""
    with pytest.raises(UsageError, match="Use true or false"):
        config_from_options({}, {**environ, name: "perhaps"})


def test_default_profile_is_read(environ: dict[str, str]) -> None:
    """Without a name the default profile counts."""
    assert config_from_options({}, environ).region == "eu-south-1"


def test_unknown_profile_is_refused(environ: dict[str, str]) -> None:
    """A profile that is asked for must exist; the error names the files."""
    with pytest.raises(UsageError, match=r"'gone' is neither in .*config"):
        config_from_options({"profile": "gone"}, environ)


def test_broken_file_is_named_without_its_content(environ: dict[str, str], tmp_path: Path) -> None:
    """A file that can't be parsed is named; its lines, perhaps secrets, aren't shown."""
    (tmp_path / "config").write_text("aws_secret_access_key = hunter2\n")
    with pytest.raises(UsageError) as raised:
        config_from_options({}, environ)
    assert "config" in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "localhost:9000"},
        {"endpoint_url": "ftp://host"},
        {"endpoint_url": "http://"},
        {"endpoint_url": "http://host:port"},
        {"endpoint_url": "http://user:secret@host"},
        {"endpoint_url": "http://host/?x"},
        {"region": "eu west"},
        {"addressing_style": "odd"},
        {"payload_signing": "odd"},
        {"verify": "perhaps"},
        {"connect_timeout_s": "0"},
        {"read_timeout_s": "soon"},
        {"ca_bundle": "/nowhere/ca.pem"},
        {"access_key_id": "alone"},
    ],
)
def test_nonsense_is_refused(options: dict[str, str], environ: dict[str, str]) -> None:
    """A value that makes no sense is refused."""
    with pytest.raises(UsageError):
        config_from_options(options, environ)


def test_switches_are_read(environ: dict[str, str]) -> None:
    """Switches are given as text; conditional_writes sets both kinds."""
    config = config_from_options({"conditional_writes": "false", "verify": "no"}, environ)
    assert (config.put_if_absent, config.put_if_match, config.verify) == (False, False, False)


@pytest.mark.parametrize(
    ("config", "bucket", "expected"),
    [
        (S3Config(region="eu-west-1"), "bucket", "https://bucket.s3.eu-west-1.amazonaws.com"),
        (S3Config(), "with.dots", "https://s3.us-east-1.amazonaws.com/with.dots"),
        (S3Config(endpoint_url="http://127.0.0.1:9000"), "bucket", "http://127.0.0.1:9000/bucket"),
        (
            S3Config(endpoint_url="http://Host:80/base/", addressing_style="virtual"),
            "bucket",
            "http://bucket.host/base",
        ),
        (S3Config(use_fips_endpoint=True), "", "https://s3-fips.us-east-1.amazonaws.com"),
        (S3Config(use_dualstack_endpoint=True), "", "https://s3.dualstack.us-east-1.amazonaws.com"),
        (S3Config(use_accelerate_endpoint=True), "b-1", "https://b-1.s3-accelerate.amazonaws.com"),
    ],
)
def test_requests_are_addressed(config: S3Config, bucket: str, expected: str) -> None:
    """Path style on a custom endpoint and for names with dots; virtual hosts on AWS."""
    address = config.address(bucket)
    assert expected == address.origin + address.base_path


@pytest.mark.parametrize(
    ("endpoint_url", "signing", "expected"),
    [
        ("http://h", "auto", True),
        ("https://h", "auto", False),
        ("https://h", "signed", True),
        ("http://h", "unsigned", False),
    ],
)
def test_bodies_are_hashed_where_nothing_else_protects_them(
    endpoint_url: str, signing: str, expected: bool
) -> None:
    """Over http bodies are hashed, over https they aren't, unless told otherwise."""
    config = S3Config(endpoint_url=endpoint_url, payload_signing=signing)
    assert expected is config.signs_payload


def test_config_pickles_and_hides_secrets() -> None:
    """A configuration pickles, and its repr shows no secret."""
    config = S3Config(credentials=Credentials("AKID", "hunter2", "token3"))
    assert config == pickle.loads(pickle.dumps(config))
    assert "AKID" in repr(config)
    assert "hunter2" not in repr(config)
    assert "token3" not in repr(config)
