"""From the bytes of a file to a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.reference.kernels import floats
from bitsim.reference.tables import stored
from bitsim.reference.tables.bf16 import Bf16Table
from bitsim.reference.tables.stored import StoredTable
from bitsim.reference.tables.table import Table

FORMS = ("BF16", *stored.FORMS)  # by the names that GGUF and safetensors give them


def table_of(form: str, raw: NDArray[np.uint8]) -> Table | None:
    """The table that a file holds in one of FORMS; None if a value is infinite or NaN.

    raw  (vocab, bytes of a row) uint8, kept as it is
    """
    if form == "BF16":
        bits = raw.view("<u2")
        return Bf16Table(bits) if floats.all_finite(bits) else None
    table = StoredTable(form, raw)
    return table if table.finite() else None
