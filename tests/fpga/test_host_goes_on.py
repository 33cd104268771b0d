"""A host that ended goes on where it was, and only with what is the same run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.fpga.host.run import BoardPort, replay_on_board
from bitsim.trace.reader import Trace
from tests.fpga.hosting import LAYERS, MACHINE, replay
from tests.fpga.model_board import model_board


def test_a_killed_run_goes_on_behind_its_last_finished_product(
    tiny: str, tmp_path: Path, machine_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fpga", "host", "--accelerator", str(machine_file), "--network", tiny]
    words += ["--tokens", "3", "--work", str(tmp_path), "--json", "--port"]
    program = "from bitsim.cli import main; raise SystemExit(main())"
    with model_board(MACHINE, silent_after_lists=6) as board:
        first = subprocess.Popen(
            [sys.executable, "-c", program, *words, board.path],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        while len(list(tmp_path.glob("answers-*/product_*.npz"))) < 5:
            assert first.poll() is None
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
    with model_board(MACHINE) as board:
        assert main([*words, board.path]) == 0
    assert len(board.lists) == 3 * 4 * LAYERS - 5
    said = capsys.readouterr()
    assert "going on after 5 events" in said.err
    found = json.loads(said.out)
    assert (found["agrees"], found["resumed_events"]) == (True, 5)
    assert found["lists"] == found["events"] == 3 * 4 * LAYERS
    assert list(tmp_path.glob("*")) == []


MEMORY_BYTES = 6_000  # a list has a few products of the trace


def interrupted(trace: Trace, work: Path) -> Path:
    """The folder of a replay whose board went silent in the third list."""
    with model_board(MACHINE, silent_after_lists=3) as board:
        port = BoardPort(MACHINE, board.path, MEMORY_BYTES, answer_s=1.0, tries=1)
        with pytest.raises(BitsimError, match="no answer to"):
            replay_on_board(port, trace, work)
    (folder,) = work.glob("replay-*")
    assert len(list(folder.glob("list_*.npz"))) == 2
    return folder


def test_a_replay_that_ended_goes_on_and_another_does_not_go_on_with_it(
    trace: Trace, tmp_path: Path
) -> None:
    folder = interrupted(trace, tmp_path)
    with model_board(MACHINE) as board:
        assert replay(board, trace, tmp_path, MEMORY_BYTES - 8).resumed == 0
    with model_board(MACHINE) as board:
        found = replay(board, trace, tmp_path, MEMORY_BYTES)
    assert found.resumed >= 2
    assert found.tally.lists == len(board.lists) + 2
    assert found.tally.events == 2 * 4 * LAYERS
    assert not folder.exists()


@pytest.mark.parametrize("damage", ["cut", "other_sums", "other_version"])
def test_a_step_that_was_not_left_by_this_run_is_refused(
    trace: Trace, tmp_path: Path, damage: str
) -> None:
    path = interrupted(trace, tmp_path) / "list_000001.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        with np.load(path) as arrays:
            changed = dict(arrays)
        if damage == "other_sums":
            changed["sums_0"] = changed["sums_0"] + 1
        else:
            about = changed["about"].tobytes().replace(b'"lists"', b'"lines"')
            changed["about"] = np.frombuffer(about, np.uint8)
        with path.open("wb") as file:
            np.savez(file, **changed)
    with (
        model_board(MACHINE) as board,
        pytest.raises(BitsimError, match=r"delete .*start again"),
    ):
        replay(board, trace, tmp_path, MEMORY_BYTES)
