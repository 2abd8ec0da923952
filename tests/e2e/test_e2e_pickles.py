"""Whatever a program may hand to another process pickles: stores, providers, settings, results."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

import pytest

import s3dlio
from s3dlio_azure import AzureConfig, AzureProvider, SharedKey
from s3dlio_core.errors import CredentialsError
from s3dlio_core.file_store import FileProvider
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.retry import RetryingProvider, RetryPolicy
from s3dlio_core.store import CopySource, Limits, ListError, Page, Part
from s3dlio_core.testing import FaultyStore
from s3dlio_s3 import (
    Credentials,
    CustomerKey,
    Encryption,
    RequestSettings,
    S3Client,
    S3Config,
    S3Provider,
)

if TYPE_CHECKING:
    from s3dlio_core.store import StoreProvider

pytestmark = pytest.mark.one_wire

CONFIG: Final = S3Config(
    endpoint_url="https://store.example:9000",
    region="eu-west-1",
    credentials=Credentials("AKID", "secret", "token", 1.5),
    settings=RequestSettings(
        encryption=Encryption("aws:kms", "alias/mine"), tags={"a": "b"}, request_payer=True
    ),
)
AZURE_CONFIG: Final = AzureConfig(
    account="account", credential=SharedKey("account", "c2VjcmV0"), access_tier="Cool"
)
INFO: Final = s3dlio.ObjectInfo(
    "k", 5, 1.5, "etag", attributes=s3dlio.Attributes(metadata={"a": "b"})
)
ERROR: Final = CredentialsError("wrong", operation="get", uri="s3://b/k", code="X", hint="y")

#: Values, which are equal to their copies.
VALUES: Final = (
    CONFIG,
    AZURE_CONFIG,
    CustomerKey(b"k" * 32),
    INFO,
    s3dlio.ListEntry("s3://b/k", INFO, "k"),
    s3dlio.Condition(if_absent=True),
    s3dlio.Planned("a", "b", 5),
    s3dlio.Snapshot("copy", 1, 2, 3, 4, 5, 6, True, 7.5),
    s3dlio.TransferReport("copy", done_count=5, notes=("x",)),
    CopySource("s3", "e", "b", "k"),
    Limits(5),
    Page((INFO,), ("p/",), "t"),
    Part(1, 5, "e"),
    RetryPolicy(attempts_max=2),
)


def copied(value: Any) -> Any:
    """What another process would get."""
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_equal_to_their_copies(value: object) -> None:
    """Nothing is lost on the way."""
    assert copied(value) == value


@pytest.mark.parametrize(
    "provider",
    [
        S3Provider(CONFIG),
        AzureProvider(AZURE_CONFIG),
        FileProvider.from_options("file", {"fsync": "true"}),
        MemoryProvider(),
        RetryingProvider(S3Provider(CONFIG), RetryPolicy(attempts_max=2)),
    ],
    ids=lambda provider: type(provider).__name__,
)
def test_providers_open_the_same_stores(provider: StoreProvider) -> None:
    """A copy's stores are named as the original's, and pickle as well."""
    with copied(provider) as other, provider.open("name") as store, other.open("name") as second:
        assert (second.uri, second.limits, second.capabilities) == (
            store.uri,
            store.limits,
            store.capabilities,
        )
        assert copied(copied(second)).uri == store.uri


def test_configuration_stays_with_clients_and_stores() -> None:
    """A client, a store and what wraps it have the configuration on the other side."""
    assert copied(S3Client(CONFIG)).sender.config == CONFIG
    with S3Provider(CONFIG).open("bucket") as store:
        assert copied(store).client.sender.config == CONFIG
        assert copied(FaultyStore(store)).inner.client.sender.config == CONFIG
    with AzureProvider(AZURE_CONFIG).open("bucket") as blobs:
        assert copied(blobs).client.config == AZURE_CONFIG
    options = {"region": "eu-west-1", "access_key_id": "AKID", "secret_access_key": "secret"}
    with s3dlio.open_store("s3://bucket", options=options) as opened:
        config = copied(opened).inner.client.sender.config
    assert (config.region, config.credentials) == ("eu-west-1", Credentials("AKID", "secret"))


def test_errors_keep_what_they_know() -> None:
    """Attributes and text, also of an error that holds a report with errors."""
    report = s3dlio.TransferReport(
        "copy", failed_count=1, failures=(s3dlio.Failure("a", "b", ERROR),)
    )
    error = copied(s3dlio.TransferFailedError.from_report(report))
    (failure,) = error.report.failures
    assert str(failure.error) == str(ERROR)
    assert (failure.error.code, failure.error.scope) == (ERROR.code, ERROR.scope)
    left_out = copied(ListError("k", ERROR))
    assert str(left_out.error) == str(ERROR)


def test_no_repr_shows_what_a_pickle_holds() -> None:
    """A secret that travels is in no text."""
    with S3Provider(CONFIG).open("bucket") as store:
        for value in (CONFIG, store, s3dlio.open_store("memory://m"), S3Provider(CONFIG)):
            assert "secret" not in repr(value).replace("secret_access_key", "")
            assert "token" not in repr(value).replace("session_token", "")
    with AzureProvider(AZURE_CONFIG) as provider, provider.open("bucket") as blobs:
        assert "c2VjcmV0" not in repr((AZURE_CONFIG, provider, blobs))
