"""Request settings: how they are read, what is refused, and that no key is shown."""

from __future__ import annotations

import base64
import dataclasses
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.errors import Scope, UsageError
from s3dlio_core.rest.tags import parse_tagging
from s3dlio_s3 import CustomerKey, Encryption, RequestSettings, S3Config, S3Store
from s3dlio_s3.config_options import OPTION_NAMES, config_from_options
from s3dlio_s3.encryption import ENCRYPTION_ALGORITHMS
from s3dlio_s3.settings import CANNED_ACLS
from s3dlio_s3.settings_options import SETTING_NAMES, settings_from_options
from s3dlio_s3.tagging import format_tagging

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(200, 232))
TEXT = base64.b64encode(KEY).decode()

_word = st.text(max_size=20).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
_tags = st.dictionaries(_word.filter(bool), _word, max_size=10)
_key = st.one_of(st.none(), st.builds(CustomerKey, st.binary(min_size=32, max_size=32)))
_encryption = st.one_of(
    st.builds(Encryption, st.sampled_from(ENCRYPTION_ALGORITHMS)),
    st.builds(
        Encryption,
        st.just("aws:kms"),
        st.sampled_from(["", "alias/mine", "arn:aws:kms:eu-west-1:1:key/2"]),
        st.sampled_from([None, True, False]),
    ),
)
_protection: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.builds(dict, encryption=_encryption),
    st.builds(dict, customer_key=_key),
)


@given(
    _protection,
    _key,
    st.sampled_from(["", *CANNED_ACLS]),
    st.sampled_from(["", "GLACIER_IR", "my-own"]),
    _tags,
    st.booleans(),
)
def test_settings_survive_as_options(
    protection: dict[str, object],
    source_key: CustomerKey | None,
    acl: str,
    storage_class: str,
    tags: dict[str, str],
    request_payer: bool,
) -> None:
    """What is written as options is read back, whatever it is."""
    settings = RequestSettings(
        copy_source_customer_key=source_key,
        acl=acl,
        storage_class=storage_class,
        tags=tags,
        request_payer=request_payer,
        **protection,  # type: ignore[arg-type] # one or the other
    )
    options = settings.as_options()
    assert set(options) <= SETTING_NAMES
    assert settings == settings_from_options(options, {})


@pytest.mark.parametrize(
    "values",
    [
        {"encryption": "AES256"},
        {"customer_key": b"k" * 32},
        {"copy_source_customer_key": "k"},
        {"request_payer": "requester"},
    ],
)
def test_values_of_another_type_are_refused(values: dict[str, Any]) -> None:
    """At once; the value may be a secret, and isn't shown."""
    with pytest.raises(UsageError, match=f"bad {next(iter(values))}: a (str|bytes)$"):
        RequestSettings(**values)


def test_nothing_is_the_default() -> None:
    """Without options there are no settings; their names are options of the store."""
    assert RequestSettings() == settings_from_options({}, {})
    assert SETTING_NAMES <= OPTION_NAMES


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sse": "aes256"}, "bad sse 'aes256'. Use one of: AES256, aws:kms, aws:kms:dsse"),
        ({"sse": "AES256", "sse_kms_key_id": "k"}, "sse_kms_key_id means nothing for AES256"),
        ({"sse": "aws:kms", "sse_kms_key_id": "a b"}, "bad sse_kms_key_id 'a b'"),
        ({"sse": "aws:kms", "sse_kms_key_id": "a\r\nx: y"}, "bad sse_kms_key_id"),
        ({"sse_kms_key_id": "k"}, "sse_kms_key_id needs sse. Set sse to aws:kms"),
        ({"sse_bucket_key": "true"}, "sse_bucket_key needs sse"),
        ({"sse": "aws:kms", "sse_bucket_key": "maybe"}, "bad sse_bucket_key 'maybe'"),
        ({"sse": "AES256", "sse_bucket_key": "true"}, "sse_bucket_key is for aws:kms alone"),
        ({"sse": "AES256", "sse_customer_key": TEXT}, "sse and sse_customer_key exclude"),
        ({"acl": "public"}, "bad acl 'public'. Use one of: private, "),
        ({"storage_class": "COLD\r\nx: y"}, "bad storage_class"),
        ({"tagging": "a"}, "bad tagging 'a'. Write for example team=blue&year=2026"),
        ({"tagging": "a=1&a=2"}, "a name occurs twice"),
        ({"tagging": "=1"}, "the tag '' doesn't have 1 to 128 characters"),
        ({"tagging": "a=%ff"}, "bad tagging"),
        ({"tagging": "a=" + "x" * 257}, "the tag 'a' has more than 256 characters"),
        ({"tagging": "&".join(f"{n}=" for n in range(11))}, "11 tags, and an object has at most"),
        ({"request_payer": "owner"}, "bad request_payer 'owner'. Use requester"),
    ],
)
def test_nonsense_is_refused(options: dict[str, str], reason: str) -> None:
    """Each value that makes no sense is refused by its name, before anything is sent."""
    with pytest.raises(UsageError) as raised:
        settings_from_options(options, {})
    assert reason in str(raised.value)


