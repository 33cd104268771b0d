"""What the bytes of a GGUF tensor stand for: ternary codes, or values in f32.

Source of the layouts: github.com/ggml-org/ggml, ggml-quants.c (`dequantize_row_*`), and for I2_S
microsoft/BitNet, src/ggml-bitnet-mad.cpp, in the order of its published file on every processor.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.kernels import njit
from bitsim.reference.checkpoints.gguf.file import GgufFile
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.packing import empty_codes
from bitsim.reference.tables import FORMS, Table, table_of

TERNARY = ("I2_S", "TQ1_0", "TQ2_0")
FLOATS = FORMS
CHUNK_BLOCKS = 1 << 12  # decoded at a time: bounds what is held beside the result
SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


@njit(cache=True)
def _repack_group(stored, high_first, packed):
    """32 bytes that hold 4 x 32 codes, one of each 32 in a byte; returns how many codes are 3."""
    reserved = 0
    for part in range(4):
        shift = np.uint8(6 - 2 * part if high_first else 2 * part)
        for byte in range(8):
            digits = np.uint8(0)
            for place in range(4):
                code = (stored[4 * byte + place] >> shift) & np.uint8(3)
                reserved += code == 3
                digits |= code << np.uint8(2 * place)
            packed[8 * part + byte] = digits
    return reserved


@njit(cache=True)
def _repack_crumbs(stored, high_first, packed):
    reserved = 0
    for group in range(stored.shape[0]):
        reserved += _repack_group(stored[group], high_first, packed[group])
    return reserved


@njit(cache=True, parallel=True)
def _repack_crumbs_parallel(stored, high_first, packed):
    reserved = 0
    for group in prange(stored.shape[0]):
        reserved += _repack_group(stored[group], high_first, packed[group])
    return reserved


@njit(cache=True)
def _unpack_trits(stored, first, width, trits, digits, at, out):
    """`width` bytes of every block, `trits` codes each, the first the most significant."""
    faults = 0
    for block in range(stored.shape[0]):
        for place in range(width):
            value = digits[stored[block, first + place]]
            faults += value == 255 or (trits == 4 and value % 3 != 0)
            divisor = 81
            for trit in range(trits):
                out[block, at + place + trit * width] = (value // divisor) % 3
                divisor //= 3
    return faults


def _trit_digits() -> NDArray[np.uint8]:
    """By byte, the number 0..242 that ggml stores as ceil(number * 256 / 243); 255: none."""
    digits = np.full(256, 255, np.uint8)
    numbers = np.arange(243)
    digits[(numbers * 256 + 242) // 243] = numbers
    return digits


def ternary(file: GgufFile, name: str) -> tuple[NDArray[np.uint8], float]:
    """A tensor of one of the types TERNARY: its codes and its scale.

    returns  (n, k / 4) uint8, `2bit` of `bitsim.spec.encoding`; and what the codes are multiplied
             by, one number for the tensor
    """
    info = file.tensors[name]
    raw = file.tensor_bytes(name)
    n, k = info.shape
    if k % 4:
        raise tensor_fault(
            file, name, f"has rows of {k} weights, no multiple of 4; use a padded one"
        )
    if info.type.name == "I2_S":
        codes_bytes = n * k // 4
        packed, reserved = _crumbs(raw[:codes_bytes].reshape(-1, 32), high_first=True)
        scale = float(raw[codes_bytes : codes_bytes + 4].copy().view("<f4")[0])
    else:
        blocks = raw.reshape(-1, info.type.block_bytes)
        if info.type.name == "TQ2_0":
            halves = np.ascontiguousarray(blocks[:, :64]).reshape(-1, 32)
            packed, reserved = _crumbs(halves, high_first=False)
        else:
            packed, reserved = _trits(blocks)
        scale = _one_scale(file, name, packed.reshape(-1, 64), blocks)
    if reserved:
        raise tensor_fault(
            file,
            name,
            f"has codes that stand for no ternary weight in {reserved} places; use a sound file",
        )
    if not SMALLEST_NORMAL <= scale < float("inf"):
        raise tensor_fault(
            file,
            name,
            f"has the scale {scale:g}; a scale is a finite number above 0 and not denormal: "
            f"write it again",
        )
    packed = packed.reshape(n, k // 4)
    packed.flags.writeable = False
    return packed, scale


def _crumbs(stored: NDArray[np.uint8], high_first: bool) -> tuple[NDArray[np.uint8], int]:
    packed = empty_codes(*stored.shape)
    run = _repack_crumbs_parallel if threads.worthwhile(4 * stored.size) else _repack_crumbs
    return packed, int(run(stored, high_first, packed))


def _trits(blocks: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    packed = empty_codes(len(blocks), 64)
    digits = _trit_digits()
    faults = 0
    for begin in range(0, len(blocks), CHUNK_BLOCKS):
        part = blocks[begin : begin + CHUNK_BLOCKS]
        codes = np.empty((len(part), 256), np.uint8)
        for first, width, trits, at in ((0, 32, 5, 0), (32, 16, 5, 160), (48, 4, 4, 240)):
            faults += int(_unpack_trits(part, first, width, trits, digits, at, codes))
        fours = codes.reshape(len(part), 64, 4) << np.array([0, 2, 4, 6], np.uint8)
        packed[begin : begin + len(part)] = np.bitwise_or.reduce(fours, axis=2)
    return packed, faults


def _one_scale(
    file: GgufFile, name: str, codes: NDArray[np.uint8], blocks: NDArray[np.uint8]
) -> float:
    """The one scale of all blocks; blocks of zeros do not count: ggml gives them the scale 0."""
    bits = np.ascontiguousarray(blocks[:, -2:]).view("<u2")[:, 0]
    used = bits[(codes != 0x55).any(axis=1)]  # 0x55: four weights 0
    if not used.size:
        told = bits[0] != 0 and bool((bits == bits[0]).all())
        return float(bits[:1].view("<f2")[0]) if told else 1.0
    scales = np.array([used[0], used[(used != used[0]).argmax()]], "<u2").view("<f2")
    if (used != used[0]).any():
        raise tensor_fault(
            file,
            name,
            f"has blocks of scale {scales[0]:g} and of {scales[1]:g}; a ternary array computes "
            f"one scale for a matrix: convert from a model with one (BitNet b1.58)",
        )
    return float(scales[0])


def table(file: GgufFile, name: str) -> Table:
    """Embedding or head in one of the types FLOATS, a view of the file."""
    info = file.tensors[name]
    found = table_of(info.type.name, file.tensor_bytes(name).reshape(info.shape[0], -1))
    if found is None:
        raise tensor_fault(file, name, "has values that are not finite; use a sound file")
    return found


def values(file: GgufFile, name: str) -> NDArray[np.float32]:
    """A small tensor of one of the types FLOATS in f32, exactly, in an array of its own."""
    info = file.tensors[name]
    found = table_of(info.type.name, file.tensor_bytes(name).reshape(1, -1))
    if found is None:
        raise tensor_fault(file, name, "has values that are not finite; use a sound file")
    decoded = found.rows(np.zeros(1, np.int64)).reshape(info.shape)
    decoded.flags.writeable = False
    return decoded


def tensor_fault(file: GgufFile, name: str, text: str) -> BitsimError:
    """A fault of one tensor."""
    return file.fault(f"tensor {name[:120]!r} {text}")
