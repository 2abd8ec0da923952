"""Where requests go: by a table, and by what botocore sends for the same configuration."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import botocore
import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from s3dlio_core.errors import NotSupportedError, S3dlioError, Scope, UsageError
from s3dlio_s3 import S3Config, S3Provider
from s3dlio_s3.endpoints import Address, Endpoint
from s3dlio_s3.partitions import PARTITIONS, is_s3_host, partition_of, region_of_host

pytestmark = pytest.mark.one_wire

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint/point"
REGIONS = (
    "us-east-1",
    "eu-west-1",
    "aws-global",
    "cn-north-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "us-isof-south-1",
    "eusc-de-east-1",
    "aws-cn-global",
    "xx-unheard-9",
)
URLS = (
    "",
    "http://127.0.0.1:9000",
    "https://[::1]:9000/base",
    "http://store.example:9000/base",
    "https://store.example",
    "https://s3.eu-west-1.amazonaws.com",
    "https://bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com",
    "https://s3-accelerate.amazonaws.com",
)
# botocore's older table of endpoints, which it asks first, lacks dual-stack hosts here; the rules
# that the SDKs share have them.
UNKNOWN_DUALSTACK = {"eu-isoe-west-1", "us-isof-south-1"}
NAMES = st.one_of(
    st.sampled_from(["bucket", "with.dots", "UPPER", "under_score", "1.2.3.4", "ab", "-ab", "ab-"]),
    st.sampled_from(["a" * 63, "a" * 64, "a--b", "name-s3alias", "a..b", ".ab", "no/slash"]),
    st.sampled_from([ARN, ARN.replace("/", ":"), ARN.replace("eu-west-1", "cn-north-1")]),
    st.sampled_from(
        [ARN.replace("arn:aws:", "arn:aws-cn:"), ARN + "/more", ARN.replace("12:", "")]
    ),
    st.from_regex(r"[a-z0-9.-]{1,65}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
)


class _SentError(Exception):
    """What botocore was about to send."""

    def __init__(self, url: str, region: str) -> None:
        super().__init__(url, region)
        self.url = url
        self.region = region


def _catch(request: Any, **_: Any) -> None:
    scope = request.headers["Authorization"].decode().split("Credential=")[1].split(",")[0]
    raise _SentError(request.url, scope.split("/")[2])


@functools.cache
def _botocore_session() -> Any:
    session = botocore.session.Session()
    session.set_credentials("AKID", "secret")
    return session


@functools.cache
def _botocore_client(endpoint: Endpoint, url: str) -> Any:
    s3: dict[str, Any] = {
        "us_east_1_regional_endpoint": "regional",
        "addressing_style": endpoint.addressing_style,
        "use_accelerate_endpoint": endpoint.use_accelerate,
        "use_arn_region": endpoint.use_arn_region,
    }
    config = botocore.config.Config(
        s3=s3,
        signature_version="s3v4",
        use_dualstack_endpoint=endpoint.use_dualstack,
        use_fips_endpoint=endpoint.use_fips,
    )
    client = _botocore_session().create_client(
        "s3", region_name=endpoint.region, endpoint_url=url or None, config=config
    )
    client.meta.events.register("before-send.s3", _catch)
    return client


def botocore_sends(endpoint: Endpoint, url: str, bucket: str) -> tuple[str, str] | None:
    """Return the URL, without the key, and the region that botocore signs for; None: refused."""
    client = _botocore_client(endpoint, url)
    try:
        client.get_object(Bucket=bucket, Key="key")
    except _SentError as sent:
        return sent.url.removesuffix("/key"), sent.region
    except (botocore.exceptions.BotoCoreError, ValueError):
        return None
    raise AssertionError("botocore sent nothing")


def ours(endpoint: Endpoint, bucket: str) -> tuple[str, str] | None:
    """Return what `botocore_sends` does, by our own means."""
    try:
        address = endpoint.address(bucket)
    except (UsageError, NotSupportedError):
        return None
    return address.origin + address.base_path, address.region


def botocore_slips(endpoint: Endpoint) -> bool:
    """Return whether botocore makes a host that can't be meant.

    Over http a name with dots goes to with.dots.127.0.0.1; there it also forgets that aws-global is
    signed for us-east-1. And the dual-stack host of acceleration has no region, as documented.
    """
    if endpoint.region == "aws-global":
        return bool(endpoint.url) or (endpoint.use_accelerate and endpoint.use_dualstack)
    if endpoint.use_dualstack and endpoint.region in UNKNOWN_DUALSTACK:
        return True
    return "127.0.0.1" in endpoint.url and endpoint.addressing_style == "virtual"


_COMMON = {
    "region": st.sampled_from(REGIONS),
    "addressing_style": st.sampled_from(["auto", "path", "virtual"]),
    "use_arn_region": st.booleans(),
}
_VARIANTS = {name: st.booleans() for name in ("use_dualstack", "use_fips", "use_accelerate")}
ENDPOINTS = st.one_of(
    st.fixed_dictionaries({"url": st.sampled_from(URLS), **_COMMON}),
    st.fixed_dictionaries({**_COMMON, **_VARIANTS}),
)


def endpoint_of(made_of: dict[str, Any]) -> Endpoint | None:
    """Return an endpoint; None where its parts are refused."""
    try:
        return Endpoint(**made_of)
    except UsageError:
        return None


@settings(deadline=None)
@given(made_of=ENDPOINTS, bucket=NAMES)
@example(made_of={"url": "", "region": "eu-west-1"}, bucket="bucket\n")
@example(made_of={"url": "", "region": "eu-west-1"}, bucket="..")
def test_requests_go_where_botocore_sends_them(made_of: dict[str, Any], bucket: str) -> None:
    """Wherever we send a request, botocore would send it to the same URL for the same region."""
    endpoint = endpoint_of(made_of)
    if endpoint is None or botocore_slips(endpoint):
        return
    expected = ours(endpoint, bucket)
    if expected is not None:
        assert expected == botocore_sends(endpoint, endpoint.url, bucket)


PLAIN_NAMES = ("bucket", "with.dots", "UPPER_case", "name-s3alias", "a" * 64, ARN)


@pytest.mark.parametrize("bucket", PLAIN_NAMES)
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("use_dualstack", "use_fips"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_what_botocore_serves_is_served(
    region: str, use_dualstack: int, use_fips: int, bucket: str
) -> None:
    """Ordinary names, in all partitions, dual-stack and FIPS: refused only where botocore does."""
    if use_dualstack and region in UNKNOWN_DUALSTACK:
        assert "dualstack" in Endpoint(region=region, use_dualstack=True).service_url
        return
    try:
        endpoint = Endpoint(
            region=region, use_dualstack=bool(use_dualstack), use_fips=bool(use_fips)
        )
    except UsageError:
        assert (region[:2], use_fips) in {("cn", 1), ("aw", 1)}
        return
    assert botocore_sends(endpoint, "", bucket) == ours(endpoint, bucket)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("style", ["auto", "path", "virtual"])
@pytest.mark.parametrize("bucket", ["bucket", "with.dots", "UPPER_case", "a" * 64])
def test_endpoint_urls_are_used_as_botocore_does(url: str, style: str, bucket: str) -> None:
    """An endpoint URL is used with the same addressing style, AWS's own hosts included."""
    endpoint = Endpoint(url=url, addressing_style=style)
    if (style, bucket) == ("virtual", "with.dots") and "127.0.0.1" in url:
        # botocore sends this to with.dots.127.0.0.1, which is no host.
        assert ours(endpoint, bucket) == ("http://127.0.0.1:9000/with.dots", "us-east-1")
        return
    assert botocore_sends(endpoint, url, bucket) == ours(endpoint, bucket)


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: str(partition.name))
def test_partitions_are_those_of_botocore(partition: Any) -> None:
    """The table names botocore's partitions, their domains and their regions."""
    data = Path(botocore.__file__).with_name("data") / "partitions.json"
    known = {found["id"]: found for found in json.loads(data.read_text())["partitions"]}
    assert sorted(known) == [found.name for found in PARTITIONS]
    found = known[partition.name]
    assert partition.dns_suffix == found["outputs"]["dnsSuffix"]
    assert found["regions"]
    assert all(partition_of(region) is partition for region in found["regions"])
    pattern = re.sub(r"\\w", "[a-z0-9]", found["regionRegex"]).replace(r"\d", "[0-9]")
    expected = pattern.replace(r"\-", "-").replace("(de)", "de").replace("(", "(?:")
    assert f"^{partition.regions}$" == expected


