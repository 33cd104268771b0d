"""The steps of a layer that are ternary products: rows of a matrix are shared out."""

from __future__ import annotations

import numpy as np

from bitsim.kernels import njit
from bitsim.reference.kernels.floats import LANES, gate_token, norm_token
from bitsim.reference.kernels.product.product import PATH, planes_of_token
from bitsim.reference.kernels.quantizer import dequantize_token, quantize_token
from bitsim.reference.kernels.team import done, take, wait
from bitsim.reference.network.addresses import (
    GATE_PROJ,
    K_PROJ,
    Q_PROJ,
    UP_PROJ,
    V_PROJ,
    codes_at,
    gains_at,
)

PART_BYTES = 64 * 1024  # of codes: long enough to be read in one run, short enough to share out

arrange, some_rows = PATH.arrange, PATH.some_rows


@njit(cache=True)
def _rows_per_part(k):
    return max(2, PART_BYTES // ((k + 3) // 4) // 2 * 2)


@njit(cache=True)
def _parts(n, k):
    rows = _rows_per_part(k)
    return (n + rows - 1) // rows


@njit(cache=True)
def prepared(x, gain_address, eps):
    """x (k,) float32, normed and quantised, with all else that `_outputs` takes."""
    k = x.shape[0]
    normed, lanes = np.empty(k, np.float32), np.empty(LANES, np.float32)
    norm_token(x, gains_at(gain_address, k), eps, lanes, normed)
    codes = np.empty(k, np.int8)
    scale, finite = quantize_token(normed, codes)
    planes, sums = np.empty((1, 4, (k + 3) // 4), np.int8), np.empty(1, np.int32)
    sums[0] = planes_of_token(codes, planes[0])
    products = np.empty((1, _rows_per_part(k)), np.int32)
    return planes, arrange(planes), sums, scale, finite, products


@njit(cache=True, error_model="numpy")
def _outputs(address, weight_scale, n, k, ready, first, end, faults, values):
    """Rows first ... end - 1 of a matrix times what is ready, into values: float32, with room."""
    planes, arranged, sums, scale, finite, products = ready
    if not finite:
        faults[0] = 1
    some_rows(codes_at(address, n, k), planes, arranged, sums, -first, first, end, products)
    dequantize_token(products[0, : end - first], scale, weight_scale, values[: end - first])


@njit(cache=True)
def qkv_step(member, step, matrices, scales, ready, token):
    tickets, qkv, faults, k = token.tickets, token.qkv, token.faults, token.hidden.shape[0]
    kv_size = (qkv.shape[0] - k) // 2
    rows = _rows_per_part(k)
    q_parts, kv_parts = _parts(k, k), _parts(kv_size, k)
    parts = q_parts + 2 * kv_parts
    while True:
        part = take(tickets, step, member, parts)
        if part < 0:
            break
        matrix, n, column = Q_PROJ, k, 0
        if part >= q_parts + kv_parts:
            matrix, n, column, part = V_PROJ, kv_size, k + kv_size, part - q_parts - kv_parts
        elif part >= q_parts:
            matrix, n, column, part = K_PROJ, kv_size, k, part - q_parts
        first, end = part * rows, min(part * rows + rows, n)
        values = qkv[column + first : column + end]
        _outputs(matrices[matrix], scales[matrix], n, k, ready, first, end, faults, values)
        done(tickets, step)
    wait(tickets, step, parts)


@njit(cache=True)
def add_step(member, step, address, weight_scale, ready, k, token):
    """hidden += matrix times what is ready, k columns."""
    tickets, hidden, faults = token.tickets, token.hidden, token.faults
    n = hidden.shape[0]
    rows, parts = _rows_per_part(k), _parts(n, k)
    values = np.empty(rows, np.float32)
    while True:
        part = take(tickets, step, member, parts)
        if part < 0:
            break
        first, end = part * rows, min(part * rows + rows, n)
        _outputs(address, weight_scale, n, k, ready, first, end, faults, values)
        hidden[first:end] += values[: end - first]
        done(tickets, step)
    wait(tickets, step, parts)


@njit(cache=True)
def gate_up_step(member, step, matrices, scales, ready, token):
    tickets, gated, faults = token.tickets, token.gated, token.faults
    n, k = gated.shape[0], token.hidden.shape[0]
    rows, parts = _rows_per_part(k), _parts(n, k)
    gate, up = np.empty(rows, np.float32), np.empty(rows, np.float32)
    gate_at, up_at = matrices[GATE_PROJ], matrices[UP_PROJ]
    while True:
        part = take(tickets, step, member, parts)
        if part < 0:
            break
        first, end = part * rows, min(part * rows + rows, n)
        _outputs(gate_at, scales[GATE_PROJ], n, k, ready, first, end, faults, gate)
        _outputs(up_at, scales[UP_PROJ], n, k, ready, first, end, faults, up)
        gate_token(gate, up, gated[first:end])
        done(tickets, step)
    wait(tickets, step, parts)
