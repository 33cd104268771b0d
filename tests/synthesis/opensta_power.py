"""Tables, edges and loads of `rtl synth --power` against OpenSTA's, with real libraries.

    bitsim rtl synth --block column --liberty FILE... --out DIR
    python -m tests.synthesis.opensta_power DIR --liberty FILE...

OpenSTA 2.0.17 of 2019 (Debian's) takes neither VCD nor SAIF, and `report_power` has rules of its
own, so what is compared is what a uniform activity takes by those rules, with our figures:
- a change takes the energy of a rise and that of a fall, where a change is one or the other;
- an output's energies are weighted by `when`, or by the rest of its function, at even odds, and not
  brought to a sum of 1;
- those of the ground rail count too, unless every state has one and no input is named.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bitsim.synthesis import sta
from bitsim.synthesis.gates.netlist import flatten
from bitsim.synthesis.gates.power import PowerModel
from bitsim.synthesis.gates.program import compile_netlist
from bitsim.synthesis.gates.transitions import by_kind, pin_nets
from bitsim.synthesis.liberty.boolean import Expression
from bitsim.synthesis.liberty.cell import Cell, Pin, PinEnergy, read_cells
from bitsim.synthesis.liberty.library import read_library

ACTIVITY = 0.1
CLOCK_NS = 1.0


def duty(expression: Expression) -> float:
    """How probable it is, pins at even odds and independent."""
    if expression.operator in ("pin", "0", "1"):
        return {"pin": 0.5, "0": 0.0, "1": 1.0}[expression.operator]
    parts = [duty(each) for each in expression.operands]
    left, right = parts[0], parts[-1]
    return {
        "not": 1 - left,
        "and": left * right,
        "or": 1 - (1 - left) * (1 - right),
        "xor": left * (1 - right) + right * (1 - left),
    }[expression.operator]


def inferred(expression: Expression, cause: str) -> float | None:
    """OpenSTA's guess of when an input decides: the other side of the first operator it is at."""
    if expression.operator == "pin":
        return 1.0 if expression.name == cause else None
    if expression.operator == "not":
        return inferred(expression.operands[0], cause)
    if expression.operator not in ("and", "or", "xor"):
        return None
    for side, other in (expression.operands, expression.operands[::-1]):
        while side.operator == "not":
            side = side.operands[0]
        if side.operator == "pin" and side.name == cause:
            return duty(other) if expression.operator == "and" else 1 - duty(other)
    return None


def weight(pin: Pin, entry: PinEnergy, clocked: bool) -> float:
    """What OpenSTA multiplies an energy by."""
    if entry.when is not None:
        return duty(entry.when)
    guess = None
    if entry.related is not None and pin.function is not None:
        guess = inferred(pin.function, entry.related)
    return guess if guess is not None else 1.0 if clocked else 0.5


def entries(supply: Pin, both: Pin) -> list[PinEnergy]:
    """Those that count: of the supply, and of the ground where OpenSTA takes them."""
    alone = [each for each in supply.energies if each.related is None and each.when is not None]
    ground = len(both.energies) - len(supply.energies)
    complete = bool(alone) and len(alone) == 1 << len(alone[-1].when.pins())  # type: ignore[union-attr]
    if not ground or complete:
        return list(supply.energies)
    seen = {(each.related, each.when) for each in supply.energies if each.when is not None}
    plain = [each for each in supply.energies if each.when is None]
    return plain + [each for each in both.energies if (each.related, each.when) in seen]


def ours(folder: Path, texts: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """(internal, switching) W of cells with a state and of the others."""
    design = json.loads((folder / "netlist.json").read_text())
    top = next(n for n, m in design["modules"].items() if "top" in m["attributes"])
    netlist = flatten(design, top)
    kinds = {each.kind for each in netlist.instances}
    supply = read_cells(texts, kinds)
    both = read_cells([re.sub(r"(related_pg_pin\s*:\s*\"?)VSS", r"\1VDD", t) for t in texts], kinds)
    program = compile_netlist(netlist, both)
    model = PowerModel(program)
    per_fj = 1e-15 / (CLOCK_NS * 1e-9)
    found = {"Sequential": (0.0, 0.0), "Combinational": (0.0, 0.0)}
    for (kind, _), indices in by_kind(program, range(len(netlist.instances))).items():
        cell: Cell = both[kind]
        internal = switching = 0.0
        for name, pin in cell.pins.items():
            nets = pin_nets(program, indices, name)
            if nets is None:
                continue
            clocks = list(program.clocks)
            changes = np.where(np.isin(nets, clocks), 2.0, ACTIVITY)
            if pin.output:
                switching += float((0.5 * model.loads[nets] * cell.volts**2 * changes).sum())
            for entry in entries(supply[kind].pins[name], pin):
                cause = pin_nets(program, indices, entry.related or name)
                clocked = cause is not None and bool(np.isin(cause, clocks).all())
                energy = 2 * model.table_fj(indices, name, entry) * weight(pin, entry, clocked)
                internal += float((energy * changes).sum())
        group = "Combinational" if cell.flip_flop is None else "Sequential"
        before = found[group]
        found[group] = (before[0] + internal * per_fj, before[1] + switching * per_fj)
    return found


def theirs(folder: Path, texts: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """The same by `report_power`."""
    program = sta.sta_program()
    assert program is not None, sta.INSTALL
    design = json.loads((folder / "netlist.json").read_text())
    top = next(n for n, m in design["modules"].items() if "top" in m["attributes"])
    with tempfile.TemporaryDirectory() as scratch:
        files = [f"library_{index}.lib" for index in range(len(texts))]
        for name, text in zip(files, texts, strict=True):
            (Path(scratch) / name).write_text(re.sub(r"default_wire_load\w*\s*:[^;]*;", "", text))
        (Path(scratch) / "netlist.v").write_text((folder / "netlist.v").read_text())
        (Path(scratch) / "power.tcl").write_text(
            "\n".join(
                [
                    *sta.constraints(top, files, CLOCK_NS),
                    f"set_power_activity -global -activity {ACTIVITY}",
                    "report_power -digits 7",
                    "exit\n",
                ]
            )
        )
        command = [program, "-exit", "power.tcl"]
        said = subprocess.run(command, cwd=scratch, capture_output=True, text=True).stdout
    rows = re.findall(r"^(Sequential|Combinational) +(\S+) +(\S+)", said, re.M)
    assert len(rows) == 2, said
    return {name: (float(internal), float(switching)) for name, internal, switching in rows}


def main() -> None:
    """Print ours over theirs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--liberty", nargs="+", type=Path, required=True)
    args = parser.parse_args()
    texts = read_library(args.liberty).texts
    reported = theirs(args.folder, texts)
    for group, watts in ours(args.folder, texts).items():
        ratios = [own / other for own, other in zip(watts, reported[group], strict=True)]
        print(f"{group}: internal {ratios[0]:.4f}, switching {ratios[1]:.4f} of OpenSTA's")


if __name__ == "__main__":
    main()
