"""Whether a style gives the sum of the lanes: yosys evaluates its Verilog, cells included."""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path

from lane_sum import AddLanes, LaneSum

from bitsim.gateware.emit.verilog import emit_part
from bitsim.gateware.lanes import Fabric
from bitsim.synthesis.tools import run_yosys

SEED = 20261122
NO_REGISTERS = """
(* techmap_celltype = "$dff" *)
module no_register(input CLK, input [WIDTH-1:0] D, output [WIDTH-1:0] Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  assign Q = D;
endmodule
"""


def vectors(lanes: int, count: int) -> list[list[tuple[int, int]]]:
    """(weight, activation) of each lane: the extremes first, then anything."""
    rng = random.Random(SEED)
    extremes = [[(w, a)] * lanes for w in (1, -1, 0) for a in (127, -128, -1, 0, 1)]
    anything = [
        [(rng.choice((-1, 0, 1)), rng.randrange(-128, 128)) for _ in range(lanes)]
        for _ in range(count)
    ]
    return extremes + anything


def wrong_sums(
    add_lanes: AddLanes, fabric: Fabric, lanes: int, tree_stages: int, count: int
) -> list[str]:
    """The vectors for which it is not the sum, in words; pipeline registers let everything pass."""
    verilog = emit_part("lanes", LaneSum(add_lanes, lanes, tree_stages), fabric)
    chosen = vectors(lanes, count)
    script = [
        "read_verilog block.v",
        *(f"read_verilog -overwrite {cells}" for cells in fabric.cells),
        "hierarchy -top lanes",
        "proc",
        "flatten",
        "techmap -map no_registers.v",
        "opt -full",
    ]
    for vector in chosen:
        activations = sum((a & 255) << 8 * lane for lane, (_, a) in enumerate(vector))
        nonzero = sum((w != 0) << lane for lane, (w, _) in enumerate(vector))
        negative = sum((w < 0) << lane for lane, (w, _) in enumerate(vector))
        script.append(
            f"tee -q -a sums.txt eval -set activations {8 * lanes}'h{activations:x} "
            f"-set nonzero {lanes}'h{nonzero:x} -set negative {lanes}'h{negative:x} "
            f"-show value -show carry"
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "block.v").write_text(verilog)
        (folder / "no_registers.v").write_text(NO_REGISTERS)
        run_yosys(script, folder, ["sums.txt"], "lanes")
        text = (folder / "sums.txt").read_text()
    found = [
        _signed(value) + int(carry, 2)
        for value, carry in re.findall(
            r"\\value = \d+'([01]+)\..*?\\carry = 1'([01])\.", text, re.S
        )
    ]
    assert len(found) == len(chosen), text[-500:]
    return [
        f"{vector}: {got}"
        for vector, got in zip(chosen, found, strict=True)
        if got != sum(w * a for w, a in vector)
    ]


def _signed(bits: str) -> int:
    return int(bits, 2) - (int(bits[0]) << len(bits))
