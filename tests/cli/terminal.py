"""The program under a pseudo-terminal, and what would stand on its screen."""

import fcntl
import os
import pty
import struct
import sys
import termios
from pathlib import Path

BITSIM = (sys.executable, "-m", "bitsim")
ROWS = 24


def environment(**changes):
    """That of the tests, without what says how wide a terminal is and whether it has colours."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")
    }
    return kept | {"TERM": "xterm-256color"} | changes


def on_terminal(command, columns, folder, **changes):
    """What the command writes to a terminal of so many columns, and its exit status."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        os.execvpe(command[0], list(command), environment(**changes))
    written = b""
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        written += some
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return written.decode(), status


class Screen:
    """As much of a terminal as progress needs: lines, the cursor, erasing; all that ever stood."""

    def __init__(self, columns):
        self.columns = columns
        self.lines = [""]
        self.row = self.column = 0
        self.history = []  # the lines after each change of a line
        self.cursor_shown = True

    def show(self, text):
        place = 0
        while place < len(text):
            if text.startswith("\x1b[", place):
                end = next(i for i in range(place + 2, len(text)) if text[i].isalpha())
                self._control(text[place + 2 : end], text[end])
                place = end + 1
            else:
                self._put(text[place])
                place += 1
        return self

    def _control(self, numbers, letter):
        if letter == "A":
            self.row -= int(numbers)
            assert self.row >= 0
        elif letter == "B":
            self.row += int(numbers)
        elif letter == "C":
            self.column += int(numbers)
        elif letter == "K":
            assert numbers == "2"
            self.lines[self.row] = ""
        elif letter in "hl":
            self.cursor_shown = letter == "h"
        else:
            assert letter == "m", (numbers, letter)

    def _put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._down()
        else:
            if self.column == self.columns:
                self.column = 0
                self._down()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1
            self.history.append(self.lines[self.row])

    def _down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")


REPOSITORY = Path(__file__).resolve().parents[2]
