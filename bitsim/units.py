"""Conversions between the units that appear in names. Time inside a simulation is whole cycles."""

import numpy as np
from numpy.typing import NDArray

Cycles = NDArray[np.int64]  # whole cycles of one clock

BITS_PER_BYTE = 8
PJ_PER_J = 1e12
UM2_PER_MM2 = 1e6


def seconds(cycles: int, clock_mhz: float) -> float:
    """Duration of `cycles` of a clock."""
    return cycles / (clock_mhz * 1e6)


def ceil_cycles(duration_ns: float, clock_mhz: float) -> int:
    """The first whole cycle count that is not shorter than a duration."""
    exact = duration_ns * clock_mhz / 1e3
    whole = int(exact)
    return whole if whole >= exact - 1e-9 else whole + 1


def bytes_per_cycle(gb_per_s: float, clock_mhz: float) -> float:
    """Bandwidth (1 GB = 1e9 bytes) seen from a clock."""
    return gb_per_s * 1e3 / clock_mhz


def ceil_div(numerator: int, denominator: int) -> int:
    """Smallest integer not below the quotient of two non-negative integers."""
    return -(-numerator // denominator)
