"""A plausible result, made by a small rule: what the report is to show, without a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bitsim.cost.part import Part
from bitsim.program.program import Stage
from bitsim.spec import base
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts, WorkCounts
from bitsim.spec.network import NetworkSpec
from bitsim.spec.technology import TechnologySpec
from bitsim.system.log import PassRecord, PhaseRecord, Stream, TransferRecord, WorkRecord
from bitsim.system.result import RunResult

ACCELERATOR: dict[str, Any] = {
    "name": "dot_16x40",
    "note": "A test's machine.",
    "clock_mhz": 200.0,
    "technology": "7nm",
    "array": {
        "dataflow": "dot",
        "columns": 16,
        "lanes": 40,
        "slices": 1,
        "hold": 4,
        "weight_packing": "base3",
        "tree_stages": 2,
        "accumulator_bits": 21,
        "max_k": 8190,
        "weight_fifo_beats": 16,
        "activation_buffer_beats": 1024,
        "result_fifo_beats": 4,
        "skip": "gate",
    },
    "memory": {
        "kind": "fixed",
        "dram": "ddr4",
        "peak_gb_per_s": 25.6,
        "efficiency": 0.82,
        "latency_ns": 100.0,
    },
    "dma": {
        "weight_tile_bytes": 32768,
        "activation_tile_bytes": 8192,
        "result_tile_bytes": 8192,
    },
    "units": {
        "vector": {
            "multiplies_per_cycle": 64,
            "adds_per_cycle": 64,
            "setup_cycles": 32,
            "arithmetic": "bf16",
            "inside": True,
        }
    },
    "work": dict.fromkeys(
        ["embedding", "norm", "quantize", "rope", "attention", "activation", "residual", "head"],
        "vector",
    ),
}
TECHNOLOGY = {
    "name": "7nm",
    "note": "Arithmetic, SRAM and DRAM access only. Leakage, clock tree and wires are left out.",
    "node_nm": 7.0,
    "figures": {"int8_add_pj": {"value": 0.007, "source": "Jouppi et al., ISCA 2021, Table 2"}},
    "sram": (
        {"capacity_bytes": 8192, "access_bits": 64, "access_pj": 7.5, "source": "Table 2 there"},
    ),
    "dram_pj_per_bit": {"ddr4": {"value": 20.3, "source": "Table 2 there"}},
}


def make_network(layers: int, hidden: int, ffn: int, vocab: int, name: str) -> NetworkSpec:
    """A network of these dimensions."""
    return NetworkSpec(
        name=name,
        hidden_size=hidden,
        intermediate_size=ffn,
        layers=layers,
        heads=4,
        kv_heads=2,
        vocab_size=vocab,
        max_context=4096,
        rms_norm_eps=1e-5,
        rope_theta=5e5,
        tied_head=True,
        bos_id=0,
        eos_ids=(1,),
    )


@dataclass
class Maker:
    """Writes records one after the other, as a machine without any overlap would."""

    accelerator: AcceleratorSpec
    network: NetworkSpec
    now: int = 0
    pass_index: int = 0
    passes: list[PassRecord] = field(default_factory=list)
    phases: list[PhaseRecord] = field(default_factory=list)
    work: list[WorkRecord] = field(default_factory=list)
    transfers: list[TransferRecord] = field(default_factory=list)

    def walk(self, m: int, context: int, stage: Stage) -> None:
        """One pass."""
        start, net = self.now, self.network
        hidden, ffn = net.hidden_size, net.intermediate_size
        self.unit("embedding", "embedding", 0, 2 * m * hidden)
        for layer in range(net.layers):
            qkv, o, gate_up, down = (p.phase(m) for p in net.products(layer))
            path = f"layers.{layer}"
            self.unit(f"{path}.norm", "norm", 3 * m * hidden)
            self.unit(f"{path}.quantize", "quantize", m * hidden)
            self.phase(qkv.name, qkv.n, qkv.k, m)
            self.unit(f"{path}.rope", "rope", 2 * m * hidden)
            seen = context + m
            self.unit(f"{path}.attention", "attention", m * seen * hidden, 4 * seen * net.kv_size)
            self.phase(o.name, o.n, o.k, m)
            self.unit(f"{path}.residual", "residual", m * hidden)
            self.unit(f"{path}.norm2", "norm", 3 * m * hidden)
            self.phase(gate_up.name, gate_up.n, gate_up.k, m)
            self.unit(f"{path}.activation", "activation", m * ffn)
            self.phase(down.name, down.n, down.k, m)
            self.unit(f"{path}.residual2", "residual", m * hidden)
        self.unit("head", "head", hidden * net.vocab_size, 2 * hidden * net.vocab_size)
        self.passes.append(PassRecord(self.pass_index, stage, m, context, start, self.now))
        self.pass_index += 1

    def unit(self, name: str, work: str, operations: int, read_bytes: int = 0) -> None:
        """A piece of work, as slow as its operations or its bytes."""
        start = self.now + 3  # a hand-over
        length = 32 + max(operations // 64, int(read_bytes / 105))
        self.now = start + length
        counts = WorkCounts(operations, operations, read_bytes, 0)
        self.work.append(WorkRecord(self.pass_index, name, work, "vector", start, self.now, counts))
        if read_bytes:
            self.transfer(name, "units", start, self.now, read_bytes, 0)

    def phase(self, name: str, n: int, k: int, m: int) -> None:
        """A phase that waits for some of everything."""
        array = self.accelerator.array
        tiling = array.tiling(
            self.network.products(0)[0].phase(m).model_copy(update={"name": name, "n": n, "k": k})
        )
        busy = tiling.busy_cycles
        weight_bytes = tiling.weight_beats * array.columns * array.beat_bytes
        wait = max(7, int(weight_bytes / 105) - busy)
        counts = ArrayCounts(
            cycles=busy + wait + 12 + 5 + 6,
            busy=busy,
            wait_weights=wait,
            wait_activations=12,
            wait_results=5,
            drain=6,
            adds=busy * array.peak_products * 28 // 100,
            subtracts=busy * array.peak_products * 27 // 100,
            skips=busy * array.peak_products
            - busy * array.peak_products * 28 // 100
            - busy * array.peak_products * 27 // 100,
        )
        start, end = self.now, self.now + counts.cycles
        self.now = end
        self.phases.append(PhaseRecord(self.pass_index, name, n, k, m, start, end, counts))
        self.transfer(name, "weights", start, end - 20, weight_bytes, 0)
        self.transfer(name, "activations", start, start + 40, m * k, 0)
        self.transfer(name, "results", end - 60, end, 0, 4 * m * n)

    def transfer(
        self, name: str, stream: Stream, start: int, end: int, read: int, written: int
    ) -> None:
        """Traffic."""
        self.transfers.append(
            TransferRecord(self.pass_index, name, stream, start, end, read, written)
        )


def make_result(
    layers: int = 3,
    hidden: int = 256,
    ffn: int = 688,
    vocab: int = 64,
    prompt: int = 9,
    tokens: int = 5,
    accelerator: AcceleratorSpec | None = None,
    network_name: str = "addition",
    energy: tuple[Part, ...] | None = None,
) -> RunResult:
    """A prompt's pass and `tokens - 1` decode passes."""
    machine = accelerator or base.check(AcceleratorSpec, ACCELERATOR, "test")
    network = make_network(layers, hidden, ffn, vocab, network_name)
    maker = Maker(machine, network)
    maker.walk(prompt, 0, "prefill")
    for index in range(tokens - 1):
        maker.walk(1, prompt + index, "decode")
    operations = sum(p.counts.adds + p.counts.subtracts for p in maker.phases)
    moved = sum(t.read_bytes + t.written_bytes for t in maker.transfers)
    return RunResult(
        accelerator=machine,
        network=network,
        technology=base.check(TechnologySpec, TECHNOLOGY, "test"),
        passes=tuple(maker.passes),
        phases=tuple(maker.phases),
        work=tuple(maker.work),
        transfers=tuple(maker.transfers),
        bus=(),
        energy=energy if energy is not None else _energy(operations, moved),
        area=(
            Part("lanes", 0.0131, "640 x 20.5 um2", ("Table 3 of a test",), True),
            Part("activation_buffer", 0.0322, "40 KiB x 0.79 um2/B", ("CACTI reading",), False),
            Part("accumulators", 0.0021, "64 x 33 um2", ("Table 3 of a test",), True),
            Part("vector", 0.0893, "64 x (1020 + 376) um2", ("Table 3 of a test",), True),
        ),
    )


