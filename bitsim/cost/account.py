"""Energy of a run and area of a machine, part by part."""

from __future__ import annotations

from collections.abc import Iterator

from bitsim.cost.part import Part
from bitsim.cost.quote import Quote
from bitsim.cost.usage import Usage
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.registry import home
from bitsim.spec.technology import TechnologySpec
from bitsim.units import BITS_PER_BYTE

NOT_MODELLED = (
    "Not in the account: leakage, the clock tree, wires beyond those in the published figures, "
    "the sequencer, a unit's own registers and control, memory controller and PHY, and DRAM's "
    "background power."
)

BUFFERS = 2  # tiles of buffer for each stream


def energy(
    accelerator: AcceleratorSpec, technology: TechnologySpec, usage: Usage
) -> tuple[Part, ...]:
    """Parts in J; see `NOT_MODELLED` for what has none. `BitsimError` if a figure is missing."""
    array = accelerator.array
    return (
        *home(DATAFLOWS[array.dataflow].energy)(array, technology, usage),
        _buffer_energy(accelerator, technology, usage),
        *_unit_energies(accelerator, technology, usage),
        *_dram_energies(accelerator, technology, usage),
    )


def area(accelerator: AcceleratorSpec, technology: TechnologySpec) -> tuple[Part, ...]:
    """Parts in mm2: cells and macros; a placed chip is larger by what routing leaves free."""
    array = accelerator.array
    return (
        *home(DATAFLOWS[array.dataflow].area)(array, technology),
        _buffer_area(accelerator, technology),
        *_unit_areas(accelerator, technology),
    )


def _buffers(accelerator: AcceleratorSpec) -> dict[str, int]:
    """Capacity in bytes of the tile buffers of each stream."""
    dma = accelerator.dma
    return {
        "weights": BUFFERS * dma.weight_tile_bytes,
        "activations": BUFFERS * dma.activation_tile_bytes,
        "results": BUFFERS * dma.result_tile_bytes,
    }


def _buffer_energy(accelerator: AcceleratorSpec, technology: TechnologySpec, usage: Usage) -> Part:
    """Everything that crosses to or from DRAM is written to a tile buffer once and read once.

    Units read through the activations' buffers and write through the results'.
    """
    quote = Quote(technology, "DMA buffers")
    passed = {
        "weights": usage.weight_bytes,
        "activations": usage.activation_bytes
        + sum(work.read_bytes for work in usage.work.values()),
        "results": usage.result_bytes + sum(work.written_bytes for work in usage.work.values()),
    }
    terms, pj = [], 0.0
    for stream, capacity_bytes in _buffers(accelerator).items():
        bit_pj = quote.sram_pj_per_bit(capacity_bytes)
        pj += 2 * passed[stream] * BITS_PER_BYTE * bit_pj
        terms.append(f"2 x {passed[stream]:,} bytes of {stream} x 8 x {bit_pj:.4g} pJ")
    return quote.joules(pj, "; ".join(terms))


def _buffer_area(accelerator: AcceleratorSpec, technology: TechnologySpec) -> Part:
    quote = Quote(technology, "DMA buffers")
    capacity_bytes = sum(_buffers(accelerator).values())
    bit_um2 = quote.figure("sram_bit_um2")
    return quote.mm2(
        capacity_bytes * BITS_PER_BYTE * bit_um2,
        f"{capacity_bytes:,} bytes x 8 x {bit_um2:.4g} um2 (SRAM)",
    )


def _unit_energies(
    accelerator: AcceleratorSpec, technology: TechnologySpec, usage: Usage
) -> Iterator[Part]:
    """Arithmetic of each unit, inside the chip or not."""
    for name, work in usage.work.items():
        arithmetic = accelerator.units[name].arithmetic
        quote = Quote(technology, _unit_part(name))
        multiply_pj = quote.figure(f"{arithmetic}_mul_pj")
        add_pj = quote.figure(f"{arithmetic}_add_pj")
        yield quote.joules(
            work.multiplies * multiply_pj + work.adds * add_pj,
            f"{work.multiplies:,} {arithmetic} multiplies x {multiply_pj:.4g} pJ + "
            f"{work.adds:,} adds x {add_pj:.4g} pJ",
        )


def _unit_areas(accelerator: AcceleratorSpec, technology: TechnologySpec) -> Iterator[Part]:
    """Multipliers and adders of the units on the chip."""
    for name, unit in accelerator.units.items():
        if not unit.inside:
            continue
        quote = Quote(technology, _unit_part(name))
        multiply_um2 = quote.figure(f"{unit.arithmetic}_mul_um2")
        add_um2 = quote.figure(f"{unit.arithmetic}_add_um2")
        yield quote.mm2(
            unit.multiplies_per_cycle * multiply_um2 + unit.adds_per_cycle * add_um2,
            f"{unit.multiplies_per_cycle:,} {unit.arithmetic} multipliers x {multiply_um2:.4g} um2 "
            f"+ {unit.adds_per_cycle:,} adders x {add_um2:.4g} um2",
        )


def _dram_energies(
    accelerator: AcceleratorSpec, technology: TechnologySpec, usage: Usage
) -> Iterator[Part]:
    """Every byte moved, by stream."""
    moved = {
        "weights": usage.weight_bytes,
        "activations": usage.activation_bytes,
        "results": usage.result_bytes,
        "units": sum(work.read_bytes + work.written_bytes for work in usage.work.values()),
    }
    for stream, stream_bytes in moved.items():
        quote = Quote(technology, f"DRAM {stream}")
        bit_pj = quote.dram_pj_per_bit(accelerator.memory.dram)
        yield quote.joules(
            stream_bytes * BITS_PER_BYTE * bit_pj,
            f"{stream_bytes:,} bytes x 8 x {bit_pj:.4g} pJ ({accelerator.memory.dram})",
        )


def _unit_part(name: str) -> str:
    return f"unit {name}"
