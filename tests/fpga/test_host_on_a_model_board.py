"""`bitsim fpga host` on a board in Python: what is sent when, what is found, what is refused."""

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

from bitsim.agreement.recording import record
from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.fpga.host import BoardPort, ask_board, replay_on_board
from bitsim.fpga.host_memory import BoardMemory
from bitsim.fpga.host_result import HostResult
from bitsim.reference.generate import generate
from bitsim.reference.load import load_network
from bitsim.reference.sampling import greedy
from bitsim.spec import catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.bus import BusLayout
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.phase import Phase
from bitsim.trace.reader import Trace, open_trace
from tests.fpga.model_board import ModelBoard, model_board

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
    }
)
PROMPTS = ["60+7=", "1+1="]
ANSWERS = ["67", "2"]
LAYERS = 2  # of the tiny network
ENOUGH = 1 << 20


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network of 15,360 weights, synthetic."""
    text = catalog.find("networks", "small").read_text()
    for size, smaller in (("hidden_size = 128", 32), ("intermediate_size = 384", 48)):
        assert size in text
        text = text.replace(size, f"{size.split()[0]} = {smaller}")
    path = tmp_path_factory.mktemp("network") / "tiny.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def trace(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """Two passes: five tokens, then one."""
    path = tmp_path_factory.mktemp("trace") / "tiny.trace"
    record(tiny, "seven", 2, 0, path, "test", say=lambda text: None)
    return open_trace(path)


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


def test_prompts_are_answered_together_and_weights_are_sent_once(tmp_path: Path) -> None:
    with model_board(MACHINE) as board:
        port = BoardPort(MACHINE, board.path)
        found = ask_board(port, "addition", PROMPTS, 8, tmp_path)
    assert found.tally.differences == []
    assert [answer.text for answer in found.answers] == ANSWERS
    network = load_network("addition")
    for prompt, answer in zip(PROMPTS, found.answers, strict=True):
        ids = generate(network, network.tokenizer.encode(prompt), 8, greedy)
        assert answer.token_ids == tuple(ids)
    passes = max(len(answer.token_ids) for answer in found.answers)
    assert found.tally.events == len(board.lists) == passes * 12
    weights = {each["weights_address"] for entries in board.lists for each in entries}
    assert len(weights) == 12  # 4 products of 3 layers, each at its own place
    vectors = sum(len(network.tokenizer.encode(prompt)) for prompt in PROMPTS)
    vectors += sum(len(answer.token_ids) - 1 for answer in found.answers)
    assert found.tally.products == vectors * network.spec.ternary_weights
    assert list(tmp_path.glob("*")) == []


@pytest.mark.parametrize("memory_bytes", [520, 1_200])
def test_a_memory_that_is_too_small_for_all_weights_gets_them_in_row_tiles(
    tiny: str, tmp_path: Path, memory_bytes: int
) -> None:
    """Also if no more than a tile and a group of vectors fit."""
    with model_board(MACHINE) as board:
        found = ask(board, tiny, tmp_path, memory_bytes)
    assert found.tally.differences == []
    assert all(
        each["results_address"] + each["results_words"] * MACHINE.bus.word_bytes <= memory_bytes
        for entries in board.lists
        for each in entries
    )
    assert found.tally.events == 2 * 4 * LAYERS
    assert found.tally.lists > found.tally.events
    with model_board(MACHINE) as board:
        assert ask(board, tiny, tmp_path).answers == found.answers


def test_weights_cross_the_line_once_for_all_vectors_that_fit(tmp_path: Path) -> None:
    layout = BusLayout(MACHINE.array, MACHINE.bus)
    phase = Phase(name="wide", n=1536, k=256, m=40)
    memory = BoardMemory(layout, 100_000, [phase])
    assert memory.resident == {}
    assert memory.weights_bytes > 100_000
    pieces = [piece for pieces in memory.lists([phase]) for piece in pieces]
    assert all(piece.weights for piece in pieces)
    assert [piece.activations for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert {(piece.first_vector, piece.end_vector) for piece in pieces} == {(0, 40)}
    ends = [piece.end_tile for piece in pieces]
    assert [piece.first_tile for piece in pieces] == [0, *ends[:-1]]
    assert ends[-1] == 1536 // 6


def test_a_trace_has_several_products_in_a_list(trace: Trace, tmp_path: Path) -> None:
    with model_board(MACHINE) as board:
        found = replay(board, trace, tmp_path)
    events = list(trace.events())
    assert found.tally.differences == []
    assert found.tally.events == len(events) == 2 * 4 * LAYERS
    assert [len(entries) for entries in board.lists] == [len(events)]
    assert found.tally.products == sum(event.phase.products for event in events)
    assert found.tally.values == sum(event.phase.m * event.phase.n for event in events)


def test_a_trace_without_room_for_its_weights_sends_them_again(
    trace: Trace, tmp_path: Path
) -> None:
    with model_board(MACHINE) as board:
        replay(board, trace, tmp_path)
        once = board.written_bytes
    with model_board(MACHINE) as board:
        found = replay(board, trace, tmp_path, 6_000)
        again = board.written_bytes
    assert found.tally.differences == []
    layout = BusLayout(MACHINE.array, MACHINE.bus)
    weights = BoardMemory(layout, ENOUGH, [event.phase for event in trace.events()]).weights_bytes
    assert again == once + weights


def test_a_wrong_sum_is_found_named_and_gone_on_with(
    tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], machine_file: Path
) -> None:
    with model_board(MACHINE, wrong_sum_in_list=2) as board:
        words = ["fpga", "host", "--port", board.path, "--accelerator", str(machine_file)]
        words += ["--network", tiny, "--prompt", "a", "--tokens", "1", "--json"]
        status = main([*words, "--work", str(tmp_path)])
    table = json.loads(capsys.readouterr().out)
    assert status == 1
    assert (table["agrees"], table["value_mismatches"]) == (False, 1)
    assert table["differences"][0].startswith(
        "pass 0, layers.0.o: 1 of 32 sums, the first is row 0 of token 0: "
    )
    assert len(table["answers"]) == 1
    assert len(board.lists) == 4 * LAYERS


def test_a_wrong_counter_is_found_and_named(tiny: str, tmp_path: Path) -> None:
    with model_board(MACHINE, wrong_counter_in_list=1) as board:
        found = ask(board, tiny, tmp_path)
    assert (found.tally.value_mismatches, found.tally.counter_mismatches) == (0, 1)
    assert found.tally.differences[0].startswith("pass 0, layers.0.qkv: array_adds ")


def test_a_list_of_an_earlier_host_is_waited_for(tiny: str, tmp_path: Path) -> None:
    with model_board(MACHINE, busy_reads=3) as board:
        assert ask(board, tiny, tmp_path).agrees
        assert board.busy_reads == 0


@pytest.fixture
def machine_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_machine(MACHINE, tmp_path_factory.mktemp("machine"))


def write_machine(machine: AcceleratorSpec, folder: Path) -> Path:
    """As a file, for a command."""
    lines: list[str] = []
    tables = machine.model_dump(exclude_none=True)
    lines += [f"{k} = {json.dumps(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    for title, table in tables.items():
        if isinstance(table, dict) and title != "units":
            lines += [f"[{title}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    for unit, table in tables["units"].items():
        lines += [f"[units.{unit}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    path = folder / "machine.toml"
    path.write_text("\n".join(lines))
    assert load_accelerator(str(path)) == machine
    return path


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
    assert "going on behind 5 events" in said.err
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


@pytest.mark.parametrize("damage", ["cut", "other_sums"])
def test_a_step_that_was_not_left_by_this_run_is_refused(
    trace: Trace, tmp_path: Path, damage: str
) -> None:
    path = interrupted(trace, tmp_path) / "list_000001.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        with np.load(path) as arrays:
            changed = {**arrays, "sums_0": arrays["sums_0"] + 1}
        with path.open("wb") as file:
            np.savez(file, **changed)
    with (
        model_board(MACHINE) as board,
        pytest.raises(BitsimError, match=r"delete .*start again"),
    ):
        replay(board, trace, tmp_path, MEMORY_BYTES)


def test_only_what_is_asked_for_runs_on_the_board(trace: Trace, tmp_path: Path) -> None:
    with model_board(MACHINE) as board:
        port = BoardPort(MACHINE, board.path)
        assert replay_on_board(port, trace, tmp_path, layers=1, passes=1).tally.events == 4
        assert replay_on_board(port, trace, tmp_path, passes=1).tally.events == 4 * LAYERS


def test_layers_that_are_not_on_the_board_are_those_of_the_reference(
    tiny: str, tmp_path: Path
) -> None:
    with model_board(MACHINE) as board:
        everything = ask(board, tiny, tmp_path)
        some = ask(board, tiny, tmp_path, layers=1)
    assert some.answers == everything.answers
    assert some.tally.events == everything.tally.events // LAYERS


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
    assert not list(tmp_path.glob("work/*/*"))


def test_a_silent_board_is_named(tmp_path: Path) -> None:
    with model_board(MACHINE, silent_after_lists=0) as board:
        port = BoardPort(MACHINE, board.path, answer_s=0.05, tries=2)
        with pytest.raises(BitsimError, match="no answer to HELLO in 2 tries; check cable, power"):
            ask_board(port, "addition", ["1+1="], 2, tmp_path)
