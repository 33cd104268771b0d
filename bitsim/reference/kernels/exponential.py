"""exp of float32, written down: the same bits on every machine and whatever its C library.

Source: Arm optimized routines, math/expf.c, which glibc has had as `expf` since 2.27: x / ln 2 is
split into a 32nd of a whole number, from a table, and a rest for a cubic polynomial, all in f64
and rounded to f32 once; 0.502 units in the last place. Here every operation is rounded by itself.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from bitsim.kernels import njit

STEPS = 32  # table entries of a power of two
STEP_BITS = 47  # 52 bits of fraction less 5 of the table's index

# 2^(i/32) as f64 bits, less i in the places where the exponent and i are added. By decimals, which
# are the same everywhere.
TABLE = np.array([float(Decimal(2) ** (Decimal(i) / STEPS)) for i in range(STEPS)]).view(np.uint64)
TABLE -= np.arange(STEPS, dtype=np.uint64) << np.uint64(STEP_BITS)
PER_LN2 = float.fromhex("0x1.71547652b82fep+0") * STEPS
ROUND = float.fromhex("0x1.8p+52")  # added and taken away again: rounds to a whole number
C0 = float.fromhex("0x1.c6af84b912394p-5") / STEPS**3
C1 = float.fromhex("0x1.ebfce50fac4f3p-3") / STEPS**2
C2 = float.fromhex("0x1.62e42ff0c52d6p-1") / STEPS
LEAST = np.float32(float.fromhex("-0x1.9fe368p6"))  # below it, exp rounds to 0


@njit(inline="always")
def exp(x):
    """e^x, float32, of x <= 0 or NaN."""
    z = PER_LN2 * np.float64(x)
    shifted = z + ROUND
    whole = np.float64(shifted).view(np.uint64)
    r = z - (shifted - ROUND)
    power = TABLE[whole & np.uint64(STEPS - 1)] + (whole << np.uint64(STEP_BITS))
    y = (C0 * r + C1) * (r * r) + (C2 * r + 1.0)
    return np.float32(0) if x < LEAST else np.float32(y * np.uint64(power).view(np.float64))
