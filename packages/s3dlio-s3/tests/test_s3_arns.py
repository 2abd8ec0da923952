"""Access points by their ARN: what is served, what is refused, and how each is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.errors import NotSupportedError, S3dlioError, Scope, UsageError
from s3dlio_core.store import CopySource
from s3dlio_core.uri import parse_uri
from s3dlio_s3 import Credentials, S3Config, S3Provider
from s3dlio_s3.arns import AccessPoint, parse_access_point
from s3dlio_s3.endpoints import Endpoint
from s3dlio_s3.headers import copy_headers

if TYPE_CHECKING:
    from s3dlio_s3 import S3Store

pytestmark = pytest.mark.one_wire

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint/point"
HOST = "point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"
OUTPOST = "arn:aws:s3-outposts:eu-west-1:123456789012:outpost"


@pytest.mark.parametrize(
    ("text", "region", "key"),
    [
        (f"s3://{ARN}/a//b", "eu-west-1", "a//b"),
        (f"s3://{ARN.replace('/', ':')}/a", "eu-west-1", "a"),
        (f"s3://{ARN}", "eu-west-1", ""),
        (
            "s3://arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/point/object/a",
            "cn-north-1",
            "object/a",
        ),
        (
            "s3://arn:aws-us-gov:s3:us-gov-west-1:123456789012:accesspoint/point/a",
            "us-gov-west-1",
            "a",
        ),
    ],
)
def test_access_point_of_a_uri(text: str, region: str, key: str) -> None:
    """A URI's container is the whole ARN, in both its forms; the key is what is behind it."""
    uri = parse_uri(text)
    point = parse_access_point(uri.container)
    assert (region, "123456789012", "point", key) == (
        point.region,
        point.account,
        point.name,
        uri.key,
    )
    assert point.arn.endswith(":accesspoint/point")


@pytest.mark.parametrize(
    ("made_of", "expected"),
    [
        ({}, HOST),
        ({"region": "eu-west-1", "use_arn_region": False}, HOST),
        ({"use_fips": True}, HOST.replace("s3-accesspoint", "s3-accesspoint-fips")),
        ({"use_dualstack": True}, HOST.replace("s3-accesspoint", "s3-accesspoint.dualstack")),
        ({"addressing_style": "path"}, HOST),
        (
            {"url": "https://accesspoint.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com"},
            "point-123456789012.accesspoint.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com",
        ),
    ],
)
def test_access_point_has_a_host_of_its_own(made_of: dict[str, Any], expected: str) -> None:
    """The name and the account stand in the host, nothing in the path; the ARN's region signs."""
    address = Endpoint(**made_of).address(ARN)
    assert (expected, "", "eu-west-1") == (address.host, address.base_path, address.region)


@pytest.mark.parametrize(
    ("made_of", "reason"),
    [
        ({"use_arn_region": False}, "the configured region is us-east-1"),
        ({"region": "cn-north-1"}, "in another partition than cn-north-1"),
        ({"region": "us-gov-west-1"}, "in another partition than us-gov-west-1"),
        ({"use_accelerate": True}, "can't be combined with an access point"),
        ({"url": "http://127.0.0.1:9000"}, "it has no host name"),
    ],
)
def test_access_point_that_the_configuration_rules_out(
    made_of: dict[str, Any], reason: str
) -> None:
    """Another region or partition than the configured one, acceleration, an address as host."""
    with pytest.raises(UsageError, match=reason):
        Endpoint(**made_of).address(ARN)


@pytest.mark.parametrize(
    ("arn", "what"),
    [
        ("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "Signature Version 4A"),
        ("arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap", "Signature Version 4A"),
        (ARN.replace(":s3:", ":s3-object-lambda:"), "Object Lambda"),
        (f"{OUTPOST}/op-01ac5d28a6a232904/accesspoint/point", "Outposts"),
        (f"{OUTPOST}:op-01ac5d28a6a232904:bucket:name", "Outposts"),
        ("arn:aws:s3express:us-east-1:123456789012:accesspoint/p--use1-az4--xa-s3", "Express"),
    ],
)
def test_what_isnt_served_is_refused_by_its_name(arn: str, what: str) -> None:
    """What needs another signature or protocol says which, for the whole container, at once."""
    with (
        S3Provider(S3Config()) as provider,
        pytest.raises(NotSupportedError, match=what) as raised,
    ):
        provider.open(parse_uri(f"s3://{arn}/key").container)
    assert raised.value.scope is Scope.CONTAINER


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("arn:", "isn't in the form of an ARN"),
        ("arn:aws:s3", "isn't in the form of an ARN"),
        ("arn:aws:s3:::bucket", "a bucket is named by its name"),
        ("arn:aws:sqs:eu-west-1:123456789012:queue", "names no access point"),
        (ARN.replace("accesspoint", "bucket"), "names no access point"),
        (ARN.replace("123456789012", "1234"), "12 digits"),
        (ARN.replace("123456789012", ""), "12 digits"),
        (ARN.replace("arn:aws:", "arn:aws-cn:"), "no region of the partition aws-cn"),
        (ARN.replace("eu-west-1", "eu-west-1.evil.example"), "no region of the partition"),
        (ARN.replace("point/point", "point/"), "a name that no access point has"),
        (f"{ARN}/more", "a name that no access point has"),
        (f"{ARN}.evil.example", "a name that no access point has"),
        (f"{ARN}@evil", "a name that no access point has"),
        (ARN.replace("/point", "/UPPER"), "a name that no access point has"),
        (f"{ARN}\n", "a name that no access point has"),
    ],
)
def test_what_is_no_access_point_is_refused(arn: str, reason: str) -> None:
    """A malformed ARN never becomes a host or a bucket's name."""
    with pytest.raises(UsageError, match=reason):
        Endpoint().address(arn)


