"""What `du` shows: the sums of each tree, and of its directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_cli.output import emit_json, emit_name, say
from s3dlio_cli.usage import Total, Usage
from s3dlio_cli.values import size_text, usage_line, usage_values
from s3dlio_core import operations
from s3dlio_core.errors import S3dlioError
from s3dlio_core.file_store.paths import absolute
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from s3dlio_cli.several import Several
    from s3dlio_core.operations.filtering import FilterKeywords
    from s3dlio_core.session import Session
    from s3dlio_core.uri import Uri

__all__ = ["Sums"]


class Sums:
    """The sums of several trees."""

    def __init__(self, depth: int, *, human: bool, as_json: bool) -> None:
        """Begin with nothing.

        Args:
            depth: how many levels of directories get lines of their own.
            human: sizes with units.
            as_json: an object a line.
        """
        self._depth = depth
        self._human = human
        self._as_json = as_json
        self._total = Total()
        self._shown_count = 0

    def add(
        self,
        uri: str,
        *,
        patterns: str,
        session: Session,
        **filter_keywords: Unpack[FilterKeywords],
    ) -> None:
        """Add a tree up, and show its sums.

        Args:
            uri: the tree's, or a pattern.
            patterns: how it is read.
            session: has the stores.
            filter_keywords: what objects must be like to be counted.

        Raises:
            S3dlioError: the listing ended early, and nothing is shown; or a file or directory
                couldn't be read, and the sums of all others are shown.
        """
        usage = Usage(self._depth)
        parsed = parse_uri(uri)
        root = ""
        unread: S3dlioError | None = None
        try:
            for entry in operations.list_in(
                session, uri, recursive=True, patterns=patterns, **filter_keywords
            ):
                if entry.info is not None:
                    usage.add(entry.path, entry.info.size_bytes)
                    root = root or entry.uri.removesuffix(entry.path)
        except S3dlioError as error:
            if not root or not parsed.is_path:
                raise  # a part would pass for the whole
            unread = error
        for path, total in usage.directories():
            self._show(root + path, total)
        self._show(_whole_uri(parsed), usage.total)
        self._total.add(usage.total.size_bytes, usage.total.object_count)
        self._shown_count += 1
        if unread is not None:
            raise unread

    def _show(self, uri: str, total: Total) -> None:
        if self._as_json:
            emit_json(usage_values(uri, total))
        else:
            emit_name(usage_line(uri, total, human=self._human))

    def end(self, several: Several) -> int:
        """Say the total of several trees, and return the exit code."""
        total = self._total
        code = several.end(object_count=total.object_count, total_bytes=total.size_bytes)
        if self._shown_count > 1 and not several.settings.is_silent:
            size = size_text(total.size_bytes, human=self._human)
            say(f"Total objects: {total.object_count}, total size: {size}")
        return code


def _whole_uri(uri: Uri) -> str:
    """Return a URI as it was given, with a local path made absolute."""
    if not uri.is_path:
        return str(uri)
    return f"{uri.scheme}://{absolute(uri.path)}" + "/" * uri.path.endswith("/")
