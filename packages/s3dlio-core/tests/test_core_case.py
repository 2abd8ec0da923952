"""Finding out whether a directory folds case, without writing to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3dlio_core.file_store import FileStore, case


def _other_case_exists(path: Path) -> bool:
    return (path.parent / path.name.swapcase()).exists()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty directory on a file system that is case-sensitive."""
    found = tmp_path / "Empty"
    found.mkdir()
    if _other_case_exists(found):
        pytest.skip("this file system folds case")
    return found


@pytest.fixture
def folding(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same on one that folds, as far as `lstat` can tell."""
    real = os.lstat

    def lstat(path: str | Path) -> os.stat_result:
        try:
            return real(path)
        except FileNotFoundError:
            for other in Path(path).parent.iterdir():
                if other.name.casefold() == Path(path).name.casefold():
                    return real(other)
            raise

    monkeypatch.setattr(os, "lstat", lstat)
    return directory


@pytest.mark.parametrize("below", ["", "new/deeper", "0/1"])
@pytest.mark.parametrize("names", [(), ("Name",), ("123",), ("123", "name")])
def test_a_directory_that_folds_is_known(folding: Path, below: str, names: tuple[str, ...]) -> None:
    """By what lies in it, else by the names above it, whether it is there yet or not."""
    for name in names:
        (folding / name).write_text("")
    (folding / "0").mkdir()
    assert case.folds_case(str(folding / below))


@pytest.mark.parametrize("below", ["", "new/deeper"])
@pytest.mark.parametrize("names", [(), ("Name",), ("name", "NAME"), ("123",)])
def test_a_directory_that_does_not_fold_is_known(
    directory: Path, below: str, names: tuple[str, ...]
) -> None:
    """Two names that differ in case alone are proof enough."""
    for name in names:
        (directory / name).write_text("")
    assert not case.folds_case(str(directory / below))


def test_hard_links_are_two_names(directory: Path) -> None:
    """One file under both names isn't one name."""
    (directory / "name").write_text("")
    (directory / "NAME").hardlink_to(directory / "name")
    assert not case.folds_case(str(directory))


def test_a_store_tells_it(folding: Path) -> None:
    """As a capability, beside the others of its kind; nothing is written to find out."""
    capabilities = FileStore(str(folding)).capabilities
    assert (capabilities.case_sensitive, capabilities.directories) == (False, True)
    assert [] == list(folding.iterdir())


@pytest.mark.parametrize(("kind", "folds"), [("vfat", True), ("ext4", False)])
def test_an_empty_volume_is_known_by_its_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, folds: bool
) -> None:
    """Where no name tells, Linux's table of mounts does."""
    monkeypatch.setattr(case, "_name_with_letter", lambda _: "")
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 0:999999 / /other rw shared:1 - tmpfs none rw\n"
        f"22 1 {os.major(device)}:{os.minor(device)} / /mnt/a\\040b rw - {kind} /dev/sdx1 rw\n"
    )
    monkeypatch.setattr(case, "_MOUNTS", mounts)
    assert folds == case.folds_case(str(tmp_path))


def test_what_can_not_be_told_is_case_sensitive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system without such a table, and a path below a file."""
    monkeypatch.setattr(case, "_MOUNTS", tmp_path / "missing")
    monkeypatch.setattr(case, "_name_with_letter", lambda _: "")
    (tmp_path / "file").write_text("")
    assert not case.folds_case(str(tmp_path))
    assert not case.folds_case(str(tmp_path / "file" / "below"))
