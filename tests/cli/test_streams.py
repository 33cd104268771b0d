"""stdout and stderr that are closed, broken or full: no traceback, and a status that says it."""

import subprocess

import pytest

from tests.cli.terminal import BITSIM, REPOSITORY, environment

PROGRAM = " ".join(BITSIM)
CLOSED = "bitsim: stdout is closed; leave it open, or send it to /dev/null\n"
FULL = "bitsim: output: No space left on device; free space or choose another --out\n"


def shell(line):
    """Status of `bitsim`, whatever the shell does after it; what the streams got."""
    return subprocess.run(
        ["bash", "-c", f'bitsim() {{ {PROGRAM} "$@"; }}; {line}'],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("line", "status", "out", "err"),
    [
        ("bitsim list >&-", 2, "", CLOSED),
        ("bitsim list >&- 2>&-", 2, "", ""),
        ("bitsim --help >&-", 2, "", CLOSED),
        ("bitsim list nothing 2>&-", 2, "", ""),
        ("bitsim --version 2>&- <&-", 0, "bitsim 0.1.0\n", ""),
        ("bitsim list nothing 2>/dev/full", 2, "", ""),
        ("bitsim list >/dev/full", 2, "", FULL),
        ("bitsim --help >/dev/full", 2, "", FULL),
        ("bitsim list >/dev/full 2>/dev/full", 2, "", ""),
        ("bitsim list | head -c0; exit ${PIPESTATUS[0]}", 141, "", ""),
        ("bitsim list --json | head -c0; exit ${PIPESTATUS[0]}", 141, "", ""),
        ("bitsim --help | head -c0; exit ${PIPESTATUS[0]}", 141, "", ""),
        ("bitsim list networks | cat; exit ${PIPESTATUS[0]}", 0, None, ""),
    ],
)  # fmt: skip
def test_how_a_command_ends(line, status, out, err):
    done = shell(line)
    assert (done.returncode, done.stderr) == (status, err)
    assert out is None or done.stdout == out


def test_a_closed_stream_is_no_file_that_is_written_to(tmp_path):
    """The number of a closed stream would be the next file's."""
    name = tmp_path / "machine.v"
    assert shell(f"bitsim rtl emit --out {name} 2>&- <&-").returncode == 0
    assert name.read_text().startswith("// dot_16x40: ")


def test_another_broken_pipe_is_no_quiet_end():
    """Only that of stdout is somebody who has read enough."""
    program = (
        "import sys; from bitsim.cli import list, main\n"
        "def run(args): raise BrokenPipeError(32, 'Broken pipe')\n"
        "list.run = run; sys.argv[1:] = ['list']; sys.exit(main())"
    )
    command = [BITSIM[0], "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 1 and "BrokenPipeError" in done.stderr
