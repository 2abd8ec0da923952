"""URIs: exact keys, forms by scheme, refusals."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.errors import InvalidUriError
from s3dlio_core.uri import Uri, parse_account, parse_uri

_KEYS = st.text(st.characters(exclude_characters="\x00"), max_size=50)
_CONTAINERS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)


@given(container=_CONTAINERS, key=_KEYS, scheme=st.sampled_from(["s3", "memory", "az", "gs"]))
def test_key_is_exact(scheme: str, container: str, key: str) -> None:
    """Whatever stands behind the container and a slash is the key, character for character."""
    assert Uri(scheme, container, key) == parse_uri(f"{scheme}://{container}/{key}")


@given(container=_CONTAINERS, key=_KEYS.filter(bool), scheme=st.sampled_from(["s3", "memory"]))
def test_text_of_a_uri_parses_to_it(scheme: str, container: str, key: str) -> None:
    """Written out and parsed again, a URI is the same."""
    uri = Uri(scheme, container, key)
    assert uri == parse_uri(str(uri))


_LABELS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,12}", fullmatch=True)
_ARNS = st.builds(
    "arn:aws:{}:{}:123456789012:{}{}{}".format,
    st.sampled_from(["s3", "s3-object-lambda", "s3-outposts"]),
    st.sampled_from(["eu-west-1", "us-gov-west-1", ""]),
    st.sampled_from(["accesspoint", "outpost/op-1/accesspoint", "outpost:op-1:bucket"]),
    st.sampled_from([":", "/"]),
    st.one_of(_LABELS, _LABELS.map("{}.mrap".format)),
)


@given(arn=_ARNS, key=_KEYS)
def test_whole_arn_is_the_container(arn: str, key: str) -> None:
    """An ARN that stands for a bucket keeps its slashes; behind it the key is as exact as ever."""
    uri = parse_uri(f"s3://{arn}/{key}")
    assert Uri("s3", arn, key) == uri
    assert uri == parse_uri(str(uri))
    assert Uri("s3", arn, "") == parse_uri(f"s3://{arn}")


@given(path=_KEYS.filter(bool))
def test_text_of_a_path_names_the_same_file(path: str) -> None:
    """A path scheme's URI, written out and parsed again, has the same path but for "./"."""
    uri = parse_uri(f"file://./{path}")
    again = parse_uri(str(uri))
    assert again.path in {uri.path, f"./{uri.path}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket", Uri("s3", "bucket", "")),
        ("s3://bucket/", Uri("s3", "bucket", "")),
        ("s3://bucket/a/b", Uri("s3", "bucket", "a/b")),
        ("S3://bucket/A", Uri("s3", "bucket", "A")),
        ("s3://bucket//a", Uri("s3", "bucket", "/a")),
        ("s3://bucket/a/", Uri("s3", "bucket", "a/")),
        ("s3://bucket/a?b#c", Uri("s3", "bucket", "a?b#c")),
        ("s3://bucket/a%41+b c", Uri("s3", "bucket", "a%41+b c")),
        ("s3://bucket/a/../b/./c", Uri("s3", "bucket", "a/../b/./c")),
        ("s3://my.dotted.bucket/a", Uri("s3", "my.dotted.bucket", "a")),
        ("s3://arn:aws:s3:::bucket/a", Uri("s3", "arn:aws:s3:::bucket", "a")),
        ("s3://arn:x/a/b", Uri("s3", "arn:x", "a/b")),
        (
            "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/p//a/",
            Uri("s3", "arn:aws:s3:eu-west-1:123456789012:accesspoint/p", "/a/"),
        ),
        (
            "memory://arn:aws:s3:eu-west-1:1:accesspoint/p/a",
            Uri("memory", "arn:aws:s3:eu-west-1:1:accesspoint", "p/a"),
        ),
        ("memory://name/a", Uri("memory", "name", "a")),
        ("az://container/a/b", Uri("az", "container", "a/b")),
        ("azure://container/a", Uri("az", "container", "a")),
        ("az://$web/index.html", Uri("az", "$web", "index.html")),
        (
            "az://account.blob.core.windows.net/container/a",
            Uri("az", "container", "a", "account.blob.core.windows.net"),
        ),
        (
            "https://account.blob.core.windows.net/container/a?b",
            Uri("az", "container", "a?b", "account.blob.core.windows.net"),
        ),
        ("file:///abs/path", Uri("file", "/", "abs/path")),
        ("file://./rel", Uri("file", "", "./rel")),
        ("direct:///abs", Uri("direct", "/", "abs")),
        ("/abs/path", Uri("file", "/", "abs/path")),
        ("rel/path", Uri("file", "", "rel/path")),
        ("../up", Uri("file", "", "../up")),
        ("/", Uri("file", "/", "")),
        (".", Uri("file", "", ".")),
        ("odd:name", Uri("file", "", "odd:name")),
        ("1s3://bucket", Uri("file", "", "1s3://bucket")),
    ],
)
def test_forms(text: str, expected: Uri) -> None:
    """Each documented form means what the table says."""
    assert expected == parse_uri(text)


