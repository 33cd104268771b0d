"""The part of an accelerator that is synthesised."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.errors import BitsimError
from bitsim.gateware.emit.verilog import emit, emit_arrays
from bitsim.gateware.lanes import GENERIC, Fabric
from bitsim.spec.accelerator import AcceleratorSpec

BLOCKS = ("accelerator", "array", "column")


@dataclass(frozen=True)
class Block:
    """Verilog and its top module."""

    verilog: str
    module: str


def make_block(accelerator: AcceleratorSpec, kind: str, fabric: Fabric = GENERIC) -> Block:
    """`column`: one column; `array`: the array alone; `accelerator`: what `rtl emit` writes."""
    name = accelerator.name
    if kind == "accelerator":
        return Block(emit(accelerator, fabric), name)
    if kind in ("array", "column"):
        top = name if kind == "array" else f"{name}_column"
        return Block(emit_arrays([(name, accelerator.array)], fabric), top)
    raise BitsimError(f"--block {kind!r}: name one of {', '.join(BLOCKS)}")
