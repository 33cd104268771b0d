"""Registers of an accelerator against cocotbext-axi, every channel held still at random."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bitsim.agreement.arrays.random import random_activations, random_weights
from bitsim.agreement.lists.memory_map import place_products
from bitsim.digest import code_digest
from bitsim.gateware.emit.verilog import emit_accelerator
from bitsim.gateware.emit.vivado import vivado_folder
from bitsim.gateware.host.c_header import c_header
from bitsim.gateware.top import read_ports
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.link.axi4 import BusLayout
from bitsim.trace.job import Job
from bitsim.trace.world import ideal_world
from bitsim.verilated.arrays.stimulus import arranged
from bitsim.verilated.bench import TOP
from bitsim.verilated.lists.stimulus import Machine, Product, read_images
from bitsim.verilated.verilator import build
from tests.rtl.cocotb_bench import run_bench

ARRAY = {
    "columns": 2, "lanes": 5, "slices": 1, "hold": 2, "tree_stages": 1, "accumulator_bits": 20,
    "max_k": 100, "weight_fifo_beats": 2, "activation_buffer_beats": 40, "result_fifo_beats": 2,
}  # fmt: skip
BUS = {
    "data_bits": 64, "weight_ports": 2, "burst_words": 8, "read_fifo_words": 16,
    "write_fifo_words": 8, "list_entries": 6,
}  # fmt: skip


def spec() -> AcceleratorSpec:
    changes = {f"array.{field}": value for field, value in ARRAY.items()}
    changes |= {f"bus.{field}": value for field, value in BUS.items()}
    return load_accelerator("dot_16x40_axi").changed({**changes, "host": {"kind": "axi4lite"}})


@pytest.fixture(scope="module")
def binary(bench_work: Path) -> Path:
    """The accelerator itself as the top level, its ports in sight of cocotb."""
    machine = spec()
    seen = f'public_flat_rw -module "{TOP}" -var "*"'

    def make_texts() -> dict[str, str]:
        return {
            "accelerator.v": emit_accelerator(TOP, machine),
            "ports.vlt": f"`verilator_config\n{seen}\n",
        }

    code = code_digest("bitsim.gateware.emit.verilog")
    return build([repr(machine), seen, code], make_texts, [], bench_work, "-O0")


def products(machine: AcceleratorSpec) -> list[Product]:
    rng = np.random.default_rng(4)
    jobs = [
        Job(f"phase_{i}", random_weights(rng, n, k), random_activations(rng, m, k))
        for i, (n, k, m) in enumerate([(3, 100, 3), (2, 5, 1), (1, 1, 4), (7, 23, 2)])
    ]
    assert machine.bus is not None
    layout = BusLayout(machine.array, machine.bus)
    entries = place_products(layout, jobs, first_address=(1 << 39) - 40)
    return [Product(job, entry) for job, entry in zip(jobs, entries, strict=True)]


def test_registers_list_and_interrupt_over_axi4_lite(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    machine = spec()
    array, bus = machine.array, machine.bus
    assert bus is not None
    work = products(machine)
    images: dict[int, np.ndarray] = {}
    for image in read_images(Machine(array, bus, [work], ideal_world(bus.weight_ports))):
        images |= image
    results = [(p.entry.results_address, p.entry.results_words * bus.word_bytes) for p in work]
    np.savez(
        tmp_path / "plan.npz",
        spec=machine.model_dump_json(),
        ports=read_ports(bus),
        entries=[list(vars(product.entry).values()) for product in work],
        results=results,
        **{f"at_{address}": data for address, data in images.items()},
    )
    run_bench("axi_registers_bench", binary, tmp_path, tmp_path / "kept.npz", tests=6)
    kept = np.load(tmp_path / "kept.npz")
    layout = BusLayout(array, bus)
    for product, (address, _) in zip(work, results, strict=True):
        sums = layout.result_sums(kept[f"at_{address}"])
        assert np.array_equal(arranged(array, product.job, sums), product.job.expected())
    counters = json.loads(str(kept["counters"]))
    assert (
        counters["weight_words_0"]
        == counters["weight_words_1"]
        == sum(product.entry.weights_words * product.entry.passes for product in work)
    )
    assert counters["activation_words"] == sum(p.entry.activations_words for p in work)
    assert counters["result_words"] == sum(p.entry.results_words for p in work)
    assert counters["array_adds"] == sum(_count(product.job, 1) for product in work)
    assert counters["array_subtracts"] == sum(_count(product.job, -1) for product in work)
    assert counters["list_cycles"] > counters["array_cycles"] > counters["array_busy"] > 0


def _count(job: Job, weight: int) -> int:
    """Products of that weight and an activation that is not 0."""
    return int(((job.weights == weight).astype(int) @ (job.activations != 0).T).sum())


def compiled(folder: Path, *flags: str, negated: bool = False) -> Path:
    """`run_list.c` of the Vivado kit; any warning is an error. Negated: weights in its images."""
    (folder / "registers.h").write_text(c_header(spec()))
    text, digit = (vivado_folder() / "run_list.c").read_text(), "(unsigned)(weight + 1)"
    assert digit in text
    (folder / "run_list.c").write_text(
        text.replace(digit, "(unsigned)(1 - weight)" if negated else digit)
    )
    strict = ["-std=c99", "-pedantic", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    subprocess.run(["gcc", *strict, *flags, "-o", "run_list", "run_list.c"], cwd=folder, check=True)
    return folder / "run_list"


@pytest.mark.parametrize("negated", [False, True])
def test_the_c_program_of_the_vivado_kit_drives_the_simulated_accelerator(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, negated: bool
) -> None:
    """Two blocks, and rests in every direction; with wrong weights it must complain."""
    here = Path(__file__).parent
    monkeypatch.syspath_prepend(str(here))
    machine = spec()
    assert machine.bus is not None
    flag = f'-DREGISTER_ACCESS="{here / "register_pipe.h"}"'
    program = compiled(tmp_path, flag, negated=negated)
    (tmp_path / "buffer").write_bytes(bytes(4096))
    address = 0x7_6543_2100
    np.savez(
        tmp_path / "plan.npz",
        ports=read_ports(machine.bus),
        program=str(program),
        arguments=["7", "23", "3", str(tmp_path / "buffer"), hex(address)],
        buffer=str(tmp_path / "buffer"),
        address=address,
    )
    run_bench("c_program_bench", binary, tmp_path, tmp_path / "kept.json")
    status, said, complaint = json.loads((tmp_path / "kept.json").read_text())
    assert complaint == ""
    assert status == negated
    rows, wrong, cycles, busy = map(int, re.findall(r"\d+ (?=rows|wrong|cycles|busy)", said))
    assert (rows, busy) == (7, 4 * 5 * 3)  # row tiles, K beats, groups
    assert cycles > busy
    assert (wrong > 0) == negated


def test_the_c_program_says_what_it_was_called_with_wrongly(tmp_path: Path) -> None:
    program = compiled(tmp_path)
    for words, said in (
        (["7", "23"], "called as"),
        (["7", "101", "1", "/dev/null", "0", "/dev/null@0"], "101 must be a number, at most 100"),
        (["7", "23", "1", "/dev/null", "4", "/dev/null@0"], "ADDRESS whole words"),
        (["7", "23", "1", "/dev/null", "0", "/dev/null"], "write DEVICE@OFFSET"),
        (["7", "23", "1", "/dev/null", "0", f"{tmp_path}/none@0"], "No such file"),
    ):
        ran = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.count("\n") == 1
        assert said in ran.stderr
    # A window of zeros is no accelerator.
    (tmp_path / "window").write_bytes(bytes(4096))
    words = ["7", "23", "1", "/dev/null", "0", f"{tmp_path}/window@0"]
    ran = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert (ran.returncode, "no accelerator is here" in ran.stderr) == (2, True)
