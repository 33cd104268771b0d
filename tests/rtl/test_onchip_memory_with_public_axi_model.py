"""The memory on the chip against cocotbext-axi's masters, every channel held still at random."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from bitsim.digest import code_digest
from bitsim.gateware.emit.verilog import emit_part
from bitsim.gateware.serial.onchip_memory import OnchipMemory
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.verilated.bench import TOP
from bitsim.verilated.verilator import build

MEMORY_BYTES = 1024


@pytest.mark.parametrize(("data_bits", "readers"), [(32, 1), (128, 3)])
def test_masters_and_host_share_the_memory(
    bench_work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data_bits: int,
    readers: int,
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    bus = Axi4BusSpec(
        kind="axi4", data_bits=data_bits, address_bits=32, weight_ports=1, burst_words=16,
        outstanding=2, read_fifo_words=16, write_fifo_words=16, list_entries=2,
    )  # fmt: skip
    code = code_digest("bitsim.gateware.emit.verilog", "bitsim.gateware.serial.onchip_memory")
    binary = build(
        [repr(bus), str(MEMORY_BYTES), str(readers), code],
        lambda: {
            "memory.v": emit_part(TOP, OnchipMemory(bus, MEMORY_BYTES, readers)),
            "ports.vlt": f'`verilator_config\npublic_flat_rw -module "{TOP}" -var "*"\n',
        },
        [],
        bench_work,
        "-O0",
    )
    plan = {"readers": readers, "word_bytes": bus.word_bytes, "memory_bytes": MEMORY_BYTES}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    log = tmp_path / "log.txt"
    xml = get_runner("verilator").test(
        hdl_toplevel=TOP,
        hdl_toplevel_lang="verilog",
        test_module="onchip_memory_bench",
        build_dir=binary,
        test_dir=tmp_path,
        log_file=log,
        results_xml=str(tmp_path / "results.xml"),
        plusargs=[f"+plan={tmp_path / 'plan.json'}", "+verilator+rand+reset+2"],
    )
    assert get_results(xml) == (2, 0), log.read_text()[-4000:]
