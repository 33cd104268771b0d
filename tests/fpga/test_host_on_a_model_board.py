"""`bitsim fpga host` on a board in Python: what is sent when, what is found, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.fpga.host.memory import BoardMemory
from bitsim.fpga.host.run import BoardPort, ask_board, replay_on_board
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.spec.link.axi4 import BusLayout
from bitsim.spec.phase import Phase
from bitsim.trace.reader import Trace
from tests.fpga.hosting import LAYERS, MACHINE, ask, replay
from tests.fpga.model_board import model_board

PROMPTS = ["60+7=", "1+1="]
ANSWERS = ["67", "2"]
ENOUGH = 1 << 20


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
    assert [len(entries) for entries in board.lists] == [MACHINE.bus.list_entries, 4]
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
        "pass 0, layers.0.o: 1 of 32 values, the first at (0, 0): "
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
