"""f32 arithmetic with a written-down order of additions.

Every sum here depends on its two vectors alone: not on how many tokens a pass has, not on the
number of threads, not on the machine's vector width. That is what makes prefill and decode equal
to the last bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels.lanes import WIDTH, load_lanes, multiply_add, no_lanes, store_lanes

LANES = 2 * WIDTH  # partial sums of one dot product
STEPS = 4  # additions to each before it goes back to memory


@njit(inline="always")
def widen(bits):
    """The f32 that has the 16 bits of a bf16 on top; exact."""
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@njit(inline="always")
def _multiply_add(x, y, lanes):
    for lane in range(x.shape[0]):
        lanes[lane] += x[lane] * y[lane]


@njit(inline="always")
def _fold(lanes):
    width = LANES
    while width > 1:
        width //= 2
        for lane in range(width):
            lanes[lane] += lanes[lane + width]
    return lanes[0]


@njit(inline="always")
def dot(x, y, lanes):
    """x . y in f32: place i goes to partial sum i mod LANES, then the sums are folded in halves.

    x, y   (k,)      float32
    lanes  (LANES,)  float32, scratch
    """
    k = x.shape[0]
    whole = k - k % LANES
    low = high = no_lanes()
    for start in range(0, whole, LANES):
        low = multiply_add(low, load_lanes(x, start), load_lanes(y, start))
        start += WIDTH
        high = multiply_add(high, load_lanes(x, start), load_lanes(y, start))
    store_lanes(lanes, 0, low)
    store_lanes(lanes, WIDTH, high)
    _multiply_add(x[whole:], y[whole:], lanes)
    return _fold(lanes)


@njit(inline="always")
def dot_bf16(x, y, lanes):
    """The same with x (k,) uint16, the bits of bf16."""
    k = x.shape[0]
    blocks = k - k % (STEPS * LANES)
    for lane in range(LANES):
        lanes[lane] = np.float32(0)
    for start in range(0, blocks, STEPS * LANES):
        for lane in range(LANES):  # STEPS at a time: three times as fast
            total = lanes[lane]
            for step in range(STEPS):
                place = start + step * LANES + lane
                total += widen(x[place]) * y[place]
            lanes[lane] = total
    for place in range(blocks, k):
        lanes[place % LANES] += widen(x[place]) * y[place]
    return _fold(lanes)


@njit(inline="always")
def norm_token(x, gain, eps, lanes, out):
    """`rms_norm` of one token: x, gain and out (k,), lanes (LANES,) scratch, all float32."""
    k = x.shape[0]
    variance = dot(x, x, lanes) / np.float32(k)
    inverse = np.float32(1) / np.float32(math.sqrt(variance + eps))
    for place in range(k):
        out[place] = gain[place] * (x[place] * inverse)


@njit(cache=True)
def _rms_norm(x, gain, eps, out):
    lanes = np.empty(LANES, np.float32)
    for token in range(x.shape[0]):
        norm_token(x[token], gain, eps, lanes, out[token])


def rms_norm(x: NDArray[np.float32], gain: NDArray[np.float32], eps: float) -> NDArray[np.float32]:
    """gain * x / sqrt(mean(x^2) + eps), token by token (transformers `BitNetRMSNorm` in f32).

    x        (m, k)  float32
    gain     (k,)    float32
    returns  (m, k)  float32
    """
    out = np.empty_like(x)
    _rms_norm(x, gain, np.float32(eps), out)
    return out


@njit(inline="always")
def gate_token(gate, up, out):
    """relu(gate)^2 * up of one token: (ffn,) float32 each."""
    for place in range(out.shape[0]):
        positive = max(gate[place], np.float32(0))
        out[place] = positive * positive * up[place]


def squared_relu_gate(gate_up: NDArray[np.float32]) -> NDArray[np.float32]:
    """relu(gate)^2 * up: (m, 2 x ffn) float32, gates first, to (m, ffn); as `gate_token`."""
    ffn = gate_up.shape[1] // 2
    out = np.maximum(gate_up[:, :ffn], np.float32(0))
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        out *= out
        out *= gate_up[:, ffn:]
    return out


@njit(cache=True)
def _all_finite(bits):
    found = np.uint16(0)
    for place in range(bits.shape[0]):
        found |= np.uint16((bits[place] & np.uint16(0x7F80)) == np.uint16(0x7F80))
    return found == 0


def all_finite(bits: NDArray[np.uint16]) -> bool:
    """Whether no bf16 of an array is infinite or NaN."""
    return bool(_all_finite(bits.reshape(-1)))


def widened(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The values of bf16, in a new array of the same shape; exact."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def from_bf16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The same, in an array that cannot be written."""
    values = widened(bits)
    values.flags.writeable = False
    return values
