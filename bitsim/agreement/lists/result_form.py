"""The form that an entry asks of its results, and the results that it must give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.reference.kernels.quantizer import quantize
from bitsim.spec.link.axi4 import ListEntry
from bitsim.trace.job import Job
from bitsim.units import ceil_div


@dataclass(frozen=True)
class ResultForm:
    """Sums as they are, sums of `digits`, or codes: as `BusLayout.entry`."""

    digits: int = 1
    codes: bool = False


SUMS = ResultForm()
CODES = ResultForm(codes=True)


def expected_results(
    job: Job, entry: ListEntry, columns: int
) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
    """Output and largest magnitudes, as in `bitsim.link.result.ListPhase`.

    The sums are computed by numpy, their codes by the reference's quantiser.
    """
    sums = job.expected()
    if entry.codes:
        codes, _, finite = quantize(sums.astype(np.float32))
        assert finite
        return codes.astype(np.int32), np.abs(sums).max(axis=1)
    if entry.digits > 1:
        return _joined(sums, entry.digits, columns), None
    return sums, None


def _joined(sums: NDArray[np.int32], digits: int, columns: int) -> NDArray[np.int32]:
    """(m, rows) int32: what rows of digits are worth, each place by its power of three."""
    m, n = sums.shape
    tiles = ceil_div(n, columns)
    whole = np.zeros((m, tiles * columns), np.int64)
    whole[:, :n] = sums
    worth = 3 ** np.arange(digits - 1, -1, -1)
    rows = np.einsum("mtdc,d->mtc", whole.reshape(m, tiles // digits, digits, columns), worth)
    return rows.reshape(m, -1).astype(np.int32)
