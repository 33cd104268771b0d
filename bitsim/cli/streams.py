"""The standard streams of the process, which may be closed, broken or full."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from typing import TextIO


def open_closed() -> bool:
    """Give a closed stdin and stderr /dev/null, so that no file gets their numbers; is stdout open?

    Python has None for a stream that was closed before it began.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - as long as the process
    return sys.stdout is not None


class Text:
    """Where the command's own text ends, if it goes to the same place as stderr."""

    def __init__(self) -> None:
        self._column = 0  # 0: at the beginning of a line
        self._columns = 0  # that a line may have
        self._left = False  # the cursor is on the line below

    def add(self, text: str) -> None:
        """It has been written."""
        if one_place():
            terminal = os.isatty(1) and os.get_terminal_size(1).columns
            self._columns = terminal or sys.maxsize
            self._column = column_after(text, self._column, self._columns)

    def leave_line(self) -> None:
        """What comes next on stderr begins a line."""
        if self._column and not self._left:
            print(file=sys.stderr, flush=True)
        self._left = True

    def return_to_line(self) -> int:
        """The column where text goes on, one line above; 0: it goes on where the cursor is."""
        self._left = False
        if self._column == self._columns:  # full: it goes on below
            self._column = 0
        return self._column

    def end_line(self) -> None:
        """Lines follow on stderr, and text goes on below them."""
        self.leave_line()
        self._column, self._left = 0, False


TEXT = Text()  # of this process, which has one stdout


def write(text: str) -> None:
    """The command's own text, as it comes, to stdout."""
    print(text, end="", flush=True)
    TEXT.add(text)


def note(text: str) -> None:
    """What a person wants to know and a program does not: to stderr."""
    try:
        TEXT.end_line()
        print(text, file=sys.stderr, flush=True)
    except OSError:  # closed or full: there is no other place to say so, and the work goes on
        silence(sys.stderr)


def one_place() -> bool:
    """Whether stdout and stderr are the same terminal, pipe or file."""
    try:
        return os.path.sameopenfile(1, 2)
    except OSError:
        return False


def column_after(text: str, column: int, columns: int) -> int:
    """Where `text` ends on a terminal of `columns`; the cursor of a full line stays on it."""
    from rich.cells import cell_len

    for character in text:
        if character in "\r\n":
            column = 0
        elif character == "\t":
            column = min(column - column % 8 + 8, columns - 1)
        else:
            cells = cell_len(character)
            column = cells if column + cells > columns else column + cells
    return column


def say(text: str) -> None:
    """Each line as one of the program: a fault, or what it does on its own."""
    for line in text.splitlines():
        note(f"bitsim: {line}")


def nobody_reads(stream: TextIO) -> bool:
    """Whether the reader at the other end of a pipe or terminal is gone."""
    watch = select.poll()
    watch.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll(0))


def silence(stream: TextIO) -> None:
    """Let what is still in its buffer go nowhere, so that the end of Python finds no fault."""
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