def test_path_objects_are_taken() -> None:
    """An os.PathLike is a local path."""
    assert Uri("file", "/", "some/where") == parse_uri(pathlib.PurePosixPath("/some/where"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3://",
        "s3:///key",
        "s3://bad bucket/key",
        "s3://bucket\n/key",
        "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint /key",
        "az://",
        "az://account.blob.core.windows.net",
        "az://account.blob.core.windows.net/",
        "file://",
        "direct://",
        "a\x00b",
        "s3://bucket/a\x00b",
        "https://example.com/a",
        "https://s3.amazonaws.com/bucket/key",
    ],
)
def test_refusals(text: str) -> None:
    """What names no container, no path or no service is refused, with a hint."""
    with pytest.raises(InvalidUriError) as raised:
        parse_uri(text)
    assert raised.value.reason
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("s3:/bucket/a", "s3://bucket/a"),
        ("direct:/nvme/a:/b", "direct:///nvme/a:/b"),
        ("FILE:/tmp", "FILE:///tmp"),
    ],
)
def test_a_missing_slash_is_told_with_what_was_meant(text: str, meant: str) -> None:
    """The hint can be used as it stands."""
    with pytest.raises(InvalidUriError, match="missing slash") as raised:
        parse_uri(text)
    assert f"Write {meant}, or ./{text} " in raised.value.hint
    parse_uri(meant)


def test_bytes_are_refused() -> None:
    """A path of bytes is refused with a clear text."""

    class BytesPath:
        def __fspath__(self) -> bytes:
            return b"/path"

    with pytest.raises(InvalidUriError, match="got bytes"):
        parse_uri(BytesPath())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/a", "s3://bucket/a"),
        ("s3://bucket/", "s3://bucket"),
        ("azure://container/a", "az://container/a"),
        (
            "https://account.blob.core.windows.net/container/a",
            "az://account.blob.core.windows.net/container/a",
        ),
        ("/abs/path", "file:///abs/path"),
        ("rel/path", "file://./rel/path"),
        ("./rel/path", "file://./rel/path"),
        ("../up", "file://../up"),
        ("direct:///abs", "direct:///abs"),
    ],
)
def test_text(text: str, expected: str) -> None:
    """A URI is written in the one form that messages use."""
    assert expected == str(parse_uri(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/abs/path", "/abs/path"),
        ("rel", "rel"),
        ("file:///", "/"),
        ("direct://./x", "./x"),
    ],
)
def test_path(text: str, expected: str) -> None:
    """A URI of a path scheme gives its path."""
    uri = parse_uri(text)
    assert uri.is_path
    assert expected == uri.path


def test_no_path() -> None:
    """A bucket's URI is no path."""
    assert not parse_uri("s3://bucket/a").is_path


@pytest.mark.parametrize(
    "text",
    [
        "https://account.blob.core.windows.net/container/a?sv=2023-11-03&sig=geheim%3D",
        "https://account.blob.core.windows.net/container?sig=geheim",
        "az://account.blob.core.windows.net/container/a?b?sv=1&SIG=geheim",
        "https://example.com/a?sig=geheim",
        "az://container/a?sv=2023-11-03&sp=r&sig=geheim",
        "azure://container/a?sp=r&sig=geheim&sv=2023-11-03",
    ],
)
def test_a_signed_url_is_refused_without_its_signature(text: str) -> None:
    """It is a secret, and no key: the message says where it belongs, and doesn't quote it."""
    with pytest.raises(InvalidUriError) as caught:
        parse_uri(text)
    assert "geheim" not in str(caught.value)
    assert text.partition("?")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3", "s3://"),
        ("S3://", "s3://"),
        ("s3://a.bucket", "s3://"),
        ("az://", "az://"),
        ("azure://container/a", "az://"),
        ("az://account.blob.core.windows.net", "az://account.blob.core.windows.net"),
        ("az://account.blob.core.windows.net/", "az://account.blob.core.windows.net"),
        ("https://account.blob.core.windows.net", "az://account.blob.core.windows.net"),
        ("https://account.blob.core.windows.net/c", "az://account.blob.core.windows.net"),
        ("https://example.com", "https://"),
    ],
)
def test_what_names_an_account(text: str, expected: str) -> None:
    """A scheme, or a host of Azure: another host is another account."""
    assert str(parse_account(text)) == expected


def test_a_key_that_only_looks_signed_is_exact() -> None:
    """Without a host it takes all that each signature has."""
    assert parse_uri("az://container/a?sig=b").key == "a?sig=b"
    assert parse_uri("az://container/a?x&sv=1?sig=b").key == "a?x&sv=1?sig=b"
    assert parse_uri("s3://bucket/a?sv=1&sig=b").key == "a?sv=1&sig=b"
    assert parse_uri("az://a.blob.core.windows.net/c/a&sig=b").key == "a&sig=b"
