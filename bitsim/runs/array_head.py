"""An int8 output head whose integer products come from the simulated array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.program.program import HeadPart, head_parts, head_phases
from bitsim.reference.tables import Int8Table, Table
from bitsim.spec import digits
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix
from bitsim.units import ceil_div


@dataclass(frozen=True, eq=False)
class HeadDigits:
    """The rows of an int8 head as an array takes them, cut into parts; a part is one phase.

    table     the int8 rows, whose codes are written in `digits` of balanced ternary
    row_tile  rows that the array works on at a time
    matrices  of each part
    """

    table: Int8Table
    digits: int
    row_tile: int
    parts: Sequence[HeadPart]
    matrices: Sequence[TernaryMatrix]

    @staticmethod
    def of(accelerator: AcceleratorSpec, network: NetworkSpec, table: Int8Table) -> HeadDigits:
        """In as many digits as the largest code takes."""
        codes, row_tile = table.codes[:, : table.hidden], accelerator.array.rows
        needed = digits.digits_for(max(int(codes.max()), -int(codes.min())))
        parts = head_parts(accelerator, network, needed)
        matrices = [
            digits.digit_matrix(part.name, codes[part.first : part.end], needed, row_tile)
            for part in parts
        ]
        return HeadDigits(table, needed, row_tile, parts, matrices)

    def joined(self, part: HeadPart, sums: NDArray[np.int32]) -> NDArray[np.int32]:
        """(m, rows of the part) int32, from the array's sums of its digits."""
        return digits.joined(sums, self.digits, self.row_tile)[:, : part.end - part.first]


class ArrayHead(Table):
    """An `Int8Table` whose products are computed by the given function.

    product  (m, hidden) int8 to (m, vocab) int32
    """

    def __init__(
        self, table: Int8Table, product: Callable[[NDArray[np.int8]], NDArray[np.int32]]
    ) -> None:
        super().__init__(table.form, table.vocab, table.hidden, table.nbytes)
        self._table = table
        self._product = product

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """As of the table."""
        return self._table.rows(ids)

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Table`."""
        return self._table.logits_by(x, self._product)


def head_bytes(accelerator: AcceleratorSpec, network: NetworkSpec) -> int:
    """What the digits of a head take, packed and as the array's image."""
    if not accelerator.head_in_array:
        return 0
    array, total = accelerator.array, 0
    width = ceil_div(network.hidden_size, digits.PLACES)
    beats = ceil_div(network.hidden_size, array.depth)
    for phase in head_phases(accelerator, network, 1, digits.INT8_DIGITS):
        total += phase.n * width + phase.n // array.rows * beats * array.weight_beat_bytes
    return total
