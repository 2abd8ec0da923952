"""What sources, patterns and filters mean, told by programs that are not ours.

Rules of this file: bash says what globs match, Python's `re` what regular expressions do and
`fnmatch` what filters leave; rsync, or cp where there is no rsync, says where things go. Nothing is
imported from the packages that are tested.

Sources: bash(1), "Pathname Expansion", with `globstar`, `dotglob` and `nullglob`; rsync(1),
"USAGE", on trailing slashes.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Files that match are taken; what lies in a directory that matches only with recursion, unless the
#: pattern ends in "/", which means the contents.
_GLOB_SCRIPT: Final = r"""
shopt -s globstar dotglob nullglob extglob
below() {
    if [ "$2" = deep ]; then find "$1" -type f -print0
    else for g in "$1"*; do if [ -f "$g" ]; then printf '%s\0' "$g"; fi; done
    fi
}
take() {
    case "/$1/" in */./* | */../*) return ;; esac
    case "$1" in */) below "$1" "$2" ;; *)
        if [ -f "$1" ]; then printf '%s\0' "$1"
        elif [ -d "$1" ] && [ "$2" = deep ]; then below "$1/" deep
        fi
    esac
}
"""
_COPY_SCRIPTS: Final = {
    "rsync": r"""
copy() {
    case "$3$1" in
        deep*) rule='--include=*' ;;
        */) rule='--exclude=/*/' ;;
        *) rule='--exclude=/*/*/' ;;
    esac
    rsync -r --ignore-existing "$rule" -- "$1" "$2"
}
""",
    "cp": r"""
shopt -s dotglob nullglob
copy() {
    local goal=$2 f
    if [ -f "$1" ]; then
        case "$goal" in */) goal+=${1##*/} ;; esac
        if [ ! -e "$goal" ]; then cp -- "$1" "$goal"; fi
        return
    fi
    case "$1" in */) ;; *) goal=$2/${1##*/}/ ;; esac
    mkdir -p "$goal"
    for f in "$1"/*; do
        if [ -f "$f" ] || [ "$3" = deep ]; then copy "$f" "$goal" "$3"; fi
    done
}
""",
}


@dataclass(frozen=True, slots=True)
class GlobQuestion:
    """What does a glob match?

    Attributes:
        directory: the literal directory that it is in, "" or ending in "/".
        for_bash: the pattern behind it, in which only its signs are signs for bash.
        recursive: whether directories that match are taken with all in them.
    """

    directory: str
    for_bash: str
    recursive: bool


def ask_bash(root: Path, questions: Sequence[GlobQuestion]) -> list[set[str]]:
    """The files that each glob means, relative to its literal directory."""
    lines = [_GLOB_SCRIPT]
    for question in questions:
        depth = "deep" if question.recursive else "flat"
        place = shlex.quote(f"{root}/{question.directory}")
        loop = f'for f in {question.for_bash}; do take "$f" {depth}; done'
        lines.append(f"(cd {place} && {loop}); printf '\\1\\0'")
    answers = _bash("\n".join(lines)).split("\1\0")
    return [{name for name in answer.split("\0") if name} for answer in answers[:-1]]


def ask_re(files: Iterable[str], directory: str, regex: str, *, recursive: bool) -> set[str]:
    """The files whose path below a directory a regular expression matches as a whole.

    Args:
        files: all paths.
        directory: the literal directory, "" or ending in "/".
        regex: has "/" only between segments, outside of classes and groups.
        recursive: look at all depths, not only at the expression's own.
    """
    compiled = re.compile(regex + (".*" if regex.endswith("/") else ""), re.DOTALL)
    paths = {path[len(directory) :] for path in files if path.startswith(directory)}
    return {
        path
        for path in paths
        if compiled.fullmatch(path) and (recursive or path.count("/") == regex.count("/"))
    }


def ask_fnmatch(paths: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> set[str]:
    """The paths that filters leave; each filter is a glob of one segment, or a `re:`."""

    def takes(text: str, path: str) -> bool:
        if text.startswith("re:"):
            return re.fullmatch(text[len("re:") :], path, re.DOTALL) is not None
        return any(fnmatch.fnmatchcase(segment, text) for segment in path.split("/"))

    return {
        path
        for path in paths
        if (not include or any(takes(text, path) for text in include))
        and not any(takes(text, path) for text in exclude)
    }


@dataclass(frozen=True, slots=True)
class CopyQuestion:
    """What is where, after these sources were copied?

    Attributes:
        sources: relative to the root.
        into: whether the destination has a "/" behind.
        recursive: whether directories are taken whole, or one level of them.
    """

    sources: tuple[str, ...]
    into: bool
    recursive: bool


def ask_copier(
    program: str, root: Path, scratch: Path, questions: Sequence[CopyQuestion]
) -> list[dict[str, bytes]]:
    """What lies in an empty directory after a copy to `goal` in it: relative path and content.

    Of files that meet, the first stays.

    Args:
        program: "rsync" or "cp".
        root: where the sources are.
        scratch: an empty directory.
        questions: each is answered in a directory of its own.
    """
    lines = ["set -e", _COPY_SCRIPTS[program]]
    for number, question in enumerate(questions):
        goal = f"{scratch}/{number}/goal"
        alone = len(question.sources) == 1 and (root / question.sources[0]).is_file()
        if question.into or not alone:
            goal += "/"
        lines.append(f"mkdir -p {shlex.quote(goal if goal[-1] == '/' else f'{scratch}/{number}')}")
        depth = "deep" if question.recursive else "flat"
        for source in question.sources:
            place = shlex.quote(f"{root}/{source}")
            lines.append(f"copy {place} {shlex.quote(goal)} {depth}")
    _bash("\n".join(lines))
    return [_files(scratch / str(number)) for number in range(len(questions))]


def _files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def _bash(script: str) -> str:
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={"LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        raise AssertionError(f"bash: {done.stderr[-2000:]}\n{script[-2000:]}")
    return done.stdout
