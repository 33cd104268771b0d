"""The Verilog of a machine, and whether it does what the simulation says."""

from __future__ import annotations

from pathlib import Path

from bitsim import agreement, arguments
from bitsim.agreement.check import RtlResult
from bitsim.callbacks import Say
from bitsim.gateware import lanes
from bitsim.gateware.emit import verilog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import Named, load_accelerator
from bitsim.trace import Trace


def emit(accelerator: Named | AcceleratorSpec, target: str | None = None) -> str:
    """The Verilog of an accelerator; the top module has its name.

    accelerator  name, path or object
    target       lanes in the cells of a family, "ecp5" or "xilinx"; None is plain Verilog
    """
    return verilog.emit(load_accelerator(accelerator), lanes.find(target))


def check(
    accelerator: Named | AcceleratorSpec,
    trace: Named | Trace | None = None,
    *,
    seed: int = 0,
    work: str | Path = "build/rtl",
    say: Say | None = None,
) -> RtlResult:
    """Run the Verilog under Verilator against simulation and numpy: values, cycles, counters.

    accelerator  name, path or object
    trace        the products to replay; None makes random ones
    seed         of the random products and stalls
    work         folder that keeps built simulators
    say          called with what takes long
    """
    machine, folder = load_accelerator(accelerator), arguments.folder("work", work)
    return agreement.check_machine(
        machine, arguments.seed(seed), folder, say or arguments.unsaid, trace
    )