@given(tail=st.text(max_size=60))
def test_no_arn_bends_a_host(tail: str) -> None:
    """Whatever follows "arn:", it is refused, or leads to an access point's host."""
    try:
        address = Endpoint().address(f"arn:{tail}")
    except (UsageError, NotSupportedError):
        return
    raise AssertionError(address)


@given(
    name=st.text("abc-./@:#?%\n ", max_size=8),
    account=st.text("0123456789/.", max_size=13),
    region=st.sampled_from(["eu-west-1", "us-east-1", "x.y", ""]),
)
def test_parts_of_an_arn_never_bend_a_host(name: str, account: str, region: str) -> None:
    """The parts of an ARN stand in the host as they are, or the ARN is refused."""
    try:
        address = Endpoint().address(f"arn:aws:s3:{region}:{account}:accesspoint/{name}")
    except S3dlioError:
        return
    assert address.host == f"{name}-{account}.s3-accesspoint.{region}.amazonaws.com"
    assert set(address.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


def source(container: str, key: str = "k") -> CopySource:
    """Return a source of a copy."""
    return CopySource("s3", "", container, key)


@pytest.mark.parametrize("key", ["a b", "é/+", "//x", "object/y", "%41?versionId=1"])
@pytest.mark.parametrize("bucket", ["bucket", ARN])
def test_copy_sources_are_named_as_botocore_names_them(bucket: str, key: str) -> None:
    """The source of a copy is bucket/key, or the ARN of the object behind the access point."""
    session = botocore.session.Session()
    session.set_credentials("AKID", "secret")
    client = session.create_client("s3", region_name="eu-west-1")
    sent: list[Any] = []
    client.meta.events.register("before-call.s3", lambda params, **_: sent.append(params))
    client.meta.events.register("before-send.s3", _stop)
    with pytest.raises(RuntimeError, match="before anything is sent"):
        client.copy_object(Bucket="b", Key="k", CopySource={"Bucket": bucket, "Key": key})
    expected = sent[0]["headers"]["x-amz-copy-source"]
    named = copy_headers(source(bucket, key), "copy")["x-amz-copy-source"]
    assert expected == named.removeprefix("/")


def _stop(**_: Any) -> None:
    raise RuntimeError("before anything is sent")


def test_copy_source_of_the_other_form_is_named_by_the_usual_one() -> None:
    """An ARN with a colon before the name is the same access point."""
    named = copy_headers(source(ARN.replace("/", ":")), "copy")["x-amz-copy-source"]
    assert named == "arn%3Aaws%3As3%3Aeu-west-1%3A123456789012%3Aaccesspoint/point/object/k"


@pytest.mark.parametrize(
    ("bucket", "container", "copies"),
    [
        (ARN, "bucket", False),
        ("bucket", ARN, False),
        (ARN, ARN, True),
        (ARN.replace("eu-west-1", "us-east-1"), "bucket", True),
        ("bucket", "other", True),
    ],
)
def test_copies_through_access_points_stay_in_a_region(
    bucket: str, container: str, copies: bool
) -> None:
    """Between regions the service doesn't copy through access points: the bytes are streamed."""
    with S3Provider(S3Config(credentials=Credentials("AKID", "secret"))) as provider:
        store: S3Store = provider.open(bucket)
        described = provider.open(container).copy_source("k")
        if copies:
            store.check_copy_source("copy", described, "k")
            return
        with pytest.raises(NotSupportedError, match="between eu-west-1 and us-east-1"):
            store.check_copy_source("copy", described, "k")


def test_access_point_is_told_by_its_uri() -> None:
    """A store of an access point names itself by the URI that opens it."""
    with S3Provider(S3Config()) as provider:
        store = provider.open(ARN)
        assert parse_uri(store.uri).container == ARN
        assert isinstance(parse_access_point(store.bucket), AccessPoint)
