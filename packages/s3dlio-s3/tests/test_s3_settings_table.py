"""Which setting goes to which operation: as the service's own model has it, on every request."""

from __future__ import annotations

import ast
import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import botocore.session
import pytest

import s3dlio_s3
from s3dlio_core.store import Attributes, CopySource, Part
from s3dlio_s3 import (
    Credentials,
    CustomerKey,
    Encryption,
    RequestSettings,
    S3Client,
    S3Config,
)
from s3dlio_s3.config_options import WRITE_OPTIONS
from s3dlio_s3.settings import CANNED_ACLS, TAKEN_BY, Api

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_http.client import HttpRequest

KEY = CustomerKey(b"k" * 32)
SOURCE_KEY = CustomerKey(b"s" * 32)
#: Each setting alone.
SETTINGS = {
    "encryption": RequestSettings(encryption=Encryption("aws:kms", "alias/mine", bucket_key=True)),
    "customer_key": RequestSettings(customer_key=KEY),
    "copy_source_customer_key": RequestSettings(copy_source_customer_key=SOURCE_KEY),
    "acl": RequestSettings(acl="bucket-owner-full-control"),
    "storage_class": RequestSettings(storage_class="GLACIER_IR"),
    "tags": RequestSettings(tags={"team": "a b", "k&": "ü"}),
    "request_payer": RequestSettings(request_payer=True),
}
#: What an operation would take, but isn't meant: an ACL of objects is none of buckets.
NOT_MEANT = {("acl", "CreateBucket")}
APIS: tuple[Api, ...] = get_args(Api)
MODEL = botocore.session.get_session().get_service_model("s3")


def taken_headers(api: str) -> set[str]:
    """The headers that the model of an operation names, in lower case."""
    shape = MODEL.operation_model(api).input_shape
    members = {} if shape is None else shape.members
    return {
        member.serialization["name"].lower()
        for member in members.values()
        if member.serialization.get("location") == "header"
    }


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_setting_goes_where_the_service_takes_it(setting: str, api: Api) -> None:
    """An operation gets a setting's headers if its model has them, and only then."""
    expected = SETTINGS[setting].headers("CopyObject") | SETTINGS[setting].headers("UploadPartCopy")
    expected.pop("x-amz-tagging-directive", None)
    takes = set(expected) <= taken_headers(api) and (setting, api) not in NOT_MEANT
    assert takes == (api in TAKEN_BY[setting])
    sent = SETTINGS[setting].headers(api)
    assert set(sent) <= taken_headers(api)
    assert bool(sent) == takes


def test_table_has_every_setting() -> None:
    """A setting that is new must be drawn here, too."""
    assert set(TAKEN_BY) == set(SETTINGS) == set(RequestSettings.__dataclass_fields__)


def test_canned_acls_are_the_services() -> None:
    """All of them, and no others."""
    assert set(MODEL.shape_for("ObjectCannedACL").enum) == set(CANNED_ACLS)


def test_headers_say_what_was_set() -> None:
    """The values, and their encodings."""
    digest = base64.b64encode(hashlib.md5(KEY.key).digest()).decode()
    prefix, source = "x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption"
    assert {
        prefix: "aws:kms",
        f"{prefix}-aws-kms-key-id": "alias/mine",
        f"{prefix}-bucket-key-enabled": "true",
    } == SETTINGS["encryption"].headers("PutObject")
    assert {
        f"{prefix}-customer-algorithm": "AES256",
        f"{prefix}-customer-key": base64.b64encode(KEY.key).decode(),
        f"{prefix}-customer-key-md5": digest,
    } == SETTINGS["customer_key"].headers("UploadPart")
    copied = SETTINGS["copy_source_customer_key"].headers("UploadPartCopy")
    assert base64.b64encode(SOURCE_KEY.key).decode() == copied[f"{source}-customer-key"]
    assert {
        "x-amz-tagging": "team=a%20b&k%26=%C3%BC",
        "x-amz-tagging-directive": "REPLACE",
    } == SETTINGS["tags"].headers("CopyObject")
    assert {"x-amz-request-payer": "requester"} == SETTINGS["request_payer"].headers("GetObject")


class NotSentError(Exception):
    """Ends a request before it is sent."""


