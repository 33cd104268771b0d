"""From real numbers to codes: int8 activations, ternary weights, and back.

Source of both formulas: transformers 5.23 `integrations/bitnet.py`, ActQuant and WeightQuant.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels.floats import widen
from bitsim.reference.kernels.packing import empty_codes
from bitsim.units import ceil_div

SMALLEST = 1e-5  # keeps both scales finite
INFINITY = 0x7F800000  # its bits
ROWS_PER_SUM = 64  # rows whose |w| are added up by one thread; fixes the order of the additions


@njit(inline="always")
def quantize_token(x, codes):
    """`quantize` of one token, x and codes (k,): its scale, and whether x was finite."""
    largest = np.uint32(0)  # of f32 without their sign: in the order of the values, NaN on top
    for place in range(x.shape[0]):
        bits = np.float32(x[place]).view(np.uint32)
        largest = max(largest, np.uint32(bits & np.uint32(0x7FFFFFFF)))
    scale = np.float32(127) / max(np.uint32(largest).view(np.float32), np.float32(SMALLEST))
    for place in range(x.shape[0]):
        code = np.rint(x[place] * scale)
        codes[place] = np.int8(min(max(code, np.float32(-128)), np.float32(127)))
    return scale, largest < np.uint32(INFINITY)


@njit(cache=True)
def _quantize(x, codes, scales):
    all_finite = True
    for token in range(x.shape[0]):
        scales[token], finite = quantize_token(x[token], codes[token])
        all_finite &= finite
    return all_finite


def quantize(x: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32], bool]:
    """Absmax codes of each token: x is about codes / scale.

    x        (m, k)  float32
    returns  codes (m, k) int8 = clamp(round half even(x * scale), -128, 127);
             scales (m,) float32 = 127 / max(max|x|, 1e-5); whether x was finite (else all is void)
    """
    codes = np.empty(x.shape, np.int8)
    scales = np.empty(x.shape[0], np.float32)
    finite = _quantize(x, codes, scales)
    return codes, scales, bool(finite)


@njit(inline="always")
def dequantize_token(sums, scale, weight_scale, out):
    """`dequantize` of one token: sums (n,) int32, out (n,) float32; with error_model="numpy"."""
    for row in range(sums.shape[0]):
        out[row] = np.float32(sums[row]) * weight_scale / scale


def dequantize(
    sums: NDArray[np.int32],
    scales: NDArray[np.float32],
    first: int,
    end: int,
    weight_scale: float,
    out: NDArray[np.float32],
) -> None:
    """out[:, first:end] = sums * weight_scale / scale: what the integer products of a matrix mean.

    sums    (m, n)  int32, |sum| < 2^24 and so exact in f32
    scales  (m,)    float32
    out     (m, n)  float32
    """
    part = out[:, first:end]
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        weight = np.float32(weight_scale)
        np.multiply(sums[:, first:end], weight, out=part, dtype=np.float32, casting="unsafe")
        part /= scales[:, None]


@njit(cache=True, parallel=True)
def _block_sums(weights, sums):
    for block in prange(sums.shape[0]):
        total = 0.0
        first = block * ROWS_PER_SUM
        for row in range(first, min(first + ROWS_PER_SUM, weights.shape[0])):
            for place in range(weights.shape[1]):
                total += abs(widen(weights[row, place]))
        sums[block] = total


@njit(cache=True, parallel=True)
def _ternarize(weights, inverse, packed):
    k = weights.shape[1]
    for row in prange(weights.shape[0]):
        for byte in range(packed.shape[1]):
            digits = np.uint8(0)
            for place in range(4):
                weight = np.float32(0)
                if 4 * byte + place < k:
                    weight = np.rint(widen(weights[row, 4 * byte + place]) * inverse)
                digit = np.uint8(min(max(weight, np.float32(-1)), np.float32(1)) + np.float32(1))
                digits |= digit << np.uint8(2 * place)
            packed[row, byte] = digits


def ternarize(weights: NDArray[np.uint16]) -> tuple[NDArray[np.uint8], float]:
    """Absmean ternary codes of a bf16 master matrix: w is about code * scale.

    weights  (n, k)  uint16, bf16
    returns  packed (n, ceil(k / 4)) uint8, `2bit` of `bitsim.spec.encoding`; code =
             clamp(round half even(w * f32(1 / a)), -1, 1) with a = max(mean|w|, 1e-5); scale =
             what a code is worth, 1 / f32(1 / a). NaN or infinite if a weight is.
    """
    sums = np.empty(ceil_div(weights.shape[0], ROWS_PER_SUM), np.float64)
    _block_sums(weights, sums)
    mean = np.float32(math.fsum(sums) / weights.size) if np.isfinite(sums).all() else np.nan
    inverse = np.float32(1) / np.maximum(mean, np.float32(SMALLEST))
    packed = empty_codes(weights.shape[0], ceil_div(weights.shape[1], 4))
    _ternarize(weights, np.float32(inverse), packed)
    return packed, float(np.float32(1) / np.float32(inverse))
