"""What a host is refused, by which words, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.fpga.host.run import BoardPort, ask_board
from tests.fpga.hosting import MACHINE, ask
from tests.fpga.model_board import model_board


def test_a_memory_too_small_for_a_tile_is_refused_with_the_least_that_would_do(
    tiny: str, tmp_path: Path
) -> None:
    with model_board(MACHINE) as board:
        with pytest.raises(BitsimError, match=r"enlarge \[host\] memory_bytes to (\d+)") as told:
            ask(board, tiny, tmp_path, memory_bytes=200)
        least = int(str(told.value).split()[-3])
        with pytest.raises(BitsimError, match="enlarge"):
            ask(board, tiny, tmp_path, memory_bytes=least - 8)
        assert board.lists == []
        assert ask(board, tiny, tmp_path, memory_bytes=least, tokens=1).agrees


def test_another_accelerator_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    other = MACHINE.changed({"array.lanes": 8, "bus.burst_words": 8})
    with model_board(other) as board, pytest.raises(BitsimError, match=r"DIGEST.*load the board"):
        ask_board(BoardPort(MACHINE, board.path), "addition", ["1+1="], 2, tmp_path)
    assert board.written_bytes == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "/dev/none"], "/dev/none: cannot be opened (No such file"),
        (["--port", "/dev/zero"], "/dev/zero: no serial port"),
        (["--port", "x", "--accelerator", "dot_16x40_axi"], 'no [host] of kind "serial"'),
        (["--port", "x", "--network", "nothing"], "nothing"),
        (["--port", "x", "--network", "bitnet-b1.58-2b-4t"], "raise max_k"),
        (["--port", "x", "--trace", "nothing"], "nothing"),
        (["--port", "x", "--trace", "y", "--prompt", "1+1="], "leave out --prompt"),
        (["--port", "x", "--tokens", "90"], "shorten the prompt"),
        (["--port", "x", "--prompts", "/dev/zero"], "is not a file"),
        (["--port", "x", "--tokens", "0"], "--tokens"),
        (["--accelerator", "dot_2x10_serial"], "--port"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    if "--accelerator" not in words:
        words = [*words, "--accelerator", "dot_2x10_serial"]
    assert main(["fpga", "host", "--work", str(tmp_path / "work"), *words]) == 2
    error = capsys.readouterr().err.splitlines()
    assert said in error[-1]
    assert not list(tmp_path.glob("work/*"))


def test_a_silent_board_is_named(tmp_path: Path) -> None:
    with model_board(MACHINE, silent_after_lists=0) as board:
        port = BoardPort(MACHINE, board.path, answer_s=0.05, tries=2)
        with pytest.raises(BitsimError, match="no answer to HELLO in 2 tries; check cable, power"):
            ask_board(port, "addition", ["1+1="], 2, tmp_path)