@pytest.mark.parametrize(
    ("made_of", "bucket", "expected"),
    [
        ({}, "", "https://s3.us-east-1.amazonaws.com"),
        ({"region": "aws-global"}, "", "https://s3.amazonaws.com"),
        ({"region": "cn-north-1"}, "", "https://s3.cn-north-1.amazonaws.com.cn"),
        (
            {"region": "us-gov-west-1", "use_fips": True},
            "",
            "https://s3-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            {"region": "eu-west-1", "use_dualstack": True},
            "bucket",
            "https://bucket.s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            {"use_dualstack": True, "use_fips": True},
            "bucket",
            "https://bucket.s3-fips.dualstack.us-east-1.amazonaws.com",
        ),
        ({"use_accelerate": True}, "bucket", "https://bucket.s3-accelerate.amazonaws.com"),
        (
            {"use_accelerate": True, "use_dualstack": True},
            "bucket",
            "https://bucket.s3-accelerate.dualstack.amazonaws.com",
        ),
        ({"use_accelerate": True}, "", "https://s3.us-east-1.amazonaws.com"),
        (
            {"url": "http://ceph.example/"},
            "tenant:bucket",
            "http://ceph.example/tenant%3Abucket",
        ),
        ({"url": "http://h"}, "100%?#", "http://h/100%25%3F%23"),
        ({"url": "http://h"}, "zone--x-s3", "http://h/zone--x-s3"),
        ({"url": "https://[::1]:9000"}, "", "https://[::1]:9000"),
    ],
)
def test_hosts(made_of: dict[str, Any], bucket: str, expected: str) -> None:
    """Each variant has its host; what can't stand in a host is encoded into the path."""
    address = Endpoint(**made_of).address(bucket)
    assert address.origin + address.base_path == expected
    assert address.origin.partition("://")[2] == address.host


