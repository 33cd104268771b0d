"""An odd machine, and what has a model board of it run a network or a trace."""

from __future__ import annotations

from pathlib import Path

from bitsim.fpga.host.result import HostResult
from bitsim.fpga.host.run import BoardPort, ask_board, replay_on_board
from bitsim.spec.catalog import load_accelerator
from bitsim.trace.reader import Trace
from tests.fpga.model_board import ModelBoard

# Nothing divides anything: padded rows, padded lanes, part groups, beats that fill no whole words.
MACHINE = load_accelerator("dot_2x10_serial").changed(
    {
        "name": "odd_serial",
        "array.columns": 6,
        "array.lanes": 7,
        "array.slices": 2,
        "array.hold": 3,
        "array.activation_buffer_beats": 400,
        "bus.data_bits": 64,
        "bus.weight_ports": 2,
        "bus.list_entries": 12,
    }
)
LAYERS = 2  # of the tiny network


def ask(
    board: ModelBoard,
    network: str,
    work: Path,
    memory_bytes: int | None = None,
    tokens: int = 2,
    layers: int | None = None,
) -> HostResult:
    port = BoardPort(board.machine, board.path, memory_bytes)
    return ask_board(port, network, ["seven", "of", "them"], tokens, work, layers=layers)


def replay(
    board: ModelBoard, trace: Trace, work: Path, memory_bytes: int | None = None
) -> HostResult:
    return replay_on_board(BoardPort(board.machine, board.path, memory_bytes), trace, work)