@pytest.mark.parametrize("content", [KEY, TEXT.encode(), f"{TEXT}\n".encode()])
@pytest.mark.parametrize("prefix", ["fileb://", "file://"])
def test_customer_key_is_read_from_a_file(tmp_path: Path, content: bytes, prefix: str) -> None:
    """Its 32 bytes, or those in base64."""
    (tmp_path / "key").write_bytes(content)
    settings = settings_from_options({"sse_customer_key": f"{prefix}{tmp_path}/key"}, {})
    assert settings.customer_key == CustomerKey(KEY)


def test_customer_key_is_read_from_the_environment(tmp_path: Path) -> None:
    """Where other users can't see it; an option wins."""
    (tmp_path / "key").write_bytes(KEY)
    other = base64.b64encode(bytes(32)).decode()
    environ = {"S3DLIO_SSE_CUSTOMER_KEY": f"fileb://{tmp_path}/key"}
    assert settings_from_options({}, environ).customer_key == CustomerKey(KEY)
    given_key = settings_from_options({"sse_customer_key": other}, environ).customer_key
    assert given_key == CustomerKey(bytes(32))


@pytest.mark.parametrize("text", [TEXT[:-4], f"{TEXT}AAAA", f"{TEXT}!", "hunter2-secret", "é"])
def test_bad_customer_key_is_not_shown(text: str) -> None:
    """The error says what a key looks like, and nothing of the one that was given."""
    with pytest.raises(UsageError, match="32 bytes in base64") as raised:
        settings_from_options({"sse_customer_key": text}, {})
    shown = f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"
    assert text not in shown
    assert text[:8] not in shown


@pytest.mark.parametrize("content", [b"", KEY[:-1], b"x" * 2000, b"hunter2\xff"])
def test_file_without_a_customer_key_is_named(tmp_path: Path, content: bytes) -> None:
    """The error names the file and shows nothing of it."""
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="holds no customer key") as raised:
        settings_from_options({"sse_customer_key": f"fileb://{path}"}, {})
    assert str(path) in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_missing_customer_key_file_is_named(tmp_path: Path) -> None:
    """The error says why it can't be read."""
    with pytest.raises(UsageError, match="nowhere: No such file or directory"):
        settings_from_options({"sse_customer_key": f"fileb://{tmp_path}/nowhere"}, {})


@pytest.mark.parametrize("field", ["customer_key", "copy_source_customer_key"])
def test_customer_key_goes_over_https_only(field: str) -> None:
    """Over http anybody on the way could read it."""
    settings = RequestSettings(**{field: CustomerKey(KEY)})  # type: ignore[arg-type] # a key
    with pytest.raises(UsageError, match="over https only") as raised:
        S3Config(endpoint_url="http://127.0.0.1:9000", settings=settings)
    assert TEXT not in str(raised.value)
    assert S3Config(settings=settings).endpoint.startswith("https://")


def test_customer_key_is_in_no_repr() -> None:
    """Neither alone nor within a configuration; a pickle holds it."""
    config = S3Config(settings=RequestSettings(customer_key=CustomerKey(KEY)))
    shown = f"{config!r} {config.settings!r} {config.settings.customer_key!r}"
    assert TEXT not in shown
    assert repr(KEY)[2:-1] not in shown
    assert config == pickle.loads(pickle.dumps(config))


def test_configuration_can_be_hashed() -> None:
    """Settings with tags don't take that away."""
    config = S3Config(settings=RequestSettings(tags={"a": "b"}))
    assert hash(config) == hash(dataclasses.replace(config))


def test_options_reach_the_configuration(tmp_path: Path) -> None:
    """Through the same function as all others."""
    nowhere = str(tmp_path / "none")
    environ = {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}
    config = config_from_options({"acl": "private", "tagging": "a=b%20c&d="}, environ)
    assert RequestSettings(acl="private", tags={"a": "b c", "d": ""}) == config.settings


def test_store_takes_options() -> None:
    """A program that uses this backend alone gives the same names."""
    with S3Store.connect("b", sse="AES256", request_payer="requester") as store:
        settings = store.client.sender.config.settings
    assert RequestSettings(encryption=Encryption(), request_payer=True) == settings


@given(_tags)
def test_tags_survive_their_form(tags: dict[str, str]) -> None:
    """What is written for the header is read back, and is printable ASCII."""
    text = format_tagging(tags)
    assert text.isascii()
    assert text == "" or (text.isprintable() and " " not in text)
    assert tags == (parse_tagging(text) if text else {})


def test_bad_tags_stop_a_run() -> None:
    """All objects have the same, so the first refusal is enough."""
    with pytest.raises(UsageError) as raised:
        format_tagging({"a": "\ud800"})
    assert Scope.STORE is raised.value.scope