@pytest.mark.parametrize(
    ("made_of", "reason"),
    [
        ({"use_accelerate": True, "use_fips": True}, "with use_fips_endpoint"),
        ({"use_accelerate": True, "addressing_style": "path"}, "addressing style path"),
        ({"use_accelerate": True, "url": "http://h"}, "the endpoint URL http://h"),
        ({"use_fips": True, "url": "http://h"}, "the endpoint URL http://h"),
        ({"use_dualstack": True, "url": "http://h"}, "the endpoint URL http://h"),
        ({"use_fips": True, "region": "cn-north-1"}, "China has no such hosts"),
        ({"use_accelerate": True, "region": "cn-north-1"}, "China has no such hosts"),
        ({"region": "us-east-1.evil.example"}, "bad region"),
        ({"region": "x/../"}, "bad region"),
        ({"region": "eu-west-1\n"}, "bad region"),
        ({"region": "-eu"}, "bad region"),
        ({"region": "12"}, "bad region"),
        ({"region": "a" * 64}, "bad region"),
        ({"region": "fips-us-east-1"}, "use_fips_endpoint"),
        ({"region": "us-gov-west-1-fips"}, "use_fips_endpoint"),
    ],
)
def test_what_makes_no_sense_is_refused(made_of: dict[str, Any], reason: str) -> None:
    """What can't be combined, and regions that would bend a host's name, are refused."""
    with pytest.raises(UsageError, match=reason):
        Endpoint(**made_of)


