"""Copies whose sides have different settings: which count, and whose service is meant."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from s3dlio_core import errors, operations, registry
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations.settings import TransferSettings
from s3dlio_core.sides import SideOptions, open_sides
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self

    from s3dlio_core.store import CopySource, ObjectStore

_SECRET = "not-for-anybodys-eyes"


class ServedStore(MemoryStore):
    """A container of one of several services."""

    def __init__(self, name: str, endpoint: str, host: str) -> None:
        super().__init__(f"{name}-{endpoint}")
        self._name = f"{host}/{name}" if host else name
        self._endpoint = endpoint

    @property
    def uri(self) -> str:
        """Without the service, as with S3, or with a host, as Azure's may have."""
        return f"served://{self._name}"

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Name the service, too."""
        source = super().copy_source(key, etag, version)
        return dataclasses.replace(source, scheme="served", endpoint=self._endpoint)


class ServedProvider(MemoryProvider):
    """The service that the option `endpoint_url` names; it remembers all options."""

    option_names = frozenset(
        {"endpoint_url", "host", "region", "user", "password", "guest", "class"}
    )
    option_groups = (frozenset({"user", "password", "guest"}),)
    write_options = frozenset({"class"})
    made: ClassVar[list[dict[str, str]]] = []

    def __init__(self, endpoint: str, host: str = "") -> None:
        self._endpoint = endpoint
        self._host = host

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Choose the service."""
        cls.made.append(dict(options))
        if options.get("region") == "bad":
            raise errors.UsageError("bad region")
        return cls(options.get("endpoint_url", "default"), host or options.get("host", ""))

    def open(self, container: str) -> ObjectStore:
        """Open a container of the service."""
        return ServedStore(container, self._endpoint, self._host)

    def container_exists(self, name: str) -> bool:
        """Look at this service."""
        return super().container_exists(f"{name}-{self._endpoint}")


@pytest.fixture
def base() -> Iterator[str]:
    """The URI of a container that exists at the services "one" and "two"."""
    name = uuid.uuid4().hex
    for endpoint in ("one", "two"):
        MemoryProvider().create_container(f"{name}-{endpoint}")
    registry.register("served", ServedProvider)
    ServedProvider.made.clear()
    yield f"served://{name}"
    registry.unregister("served")


_FROM_ONE = {"endpoint_url": "one"}
_TO_TWO = {"endpoint_url": "two"}


def _put(uri: str, content: bytes, **options: str) -> None:
    operations.put(uri, content, options=options)


def _keys(uri: str, **options: str) -> list[str]:
    found = operations.list(uri, recursive=True, options=options)
    return [entry.uri.removeprefix(f"{uri}/") for entry in found]


# Whose settings count.


@pytest.mark.parametrize(
    ("both", "source", "environment", "expected"),
    [
        ({}, {}, {}, {}),
        ({"region": "a"}, {}, {}, {"region": "a"}),
        ({"region": "a"}, {"region": "b"}, {}, {"region": "b"}),
        ({"region": "a"}, {"region": ""}, {}, {"region": "a"}),
        ({}, {}, {"REGION": "c"}, {"region": "c"}),
        ({"region": "a"}, {}, {"REGION": "c"}, {"region": "a"}),
        ({}, {"region": "b"}, {"REGION": "c"}, {"region": "b"}),
        ({}, {"region": "b"}, {"USER": "u"}, {"region": "b", "user": "u"}),
        # What belongs together is taken whole.
        ({"user": "a", "password": "a"}, {"guest": "b"}, {}, {"guest": "b"}),
        ({"user": "a", "password": "a"}, {"user": "b"}, {}, {"user": "b"}),
        ({"user": "a"}, {"guest": ""}, {}, {"user": "a"}),
        ({"guest": "a"}, {}, {"USER": "c", "PASSWORD": "c"}, {"guest": "a"}),
        ({"region": "a"}, {"user": "b"}, {"PASSWORD": "c"}, {"region": "a", "user": "b"}),
    ],
)
@pytest.mark.parametrize("prefix", ["S3DLIO_SOURCE_", "S3DLIO_DEST_"])
def test_one_side_counts_before_both_and_both_before_the_environment(
    base: str,
    prefix: str,
    both: dict[str, str],
    source: dict[str, str],
    environment: dict[str, str],
    expected: dict[str, str],
) -> None:
    """And the other side has nothing of it but what both have."""
    uri = parse_uri(base)
    is_source = prefix == "S3DLIO_SOURCE_"
    options = SideOptions(both, source if is_source else {}, {} if is_source else source)
    environ = {prefix + name: value for name, value in environment.items()}
    with open_sides(options, [uri], uri, CancelToken(), environ=environ) as sides:
        for session in (sides.source, sides.destination):
            session.provider(uri)
        mine, other = ServedProvider.made[0], ServedProvider.made[-1]
    if not is_source:
        mine, other = other, mine
    assert (mine, other) == (expected, both)


