"""Tokens of a network with every ternary product in the Verilog: `bitsim rtl check --network`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bitsim.agreement.tokens import phase as token_phase
from bitsim.agreement.tokens.phase import PhaseRunner
from bitsim.agreement.tokens.whole import TokenResult, check_tokens, fixed_world
from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.spec import catalog
from bitsim.spec.link.axi4 import BusLayout
from bitsim.trace.event import Event
from bitsim.trace.world import ReadWorld, World, WriteWorld, constant
from bitsim.verilated.lists.process import build_top_process

# Nothing divides anything: padded rows, padded lanes, part groups, beats that fill no whole words.
MACHINE = catalog.load_accelerator("dot_32x32_axi").changed(
    {
        "name": "whole_token_test",
        "array.columns": 6,
        "array.lanes": 7,
        "array.slices": 2,
        "array.hold": 2,
        "array.weight_packing": "base3",
        "array.max_k": 500,
        "array.activation_buffer_beats": 150,
        "bus.data_bits": 64,
        "bus.weight_ports": 2,
        "bus.burst_words": 8,
        "bus.outstanding": 3,
        "bus.read_fifo_words": 24,
        "bus.write_fifo_words": 12,
        "bus.list_entries": 2,
    }
)
LAYOUT = BusLayout(MACHINE.array, MACHINE.bus)
LAYERS = 2  # of `small`
PRODUCTS = 393_216  # of its layers, for one token


def check_small(
    work: Path,
    tokens: int = 1,
    prompt: str | None = None,
    latency_cycles: int = 1,
    seed: int = 0,
) -> TokenResult:
    def silent(text: str) -> None:
        pass

    return check_tokens(MACHINE, "small", prompt, tokens, seed, latency_cycles, work, silent)


def reference_ids(ids: list[int], tokens: int) -> tuple[int, ...]:
    return tuple(generate(load_network("small"), ids, tokens, greedy))


def test_a_token_of_the_verilog_is_the_one_of_the_reference(bench_work: Path) -> None:
    found = check_small(bench_work)
    assert found.tally.differences == []
    assert (found.tally.phases, found.tally.products) == (4 * LAYERS, PRODUCTS)
    assert found.token_ids == reference_ids([256], 1)
    assert list(bench_work.glob("token-*")) == []


def test_a_prompt_and_several_tokens_over_slow_memory(bench_work: Path) -> None:
    found = check_small(bench_work, tokens=3, prompt="seven", latency_cycles=40)
    assert found.tally.differences == []
    assert found.tally.phases == 3 * 4 * LAYERS
    assert found.tally.products == (5 + 1 + 1) * PRODUCTS
    assert found.token_ids == reference_ids(list(b"seven"), 3)


@pytest.mark.parametrize("tokens", [1, 3, 9])
def test_every_delay_of_the_memory_means_what_it_means_to_the_cycle_model(
    bench_work: Path, tokens: int
) -> None:
    read = ReadWorld(constant(2), constant(19), constant(1), 61, 7)
    write = WriteWorld(constant(3), constant(2), constant(23), 61, 7)
    network = load_network("small")
    order = [matrices for layer in network.layers for matrices in layer.products]
    rng = np.random.default_rng(tokens)
    events = [
        Event(
            0,
            f"phase_{place}",
            rng.integers(-128, 128, (tokens, matrices[0].k)).astype(np.int8),
            np.ones(tokens, np.float32),
            matrices,
        )
        for place, matrices in enumerate(order)
    ]
    program = build_top_process(MACHINE.array, MACHINE.bus, bench_work)
    world, phases = World((read, read), read, write), [event.phase for event in events]
    with PhaseRunner(LAYOUT, world, program, order, phases) as runner:
        for event in events:
            assert runner.run(event).tally.differences == []


def test_a_weight_that_is_wrong_in_memory_is_found_and_named(
    bench_work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, calls = BusLayout.weight_bytes, []

    def wrong(layout: BusLayout, image: np.ndarray) -> list[np.ndarray]:
        parts = right(layout, image)
        calls.append(len(parts))
        if len(calls) == 7:  # of 8: the gate_up of the second layer
            parts[1][0] = 242 - parts[1][0]  # five weights negated
        return parts

    monkeypatch.setattr(BusLayout, "weight_bytes", wrong)
    found = check_small(bench_work)
    assert not found.agrees
    assert found.tally.value_mismatches == 1
    assert (found.tally.cycle_mismatches, found.tally.rule_faults) == (0, 0)
    assert found.tally.differences[0].startswith(
        "pass 0, layers.1.gate_up: Verilog: 1 of 768 values, the first at (0, 3): "
    )


def test_a_cycle_too_many_is_found_and_named(
    bench_work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = token_phase.TopProcess

    def slower(program: Path, bus: object, world: object, memory_bytes: int) -> object:
        return right(program, MACHINE.bus, fixed_world(2, 2), memory_bytes)

    monkeypatch.setattr(token_phase, "TopProcess", slower)
    found = check_small(bench_work)
    assert not found.agrees
    assert found.tally.value_mismatches == 0
    assert found.tally.cycle_mismatches >= 4 * LAYERS
    assert found.tally.differences[0] == "pass 0, layers.0.qkv: end_cycle: model 873, Verilog 875"


def test_a_verilog_that_does_not_end_is_given_up(
    bench_work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = token_phase.TopProcess

    def stuck(program: Path, bus: object, world: object, memory_bytes: int) -> object:
        return right(program, MACHINE.bus, fixed_world(2, 1 << 40), memory_bytes)

    monkeypatch.setattr(token_phase, "TopProcess", stuck)
    network = load_network("small")
    order = [matrices for layer in network.layers for matrices in layer.products]
    event = Event(0, "stuck", np.ones((1, 128), np.int8), np.ones(1, np.float32), order[0])
    program = build_top_process(MACHINE.array, MACHINE.bus, bench_work)
    with PhaseRunner(LAYOUT, fixed_world(2, 1), program, order, [event.phase]) as runner:
        found = runner.run(event)
    assert found.tally.rule_faults == 1
    assert found.tally.differences[-1] == "Verilog: pass 0, stuck: the list did not end"


@pytest.fixture
def machine_file(tmp_path: Path) -> Path:
    """MACHINE as a file, for a command in another process."""
    text = (catalog.find("accelerators", "dot_32x32_axi")).read_text()
    table = MACHINE.model_dump()
    lines = []
    section = ""
    for line in text.splitlines():
        section = line[1:-1] if line.startswith("[") else section
        name = line.partition(" = ")[0]
        fields = table if not section else table.get(section, {})
        if section in ("", "array", "bus") and name in fields and name != "note":
            line = f"{name} = {json.dumps(fields[name])}"
        lines.append(line)
    path = tmp_path / "machine.toml"
    path.write_text("\n".join(lines))
    assert catalog.load_accelerator(str(path)).changed({"note": ""}) == MACHINE.changed(
        {"note": ""}
    )
    return path


def test_a_killed_run_goes_on_behind_its_last_finished_layer(
    bench_work: Path, machine_file: Path, tmp_path: Path
) -> None:
    program = build_top_process(MACHINE.array, MACHINE.bus, bench_work)
    work = tmp_path / "work"
    work.mkdir()
    (work / program.parent.name).symlink_to(program.parent)
    words = ["rtl", "check", "--network", "small", "--accelerator", str(machine_file)]
    words += ["--tokens", "8", "--work", str(work), "--json"]
    main_program = "from bitsim.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", main_program, *words]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while len(list(work.glob("token-*/layer_*.npz"))) < 5:
        assert first.poll() is None
        time.sleep(0.001)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    kept = len(list(work.glob("token-*/layer_*.npz")))
    assert 5 <= kept < 8 * LAYERS
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"going on after layer {kept} of {8 * LAYERS}" in again.stderr
    found = json.loads(again.stdout)
    assert (found["agrees"], found["resumed_layers"]) == (True, kept)
    assert found["products"] == len(found["token_ids"]) * PRODUCTS
    assert tuple(found["token_ids"]) == reference_ids([256], 8)
    assert list(work.glob("token-*")) == []


def stop_after(layers: int) -> object:
    """A progress that ends the run as Ctrl-C would."""

    def progress(done: int, of: int) -> None:
        if done == layers:
            raise KeyboardInterrupt

    return progress


def interrupted(work: Path, layers: int) -> Path:
    """The folder of a run that was stopped behind so many layers."""
    with pytest.raises(KeyboardInterrupt):
        check_tokens(
            MACHINE, "small", None, 2, 0, 1, work, lambda text: None, partial(stop_after, layers)
        )
    (folder,) = work.glob("token-*")
    return folder


@pytest.fixture
def own_work(bench_work: Path, tmp_path: Path) -> Path:
    """A folder with the simulator and no run."""
    program = build_top_process(MACHINE.array, MACHINE.bus, bench_work)
    (tmp_path / program.parent.name).symlink_to(program.parent)
    return tmp_path


def test_what_is_not_the_same_run_does_not_go_on_with_it(own_work: Path) -> None:
    folder = interrupted(own_work, layers=3)
    assert check_small(own_work, tokens=1).resumed_layers == 0
    assert check_small(own_work, tokens=2, seed=1).resumed_layers == 0
    assert check_small(own_work, tokens=2, prompt="a").resumed_layers == 0
    assert check_small(own_work, tokens=2, latency_cycles=2).resumed_layers == 0
    assert folder.exists()
    assert check_small(own_work, tokens=2).resumed_layers == 3
    assert not folder.exists()


def test_a_difference_before_the_kill_is_still_one_after_it(
    own_work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = token_phase.exact_product
    with monkeypatch.context() as patch:
        patch.setattr(token_phase, "exact_product", lambda event: right(event) + 1)
        interrupted(own_work, layers=1)
    found = check_small(own_work, tokens=2)
    assert found.resumed_layers == 1
    assert not found.agrees
    assert found.tally.differences[0].startswith("pass 0, layers.0.qkv: Verilog: 256 of 256 values")
    assert all("layers.0" in line for line in found.tally.differences)


@pytest.mark.parametrize("damage", ["cut", "emptied", "other_sums"])
def test_a_layer_that_was_not_left_by_this_run_is_refused(own_work: Path, damage: str) -> None:
    path = interrupted(own_work, layers=2) / "layer_000001.npz"
    if damage == "other_sums":
        with np.load(path) as arrays:
            changed = {**arrays, "sums_2": arrays["sums_2"] + 1}
        with path.open("wb") as file:
            np.savez(file, **changed)
    else:
        path.write_bytes(path.read_bytes()[: 100 if damage == "cut" else 0])
    with pytest.raises(BitsimError, match="delete"):
        check_small(own_work, tokens=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--network", "small", "--accelerator", "dot_16x40"], "dot_16x40 has no [bus]"),
        (["--network", "llama-2-70b-shape"], "raise max_k"),
        (["--network", "small", "--cases", "2"], "leave out --cases"),
        (["--network", "small", "--trace", "x"], "leave out --trace"),
        (["--network", "small", "--tokens", "300"], "shorten the prompt"),
        (["--network", "nothing"], "nothing"),
        (["--tokens", "2"], "--tokens needs --network"),
        (["--latency", "2"], "--latency needs --network"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["rtl", "check", "--work", str(tmp_path / "work"), *words]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.glob("work/*")) == []


def test_a_missing_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BitsimError, match=r"g\+\+: not found; apt-get install g\+\+"):
        check_small(tmp_path)


@pytest.mark.full
def test_every_product_of_a_token_of_the_2b_model(bench_work: Path) -> None:
    machine = catalog.load_accelerator("dot_32x32_axi")
    name = "bitnet-b1.58-2b-4t"
    found = check_tokens(machine, name, None, 1, 0, 1, bench_work, lambda text: None)
    assert found.tally.differences == []
    assert found.tally.products == 2_084_044_800
    assert found.tally.cycles == 2_039_760