def _energy(operations: int, moved: int) -> tuple[Part, ...]:
    source = ("Jouppi et al., ISCA 2021, Table 2",)
    return (
        Part("lanes", operations * 0.007e-12, f"{operations} x 0.007 pJ", source, False),
        Part(
            "accumulators", operations / 40 * 0.03e-12, f"{operations}/40 x 0.03 pJ", source, False
        ),
        Part("dram", moved * 8 * 20.3e-12, f"{moved} B x 8 x 20.3 pJ/bit", source, False),
        Part("activation_buffer", operations * 8.5e-14, "reads x 8.5 pJ", source, True),
    )


@dataclass(frozen=True)
class Answer:
    """A generation."""

    prompt: str
    text: str
    token_ids: tuple[int, ...]
    synthetic: bool
    sums_compared: int
    mismatches: int


def make_generation(
    result: RunResult, prompt: str = "734+589=", text: str = "1323", mismatches: int = 0
) -> Answer:
    """An answer for a result."""
    return Answer(
        prompt=prompt,
        text=text,
        token_ids=tuple(range(2, 2 + len(result.passes))),
        synthetic=False,
        sums_compared=sum(phase.n * phase.m for phase in result.phases),
        mismatches=mismatches,
    )


@pytest.fixture(scope="session")
def small() -> RunResult:
    """Three layers, five tokens."""
    return make_result()


@pytest.fixture(scope="session")
def large() -> RunResult:
    """Thirty layers of the 2B model, a dozen tokens: many thousand records."""
    return make_result(30, 2560, 6912, 128256, 8, 12, network_name="bitnet-b1.58-2b-4t")


@pytest.fixture(scope="session")
def single() -> RunResult:
    """One layer, one pass."""
    return make_result(layers=1, tokens=1, prompt=1)


@pytest.fixture(scope="session")
def results(small: RunResult, large: RunResult, single: RunResult) -> dict[str, RunResult]:
    """All of them by name."""
    return {"small": small, "large": large, "single": single}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Where a page may go."""
    return tmp_path / "report.html"


@pytest.fixture(scope="session")
def new_result() -> Callable[..., RunResult]:
    """Makes a result of given dimensions."""
    return make_result


@pytest.fixture(scope="session")
def answer() -> Callable[..., Answer]:
    """Makes a generation for a result."""
    return make_generation


@pytest.fixture(scope="session")
def accelerator_table() -> dict[str, Any]:
    """The machine of every result here, as its file would say it."""
    return ACCELERATOR
