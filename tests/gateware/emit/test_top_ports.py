"""The accelerator as others see it: names and widths, and nothing that goes straight through."""

from __future__ import annotations

import re

import numpy as np
import pytest
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.emit.platform import flat_ports
from bitsim.gateware.emit.verilog import emit
from bitsim.gateware.top import Top
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.link.axi4 import Axi4BusSpec
from tests.cases.arrays import HELD

BUS = Axi4BusSpec(
    kind="axi4",
    data_bits=64,
    address_bits=36,
    weight_ports=3,
    burst_words=8,
    outstanding=2,
    read_fifo_words=8,
    write_fifo_words=8,
    list_entries=5,
)


@pytest.fixture(scope="module")
def text(small: AcceleratorSpec) -> str:
    return emit(small.model_copy(update={"bus": BUS}))


def ports_of(text: str, module: str) -> dict[str, tuple[str, int]]:
    """Direction and width of each port of a module."""
    body = re.search(rf"^module {module}\s?\(.*?^endmodule", text, re.MULTILINE | re.DOTALL)
    assert body is not None
    found = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", body[0], re.MULTILINE)
    return {name: (direction, int(high or 0) + 1) for direction, high, name in found}


def test_each_port_of_the_contract_is_there(text: str, small: AcceleratorSpec) -> None:
    expected = dict.fromkeys(("clk", "rst", "start"), ("input", 1))
    expected |= {"count": ("input", 3), "busy": ("output", 1), "done": ("output", 1)}
    expected |= {"errors": ("output", 5), "list_enable": ("input", 13)}
    expected |= {"list_index": ("input", 3), "list_data": ("input", 416)}
    counters = ["list_cycles", "activation_words", "result_words"]
    counters += [f"weight_words_{port}" for port in range(3)]
    counters += [
        f"array_{name}"
        for name in (
            "cycles", "busy", "wait_weights", "wait_activations", "wait_results", "drain", "adds",
            "subtracts", "skips",
        )
    ]  # fmt: skip
    expected |= dict.fromkeys(counters, ("output", 48))
    address = {"addr": 36, "len": 8, "size": 3, "burst": 2, "lock": 1, "cache": 4, "prot": 3}
    address |= {"qos": 4, "id": 1, "valid": 1}
    for port in ("weights_0", "weights_1", "weights_2", "activations"):
        name = f"m_axi_{port}_"
        expected |= {f"{name}ar{part}": ("output", bits) for part, bits in address.items()}
        expected |= {f"{name}arready": ("input", 1), f"{name}rready": ("output", 1)}
        expected |= {f"{name}rdata": ("input", 64), f"{name}rresp": ("input", 2)}
        expected |= {f"{name}{part}": ("input", 1) for part in ("rid", "rlast", "rvalid")}
    name = "m_axi_results_"
    expected |= {f"{name}aw{part}": ("output", bits) for part, bits in address.items()}
    expected |= {f"{name}wdata": ("output", 64), f"{name}wstrb": ("output", 8)}
    expected |= {f"{name}{part}": ("output", 1) for part in ("wlast", "wvalid", "bready")}
    expected |= {f"{name}{part}": ("input", 1) for part in ("awready", "wready", "bid", "bvalid")}
    expected |= {f"{name}bresp": ("input", 2)}
    assert ports_of(text, small.name) == expected


def test_every_module_and_port_has_a_plain_name(text: str, small: AcceleratorSpec) -> None:
    modules = re.findall(r"^module (\S+?)\s?\(", text, re.MULTILINE)
    assert modules[0] == small.name
    assert f"{small.name}_array" in modules
    assert len(set(modules)) == len(modules)
    assert all(re.fullmatch(rf"{small.name}(_\w+)?", module) for module in modules)
    for line in re.findall(r"^(?:  (?:input|output) .*;|module .*)$", text, re.MULTILINE):
        assert "\\" not in line


def test_an_accelerator_without_a_bus_is_its_array_alone() -> None:
    accelerator = load_accelerator("dot_16x40_axi")
    assert "m_axi" in emit(accelerator)
    plain = accelerator.model_copy(update={"bus": None, "name": "dot_16x40"})
    assert emit(plain) == emit(load_accelerator("dot_16x40"))


def test_no_output_follows_an_input_within_a_cycle() -> None:
    """AXI forbids a path through a slave or master from input to output (IHI 0022, A3.1.1)."""
    top = Top(HELD, BUS)
    ports = flat_ports(top).values()
    inputs = [port for member, port in ports if member.flow == In]
    outputs = [port for member, port in ports if member.flow == Out]
    seen: set[tuple[int, ...]] = set()

    async def bench(ctx: SimulatorContext) -> None:
        rng = np.random.default_rng(5)
        for cycle in range(300):
            before = [ctx.get(output) for output in outputs]
            for _ in range(2):
                for port in inputs:
                    number = int.from_bytes(rng.bytes(48), "little")
                    ctx.set(port, number & ((1 << len(port)) - 1))
                ctx.set(top.start, cycle % 50 == 9)
                await ctx.delay(1e-8)
                now = [ctx.get(output) for output in outputs]
                assert now == before, cycle
            seen.add(tuple(before))
            await ctx.tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(seen) > 20, "nothing ever changed"
