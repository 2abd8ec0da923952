"""Which keys can be local files: by an oracle, by the kernel, and in one hostile download."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from s3dlio_core import errors, operations
from s3dlio_core.file_store import TEMPORARY_PREFIX, FileStore
from s3dlio_core.local_names import check_local_key
from s3dlio_core.memory_store import MemoryProvider, MemoryStore

_PIECES = st.sampled_from(
    ["", ".", "..", "...", "a", "a.", ".a", "\x00", "\n", "\u00e9", "x" * 254, "\u00e9" * 127]
) | st.text(max_size=5)


def _is_accepted(key: str) -> bool:
    try:
        check_local_key(key)
    except errors.InvalidKeyError:
        return False
    return True


@given(st.lists(_PIECES, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "b", "bb"]))
@example("a" * 255, "")
@example("a" * 256, "")
@example("\udcff", "")
@example("\ud800", "")
def test_what_is_accepted_is_a_path_that_stays_below(key: str, suffix: str) -> None:
    """Segment by segment, in other words than the code's."""
    name = key + suffix
    segments = name.split("/")
    try:
        longest = max(len(os.fsencode(segment)) for segment in segments)
    except UnicodeEncodeError:
        longest = 256
    stays = Path("/root", name).parts == ("/", "root", *segments) and ".." not in segments
    assert _is_accepted(name) == (stays and "\x00" not in name and longest <= 255)


@pytest.mark.parametrize(
    "key", [TEMPORARY_PREFIX, f"a/{TEMPORARY_PREFIX}b", f"{TEMPORARY_PREFIX}/b"]
)
def test_names_of_temporary_files_are_reserved(key: str) -> None:
    """A listing leaves them out, so an object of such a name would be lost."""
    with pytest.raises(errors.InvalidKeyError, match="reserved"):
        check_local_key(key.format(TEMPORARY_PREFIX))


def test_a_path_that_is_too_long_is_refused_before_a_directory_is_made(tmp_path: Path) -> None:
    """A file that nobody could open by its path is never written, whole or in parts."""
    key = "/".join(["d" * 250] * 20)
    with FileStore(str(tmp_path)) as store:
        for write in (lambda: store.put(key, b""), lambda: store.create_multipart(key)):
            with pytest.raises(errors.InvalidKeyError, match="path has less than"):
                write()
    assert [] == list(tmp_path.iterdir())


def test_a_long_path_that_fits_is_written(tmp_path: Path) -> None:
    """Up to the system's limit, counted in bytes."""
    left = 1000 - len(os.fsencode(tmp_path))
    key = "/".join(["\u00e9" * 100] * (left // 201))
    with FileStore(str(tmp_path)) as store:
        store.put(key, b"text")
        assert store.head(key).size_bytes == 4


#: Keys, and what the error says; None: it is a file like any other.
HOSTILE: dict[str, str | None] = {
    "../x": '".." segment',
    "../../etc/x": '".." segment',
    "w/../../../x": '".." segment',
    "..": '".." segment',
    ".": '"." segment',
    "/etc/x": "an empty segment",
    "a//b": "an empty segment",
    "a/./b": '"." segment',
    "a\x00b": "NUL byte",
    "n" * 300: "this segment has 300",
    "\u00e9" * 128: "this segment has 256",
    "x/": 'can\'t end in "/"',
    "//": 'can\'t end in "/"',
    "both": "a directory of this name is needed for",
    "both/below": None,
    "a..b": None,
    "...": None,
    "..a": None,
    "~": None,
    "-rf": None,
    "$(touch x)": None,
    "back\\slash": None,
    "..\\..\\x": None,
    "C:\\x": None,
    "new\nline": None,
    "\x1b[2J": None,
    "\u202egnp.exe": None,
    "n" * 255: None,
}


def test_a_hostile_bucket_is_downloaded_safely(tmp_path: Path) -> None:
    """Each key is a file of exactly its name or its own failure; nothing lies outside."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    source = MemoryStore(name)
    for key in HOSTILE:
        source.put(f"p/{key}", key.encode())
    goal = tmp_path / "in" / "goal"
    report = operations.download(f"memory://{name}/p/", goal, raise_on_failure=False)
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {goal / key for key, reason in HOSTILE.items() if reason is None} == files
    assert all(path.read_text() == str(path.relative_to(goal)) for path in files)
    failed = {one.source.removeprefix(f"memory://{name}/p/"): one.error for one in report.failures}
    assert {key for key, reason in HOSTILE.items() if reason} == set(failed)
    for key, error in failed.items():
        assert (HOSTILE[key] or "") in error.reason
        assert error.hint
        assert str(error).isprintable()


_HOSTILE_KEYS = st.lists(
    st.lists(st.sampled_from(["", ".", "..", "a", "b", "a b", "\x00", "\n", "n" * 256]), max_size=4)
    .map("/".join)
    .filter(bool),
    unique=True,
    max_size=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=_HOSTILE_KEYS, empty=st.booleans())
def test_every_key_is_a_file_or_a_failure_or_skipped(
    tmp_path: Path, keys: list[str], empty: bool
) -> None:
    """Whatever a bucket holds: each file has its own key's bytes, and nothing lies outside."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    source = MemoryStore(name)
    source.put("p/z", b"p/z")
    for key in keys:
        source.put(f"p/{key}", b"" if empty else f"p/{key}".encode())
    outside = tmp_path / name
    goal = outside / "in" / "goal"
    report = operations.download(f"memory://{name}/p/", goal, raise_on_failure=False)
    files = {path: path.read_text() for path in outside.rglob("*") if path.is_file()}
    for path, content in files.items():
        key = str(path.relative_to(goal))
        assert content == ("" if empty and key != "z" else f"p/{key}")
    assert (report.done_count, report.stopped_by) == (len(files), None)
    assert len(keys) + 1 == report.done_count + report.failed_count + report.skipped_count


@pytest.mark.parametrize("key", ["../x", "a//b", "a/./b", "n" * 300, f"{TEMPORARY_PREFIX}x", ".."])
def test_what_the_hint_says_works(tmp_path: Path, key: str) -> None:
    """A key that can't be a local name is copied alone, to another name."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    MemoryStore(name).put(f"p/{key}", b"text")
    operations.download(f"memory://{name}/p/{key}", tmp_path / "mine")
    assert (tmp_path / "mine").read_bytes() == b"text"
