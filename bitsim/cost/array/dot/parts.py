"""Energy and area of a `dot` array."""

from __future__ import annotations

from collections.abc import Iterator

from bitsim.cost import logic
from bitsim.cost.array.dot.structure import COUNTER_BITS, COUNTERS, DotStructure
from bitsim.cost.part import Part
from bitsim.cost.quote import Quote
from bitsim.cost.usage import Usage
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.technology import TechnologySpec
from bitsim.units import BITS_PER_BYTE


def energy(spec: DotSpec, technology: TechnologySpec, usage: Usage) -> Iterator[Part]:
    """Parts in J.

    A product that is not skipped costs its selection and one add of the mean width of the tree's
    adders: R products take R adds, R - 1 in the tree and one in the accumulator. A skipped product
    toggles nothing. Flip-flops are clocked in busy cycles alone.
    """
    counts, made = usage.counts, DotStructure.of(spec)
    sums = counts.busy * spec.columns * spec.slices
    active = counts.adds + counts.subtracts

    quote = Quote(technology, "lanes")
    select_pj = 8 * logic.SELECT_GATES_PER_BIT * logic.gate_pj(quote)
    width = made.tree_adder_bits / made.tree_adders if made.tree_adders else 0.0
    tree_pj = logic.add_pj(quote, width) * made.tree_adders / spec.peak_products
    yield quote.joules(
        active * (select_pj + tree_pj),
        f"{active:,} adds and subtracts x ({select_pj:.4g} select + {tree_pj:.4g} tree) pJ; "
        f"{counts.skips:,} skipped at 0 pJ",
    )

    quote = Quote(technology, "accumulators")
    bits = spec.accumulator_bits
    one_pj = logic.add_pj(quote, bits) + bits * quote.figure("flip_flop_pj")
    yield quote.joules(
        sums * one_pj, f"{sums:,} sums x {one_pj:.4g} pJ (add and register, {bits} bits)"
    )

    quote = Quote(technology, "pipeline registers")
    flop_pj = quote.figure("flip_flop_pj")
    yield quote.joules(
        counts.busy * made.pipeline_bits * flop_pj,
        f"{counts.busy:,} busy cycles x {made.pipeline_bits:,} bits x {flop_pj:.4g} pJ",
    )

    quote = Quote(technology, "weight decode")
    decode_pj = logic.DECODER_GATES[spec.weight_packing] * logic.gate_pj(quote)
    yield quote.joules(
        usage.weight_bytes * decode_pj,
        f"{usage.weight_bytes:,} bytes of {spec.weight_packing} x {decode_pj:.4g} pJ",
    )

    quote = Quote(technology, "weight queues")
    column_bytes = spec.weight_fifo_beats * spec.beat_bytes
    yield _stored(quote, column_bytes, usage.weight_bytes, usage.weight_bytes)

    quote = Quote(technology, "activation buffer")
    buffer_bytes = spec.activation_buffer_beats * spec.lanes * spec.slices
    read_bytes = counts.busy * spec.lanes * spec.slices
    yield _stored(quote, buffer_bytes, usage.activation_bytes, read_bytes)

    quote = Quote(technology, "result queue")
    queue_bytes = spec.result_fifo_beats * _result_beat_bits(spec) // BITS_PER_BYTE
    yield _stored(quote, queue_bytes, usage.result_bytes, usage.result_bytes)

    quote = Quote(technology, "counters")
    full_adder_pj = logic.add_pj(quote, 9) - logic.add_pj(quote, 8)
    counted = counts.busy * 2 * spec.peak_products
    yield quote.joules(
        counted * full_adder_pj + counts.cycles * COUNTER_BITS * quote.figure("flip_flop_pj"),
        f"{counted:,} lane flags counted x {full_adder_pj:.4g} pJ; {counts.cycles:,} cycles x "
        f"{COUNTER_BITS} bits",
    )


def area(spec: DotSpec, technology: TechnologySpec) -> Iterator[Part]:
    """Parts in mm2, cells without the free space that routing needs."""
    made = DotStructure.of(spec)
    sums = spec.columns * spec.slices

    quote = Quote(technology, "lanes")
    select_um2 = 8 * logic.SELECT_GATES_PER_BIT * logic.gate_um2(quote)
    adder_um2 = quote.figure("full_adder_um2")
    yield quote.mm2(
        spec.peak_products * select_um2 + made.tree_adder_bits * adder_um2,
        f"{spec.peak_products:,} lanes x {select_um2:.4g} um2 select + "
        f"{made.tree_adder_bits:,} bits of tree adders x {adder_um2:.4g} um2",
    )

    quote = Quote(technology, "accumulators")
    bits = spec.accumulator_bits
    one_um2 = bits * (spec.hold * quote.figure("flip_flop_um2") + quote.figure("full_adder_um2"))
    yield quote.mm2(
        sums * one_um2, f"{sums:,} x {one_um2:.4g} um2 (adder, {spec.hold} x {bits} bits)"
    )

    quote = Quote(technology, "pipeline registers")
    flop_um2 = quote.figure("flip_flop_um2")
    yield quote.mm2(
        made.pipeline_bits * flop_um2, f"{made.pipeline_bits:,} bits x {flop_um2:.4g} um2"
    )

    quote = Quote(technology, "weight decode")
    decoders = spec.columns * spec.beat_bytes
    decoder_um2 = logic.DECODER_GATES[spec.weight_packing] * logic.gate_um2(quote)
    yield quote.mm2(decoders * decoder_um2, f"{decoders:,} decoders x {decoder_um2:.4g} um2")

    quote = Quote(technology, "weight queues")
    column_bytes = spec.weight_fifo_beats * spec.beat_bytes
    yield _held(quote, column_bytes, spec.columns)

    quote = Quote(technology, "activation buffer")
    yield _held(quote, spec.activation_buffer_beats * spec.lanes * spec.slices, 1)

    quote = Quote(technology, "result queue")
    yield _held(quote, spec.result_fifo_beats * _result_beat_bits(spec) // BITS_PER_BYTE, 1)

    quote = Quote(technology, "counters")
    flags = 2 * spec.peak_products
    one_um2 = quote.figure("flip_flop_um2") + quote.figure("full_adder_um2")
    yield quote.mm2(
        flags * quote.figure("full_adder_um2") + COUNTERS * COUNTER_BITS * one_um2,
        f"{flags:,} lane flags and {COUNTERS} x {COUNTER_BITS} bits counted",
    )


def _result_beat_bits(spec: DotSpec) -> int:
    return spec.columns * spec.slices * spec.accumulator_bits


def _stored(quote: Quote, capacity_bytes: int, written_bytes: int, read_bytes: int) -> Part:
    bit_pj = logic.storage_pj_per_bit(quote, capacity_bytes)
    return quote.joules(
        (written_bytes + read_bytes) * BITS_PER_BYTE * bit_pj,
        f"({written_bytes:,} written + {read_bytes:,} read) bytes x 8 x {bit_pj:.4g} pJ "
        f"({capacity_bytes:,} bytes of {logic.storage_name(capacity_bytes)})",
    )


def _held(quote: Quote, capacity_bytes: int, copies: int) -> Part:
    bit_um2 = logic.storage_um2_per_bit(quote, capacity_bytes)
    return quote.mm2(
        copies * capacity_bytes * BITS_PER_BYTE * bit_um2,
        f"{copies:,} x {capacity_bytes:,} bytes x 8 x {bit_um2:.4g} um2 "
        f"({logic.storage_name(capacity_bytes)})",
    )
