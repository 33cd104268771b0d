"""One token of one sequence through all layers in one kernel: what decoding spends its time in.

The bits are the same as in the plain walk of `network`: the same functions meet the same numbers,
only in a different place. A layer is seven steps of a `team`: three of attention, four of products.
Where a step needs the whole vector (norm, codes), each member computes it for itself, which takes
less time than waiting for another member.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.team import tickets
from bitsim.reference.network.addresses import DOWN_PROJ, O_PROJ, Addresses
from bitsim.reference.network.attention import KVCache, rope_table
from bitsim.reference.network.one_token.heads import mix_step, scores_step, softmax_step
from bitsim.reference.network.one_token.products import (
    add_step,
    gate_up_step,
    prepared,
    qkv_step,
)
from bitsim.reference.network.one_token.token import (
    DOWN,
    GATE_UP,
    MIX,
    OUTPUT,
    QKV,
    SCORES,
    SOFTMAX,
    STEPS,
    Places,
    Token,
)
from bitsim.spec.network import NetworkSpec


@njit(cache=True)
def _member(member, places, token):
    """All steps of all layers."""
    hidden, mixed, gated, eps = token.hidden, token.mixed, token.gated, token.eps
    k, ffn = hidden.shape[0], gated.shape[0]
    for layer in range(places.matrices.shape[0]):
        at, scale, gain = places.matrices[layer], places.scales[layer], places.gains[layer]
        step = layer * STEPS
        qkv_step(member, step + QKV, at, scale, prepared(hidden, gain[0], eps), token)
        scores_step(member, step + SCORES, layer, token)
        softmax_step(member, step + SOFTMAX, token)
        mix_step(member, step + MIX, layer, token)
        ready = prepared(mixed, gain[1], eps)
        add_step(member, step + OUTPUT, at[O_PROJ], scale[O_PROJ], ready, k, token)
        gate_up_step(member, step + GATE_UP, at, scale, prepared(hidden, gain[2], eps), token)
        ready = prepared(gated, gain[3], eps)
        add_step(member, step + DOWN, at[DOWN_PROJ], scale[DOWN_PROJ], ready, ffn, token)


@njit(cache=True, parallel=True)
def _together(places, token):
    for member in prange(token.tickets.shape[1] - 1):
        _member(member, places, token)


def walk(
    spec: NetworkSpec, addresses: Addresses, hidden: NDArray[np.float32], cache: KVCache
) -> bool:
    """All layers of one token, its key and value into the cache at `cache.length`.

    hidden   (hidden,)  float32, the embedding's row; the last layer's output in its place
    returns  whether the input of every product was finite; if not, `hidden` is void
    """
    start = cache.length
    team = numba.get_num_threads() if threads.worthwhile(spec.ternary_weights) else 1
    cos, sin = rope_table(spec, start, 1)
    token = Token(
        tickets=tickets(spec.layers * STEPS, team),
        start=start,
        eps=np.float32(spec.rms_norm_eps),
        cos=cos,
        sin=sin,
        keys=cache.keys,
        values=cache.values,
        hidden=hidden,
        qkv=np.empty(spec.hidden_size + 2 * spec.kv_size, np.float32),
        weights=np.empty(spec.heads * (start + 1), np.float32),
        mixed=np.empty(spec.hidden_size, np.float32),
        gated=np.empty(spec.intermediate_size, np.float32),
        faults=np.zeros(1, np.int64),
    )
    places = Places(addresses.matrices, addresses.scales, addresses.gains)
    if team == 1:
        _member(0, places, token)
    else:
        _together(places, token)
    return not token.faults[0]
