"""From a scheme to its provider: what is registered, built in or installed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import registry
from s3dlio_core.errors import StoreConflictError, UnsupportedSchemeError, UsageError
from s3dlio_core.file_store import FileProvider
from s3dlio_core.memory_store import MemoryProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self


class OptionsProvider(MemoryProvider):
    """A provider with options, which keeps what it was made with."""

    option_names = frozenset({"colour", "size"})
    made_with: tuple[str, dict[str, str], str]

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Keep the arguments."""
        provider = cls()
        provider.made_with = (scheme, dict(options), host)
        return provider


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory whose distributions are found, with the cached scan dropped before and after."""
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._entry_points.cache_clear()
    yield tmp_path
    registry._entry_points.cache_clear()


def _install(where: Path, distribution: str, scheme: str, module: str) -> None:
    """Lay out a distribution with an entry point, as pip does."""
    info = where / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{registry.ENTRY_POINT_GROUP}]\n{scheme} = {module}:Provider\n"
    )
    (where / f"{module}.py").write_text(
        "from s3dlio_core.memory_store import MemoryProvider\n"
        "class Provider(MemoryProvider):\n    pass\n"
    )


@pytest.mark.parametrize(
    ("scheme", "expected"), [("file", FileProvider), ("memory", MemoryProvider)]
)
def test_built_in_schemes(scheme: str, expected: type) -> None:
    """Files and memory are served without anything installed."""
    assert expected is registry.provider_class(scheme)


def test_registered_class_comes_first() -> None:
    """What a program registers serves the scheme, before what is built in."""
    registry.register("memory", OptionsProvider)
    try:
        found = registry.provider_class("memory")
    finally:
        registry.unregister("memory")
    assert OptionsProvider is found
    assert MemoryProvider is registry.provider_class("memory")


def test_unregister_may_come_twice() -> None:
    """Unregistering what isn't registered does nothing."""
    registry.unregister("never-was")
    registry.unregister("never-was")


def test_installed_scheme_is_found(installed: Path) -> None:
    """A distribution's entry point serves its scheme; its module is imported only then."""
    _install(installed, "one_store", "conformant", "conformant_store_module")
    assert "conformant_store_module" not in sys.modules
    found = registry.provider_class("conformant")
    assert found.__module__ == "conformant_store_module"


def test_two_claims_are_an_error(installed: Path) -> None:
    """Two distributions that serve one scheme are an error that names both."""
    _install(installed, "first_store", "contested", "first_store_module")
    _install(installed, "second_store", "contested", "second_store_module")
    with pytest.raises(StoreConflictError, match="first_store and second_store both serve"):
        registry.provider_class("contested")


def test_two_claims_harm_no_other_scheme(installed: Path) -> None:
    """A contested scheme doesn't stop others from being found."""
    _install(installed, "first_store", "contested", "first_store_module")
    _install(installed, "second_store", "contested", "second_store_module")
    _install(installed, "third_store", "peaceful", "third_store_module")
    assert registry.provider_class("peaceful").__module__ == "third_store_module"


@pytest.mark.parametrize(("scheme", "package"), [("az", "s3dlio-azure"), ("s3", "s3dlio-s3")])
def test_missing_backend_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, scheme: str, package: str
) -> None:
    """A known scheme without its package says which one to install."""
    monkeypatch.setattr(registry, "_entry_points", lambda group: {})
    with pytest.raises(UnsupportedSchemeError, match=f"pip install {package}"):
        registry.provider_class(scheme)


def test_unknown_scheme_lists_the_known_ones() -> None:
    """An unknown scheme names those that are served."""
    with pytest.raises(UnsupportedSchemeError, match=r"Known schemes: .*file.*memory"):
        registry.provider_class("gopher")


def test_provider_is_made_of_options() -> None:
    """A provider gets the scheme, its options and the URI's host."""
    registry.register("optional", OptionsProvider)
    try:
        provider = registry.make_provider("optional", {"colour": "red"}, "host.example")
    finally:
        registry.unregister("optional")
    assert isinstance(provider, OptionsProvider)
    assert provider.made_with == ("optional", {"colour": "red"}, "host.example")


def test_unknown_option_is_refused() -> None:
    """An option that the provider doesn't know is refused, with those that it does."""
    registry.register("optional", OptionsProvider)
    try:
        with pytest.raises(UsageError, match=r"unknown option taste .* It knows: colour, size"):
            registry.make_provider("optional", {"taste": "sweet"})
    finally:
        registry.unregister("optional")


def test_option_of_a_provider_without_any_is_refused() -> None:
    """A provider without options says so."""
    with pytest.raises(UsageError, match="It knows: none"):
        registry.make_provider("memory", {"colour": "red"})


def test_built_in_schemes_need_no_scan() -> None:
    """Finding file:// imports neither importlib.metadata nor any backend."""
    program = (
        "import sys\n"
        "from s3dlio_core.registry import provider_class\n"
        "provider_class('file')\n"
        "found = {'importlib.metadata', 'requests', 'azure', 'tqdm', 'cffi', 'pytest'}\n"
        "print(sorted(found & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("platform", "reason", "hint"),
    [
        (
            "darwin",
            "direct:// is Linux's O_DIRECT, and isn't here",
            "Use file:// for the same files",
        ),
        (
            "linux",
            "no installed store serves direct://",
            "Install it with: pip install s3dlio-direct",
        ),
    ],
)
def test_what_only_linux_has_is_said_to_be_so_elsewhere(
    monkeypatch: pytest.MonkeyPatch, platform: str, reason: str, hint: str
) -> None:
    """Nobody is told to install what can't be installed there."""
    monkeypatch.setattr(registry, "_PLATFORM", platform)
    monkeypatch.setattr(registry, "_entry_points", lambda _: {})
    with pytest.raises(UnsupportedSchemeError) as caught:
        registry.provider_class("direct")
    assert (caught.value.reason, caught.value.hint) == (reason, hint)


def test_a_store_of_linux_is_served_elsewhere_where_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program may have registered one of its own."""
    monkeypatch.setattr(registry, "_PLATFORM", "darwin")
    monkeypatch.setattr(registry, "_registered", {"direct": OptionsProvider})
    assert registry.provider_class("direct") is OptionsProvider
