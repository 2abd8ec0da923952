"""The rules of selection, mapping and filters, against programs that aren't ours.

Random trees and questions; what is copied between any two stores is what bash, `re`, `fnmatch` and
rsync say, and a second run that replaces what has changed copies nothing.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import s3dlio
from tests.e2e.any_store import Place, Stores, kinds_here
from tests.e2e.oracles import (
    CopyQuestion,
    GlobQuestion,
    ask_bash,
    ask_copier,
    ask_fnmatch,
    ask_re,
)
from tests.e2e.truth import Bucket, boto3_client, write_tree
from tests.servers.blob_container import BlobContainer, fresh_container

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.servers import AzuriteServer, MotoServer

pytestmark = pytest.mark.one_wire

#: No name is both a file's and a directory's, so that trees can be merged.
DIRECTORIES: Final = ("d", "dd", ".d", "d 1", "d.7")
FILES: Final = ("a", "ab", ".a", "a.b", "b", "7", "a\nb", "é")
TREES: Final = st.lists(
    st.tuples(st.lists(st.sampled_from(DIRECTORIES), max_size=3), st.sampled_from(FILES)).map(
        lambda parts: "/".join((*parts[0], parts[1]))
    ),
    min_size=3,
    max_size=10,
    unique=True,
).map(lambda paths: {path: f"content of {path}".encode() for path in sorted(paths)})
KINDS: Final = st.deferred(lambda: st.sampled_from(kinds_here()))
PAIRS: Final = st.tuples(KINDS, KINDS)
#: Literal directories in front of patterns; "no" is in no tree.
LEADS: Final = st.sampled_from(("", "", "d/", "dd/", "d/d/", "no/"))
#: To make a failure smaller would take minutes: each example is dozens of copies.
few = settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))


@pytest.fixture(scope="module")
def container(request: pytest.FixtureRequest) -> Iterator[BlobContainer | None]:
    """A container of Azurite, which the environment names; None where that can't run."""
    if "az" not in kinds_here():
        yield None
        return
    server: AzuriteServer = request.getfixturevalue("azurite")
    with pytest.MonkeyPatch.context() as patch, fresh_container(server) as container:
        for variable, value in server.environment.items():
            patch.setenv(variable, value)
        yield container


@pytest.fixture(scope="module")
def stores(
    moto_s3: MotoServer,
    container: BlobContainer | None,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Stores]:
    """Directories, memory and a bucket on moto, which the environment names, and a container."""
    name = f"rules-{uuid.uuid4().hex}"

    def given_container() -> BlobContainer:
        assert container is not None
        return container

    with pytest.MonkeyPatch.context() as patch, boto3_client(moto_s3) as client:
        for variable, value in moto_s3.environment.items():
            patch.setenv(variable, value)
        client.create_bucket(Bucket=name)
        yield Stores(
            tmp_path_factory.mktemp("rules"),
            Bucket(client, name),
            given_container,
            lambda: request.getfixturevalue("direct_root"),
        )
        moto_s3.drop_bucket(name)