@pytest.mark.parametrize("url", ["", "http://h"])
@pytest.mark.parametrize("bucket", [".", "..", "a/b", "a b", "a\n", "\x7f", "\udc80"])
def test_names_that_no_bucket_has_are_refused(url: str, bucket: str) -> None:
    """Names that would be resolved, cut or misread on their way are refused everywhere."""
    with pytest.raises(UsageError, match="no bucket has the name"):
        Endpoint(url=url).address(bucket)


def test_names_that_acceleration_cant_reach_are_refused() -> None:
    """A name with dots can't be accelerated; making any bucket isn't."""
    endpoint = Endpoint(use_accelerate=True)
    with pytest.raises(UsageError, match=r"'with\.dots'"):
        endpoint.address("with.dots")
    assert endpoint.address("bucket", accelerates=False).host == "bucket.s3.us-east-1.amazonaws.com"


@pytest.mark.parametrize("url", ["", "https://s3.us-east-1.amazonaws.com"])
@pytest.mark.parametrize(
    ("bucket", "what"),
    [
        ("name--use1-az4--x-s3", "a directory bucket of S3 Express One Zone"),
        ("name--use1-az4--xa-s3", "an access point of S3 Express One Zone"),
        ("name--op-s3", "an access point of S3 on Outposts"),
    ],
)
def test_other_kinds_of_buckets_are_refused_by_name(url: str, bucket: str, what: str) -> None:
    """What needs another protocol is refused at once, for the whole bucket, and named."""
    with (
        S3Provider(S3Config(endpoint_url=url)) as provider,
        pytest.raises(NotSupportedError, match=what) as raised,
    ):
        provider.open(bucket)
    assert raised.value.scope is Scope.CONTAINER


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", True),
        ("https://s3.eu-west-1.amazonaws.com", True),
        ("https://s3.amazonaws.com", True),
        ("https://s3-eu-west-1.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("https://s3.dualstack.eu-west-1.amazonaws.com", True),
        ("https://s3-fips.us-gov-west-1.amazonaws.com", True),
        ("https://bucket.vpce-1a2b-5e6f.s3.us-east-1.vpce.amazonaws.com", True),
        ("https://accesspoint.vpce-1a2b-5e6f.s3.us-east-1.vpce.amazonaws.com", True),
        ("https://s3.eu-west-1.amazonaws.com.evil.example", False),
        ("https://s3.eu-west-1.amazonaws.com.evil.example:443/s3.amazonaws.com", False),
        ("https://evils3.amazonaws.com", False),
        ("https://ec2.eu-west-1.amazonaws.com", False),
        ("https://s3-website-us-east-1.amazonaws.com", False),
        ("https://storage.googleapis.com", False),
        ("http://127.0.0.1:9000", False),
    ],
)
def test_amazon_s3_is_known_by_its_hosts(url: str, expected: bool) -> None:
    """Its own hosts count as AWS where it matters what the service can do; nobody else's do."""
    config = S3Config(endpoint_url=url)
    assert expected is config.is_aws
    assert expected is config.trusts_copies


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("bucket.s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("a.b.s3.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("s3.cn-north-1.amazonaws.com", ""),
        ("s3.eu-west-1.amazonaws.com.cn", ""),
        ("s3.amazonaws.com", ""),
        ("s3.eu-west-1.evil.example", ""),
        ("s3.eu-west-1.amazonaws.com.evil.example", ""),
        ("s3.eu-west-1.amazonaws.com:8443", ""),
        ("s3.eu-west-1xamazonaws.com", ""),
    ],
)
def test_region_is_read_from_amazon_s3s_hosts(host: str, region: str) -> None:
    """A host of Amazon S3 names its region; the domain must be that region's."""
    assert region == region_of_host(host)


