"""How far long work is: a bar on a terminal, else a line now and then; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bitsim.cli import streams
from bitsim.cli.compiling import work_clock

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task

BAR_AFTER_S = 1.0  # work that takes less shows nothing
LINE_EVERY_S = 5.0
REDRAWN_EVERY_S = 0.1


class Progress:
    """Called with how many of how many are done, inside its `with`, at whose end the bar is gone.

    The first pieces do not count for the time left, and neither does compiling.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._ended = ExitStack()
        self._clock: Callable[[], float] = time.monotonic
        self._bars: Bars | None = None  # made when the work has taken a while
        self._first_s = self._drawn_s = self._said_s = 0.0

    def __enter__(self) -> Self:
        self._clock = self._ended.enter_context(work_clock())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hide()
        self._ended.close()

    def __call__(self, done: int, of: int) -> None:
        """`done` of `of` pieces of about the same size are done."""
        now = time.monotonic()
        if self._bars is None:
            self._first_s = self._said_s = self._first_s or now
            if now - self._first_s < min(BAR_AFTER_S, LINE_EVERY_S) / 2:
                return  # work this short needs no bar, and imports none
            self._bars = _bars(self._what, self._clock)
        elif now - self._drawn_s < REDRAWN_EVERY_S:
            return
        self._drawn_s = now
        task = self._bars.tasks[0]
        self._bars.update(task.id, completed=done, total=of)
        if not _is_screen(self._bars):
            if now - self._said_s >= LINE_EVERY_S:
                self._said_s = now
                streams.note(f"{self._what} {done} of {of}; {time_left(task)}")
        elif now - self._first_s >= BAR_AFTER_S:
            self._show()

    def write(self, text: str) -> None:
        """The command's own text, on stdout; a bar on the same terminal leaves its place first."""
        self._hide()
        streams.write(text)

    def _show(self) -> None:
        assert self._bars is not None
        try:
            if not self._bars.live.is_started:
                streams.TEXT.leave_line()
            self._bars.start()
            self._bars.refresh()
        except OSError:
            streams.silence(sys.stderr)

    def _hide(self) -> None:
        if self._bars is None or not self._bars.live.is_started:
            return
        from rich.control import Control

        try:
            self._bars.stop()
            column = streams.TEXT.return_to_line()
            if column:
                self._bars.console.control(Control.move(column, -1))
        except OSError:
            streams.silence(sys.stderr)


def time_left(task: Task) -> str:
    """ "about 40 s left", from the pieces of the last half minute."""
    left_s = task.time_remaining
    if left_s is None:
        return "time left unknown"
    if left_s < 120:
        return f"about {left_s:.0f} s left"
    return (
        f"about {left_s / 60:.0f} min left"
        if left_s < 7200
        else f"about {left_s / 3600:.1f} h left"
    )


def _bars(what: str, clock: Callable[[], float]) -> Bars:
    """One bar, not on the screen yet; it never takes more than one line."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn
    from rich.progress import Progress as Bars
    from rich.table import Column
    from rich.text import Text

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(time_left(task))

    def one_line() -> Column:
        return Column(no_wrap=True)

    bars = Bars(
        TextColumn("{task.description}", markup=False, table_column=one_line()),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f};", table_column=one_line()),
        Left(one_line()),
        console=Console(stderr=True, highlight=False),
        auto_refresh=False,  # drawn by the calls alone: nothing comes between a text's characters
        transient=True,
        redirect_stdout=False,
        get_time=clock,
    )
    bars.add_task(what, total=None)
    return bars


def _is_screen(bars: Bars) -> bool:
    """Whether a line can be drawn again."""
    return sys.stderr.isatty() and bars.console.is_terminal and not bars.console.is_dumb_terminal