class Trees:
    """One tree in each kind of store, put there when it is first asked for."""

    def __init__(self, stores: Stores, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.stores = stores
        self._places: dict[str, Place] = {}

    def base(self, kind: str) -> str:
        """The URI of the tree in a store."""
        if kind not in self._places:
            self._places[kind] = self.stores.new(kind)
            self._places[kind].fill(self.files)
        return self._places[kind].uri

    def _holder(self, kind: str) -> str:
        """The kind itself, or one that can hold all names: Azure takes no control characters."""
        is_refused = kind == "az" and any("\n" in path for path in self.files)
        return "memory" if is_refused else kind

    def copied(
        self,
        pair: tuple[str, str],
        sources: Sequence[str],
        destination: str = "",
        **keywords: Any,
    ) -> dict[str, bytes]:
        """What lies at a new destination after a copy of sources below the tree.

        The same once more, with `overwrite="changed"`, copies nothing.
        """
        here, there = (self._holder(kind) for kind in pair)
        goal = self.stores.new(there)
        texts = [f"{self.base(here)}/{source}" for source in sources]
        arguments = {"raise_on_failure": False, **keywords}
        with contextlib.suppress(s3dlio.NothingMatchedError):
            s3dlio.copy(texts, f"{goal.uri}/{destination}", **arguments)
            again = s3dlio.copy(
                texts, f"{goal.uri}/{destination}", overwrite="changed", **arguments
            )
            assert again.done_count == 0
        return goal.held()

    def expected(self, directory: str, names: set[str]) -> dict[str, bytes]:
        """These names, relative to a directory of the tree, with their contents."""
        return {name: self.files[directory + name] for name in names}


# Globs


@dataclass(frozen=True)
class Glob:
    """A glob, as we write it and as bash must read it."""

    lead: str
    ours: str
    for_bash: str
    recursive: bool
    pair: tuple[str, str]


def _literal(text: str) -> tuple[str, str]:
    return text, shlex.quote(text)


_SIGNS: Final = st.sampled_from(
    [(sign, sign) for sign in ("*", "?", "[ab]", "[!a]", "[a-d]", "[.7]", "{a,d}", "{ab,7}")]
)
_LITERALS: Final = st.sampled_from([_literal(text) for text in ("a", "b", "d", ".", " ", "7", "é")])
_SEGMENTS: Final = st.lists(st.one_of(_SIGNS, _LITERALS), min_size=1, max_size=3).filter(
    lambda parts: set("".join(ours for ours, _ in parts)) != {"."}
)
_WITH_SIGN: Final = st.tuples(_SIGNS, st.lists(_LITERALS, max_size=2)).map(
    lambda parts: [parts[0], *parts[1]]
)
_ANY_DEPTH: Final = st.just([("**", "**")])


@st.composite
def _globs(draw: st.DrawFn) -> Glob:
    first = draw(st.one_of(_WITH_SIGN, _WITH_SIGN, _ANY_DEPTH))
    others = draw(st.lists(st.one_of(_SEGMENTS, _SEGMENTS, _ANY_DEPTH), max_size=2))
    segments = [first, *others]
    if segments[-1][0][0] != "**" and draw(st.booleans()):
        segments.append([("", "")])
    ours, for_bash = (
        "/".join("".join(part[form] for part in segment) for segment in segments) for form in (0, 1)
    )
    return Glob(draw(LEADS), ours, for_bash, draw(st.booleans()), draw(PAIRS))


@few
@given(files=TREES, globs=st.lists(_globs(), min_size=4, max_size=8))
def test_globs_match_what_bash_says(
    stores: Stores, files: Mapping[str, bytes], globs: Sequence[Glob]
) -> None:
    """Files that match are copied, and with recursion what lies in directories that match."""
    trees = Trees(stores, files)
    root = Path(trees.base("file"))
    questions = [GlobQuestion(one.lead, one.for_bash, one.recursive) for one in globs]
    for glob, names in zip(globs, ask_bash(root, questions), strict=True):
        copied = trees.copied(glob.pair, [glob.lead + glob.ours], recursive=glob.recursive)
        assert trees.expected(glob.lead, names) == copied, glob


# Regular expressions


_ATOMS: Final = st.sampled_from(
    ("a", "b", "d", r"\.", ".", r"\d", r"\w", "[ab.]", "[^a]", "(?:a|d)", "( |7)", "é")
)
_PIECES: Final = st.tuples(_ATOMS, st.sampled_from(("", "", "*", "+", "?", "{2}"))).map("".join)
_REGEX_SEGMENTS: Final = st.lists(_PIECES, min_size=1, max_size=3).map("".join)
_HAS_SIGN: Final = re.compile(r"[\\^$*+?()\[\]{}|]")


@dataclass(frozen=True)
class Regex:
    """A regular expression below a literal directory."""

    lead: str
    text: str
    recursive: bool
    pair: tuple[str, str]


_REGEXES: Final = st.builds(
    Regex,
    LEADS,
    st.tuples(
        _REGEX_SEGMENTS.filter(lambda text: _HAS_SIGN.search(text) is not None),
        st.lists(_REGEX_SEGMENTS, max_size=2),
        st.sampled_from(("", "", "/")),
    ).map(lambda parts: "/".join((parts[0], *parts[1])) + parts[2]),
    st.booleans(),
    PAIRS,
)


@few
@given(files=TREES, regexes=st.lists(_REGEXES, min_size=4, max_size=8))
def test_regexes_match_what_python_says(
    stores: Stores, files: Mapping[str, bytes], regexes: Sequence[Regex]
) -> None:
    """The whole path below the literal directory matches; without recursion, at its depth."""
    trees = Trees(stores, files)
    for regex in regexes:
        names = ask_re(files, regex.lead, regex.text, recursive=regex.recursive)
        copied = trees.copied(
            regex.pair, [regex.lead + regex.text], recursive=regex.recursive, patterns="regex"
        )
        assert trees.expected(regex.lead, names) == copied, regex


# Where things go


@st.composite
def _copies(draw: st.DrawFn) -> tuple[Mapping[str, bytes], list[tuple[CopyQuestion, str, str]]]:
    files = draw(TREES)
    directories = {
        path[: cut + 1] for path in files for cut, sign in enumerate(path) if sign == "/"
    }
    names = ["", *sorted(directories), *sorted(one[:-1] for one in directories), *files]
    sources = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True).filter(
        lambda given: _differ([name.rpartition("/")[2] for name in given if name in files])
    )
    question = st.builds(CopyQuestion, sources.map(tuple), st.booleans(), st.booleans())
    return files, draw(st.lists(st.tuples(question, KINDS, KINDS), min_size=4, max_size=8))


