"""The accelerator against cocotbext-axi, a model of the bus that we did not write.

Its memory checks the 4 KiB rule, sizes and WLAST, and holds each channel still at random.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.lib.wiring import Out

from bitsim.agreement.arrays.random import random_activations, random_weights
from bitsim.agreement.lists.memory_map import place_products
from bitsim.digest import code_digest
from bitsim.gateware.emit.platform import flat_ports
from bitsim.gateware.emit.verilog import emit_tops
from bitsim.gateware.top import Top, read_ports
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout
from bitsim.trace.job import Job
from bitsim.trace.world import ideal_world
from bitsim.verilated.arrays.stimulus import arranged
from bitsim.verilated.bench import TOP
from bitsim.verilated.lists.stimulus import Machine, Product, entry_bytes, read_images
from bitsim.verilated.verilator import build
from tests.rtl.cocotb_bench import run_bench

ARRAY = DotSpec(
    dataflow="dot", columns=4, lanes=10, slices=2, hold=2, weight_packing="base3", tree_stages=2,
    accumulator_bits=20, max_k=200, weight_fifo_beats=3, activation_buffer_beats=50,
    result_fifo_beats=3, skip="gate",
)  # fmt: skip
BUS = Axi4BusSpec(
    kind="axi4", data_bits=64, address_bits=40, weight_ports=2, burst_words=8, outstanding=4,
    read_fifo_words=20, write_fifo_words=12, list_entries=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def binary(bench_work: Path) -> Path:
    """The accelerator itself as the top level, its ports in sight of cocotb."""
    ports = flat_ports(Top(ARRAY, BUS))
    seen = [f'public_flat_rw -module "{TOP}" -var "{name}"' for name in ("clk", "rst")]
    seen += [
        f'public_flat_{"rd" if member.flow == Out else "rw"} -module "{TOP}" -var "{name}"'
        for name, (member, _) in ports.items()
    ]

    def make_texts() -> dict[str, str]:
        return {
            "accelerator.v": emit_tops([(TOP, ARRAY, BUS)]),
            "ports.vlt": "\n".join(["`verilator_config", *seen, ""]),
        }

    code = code_digest("bitsim.gateware.emit.verilog")
    return build([repr(ARRAY), repr(BUS), *seen, code], make_texts, [], bench_work, "-O0")


def products() -> list[Product]:
    rng = np.random.default_rng(99)
    shapes = [(9, 200, 3), (4, 10, 1), (1, 1, 9), (30, 77, 2), (5, 199, 4), (8, 20, 5)]
    jobs = [
        Job(f"phase_{i}", random_weights(rng, n, k), random_activations(rng, m, k))
        for i, (n, k, m) in enumerate(shapes)
    ]
    entries = place_products(BusLayout(ARRAY, BUS), jobs, first_address=(1 << 39) - 40)
    return [Product(job, entry) for job, entry in zip(jobs, entries, strict=True)]


@pytest.mark.parametrize("pause_percent", [0, 50, 85])
def test_a_list_of_phases_in_the_memory_of_cocotbext_axi(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause_percent: int
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    work = products()
    images: dict[int, np.ndarray] = {}
    for image in read_images(Machine(ARRAY, BUS, [work], ideal_world(BUS.weight_ports))):
        images |= image
    results = [
        (product.entry.results_address, product.entry.results_words * BUS.word_bytes)
        for product in work
    ]
    np.savez(
        tmp_path / "plan.npz",
        ports=read_ports(BUS),
        pause_percent=pause_percent,
        entries=np.stack([np.frombuffer(entry_bytes(product.entry), np.uint8) for product in work]),
        results=results,
        **{f"at_{address}": data for address, data in images.items()},
    )
    run_bench("axi_ram_bench", binary, tmp_path, tmp_path / "kept.npz")
    kept = np.load(tmp_path / "kept.npz")
    assert kept["errors"] == 0
    layout = BusLayout(ARRAY, BUS)
    for product, (address, _) in zip(work, results, strict=True):
        sums = layout.result_sums(kept[f"at_{address}"])
        assert np.array_equal(arranged(ARRAY, product.job, sums), product.job.expected())
