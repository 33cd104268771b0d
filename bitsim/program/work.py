"""What the units beside the array do, counted: multiplies, adds, bytes from and to DRAM.

Nothing is fused: each piece of work reads its input from DRAM and writes its output there. Values
between layers and in the KV cache have 2 bytes (bf16); a comparison counts as an add. The counts
of reciprocal, root and exponential are estimates of the polynomial or Newton steps that a bf16
result takes, and are stated here.
"""

from __future__ import annotations

from bitsim.program.beats import RESULT_BYTES
from bitsim.spec.counts import WorkCounts
from bitsim.spec.network import NetworkSpec
from bitsim.units import ceil_div

VALUE_BYTES = 2  # bf16: hidden state, gains, KV cache, embedding, head
SCALE_BYTES = 4  # f32: one for each token and product
ID_BYTES = 4
TABLE_BYTES = 4  # f32: cosines and sines of RoPE, read from a table in DRAM

RECIPROCAL = WorkCounts(multiplies=4, adds=2)  # estimate: two Newton steps y (2 - x y)
ROOT = WorkCounts(multiplies=6, adds=2)  # estimate: two Newton steps y (3 - x y y) / 2
EXPONENTIAL = WorkCounts(multiplies=5, adds=4)  # estimate: range reduction and a cubic polynomial

QUERY_BLOCK = 64  # queries that attention holds while keys and values pass by (prefill)


def embedding(network: NetworkSpec, m: int) -> WorkCounts:
    """Copy the rows of `m` token ids."""
    row_bytes = network.hidden_size * VALUE_BYTES
    return WorkCounts(0, 0, m * (row_bytes + ID_BYTES), m * row_bytes)


def norm(m: int, width: int) -> WorkCounts:
    """RMSNorm: square, sum, mean, root; times the root, times the gain."""
    return WorkCounts(
        multiplies=m * (3 * width + 1 + ROOT.multiplies),
        adds=m * (width + 1 + ROOT.adds),
        read_bytes=(m * width + width) * VALUE_BYTES,
        written_bytes=m * width * VALUE_BYTES,
    )


def quantize(m: int, width: int, activation_bytes: int) -> WorkCounts:
    """absmax to int8: largest magnitude, 127 over it, times it, round, clamp to both ends.

    `activation_bytes`: what is written, in the order and padding of the array's beats.
    """
    return WorkCounts(
        multiplies=m * (width + 1 + RECIPROCAL.multiplies),
        adds=m * (4 * width + RECIPROCAL.adds),
        read_bytes=m * width * VALUE_BYTES,
        written_bytes=activation_bytes + m * SCALE_BYTES,
    )


def _dequantize(m: int, matrices: int, width: int) -> WorkCounts:
    """int32 sums times the matrix's scale over the token's: the scale once, then each value."""
    return WorkCounts(
        multiplies=m * (width + matrices * (1 + RECIPROCAL.multiplies)),
        adds=m * matrices * RECIPROCAL.adds,
        read_bytes=m * (width * RESULT_BYTES + SCALE_BYTES) + matrices * SCALE_BYTES,
    )


def rope(network: NetworkSpec, m: int) -> WorkCounts:
    """Scale q, k and v; rotate q and k by the table's angles; q to DRAM, k and v to the cache.

    A rotated pair takes 4 multiplies and 2 adds; the table gives head_dim values for a position.
    """
    hidden, kv = network.hidden_size, network.kv_size
    rotated = hidden + kv
    return _dequantize(m, 3, hidden + 2 * kv) + WorkCounts(
        multiplies=m * 2 * rotated,
        adds=m * rotated,
        read_bytes=m * network.head_dim * TABLE_BYTES,
        written_bytes=m * (hidden + 2 * kv) * VALUE_BYTES,
    )


def attention(network: NetworkSpec, sequences: int, tokens: int, context: int) -> WorkCounts:
    """softmax(q k / sqrt(d)) v, causal, over the KV cache.

    Each of `sequences` has `tokens` new tokens after `context` old ones. A token at position p
    meets p + 1 keys. Keys and values are read once for each block of up to 64 queries of a
    sequence, all heads together. The block reads as far as the last position that it sees.

    score           head_dim multiplies and adds, 1 multiply (scale), 2 adds (largest, difference),
                    an exponential, 1 add (sum)
    output value    a multiply and an add for each key, 1 multiply (over the sum)
    head and token  a reciprocal
    """
    heads, dim = network.heads, network.head_dim
    pairs = tokens * context + tokens * (tokens + 1) // 2
    scores = sequences * heads * pairs
    rows = sequences * tokens
    blocks = ceil_div(tokens, QUERY_BLOCK)
    seen = sum(context + min(tokens, (block + 1) * QUERY_BLOCK) for block in range(blocks))
    return WorkCounts(
        multiplies=scores * (2 * dim + 1 + EXPONENTIAL.multiplies)
        + rows * heads * (dim + RECIPROCAL.multiplies),
        adds=scores * (2 * dim + 3 + EXPONENTIAL.adds) + rows * heads * RECIPROCAL.adds,
        read_bytes=(sequences * seen * 2 * network.kv_size + rows * network.hidden_size)
        * VALUE_BYTES,
        written_bytes=rows * network.hidden_size * VALUE_BYTES,
    )


def residual(network: NetworkSpec, m: int) -> WorkCounts:
    """Scale the sums of o or down and add them to the hidden state."""
    values = m * network.hidden_size
    return _dequantize(m, 1, network.hidden_size) + WorkCounts(
        adds=values, read_bytes=values * VALUE_BYTES, written_bytes=values * VALUE_BYTES
    )


def activation(network: NetworkSpec, m: int) -> WorkCounts:
    """Scale gate and up; squared ReLU of the gate (compare, square) times up."""
    values = m * network.intermediate_size
    return _dequantize(m, 2, 2 * network.intermediate_size) + WorkCounts(
        multiplies=2 * values, adds=values, written_bytes=values * VALUE_BYTES
    )


def head(network: NetworkSpec, rows: int) -> WorkCounts:
    """Scores of every token of the vocabulary for `rows` hidden states, and the largest.

    The whole bf16 matrix is read once, tied to the embedding or not.
    """
    vocab, hidden = network.vocab_size, network.hidden_size
    return WorkCounts(
        multiplies=rows * vocab * hidden,
        adds=rows * vocab * (hidden + 1),
        read_bytes=(vocab * hidden + rows * hidden) * VALUE_BYTES,
        written_bytes=rows * ID_BYTES,
    )


def head_scores(network: NetworkSpec, rows: int, digits: int, sums_bytes: int) -> WorkCounts:
    """What is left of a head in the array: scores from its sums, and the largest.

    A score adds up the sums of `digits` rows, highest digit first: each counts three times the next
    one. The score is then multiplied by the row's scale and divided by the token's.

    sums_bytes  bytes of the sums as the array wrote them
    """
    scores = rows * network.vocab_size
    return WorkCounts(
        multiplies=scores * (digits - 1 + 2) + rows * RECIPROCAL.multiplies,
        adds=scores * (digits - 1 + 1) + rows * RECIPROCAL.adds,
        read_bytes=sums_bytes + (network.vocab_size + rows) * SCALE_BYTES,
        written_bytes=rows * ID_BYTES,
    )
