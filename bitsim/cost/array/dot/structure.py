"""What a `dot` array is made of, counted in bits and adders (docs/machine.md)."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.spec.array.dot import DotSpec

LANE_BITS = 8  # a selected activation; a negated one adds its + 1 later, as a separate carry
COUNTER_BITS = 48
COUNTERS = 9  # cycles, five classes of cycles, adds, subtracts, skips


@dataclass(frozen=True)
class DotStructure:
    """Counts of the whole array.

    tree_adders       two-input adders of all adder trees
    tree_adder_bits   their widths, summed
    pipeline_bits     flip-flops clocked in a busy cycle: activations twice, packed weights,
                      decoded weights, registers in the tree
    """

    tree_adders: int
    tree_adder_bits: int
    pipeline_bits: int

    @classmethod
    def of(cls, spec: DotSpec) -> DotStructure:
        """Count one column and slice, then multiply."""
        trees = spec.columns * spec.slices
        adders = adder_bits = register_bits = 0
        operands, bits = spec.lanes, LANE_BITS
        for level in range(1, spec.tree_levels + 1):
            bits += 1
            adders += operands // 2
            adder_bits += operands // 2 * bits
            operands -= operands // 2
            if level in registered_levels(spec):
                register_bits += operands * (bits + 1)  # and the carry
        return cls(
            tree_adders=trees * adders,
            tree_adder_bits=trees * adder_bits,
            pipeline_bits=2 * spec.lanes * spec.slices * 8
            + spec.columns * (spec.beat_bytes * 8 + spec.lanes * 2)
            + trees * register_bits,
        )


def registered_levels(spec: DotSpec) -> frozenset[int]:
    """The `tree_stages` levels of the tree that end in a register, evenly apart."""
    stages, levels = spec.tree_stages, spec.tree_levels
    return frozenset((stage + 1) * levels // stages for stage in range(stages))