@settings(deadline=None)
@given(region=st.sampled_from(REGIONS), fips=st.booleans(), dual=st.booleans())
def test_hosts_that_are_made_are_known(region: str, fips: bool, dual: bool) -> None:
    """What is made here for a real region is known as a host of Amazon S3."""
    assume(not fips or partition_of(region).name != "aws-cn")
    assume(region not in {"aws-cn-global", "xx-unheard-9"})
    endpoint = Endpoint(region=region, use_fips=fips, use_dualstack=dual)
    assert is_s3_host(endpoint.address("bucket").host)
    assert is_s3_host(endpoint.address("").host)


@pytest.mark.parametrize(
    ("made_of", "told", "expected"),
    [
        ({}, "eu-west-1", "https://bucket.s3.eu-west-1.amazonaws.com"),
        ({"use_fips": True}, "us-west-2", "https://bucket.s3-fips.us-west-2.amazonaws.com"),
        ({"use_accelerate": True}, "eu-west-1", "https://bucket.s3-accelerate.amazonaws.com"),
        ({"addressing_style": "path"}, "eu-west-1", "https://s3.eu-west-1.amazonaws.com/bucket"),
        ({"url": "http://h:9"}, "eu-west-1", "http://h:9/bucket"),
    ],
)
def test_bucket_of_another_region_is_found(
    made_of: dict[str, Any], told: str, expected: str
) -> None:
    """The region alone moves: on AWS to the host that is built for it, else not even the host."""
    endpoint = Endpoint(**made_of)
    moved = endpoint.moved(endpoint.address("bucket"), "bucket", told)
    assert moved is not None
    assert (expected, told) == (moved.origin + moved.base_path, moved.region)


@pytest.mark.parametrize(
    ("bucket", "told"),
    [
        ("bucket", "us-east-1"),
        ("bucket", "cn-north-1"),
        ("bucket", "us-gov-west-1"),
        ("bucket", "evil.example/"),
        ("bucket", "unheard"),
        ("bucket", ""),
        (ARN, "us-west-2"),
    ],
)
def test_regions_that_arent_believed(bucket: str, told: str) -> None:
    """The same region, one of another partition, no region, and any for an ARN lead nowhere."""
    endpoint = Endpoint()
    assert endpoint.moved(endpoint.address(bucket), bucket, told) is None


@settings(deadline=None)
@given(region=st.text(max_size=30), bucket=NAMES)
def test_told_region_never_leads_out_of_aws(region: str, bucket: str) -> None:
    """Whatever a service says, the next request goes to a host of Amazon S3 over https."""
    endpoint = Endpoint()
    try:
        address = endpoint.address(bucket)
    except S3dlioError:
        assume(False)
        raise
    moved = endpoint.moved(address, bucket, region)
    if moved is not None:
        assert moved.origin == f"https://{moved.host}"
        assert moved.host.endswith(f".{region}.amazonaws.com")
        assert isinstance(moved, Address)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Endpoint(), Endpoint(region="eu-west-1"), True),
        (Endpoint(use_dualstack=True), Endpoint(use_fips=True), True),
        (Endpoint(), Endpoint(url="https://s3.eu-west-1.amazonaws.com"), True),
        (Endpoint(region="us-gov-west-1"), Endpoint(region="us-west-1"), False),
        (Endpoint(region="cn-north-1"), Endpoint(), False),
        (Endpoint(url="https://s3.cn-north-1.amazonaws.com.cn"), Endpoint(), False),
        (Endpoint(url="https://s3.us-gov-west-1.amazonaws.com"), Endpoint(), False),
        (Endpoint(url="http://one:9000"), Endpoint(), False),
        (Endpoint(url="http://one:9000"), Endpoint(url="http://two:9000"), False),
        (Endpoint(url="http://one:9000/"), Endpoint(url="http://one:9000", region="r"), True),
    ],
)
def test_one_bucket_may_have_many_addresses(one: Endpoint, other: Endpoint, same: bool) -> None:
    """On AWS a name is one bucket in all regions of a partition, whatever host answers."""
    assert (one.namespace == other.namespace) == same
