"""What a run used, as far as it costs energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bitsim.spec.counts import ArrayCounts, WorkCounts


@dataclass(frozen=True)
class Usage:
    """Sums over a whole run.

    counts              the array's counters
    weight_bytes        of the weight stream, DRAM to array
    activation_bytes    of the activation stream, DRAM to array
    result_bytes        of the result stream, array to DRAM
    work                by unit: arithmetic, and bytes to and from DRAM
    """

    counts: ArrayCounts
    weight_bytes: int
    activation_bytes: int
    result_bytes: int
    work: Mapping[str, WorkCounts] = field(default_factory=dict)
