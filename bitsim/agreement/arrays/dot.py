"""Random arrays of the `dot` dataflow, small enough to be built in a second or two."""

from __future__ import annotations

import numpy as np

from bitsim.agreement.arrays.draw import log_uniform
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import LARGEST_ACTIVATION, PACKINGS
from bitsim.units import ceil_div

MOST_LANES = 64
MOST_COLUMNS = 12
MOST_SLICE_LANES = 96  # of a column, and of the whole array: more would take long to build
MOST_ARRAY_LANES = 384
MOST_K_BEATS = 40

NARROW_LANES = 24  # together with a link: arrays of all widths are compared by themselves
NARROW_COLUMNS = 8
NARROW_COLUMN_LANES = 96

# Every eighth machine is as wide as they get, every eighth has a single lane or column.
_FIXED_LANES = {0: MOST_LANES, 1: 1}
_FIXED_COLUMNS = {2: 1}
_FIXED_NARROW_COLUMNS = {1: 1, 2: 4}  # of the first: one column alone, and several ports


def random_array(rng: np.random.Generator, index: int) -> DotSpec:
    """An array of any kind; some values of `index` give the extreme ones."""
    return _random_array(rng, _FIXED_LANES.get(index % 8), _FIXED_COLUMNS.get(index % 8))


def random_narrow_array(rng: np.random.Generator, index: int) -> DotSpec:
    """An array for an accelerator with a link."""
    lanes = log_uniform(rng, 1, NARROW_LANES)
    most_columns = min(NARROW_COLUMNS, NARROW_COLUMN_LANES // lanes)
    columns = _FIXED_NARROW_COLUMNS.get(index) or int(rng.integers(1, most_columns + 1))
    return _random_array(rng, lanes, columns)


def _random_array(rng: np.random.Generator, lanes: int | None, columns: int | None) -> DotSpec:
    """Every parameter drawn, small ones more often, buffers often as small as can be."""
    lanes = lanes or log_uniform(rng, 1, MOST_LANES)
    slices = log_uniform(rng, 1, max(1, min(4, MOST_SLICE_LANES // lanes)))
    hold = log_uniform(rng, 1, 6)
    most_columns = min(MOST_COLUMNS, MOST_ARRAY_LANES // (lanes * slices))
    max_k = int(rng.integers(1, MOST_K_BEATS * lanes + 1))
    accumulator_bits = max(9, (LARGEST_ACTIVATION * max_k).bit_length() + 1)
    block_beats = ceil_div(max_k, lanes) * hold
    return DotSpec(
        dataflow="dot",
        columns=columns or log_uniform(rng, 1, most_columns),
        lanes=lanes,
        slices=slices,
        hold=hold,
        weight_packing=rng.choice(PACKINGS),
        tree_stages=int(rng.integers(0, min(8, (lanes - 1).bit_length()) + 1)),
        accumulator_bits=accumulator_bits + int(rng.integers(0, 3) == 0),
        max_k=max_k,
        weight_fifo_beats=log_uniform(rng, 2, 8),
        activation_buffer_beats=block_beats + int(rng.integers(0, 2) * rng.integers(0, 20)),
        result_fifo_beats=log_uniform(rng, 2, 6),
        skip="gate",
    )