class Recorder:
    """Stands where the transport does, and keeps what it would send."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> Any:
        """Keep it."""
        self.requests.append(request)
        raise NotSentError

    def close(self) -> None:
        """Do nothing."""


SOURCE = CopySource("s3", "", "from", "source")
PARTS = [Part(1, 1, "e")]
CALLS: Mapping[Api, Callable[[S3Client], object]] = {
    "AbortMultipartUpload": lambda client: client.abort_multipart_upload("b", "k", "u"),
    "CompleteMultipartUpload": lambda client: client.complete_multipart_upload(
        "b", "k", "u", PARTS
    ),
    "CopyObject": lambda client: client.copy_object("b", "k", SOURCE),
    "CreateBucket": lambda client: client.create_bucket("b"),
    "CreateMultipartUpload": lambda client: client.create_multipart_upload("b", "k"),
    "DeleteBucket": lambda client: client.delete_bucket("b"),
    "DeleteObject": lambda client: client.delete_object("b", "k"),
    "DeleteObjects": lambda client: client.delete_objects("b", ["k"]),
    "GetObject": lambda client: client.get_object("b", "k"),
    "GetObjectTagging": lambda client: client.get_object_tagging("b", "k"),
    "HeadBucket": lambda client: client.head_bucket("b"),
    "HeadObject": lambda client: client.head_object("b", "k"),
    "ListBuckets": lambda client: client.list_buckets(),
    "ListMultipartUploads": lambda client: client.list_multipart_uploads("b"),
    "ListObjectsV2": lambda client: client.list_objects_v2("b"),
    "ListParts": lambda client: client.list_parts("b", "k", "u"),
    "PutObject": lambda client: client.put_object("b", "k", b"x"),
    "UploadPart": lambda client: client.upload_part("b", "k", "u", 1, b"x"),
    "UploadPartCopy": lambda client: client.upload_part_copy(
        "b", "k", "u", 1, SOURCE, start=0, stop=1
    ),
}
ALL = RequestSettings(
    customer_key=KEY,
    copy_source_customer_key=SOURCE_KEY,
    acl="private",
    storage_class="STANDARD_IA",
    tags={"a": "b"},
    request_payer=True,
)


def sent_by(call: Callable[[S3Client], object], settings: RequestSettings = ALL) -> dict[str, str]:
    """The headers that a call of the client would send."""
    config = S3Config(credentials=Credentials("AKID", "secret"), settings=settings)
    client, recorder = S3Client(config), Recorder()
    client.sender.transport = recorder  # type: ignore[assignment] # all of it that is used
    with pytest.raises(NotSentError):
        call(client)
    return dict(recorder.requests[0].headers)


@pytest.mark.parametrize("api", APIS)
def test_request_carries_its_settings_signed(api: Api) -> None:
    """Each method of the client sends what its operation takes, and signs it."""
    sent = sent_by(CALLS[api])
    expected = ALL.headers(api)
    assert expected == {name: sent[name] for name in expected}
    signed = sent["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert set(expected) <= set(signed)
    others = {name for one in APIS for name in ALL.headers(one)} - set(expected)
    assert [] == sorted(others & set(sent))


def test_every_request_says_which_operation_it_is() -> None:
    """One that doesn't would be sent without the settings: an object without its encryption."""
    source = Path(s3dlio_s3.__file__).parent
    silent = [
        f"{path.name}:{call.lineno}"
        for path in sorted(source.glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "S3Request"
        and "api" not in {keyword.arg for keyword in call.keywords}
    ]
    # A presigned URL is sent by somebody else.
    assert [place.partition(":")[0] for place in silent] == ["client.py"]


def test_given_attributes_win_over_the_settings() -> None:
    """The class and the tags of one object replace those of the configuration."""
    given = Attributes(storage_class="ONEZONE_IA", tags={"x": "y"})
    calls: tuple[Callable[[S3Client], object], ...] = (
        lambda client: client.put_object("b", "k", b"x", attributes=given),
        lambda client: client.create_multipart_upload("b", "k", attributes=given),
        lambda client: client.copy_object("b", "k", SOURCE, attributes=given),
    )
    for call in calls:
        sent = sent_by(call)
        assert ("ONEZONE_IA", "x=y") == (sent["x-amz-storage-class"], sent["x-amz-tagging"])


def test_copy_keeps_tags_unless_some_are_given() -> None:
    """Attributes without tags replace the metadata, and leave the tags."""
    none = RequestSettings()
    kept = sent_by(lambda c: c.copy_object("b", "k", SOURCE, attributes=Attributes("a/b")), none)
    assert ("REPLACE", None) == (
        kept["x-amz-metadata-directive"],
        kept.get("x-amz-tagging-directive"),
    )
    tagged = Attributes(tags={"a": "b"})
    replaced = sent_by(lambda c: c.copy_object("b", "k", SOURCE, attributes=tagged), none)
    assert ("a=b", "REPLACE") == (
        replaced["x-amz-tagging"],
        replaced["x-amz-tagging-directive"],
    )


def test_options_for_writing_are_those_of_what_only_writes_take() -> None:
    """A side that is only read does without them, and misses nothing."""
    making = {"PutObject", "CreateMultipartUpload", "CopyObject"}
    settings = [SETTINGS[name] for name, apis in TAKEN_BY.items() if set(apis) <= making]
    assert {option for one in settings for option in one.as_options()} == WRITE_OPTIONS
