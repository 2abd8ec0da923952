"""Commands that look at several things: each may fail, and the end says how it went.

Rules that hold in this file:
- What concerns one thing alone doesn't keep the others from being looked at; a missing bucket, bad
  credentials or a broken connection end the command.
- With `--json` the last line is an object of the type "summary", however the command ends.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from s3dlio_cli.exit_codes import ALL_DONE, SOME_FAILED, USAGE, code_of_error
from s3dlio_cli.output import emit_json, flush, say_error
from s3dlio_core.errors import NothingMatchedError, S3dlioError, Scope, UsageError
from s3dlio_progress.values import error_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_cli.options import Settings

__all__ = ["Several"]


class Several:
    """The things that one command looks at.

    Attributes:
        settings: the command's.
    """

    def __init__(self, operation: str, given: Sequence[str], settings: Settings) -> None:
        """Prepare to look.

        Args:
            operation: the command's name.
            given: the things.
            settings: the command's.
        """
        self.settings = settings
        self._operation = operation
        self._given = given
        self._errors: list[S3dlioError] = []
        self._misused = False

    def each(self) -> Iterator[str]:
        """Yield the things in turn, until an error concerns what comes behind it, too."""
        for one in self._given:
            yield one
            if self._misused or (self._errors and _ends_all(self._errors[-1])):
                return

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Tell an error that ends the block, and go on behind it; wrong usage ends the command."""
        try:
            yield
        except S3dlioError as error:
            self._misused = isinstance(error, UsageError)
            self.tell(error)

    def tell(self, error: S3dlioError) -> None:
        """Tell what is wrong with one thing, behind all that was written so far."""
        self._errors.append(error)
        flush()
        say_error(str(error))

    def end(self, **counts: int) -> int:
        """Write the summary, if there is one, and return the exit code."""
        code = self.code
        if self.settings.as_json:
            emit_json(self._summary(code, counts))
        flush()
        return code

    @property
    def code(self) -> int:
        """The exit code."""
        codes = {code_of_error(error) for error in self._errors}
        if self._misused:
            return USAGE
        if len(codes) == 1 and len(self._errors) == len(self._given):
            return codes.pop()
        return SOME_FAILED if codes else ALL_DONE

    def _summary(self, code: int, counts: dict[str, int]) -> dict[str, Any]:
        return {
            "type": "summary",
            "operation": self._operation,
            "ok": code == ALL_DONE,
            "exit_code": code,
            **counts,
            "errors": [error_values(error) for error in self._errors],
        }


def _ends_all(error: S3dlioError) -> bool:
    """Whether other things would meet the same error."""
    return error.scope is not Scope.OBJECT and not isinstance(error, NothingMatchedError)