def _differ(names: list[str]) -> bool:
    return len(names) == len(set(names))


@pytest.mark.parametrize("program", ["rsync", "cp"])
@few
@given(copies=_copies())
def test_things_go_where_copying_programs_put_them(
    stores: Stores,
    program: str,
    copies: tuple[Mapping[str, bytes], list[tuple[CopyQuestion, str, str]]],
) -> None:
    """Files, directories and contents, alone and several; of those that meet, the first stays."""
    if shutil.which(program) is None:
        pytest.skip(f"{program}: not installed")
    files, questions = copies
    trees = Trees(stores, files)
    with tempfile.TemporaryDirectory() as scratch:
        root = write_tree(Path(scratch) / "tree", files)
        expected = ask_copier(program, root, Path(scratch), [one for one, _, _ in questions])
    for (question, source, destination), held in zip(questions, expected, strict=True):
        copied = trees.copied(
            (source, destination),
            question.sources,
            "goal/" if question.into else "goal",
            recursive=question.recursive,
        )
        assert held == copied, question


# Filters


_NAMES: Final = st.sampled_from(("*", "a*", "?", "*.?", "[ab]*", "[!a]", "d", "d*", ".*", "* *"))
_FILTERS: Final = st.lists(
    st.one_of(_NAMES, _REGEX_SEGMENTS.map("re:{}".format), st.just("re:.*/a.*")), max_size=2
)


@few
@given(
    files=TREES,
    filters=st.lists(st.tuples(_FILTERS, _FILTERS, PAIRS), min_size=4, max_size=8),
)
def test_filters_leave_what_python_says(
    stores: Stores,
    files: Mapping[str, bytes],
    filters: Sequence[tuple[list[str], list[str], tuple[str, str]]],
) -> None:
    """A glob matches the name of any segment, `re:` the whole path; an exclude wins."""
    trees = Trees(stores, files)
    for include, exclude, pair in filters:
        names = ask_fnmatch(files, include, exclude)
        copied = trees.copied(pair, [""], recursive=True, include=include or None, exclude=exclude)
        assert trees.expected("", names) == copied, (include, exclude, pair)