@pytest.mark.parametrize(
    ("options", "environ", "shared"),
    [
        (SideOptions({"region": "a"}), {}, True),
        (SideOptions(None, {"region": "a"}, {"region": "a"}), {}, True),
        (SideOptions(None, {"region": "a"}), {}, False),
        (SideOptions(), {"S3DLIO_DEST_REGION": "a"}, False),
        (SideOptions(), {"S3DLIO_DEST_REGION": ""}, True),
    ],
)
def test_sides_that_do_not_differ_share_a_session(
    base: str, options: SideOptions, environ: dict[str, str], shared: bool
) -> None:
    """And its connections."""
    uri = parse_uri(base)
    with open_sides(options, [uri], uri, CancelToken(), environ=environ) as sides:
        assert (sides.source is sides.destination) == shared


def test_the_sources_do_without_what_is_for_writing(base: str) -> None:
    """It could only get in the way of what they are read with."""
    uri = parse_uri(base)
    options = SideOptions({"class": "cold", "region": "a"}, {"user": "u"})
    with open_sides(options, [uri], uri, CancelToken(), environ={}) as sides:
        sides.source.provider(uri)
        sides.destination.provider(uri)
    assert ServedProvider.made == [
        {"region": "a", "user": "u"},
        {"class": "cold", "region": "a"},
    ]


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"options": {"region": "bad"}}, "bad region"),
        ({"source_options": {"region": "bad"}}, "source: bad region"),
        ({"dest_options": {"region": "bad"}}, "destination: bad region"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_with_its_side(
    base: str, keywords: dict[str, Any], said: str
) -> None:
    """Where there are two."""
    _put(f"{base}/a", b"", **_FROM_ONE)
    options = {**_FROM_ONE, **keywords.pop("options", {})}
    with pytest.raises(errors.UsageError) as caught:
        operations.copy(f"{base}/a", f"{base}/b", options=options, **keywords)
    assert str(caught.value) == said


def test_what_is_for_writing_has_to_mean_something_to_the_destination(
    base: str, tmp_path: Path
) -> None:
    """Who asks that copies be encrypted isn't told of success without."""
    with pytest.raises(errors.UsageError, match=r"class is for what is written.* for file"):
        operations.copy(f"{base}/a", tmp_path, options={"class": "cold"})
    assert not list(tmp_path.iterdir())


def test_the_process_has_the_environment(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables name the services of the sides."""
    _put(f"{base}/a", b"content", **_FROM_ONE)
    monkeypatch.setenv("S3DLIO_SOURCE_ENDPOINT_URL", "one")
    monkeypatch.setenv("S3DLIO_DEST_ENDPOINT_URL", "two")
    operations.copy(f"{base}/a", f"{base}/a")
    assert operations.get(f"{base}/a", options=_TO_TWO) == b"content"


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"options": {"colour": "red"}}, "option colour means nothing for file:// and served://"),
        ({"source_options": {"region": "a"}}, "source option region means nothing for file://"),
        ({"dest_options": {"fsync": "true"}}, "destination option fsync means nothing for served"),
    ],
)
def test_an_option_that_means_nothing_to_its_side_is_refused(
    base: str, tmp_path: Path, keywords: dict[str, Any], said: str
) -> None:
    """By name, and with what is known there."""
    with pytest.raises(errors.UsageError, match=said):
        operations.copy(tmp_path, base, **keywords)


@pytest.fixture
def other(base: str) -> Iterator[str]:
    """The URI of the same container at services of another kind."""
    registry.register("other", ServedProvider)
    yield base.replace("served://", "other://")
    registry.unregister("other")


def test_one_endpoint_is_not_given_to_services_of_two_kinds(base: str, other: str) -> None:
    """One of them would be sent what is signed for the other."""
    with pytest.raises(errors.UsageError, match="that of other:// and served://") as raised:
        operations.copy(f"{base}/a", f"{other}/b", options=_FROM_ONE)
    assert "--source-endpoint-url" in raised.value.hint
    with pytest.raises(errors.UsageError, match="one endpoint URL"):
        operations.check(base, other, options=_FROM_ONE)
    assert ServedProvider.made == []


@pytest.mark.parametrize("side", ["source_options", "dest_options"])
def test_an_endpoint_of_the_one_side_leaves_that_of_both_to_the_other(
    base: str, other: str, side: str
) -> None:
    """Then each kind of service has its own."""
    _put(f"{base}/a", b"content", **(_TO_TWO if side == "source_options" else _FROM_ONE))
    operations.copy(f"{base}/a", f"{other}/b", options=_FROM_ONE, **{side: _TO_TWO})  # type: ignore[arg-type]
    there = _FROM_ONE if side == "source_options" else _TO_TWO
    assert operations.get(f"{other}/b", options=there) == b"content"


def test_a_mistyped_variable_is_told(
    base: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It would go unnoticed otherwise; by its name alone, for its value may be a secret."""
    environ = {"S3DLIO_DEST_PASWORD": _SECRET, "S3DLIO_DEST_REGION": "a"}
    uri, local = parse_uri(base), parse_uri(tmp_path)
    with (
        caplog.at_level(logging.WARNING, "s3dlio"),
        open_sides(SideOptions(), [local], uri, CancelToken(), environ=environ),
    ):
        assert [record.getMessage() for record in caplog.records] == [
            "S3DLIO_DEST_PASWORD: no store of this copy has such a setting"
        ]


def test_variables_of_services_mean_nothing_between_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They aren't meant for them."""
    local = parse_uri(tmp_path)
    environ = {"S3DLIO_DEST_REGION": "a"}
    with open_sides(SideOptions(), [local], local, CancelToken(), environ=environ):
        assert caplog.records == []


# No value is shown.


@pytest.mark.parametrize("name", ["options", "source_options", "dest_options"])
def test_settings_show_no_option(name: str) -> None:
    """Neither as themselves nor inside something else."""
    keywords: dict[str, Any] = {name: {"password": _SECRET}}
    settings = TransferSettings(1, create_container=False, recursive=False, **keywords)
    assert _SECRET not in repr(settings)
    assert _SECRET not in repr(settings.sides)


@pytest.mark.parametrize("name", ["options", "source_options", "dest_options"])
@pytest.mark.parametrize("value", [{"password": [_SECRET]}, [_SECRET], _SECRET])
def test_an_error_of_type_shows_no_option(base: str, name: str, value: object) -> None:
    """What was given in a wrong form may be a secret all the same."""
    keywords: dict[str, Any] = {name: value}
    with pytest.raises(TypeError, match=rf"^{name}\b") as caught:
        operations.copy(base, base, **keywords)
    assert _SECRET not in str(caught.value)


# Whose service is meant.


@pytest.mark.parametrize("source", [_FROM_ONE, {**_FROM_ONE, "host": "h.example"}])
def test_a_host_in_the_uri_makes_no_other_object(base: str, source: dict[str, str]) -> None:
    """Else a move would delete what it has just written."""
    _put(f"{base}/a", b"a", **_FROM_ONE)
    dest = {**_FROM_ONE, "host": "" if "host" in source else "h.example"}
    sides: dict[str, Any] = {"source_options": source, "dest_options": dest}
    with pytest.raises(errors.UsageError, match="moved onto itself"):
        operations.move(f"{base}/a", f"{base}/a", **sides)
    with pytest.raises(errors.UsageError, match="copied into itself"):
        operations.copy(f"{base}/", f"{base}/below/", recursive=True, **sides)
    report = operations.copy(f"{base}/*", f"{base}/below/", recursive=True, **sides)
    assert report.done_count == 1
    assert operations.copy(f"{base}/*", f"{base}/below/", recursive=True, **sides).done_count == 1
    assert _keys(base, **_FROM_ONE) == ["a", "below/a"]


def test_the_same_name_on_another_service_is_another_object(base: str) -> None:
    """Both are there afterwards."""
    _put(f"{base}/a", b"new", **_FROM_ONE)
    _put(f"{base}/a", b"old", **_TO_TWO)
    report = operations.copy(
        f"{base}/a", f"{base}/a", source_options=_FROM_ONE, dest_options=_TO_TWO
    )
    assert report.done_count == 1
    assert operations.get(f"{base}/a", options=_TO_TWO) == b"new"


@pytest.mark.parametrize(
    ("source", "goal", "expected"),
    [
        ("", "", ["d/e1", "d/e/f", "d/x"]),
        ("d/", "d/", ["d/e1", "d/e/f", "d/x"]),
        ("d/", "d/e/", ["d/e/e1", "d/e/e/f", "d/e/x"]),
        ("**", "d/", ["d/d/e1", "d/d/e/f", "d/d/x"]),
        ("d/e*", "d/", ["d/e1", "d/e/f"]),
    ],
)
def test_a_tree_goes_to_its_own_name_or_below_it_on_another_service(
    base: str, source: str, goal: str, expected: list[str]
) -> None:
    """It isn't copied into itself, whatever the names look like; patterns miss nothing."""
    for key in ("d/e1", "d/e/f", "d/x"):
        _put(f"{base}/{key}", key.encode(), **_FROM_ONE)
    operations.copy(
        f"{base}/{source}",
        f"{base}/{goal}",
        recursive=True,
        source_options=_FROM_ONE,
        dest_options=_TO_TWO,
    )
    copied = sorted(_keys(base, **_TO_TWO))
    assert copied == sorted(expected)


@pytest.mark.parametrize(
    ("source", "goal", "said"),
    [("a", "a", "onto itself"), ("d/", "d/", "onto itself"), ("d/", "d/e/", "into itself")],
)
def test_one_service_with_two_settings_is_one_service(
    base: str, source: str, goal: str, said: str
) -> None:
    """Other credentials make no other object of it."""
    for key in ("a", "d/x"):
        _put(f"{base}/{key}", b"", **_FROM_ONE)
    with pytest.raises(errors.UsageError, match=said):
        operations.copy(
            f"{base}/{source}",
            f"{base}/{goal}",
            recursive=True,
            options=_FROM_ONE,
            dest_options={"user": "another"},
        )


def test_a_missing_bucket_of_the_source_needs_no_creation(base: str) -> None:
    """The hint to create it is for the destination's, also where the two have one name."""
    with pytest.raises(errors.ContainerNotFoundError) as caught:
        operations.copy(
            f"{base}/a*",
            f"{base}/x/",
            source_options={"endpoint_url": "three"},
            dest_options=_TO_TWO,
        )
    assert "create" not in str(caught.value)


@pytest.mark.parametrize(("missing", "whose"), [("one", "source: "), ("two", "destination: ")])
def test_errors_of_a_whole_side_say_which(base: str, missing: str, whose: str) -> None:
    """Both may be buckets of one name, and keys of either may be the wrong ones."""
    _put(f"{base}/a", b"1", **_FROM_ONE)
    sides = {"one": base, "two": base, missing: f"{base}-none"}
    with pytest.raises(errors.ContainerNotFoundError) as raised:
        operations.copy(
            f"{sides['one']}/",
            f"{sides['two']}/x/",
            source_options=_FROM_ONE,
            dest_options=_TO_TWO,
        )
    assert raised.value.reason.startswith(whose)


def test_errors_without_two_sides_name_none(base: str) -> None:
    """There is one store."""
    with pytest.raises(errors.ContainerNotFoundError) as raised:
        operations.copy(f"{base}-none/", f"{base}/", options=_FROM_ONE)
    assert "source: " not in str(raised.value)
