"""s3-cli presign, and its URLs in the hands of clients that know nothing of S3."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import pytest

import s3dlio
from tests.servers.endpoint import SESSION_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket
    from tests.servers import MotoServer, S3Server

pytestmark = pytest.mark.one_wire

#: What both servers can hold.
KEYS: Final = ("plain", "a b+c%41=&?#~.txt", "naïve/\U0001f600", "q\"'<>(){}[]|^`;:@$!*,")
#: What a file system can't, nor most programs ask for.
EXACT_KEYS: Final = ("a//b", "/leading", "trailing/", "a/../b", "./x", "line\nend")


def fetch(
    server: S3Server, method: str, url: str, body: bytes | None = None, host: str = ""
) -> tuple[int, bytes]:
    """Send a URL as it is; http.client resolves and decodes nothing."""
    parts = urlsplit(url)
    target = url.removeprefix(f"{parts.scheme}://{parts.netloc}")
    if host:
        connection = server.connection(host)
    elif parts.scheme == "https":
        context = ssl.create_default_context(cafile=server.ca_bundle)
        connection = http.client.HTTPSConnection(parts.netloc, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc)
    with closing(connection):
        connection.request(method, target, body, {"Host": parts.netloc})
        with connection.getresponse() as response:
            return response.status, response.read()


def presigned(cli: Cli, *arguments: str) -> str:
    """The one URL that a command prints, and nothing else."""
    done = cli("presign", *arguments).expect(0)
    assert done.err == ""
    (url,) = done.out.splitlines()
    return url


@pytest.mark.parametrize("key", KEYS)
def test_urls_write_and_read(cli: Cli, bucket: Bucket, s3_server: S3Server, key: str) -> None:
    """A PUT stores, a GET reads and a HEAD looks, with nothing but the URL."""
    uri = f"{bucket.uri}/{key}"
    content = key.encode() * 100
    assert fetch(s3_server, "PUT", presigned(cli, "--method", "PUT", uri), content)[0] == 200
    assert bucket.get(key) == content
    assert fetch(s3_server, "GET", presigned(cli, uri)) == (200, content)
    assert fetch(s3_server, "HEAD", presigned(cli, "--method", "HEAD", uri)) == (200, b"")


def test_url_deletes(cli: Cli, bucket: Bucket, s3_server: S3Server) -> None:
    """A DELETE removes exactly the object."""
    bucket.put("a", b"1")
    bucket.put("ab", b"2")
    url = presigned(cli, "--method", "DELETE", f"{bucket.uri}/a")
    assert fetch(s3_server, "DELETE", url)[0] == 204
    assert bucket.listed() == ["ab"]


@pytest.mark.parametrize("key", EXACT_KEYS)
def test_keys_stay_exact(moto_cli: Cli, moto: Bucket, moto_s3: MotoServer, key: str) -> None:
    """Empty segments, dots and line ends of a key are its own."""
    made = s3dlio.presign(
        f"{moto.uri}/{key}",
        method="PUT",
        options={
            "endpoint_url": moto_s3.endpoint_url,
            "access_key_id": moto_s3.access_key,
            "secret_access_key": moto_s3.secret_key,
            "region": moto_s3.region,
        },
    )
    assert fetch(moto_s3, "PUT", made, b"content")[0] == 200
    assert moto.listed() == [key]
    url = moto_cli("presign", f"{moto.uri}/{key}").expect(0).out.removesuffix("\n")
    assert fetch(moto_s3, "GET", url) == (200, b"content")


def test_urllib_reads_and_writes(cli: Cli, bucket: Bucket, s3_server: S3Server) -> None:
    """Python's own opener, which sends a content type, is served as well."""
    uri = f"{bucket.uri}/dir/a b"
    context = ssl.create_default_context(cafile=s3_server.ca_bundle or None)
    put = urllib.request.Request(
        presigned(cli, "--method", "PUT", uri),
        data=b"content",
        method="PUT",
        headers={"Content-Type": "text/plain"},
    )
    with urllib.request.urlopen(put, context=context) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(presigned(cli, uri), context=context) as answer:
        assert answer.read() == b"content"


