"""`dot_16x40_axi` in a LiteX system: registers on the system's bus, masters on ports of LiteDRAM.

    python litex_soc.py dot_16x40_axi.v build

writes the Verilog of a system with a simulated SDR SDRAM, to be read or built on. In a system of
your own, `Accelerator` and `add_accelerator` are what is needed. Checked with LiteX and LiteDRAM
2024.12 and Migen 0.10.0.
"""

import os
import sys
from pathlib import Path

from litedram.frontend.axi import LiteDRAMAXI2Native, LiteDRAMAXIPort
from litedram.modules import MT48LC16M16
from litedram.phy.model import SDRAMPHYModel
from litex.build.generic_platform import Pins
from litex.build.io import CRG
from litex.build.sim import SimPlatform
from litex.gen import LiteXModule
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect import axi
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import ClockSignal, Constant, Instance, ResetSignal, Signal

WINDOW_BYTES = 0x1000
CONTROL_BITS = 12  # of an address of s_axi


class Accelerator(LiteXModule):
    """An accelerator with AXI4-Lite registers.

    control  AXI4-Lite: the registers
    masters  AXI4 by name: `weights_0`, ..., `activations`, `results`
    ev       the interrupt
    """

    def __init__(
        self,
        platform,
        verilog,
        name="dot_16x40_axi",
        weight_ports=4,
        data_bits=128,
        address_bits=40,
    ):
        self.control = axi.AXILiteInterface(data_width=32, address_width=32)
        readers = [*(f"weights_{port}" for port in range(weight_ports)), "activations"]
        self.masters = {
            each: LiteDRAMAXIPort(data_width=data_bits, address_width=32, id_width=1)
            for each in (*readers, "results")
        }
        irq = Signal()
        self.ev = EventManager()
        self.ev.list = EventSourceLevel(description="The accelerator's interrupt.")
        self.ev.finalize()
        self.comb += self.ev.list.trigger.eq(irq)

        ports = {"i_clk": ClockSignal(), "i_rst": ResetSignal(), "o_irq": irq}
        for channel in ("aw", "w", "b", "ar", "r"):
            stream = getattr(self.control, channel)
            ports |= _channel(f"s_axi_{channel}", stream, given=channel in ("aw", "w", "ar"))
        for channel in ("aw", "ar"):
            address = getattr(self.control, channel).addr
            ports[f"i_s_axi_{channel}addr"] = address[:CONTROL_BITS]
            ports[f"i_s_axi_{channel}prot"] = Constant(0, 3)
        for each, master in self.masters.items():
            channels = ("aw", "w", "b") if each == "results" else ("ar", "r")
            for channel in channels:
                stream = getattr(master, channel)
                name_of = f"m_axi_{each}_{channel}"
                ports |= _channel(name_of, stream, given=channel in ("b", "r"))
                if channel in ("aw", "ar"):
                    long = Signal(address_bits)  # the list's addresses; LiteX's are shorter
                    ports[f"o_{name_of}addr"] = long
                    self.comb += stream.addr.eq(long)
        self.specials += Instance(name, **ports)
        platform.add_source(str(verilog))


def _channel(name, stream, given):
    """Ports of an Instance for a channel; `given`: it goes into the accelerator."""
    here, back = ("i", "o") if given else ("o", "i")
    ports = {f"{here}_{name}valid": stream.valid, f"{back}_{name}ready": stream.ready}
    fields = [field for field, _, *_ in stream.description.payload_layout]
    fields += [field for field, _, *_ in stream.description.param_layout]
    left_out = {"region", "user", "dest"} | ({"id"} if name.endswith("_w") else set())
    for field in fields:
        if field not in left_out:
            ports[f"{here}_{name}{field}"] = getattr(stream, field)
    if name.startswith("m_") and name.endswith(("_r", "_w")):
        ports[f"{here}_{name}last"] = stream.last
    return ports


def add_accelerator(soc, accelerator, origin):
    """Registers at `origin`, a port of the memory controller for each master, the interrupt."""
    soc.bus.add_slave(
        "accelerator",
        accelerator.control,
        SoCRegion(origin=origin, size=WINDOW_BYTES, cached=False),
    )
    for name, master in accelerator.masters.items():
        mode = "write" if name == "results" else "read"
        port = soc.sdram.crossbar.get_port(mode=mode, data_width=master.data_width)
        bridge = LiteDRAMAXI2Native(master, port, base_address=soc.bus.regions["main_ram"].origin)
        soc.add_module(f"accelerator_{name}", bridge)
    if soc.irq.enabled:
        soc.irq.add("accelerator", use_loc_if_exists=True)


class System(SoCCore):
    """No processor, so that nothing is needed but LiteX: a bridge on the bus is the host."""

    def __init__(self, verilog):
        platform = SimPlatform("SIM", [("sys_clk", 0, Pins(1)), ("sys_rst", 0, Pins(1))])
        clock_hz = int(100e6)
        super().__init__(platform, clock_hz, cpu_type=None, with_uart=False, with_timer=False)
        self.crg = CRG(platform.request("sys_clk"))
        module = MT48LC16M16(clock_hz, "1:1")
        self.sdrphy = SDRAMPHYModel(module=module, data_width=32, clk_freq=clock_hz)
        self.add_sdram("sdram", phy=self.sdrphy, module=module, l2_cache_size=0)
        self.accelerator = Accelerator(platform, verilog)
        add_accelerator(self, self.accelerator, origin=0x90000000)


if __name__ == "__main__":
    verilog, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    system = System(verilog.resolve())
    os.chdir(folder)  # for what its memories begin with, too
    system.finalize()
    system.platform.get_verilog(system, name="litex_soc").write("litex_soc.v")
