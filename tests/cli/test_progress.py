"""Progress: a bar on a terminal, lines elsewhere; text and compiling are kept apart from it."""

import re
import subprocess
import sys
import threading
import time

import pytest
from rich.progress import Progress as Bars

from bitsim.cli import progress as module
from bitsim.cli.compiling import work_clock
from bitsim.cli.progress import Progress, time_left
from bitsim.cli.streams import column_after
from tests.cli.terminal import REPOSITORY, Screen, environment, on_terminal

STREAMED = """
import contextlib, sys, time
from bitsim.cli import progress, streams
progress.work_clock = lambda: contextlib.nullcontext(time.monotonic)  # numba takes a second
progress.BAR_AFTER_S = progress.REDRAWN_EVERY_S = 0.0
with progress.Progress("product") as told:
    told.write("734+589=")
    for done in range(1, 31):
        told(done, 30)
        told.write(sys.argv[1])
        if done == 15:
            streams.note("a note")
        time.sleep(0.01)
    told.write("\\n")
print("end")
"""


def streamed(piece, columns, tmp_path, **changes):
    command = (sys.executable, "-c", STREAMED, piece)
    written, status = on_terminal(command, columns, REPOSITORY, **changes)
    assert status == 0, written
    return written, Screen(columns).show(written)


@pytest.mark.parametrize(
    ("piece", "columns"),
    [("7", 60), (" word", 60), ("line\n", 120), ("x" * 60, 60), ("y" * 59, 120), ("ab", 25)],
)
def test_a_bar_and_streamed_text_never_share_a_line(piece, columns, tmp_path):
    _, screen = streamed(piece, columns, tmp_path)
    bars = [line for line in screen.history if "product" in line]
    assert any("━" in line and " of 30; about " in line for line in bars) or columns < 60
    assert [line for line in bars if not line.startswith("product")] == []
    assert [line for line in bars if "word" in line or "=" in line or "xx" in line] == []
    assert max(map(len, screen.lines)) <= columns
    assert screen.cursor_shown
    shown = [line.rstrip() for line in screen.lines]
    assert shown[-2:] == ["end", ""]
    note = shown.index("a note")
    for lines, text in (
        (shown[:note], "734+589=" + piece * 15),
        (shown[note + 1 : -2], piece * 15 + "\n"),
    ):
        assert "".join(lines).replace(" ", "") == text.replace("\n", "").replace(" ", "")
        assert len(lines) == sum(max(1, -(-len(each) // columns)) for each in text.splitlines())


def test_a_bar_has_no_colours_where_nobody_wants_them(tmp_path):
    colours = re.compile(r"\x1b\[[0-9;]*m")
    assert colours.search(streamed("7", 60, tmp_path)[0])
    assert not colours.search(streamed("7", 60, tmp_path, NO_COLOR="1")[0])


def test_a_terminal_that_cannot_redraw_gets_no_bar(tmp_path):
    written, _ = streamed("7", 60, tmp_path, TERM="dumb")
    assert "\x1b" not in written and "━" not in written


def test_without_a_terminal_text_is_whole_and_stderr_has_lines():
    program = STREAMED.replace("BAR_AFTER_S", "LINE_EVERY_S")
    done = subprocess.run(
        [sys.executable, "-c", program, "7"],
        cwd=REPOSITORY,
        env=environment(FORCE_COLOR="1"),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "734+589=" + "7" * 30 + "\nend\n"
    lines = done.stderr.splitlines()
    assert lines[0] == "product 1 of 30; time left unknown"
    assert lines[-1].startswith("product 30 of 30; about 0 s left")
    assert "\x1b" not in done.stderr
    assert len(lines) == 31  # and the note


def test_text_and_lines_do_not_share_a_line_of_one_pipe():
    done = subprocess.run(
        [sys.executable, "-c", STREAMED.replace("BAR_AFTER_S", "LINE_EVERY_S"), "7"],
        cwd=REPOSITORY,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert [line for line in lines if "product" in line and not line.startswith("product ")] == []
    text = [line for line in lines if not line.startswith(("product ", "a note"))]
    assert text == ["734+589=", *("7" * 30), "end"]


class Watch:
    """A clock that is set."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_the_first_piece_does_not_count_for_the_time_left():
    watch = Watch()
    bars = Bars(auto_refresh=False, get_time=watch)
    bars.add_task("x", total=None)
    for done, now_s in ((1, 900.0), (2, 901.0), (3, 902.0)):
        watch.now_s = now_s
        bars.update(bars.tasks[0].id, completed=done, total=63)
    assert time_left(bars.tasks[0]) == "about 60 s left"
    bars.tasks[0].total = 3603
    assert time_left(bars.tasks[0]) == "about 60 min left"
    bars.tasks[0].total = 36003
    assert time_left(bars.tasks[0]) == "about 10.0 h left"


def test_the_clock_of_work_stands_still_while_a_kernel_is_compiled():
    from numba.core import event

    with work_clock() as now_s:
        began_s = now_s()
        with event.trigger_event("numba:compile"), event.trigger_event("numba:compile"):
            time.sleep(0.2)
            assert now_s() - began_s < 0.05
        assert now_s() - began_s < 0.05
        time.sleep(0.1)
        assert 0.1 <= now_s() - began_s < 0.15


def test_work_that_is_short_shows_nothing(capsys):
    with Progress("x") as told:
        for done in range(1, 1000):
            told(done, 1000)
    assert capsys.readouterr() == ("", "")


def test_lines_come_at_their_distance(monkeypatch, capsys):
    watch = Watch()
    monkeypatch.setattr(module.time, "monotonic", watch)
    with Progress("layer") as told:
        for done in range(1, 24):
            watch.now_s += 1.0
            told(done, 30)
    assert capsys.readouterr().err.splitlines() == [
        f"layer {done} of 30; about {30 - done} s left" for done in (6, 11, 16, 21)
    ]


@pytest.mark.parametrize(
    ("text", "column", "after"),
    [
        ("abc", 0, 3),
        ("abc", 58, 1),
        ("ab", 58, 60),
        ("a\nb", 10, 1),
        ("\t", 3, 8),
        ("\t", 57, 59),
        ("c", 60, 1),
        ("日本", 0, 4),
        ("日", 59, 2),
        ("", 7, 7),
    ],
)
def test_where_text_ends_on_a_line(text, column, after):
    assert column_after(text, column, 60) == after


def test_nothing_of_a_bar_is_left_when_the_work_is_broken_off():
    program = STREAMED.replace("time.sleep(0.01)", "1 // (20 - done)")
    written, status = on_terminal((sys.executable, "-c", program, "7"), 60, REPOSITORY)
    screen = Screen(60).show(written)
    assert status == 1 and screen.cursor_shown
    assert [line for line in screen.lines if "product" in line] == []
    assert any("ZeroDivisionError" in line for line in screen.lines)


def test_no_thread_draws(capsys):
    before = threading.active_count()
    with Progress("x") as told:
        told(1, 2)
        assert threading.active_count() == before