def test_version_is_read(moto_cli: Cli, moto: Bucket, moto_s3: MotoServer) -> None:
    """The URL of a version gives that version."""
    moto.client.put_bucket_versioning(
        Bucket=moto.name, VersioningConfiguration={"Status": "Enabled"}
    )
    old = moto.client.put_object(Bucket=moto.name, Key="k", Body=b"old")["VersionId"]
    moto.put("k", b"new")
    url = presigned(moto_cli, "--version-id", old, f"{moto.uri}/k")
    assert fetch(moto_s3, "GET", url) == (200, b"old")
    assert fetch(moto_s3, "GET", presigned(moto_cli, f"{moto.uri}/k")) == (200, b"new")


def test_temporary_credentials_sign(moto_cli: Cli, moto: Bucket, moto_s3: MotoServer) -> None:
    """The token is in the URL, and it is said that both end together."""
    moto.put("k", b"content")
    temporary = moto_cli.with_environment(AWS_SESSION_TOKEN=SESSION_TOKEN)
    done = temporary("presign", f"{moto.uri}/k").expect(0)
    assert "end with the temporary credentials" in done.err
    assert fetch(moto_s3, "GET", done.out.strip()) == (200, b"content")
    wrong = moto_cli.with_environment(AWS_SESSION_TOKEN="another")
    url = wrong("presign", f"{moto.uri}/k").expect(0).out.strip()
    status, body = fetch(moto_s3, "GET", url)
    assert (status, b"<Code>InvalidToken</Code>" in body) == (400, True)


def test_virtual_host_is_signed(moto_cli: Cli, moto: Bucket, moto_s3: MotoServer) -> None:
    """A URL whose host names the bucket is served, and refused for any other host."""
    moto.put("k", b"content")
    port = moto_s3.host.rpartition(":")[2]
    config = moto_cli.directory / "aws-config"
    config.write_text("[default]\ns3 =\n  addressing_style = virtual\n")
    cli = moto_cli.with_environment(AWS_CONFIG_FILE=str(config))
    scheme = urlsplit(moto_s3.endpoint_url).scheme
    endpoint = f"{scheme}://localhost:{port}"
    url = presigned(cli, "--endpoint-url", endpoint, f"{moto.uri}/k")
    assert url.startswith(f"{scheme}://{moto.name}.localhost:{port}/k?")
    assert fetch(moto_s3, "GET", url, host=moto_s3.host) == (200, b"content")
    other = url.replace(f"{moto.name}.", "another.")
    assert b"SignatureDoesNotMatch" in fetch(moto_s3, "GET", other, host=moto_s3.host)[1]


def test_changed_url_is_refused(cli: Cli, bucket: Bucket, s3_server: S3Server) -> None:
    """A URL is for its own key and method alone."""
    bucket.put("a", b"1")
    bucket.put("b", b"2")
    url = presigned(cli, f"{bucket.uri}/a")
    assert fetch(s3_server, "GET", url.replace("/a?", "/b?"))[0] == 403
    assert fetch(s3_server, "PUT", url, b"x")[0] == 403
    assert bucket.get("a") == b"1"


def test_secret_is_on_standard_output_alone(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Neither the log nor standard error has what would let anybody in."""
    log = tmp_path / "s3.log"
    cli = moto_cli.with_environment(AWS_SESSION_TOKEN=SESSION_TOKEN)
    done = cli("-vv", "--log-file", log, "presign", f"{moto.uri}/a/../k").expect(0)
    query = parse_qs(urlsplit(done.out.strip()).query)
    for name in ("Signature", "Credential", "Security-Token"):
        (secret,) = query[f"X-Amz-{name}"]
        assert secret not in done.err + log.read_text()
    assert "X-Amz" not in done.err + log.read_text()


def test_several_as_json(moto_cli: Cli, moto: Bucket, moto_s3: MotoServer) -> None:
    """One object a line, with what it is for."""
    moto.put("a", b"1")
    moto.put("b", b"2")
    uris = [f"{moto.uri}/a", f"{moto.uri}/b"]
    done = moto_cli("--json", "presign", "--expires-in", "1m", *uris).expect(0)
    values = [json.loads(line) for line in done.out.splitlines()][:-1]  # without the summary
    assert [fetch(moto_s3, "GET", one.pop("url")) for one in values] == [(200, b"1"), (200, b"2")]
    assert values == [
        {"type": "presigned", "uri": uri, "method": "GET", "expires_s": 60} for uri in uris
    ]
