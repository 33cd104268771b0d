"""Power and timing of netlists that are small enough to compute with by hand."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.synthesis import sta
from bitsim.synthesis.gates.netlist import flatten
from bitsim.synthesis.gates.power import PowerModel, activity_of, uniform
from bitsim.synthesis.gates.program import GateProgram, compile_netlist
from bitsim.synthesis.gates.simulation import RUNS, GateSimulation
from bitsim.synthesis.gates.transitions import by_kind, pin_nets
from bitsim.synthesis.liberty.cell import read_cells
from tests.synthesis.tiny_liberty import (
    CELLS,
    CLOCK_FJ,
    ENERGY_FJ,
    LEAKAGE_NW,
    SECOND_INPUT_FJ,
    pin_energy,
    tiny_library,
)

NEEDS_STA = pytest.mark.skipif(sta.sta_program() is None, reason="OpenSTA is not installed")


def cell(kind: str, **pins: int) -> dict[str, Any]:
    return {
        "type": kind,
        "parameters": {},
        "connections": {pin: [bit] for pin, bit in pins.items()},
    }


def program_of(
    cells: dict[str, Any], ports: dict[str, tuple[str, int]], library: str | None = None
) -> GateProgram:
    module = {
        "attributes": {},
        "ports": {name: {"direction": way, "bits": [bit]} for name, (way, bit) in ports.items()},
        "cells": cells,
    }
    netlist = flatten({"modules": {"top": module}}, "top")
    kinds = {each["type"] for each in cells.values()}
    return compile_netlist(netlist, read_cells([library or tiny_library()], kinds))


def words(count: int, seed: int) -> list[int]:
    source = random.Random(seed)
    return [source.getrandbits(RUNS) for _ in range(count)]


def test_energy_of_three_cells_is_what_the_hand_computes() -> None:
    program = program_of(
        {
            "nand": cell("NAND", A=2, B=3, Y=10),
            "inverter": cell("INV", A=10, Y=11),
            "flop": cell("FLOP", C=4, D=11, Q=12),
        },
        {"a": ("input", 2), "b": ("input", 3), "clk": ("input", 4), "q": ("output", 12)},
    )
    simulation, cycles = GateSimulation(program), 50
    ones = (1 << RUNS) - 1
    changed = {"nand": 0, "inverted": 0, "state": 0, "a": 0, "b": 0}
    rare = [word for word in words(cycles // 3 + 1, 2) for _ in range(3)][: cycles + 1]
    before = dict.fromkeys(changed, 0)
    for cycle, (a, b) in enumerate(zip(words(cycles + 1, 1), rare, strict=True)):
        simulation.drive("a", np.array([a], np.uint64))
        simulation.drive("b", np.array([b], np.uint64))
        simulation.settle()
        state = before["inverted"]
        following = {"nand": ~(a & b) & ones, "inverted": a & b, "state": state, "a": a, "b": b}
        if cycle:  # the first one is from an unknown state
            for name, word in following.items():
                changed[name] += (word ^ before[name]).bit_count()
        before = following
        assert int(simulation.read("q")[0]) == state
        simulation.clock(counted=cycle > 0)
    assert simulation.cycles == cycles

    activity = activity_of(program, simulation.toggles, simulation.ones, cycles * RUNS)
    clock_ns = 2.0
    power = PowerModel(program).power(activity, clock_ns)
    # Each net but q has one input of 2 fF: 0.2 fJ by the tables, 1 fJ to charge it or discharge it.
    # The inverter's cause takes 10 ps + 2 ps x 2 fF; ports have edges that take no time.
    second = SECOND_INPUT_FJ * changed["b"] / (changed["a"] + changed["b"])
    per_change = {
        "nand": ENERGY_FJ["NAND"] + 1.2 + second,
        "inverted": ENERGY_FJ["INV"] + 1.2 + 0.14,
    }
    watts = {
        "clock": (2 * CLOCK_FJ + 2 * 1.0) * 1e-15 / 2e-9,
        "registers": changed["state"] / cycles / RUNS * ENERGY_FJ["FLOP"] * 1e-15 / 2e-9,
        "combinational": sum(changed[name] * fj for name, fj in per_change.items())
        / (cycles * RUNS) * 1e-15 / 2e-9,
        "leakage": 3 * LEAKAGE_NW * 1e-9,
    }  # fmt: skip
    assert min(changed.values()) > 0
    assert power.parts == pytest.approx(watts, rel=1e-12)
    assert power.modules == pytest.approx({"top": sum(watts.values())}, rel=1e-12)


def test_a_clock_gate_keeps_the_state_and_its_clock_still() -> None:
    program = program_of(
        {"gate": cell("GATE", C=2, E=3, G=10), "flop": cell("FLOP", C=10, D=4, Q=11)},
        {"clk": ("input", 2), "e": ("input", 3), "d": ("input", 4), "q": ("output", 11)},
    )
    simulation = GateSimulation(program)
    enables = [1, 0, 0, 1, 0, 1, 1, 0]
    state = 0
    for enable, word in zip(enables, words(len(enables), 3), strict=True):
        simulation.drive("e", enable)
        simulation.drive("d", np.array([word], np.uint64))
        simulation.settle()
        assert int(simulation.read("q")[0]) == state
        simulation.clock(counted=True)
        state = word if enable else state
    activity = activity_of(program, simulation.toggles, simulation.ones, len(enables) * RUNS)
    gated = program.netlist.instances[0].pins["G"][0]
    assert activity.toggles[gated] == 2 * sum(enables) / len(enables)
    assert activity.toggles[program.netlist.ports["clk"][0]] == 2


def test_energies_with_a_state_count_while_it_holds() -> None:
    plain = pin_energy(CLOCK_FJ)
    assert CELLS["FLOP"].count(plain) == 1
    states = [("D Q", 1.0), ("!D Q", 10.0), ("D !Q", 100.0), ("!D !Q", 1000.0), ("C D", 10_000.0)]
    by_state = "".join(pin_energy(fj, f'when : "{when}";') for when, fj in states)
    flop = CELLS["FLOP"].replace(plain, by_state)
    program = program_of(
        {"flop": cell("FLOP", C=2, D=3, Q=10)},
        {"clk": ("input", 2), "d": ("input", 3), "q": ("output", 10)},
        tiny_library(cells={**CELLS, "FLOP": flop}),
    )
    simulation, state, fj = GateSimulation(program), 0, 0.0
    data = words(20, 5)
    for word in data:
        simulation.drive("d", np.array([word], np.uint64))
        simulation.settle()
        simulation.clock(counted=True)
        for run in range(RUNS):  # two edges; the clock is 1 in half of the time, of the runs here
            d, q, c = word >> run & 1, state >> run & 1, run % 2 == 0
            fj += 2 * (1.0 if d and q else 10.0 if q else 100.0 if d else 1000.0)
            fj += 2 * 10_000.0 * (c and d)
        state = word
    activity = activity_of(program, simulation.toggles, simulation.ones, len(data) * RUNS)
    clock = PowerModel(program).power(activity, 1.0).parts["clock"]
    assert clock == pytest.approx((fj / len(data) / RUNS + 2.0) * 1e-6, rel=1e-12)


def test_a_loop_of_gates_and_a_strange_clock_are_refused() -> None:
    ports = {"clk": ("input", 2), "a": ("input", 3), "y": ("output", 11)}
    with pytest.raises(BitsimError, match="loop of gates"):
        program_of({"x": cell("NAND", A=3, B=11, Y=10), "y": cell("INV", A=10, Y=11)}, ports)
    with pytest.raises(BitsimError, match="clock is not clk"):
        program_of({"flop": cell("FLOP", C=3, D=2, Q=11)}, ports)


@NEEDS_STA
def test_opensta_finds_the_path_that_the_hand_computes(tmp_path: Path) -> None:
    (tmp_path / "tiny.lib").write_text(tiny_library())
    (tmp_path / "netlist.v").write_text(
        "module top (clk, d, q); input clk; input d; output q; wire a; wire b;\n"
        "FLOP \\first[3]$_DFF_P_ (.C(clk), .D(d), .Q(a)); INV i (.A(a), .Y(b));\n"
        "FLOP \\second$_DFFE_PP_ (.C(clk), .D(b), .Q(q)); endmodule\n"
    )
    found = sta.analyse("top", ["tiny.lib"], 0.5, tmp_path, lambda _: None)
    # 10 ps + 2 fF x 1 ps from the clock's edge and as much through the inverter; 5 ps of setup.
    assert found == sta.Timing("first[3]", "second", 0.024, 0.471, pytest.approx(1000 / 0.029))


@NEEDS_STA
def test_opensta_reports_the_same_power_for_the_same_activity(tmp_path: Path) -> None:
    """A mesh of 300 cells. OpenSTA 2.0 counts a rise's and a fall's energy for each change."""
    cells, ports = mesh(300)
    program = program_of(cells, ports)
    (tmp_path / "tiny.lib").write_text(tiny_library())
    (tmp_path / "netlist.v").write_text(verilog_of(cells, ports))
    clock_ns = 2.0
    script = [*sta.constraints("top", ["tiny.lib"], clock_ns), "set_power_activity -global "
              "-activity 0.1", "report_power -digits 7", "exit"]  # fmt: skip
    (tmp_path / "power.tcl").write_text("\n".join(script) + "\n")
    program_name = sta.sta_program()
    assert program_name is not None
    said = subprocess.run(
        [program_name, "-exit", "power.tcl"], cwd=tmp_path, capture_output=True, text=True
    ).stdout
    row = re.search(r"^Total +(\S+) +(\S+) +(\S+)", said, re.M)
    assert row is not None, said

    model, activity = PowerModel(program), uniform(program, 0.1)
    internal = switching = 0.0
    for (kind, _), indices in by_kind(program, range(len(cells))).items():
        for name, pin in program.cells[kind].pins.items():
            nets = pin_nets(program, indices, name)
            assert nets is not None
            energy = model.internal_fj(program.cells[kind], indices, name, activity)
            internal += float((energy * activity.toggles[nets]).sum())
            if pin.output:
                switching += float((0.5 * model.loads[nets] * activity.toggles[nets]).sum())
    clock_fj = 0.5 * model.loads[program.netlist.ports["clk"][0]] * 2
    per_fj = 1e-15 / (clock_ns * 1e-9)
    leakage = len(cells) * LEAKAGE_NW * 1e-9
    whole = model.power(activity, clock_ns).watts
    assert whole == pytest.approx((internal + switching + clock_fj) * per_fj + leakage, rel=1e-9)
    reported = [float(each) for each in row.groups()]
    assert reported == pytest.approx([2 * internal * per_fj, switching * per_fj, leakage], rel=1e-4)


def mesh(count: int) -> tuple[dict[str, Any], dict[str, tuple[str, int]]]:
    """Gates and flip-flops in a chance order; each takes nets that were there before it."""
    source = random.Random(4)
    nets = [3, 4]
    cells = {}
    for index in range(count):
        kind = source.choice(["INV", "BUF", "NAND", "NOR", "FLOP"])
        inputs = {"NAND": "AB", "NOR": "AB", "FLOP": "D"}.get(kind, "A")
        pins = {pin: source.choice(nets[-40:]) for pin in inputs}
        pins["Q" if kind == "FLOP" else "Y"] = 10 + index
        cells[f"u{index}"] = cell(kind, **pins, **({"C": 2} if kind == "FLOP" else {}))
        nets.append(10 + index)
    ports = {"clk": ("input", 2), "a": ("input", 3), "b": ("input", 4), "y": ("output", nets[-1])}
    return cells, ports


def verilog_of(cells: dict[str, Any], ports: dict[str, tuple[str, int]]) -> str:
    names = {bit: name for name, (_, bit) in ports.items()}

    def net(bit: int) -> str:
        return names.get(bit, f"n{bit}")

    lines = [f"module top ({', '.join(ports)});"]
    lines += [f"  {way} {name};" for name, (way, _) in ports.items()]
    for name, each in cells.items():
        pins = ", ".join(f".{pin}({net(bits[0])})" for pin, bits in each["connections"].items())
        lines.append(f"  {each['type']} {name} ({pins});")
    return "\n".join([*lines, "endmodule", ""])
