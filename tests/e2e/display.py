"""What a terminal's window shows of what is written to it: an emulator of the little that we use.

Carriage return, line feed, and clearing to the end of the line (EL, ECMA-48 section 8.3.41); text
wraps as in xterm: a character in the last column leaves the cursor there, and the next one goes to
the next row. Anything else that controls a terminal is an error, so that a test notices it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PIECE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|.", re.DOTALL)
_CLEAR_TO_END: Final = frozenset({"\x1b[K", "\x1b[0K"})
#: Behind a character of two columns.
_COVERED: Final = ""


def columns_of(char: str) -> int:
    """How many columns a character takes: 0, 1 or 2."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Display:
    """A window whose rows are all kept, as by a terminal that can be scrolled back."""

    def __init__(self, columns: int) -> None:
        """Begin empty.

        Args:
            columns: its width.
        """
        self._columns = columns
        self._cells: list[list[str]] = [[]]
        self._row = self._column = 0

    @property
    def rows(self) -> list[str]:
        """What stands there, without blanks at the ends of rows and empty rows at the end."""
        rows = ["".join(cells).rstrip() for cells in self._cells]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def is_on_fresh_row(self) -> bool:
        """Whether the next thing, such as a prompt, has a row of its own."""
        return self._column == 0 and not "".join(self._cells[self._row]).strip()

    def write(self, text: str) -> None:
        """Show a text."""
        for match in _PIECE.finditer(text):
            self._take(match[0])

    def _take(self, piece: str) -> None:
        if piece == "\r":
            self._column = 0
        elif piece == "\n":
            self._down()
        elif piece in _CLEAR_TO_END:
            # In the wrapping state the cursor still is on the last column.
            del self._cells[self._row][min(self._column, self._columns - 1) :]
        elif unicodedata.category(piece[0]) == "Cc":
            raise AssertionError(f"a terminal was sent {piece!r}")
        else:
            self._put(piece)

    def _put(self, char: str) -> None:
        width = columns_of(char)
        cells = self._cells[self._row]
        if not width:
            cells[self._column - 1] += char
            return
        if self._column + width > self._columns:
            self._column = 0
            self._down()
            cells = self._cells[self._row]
        cells.extend(" " * (self._column - len(cells)))
        cells[self._column : self._column + width] = [char, *[_COVERED] * (width - 1)]
        self._column += width

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._cells):
            self._cells.append([])


def shown(text: str, columns: int) -> list[str]:
    """Return the rows of a window to which a text was written."""
    display = Display(columns)
    display.write(text)
    return display.rows
