"""The figures of a technology that a cost model can ask for: one entry for each."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.spec.registry import Registry


@dataclass(frozen=True)
class FigureKind:
    """A figure; its name ends in its unit, pJ or um2."""

    name: str
    meaning: str


_ARITHMETICS = {"fp16": "an fp16", "bf16": "a bf16", "fp32": "an fp32"}

FIGURES = Registry(
    FigureKind("int8_add_pj", "an int8 add"),
    FigureKind("int32_add_pj", "an int32 add"),
    FigureKind("flip_flop_pj", "a flip-flop that is clocked"),
    FigureKind("full_adder_um2", "a full adder"),
    FigureKind("nand2_um2", "a NAND gate of two inputs"),
    FigureKind("flip_flop_um2", "a flip-flop"),
    FigureKind("sram_bit_um2", "a bit of SRAM, its share of the macro included"),
    *(
        FigureKind(f"{arithmetic}_{operation}_{unit}", f"{article} {noun}")
        for arithmetic, article in _ARITHMETICS.items()
        for operation, noun in (("add", "adder"), ("mul", "multiplier"))
        for unit in ("pj", "um2")
    ),
)
