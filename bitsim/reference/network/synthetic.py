"""Weights for a shape without a checkpoint: made up, but with the published statistics.

The texts that such a network writes mean nothing. What is like the real one is what hardware
feels: the dimensions, the share of zero weights, and the share of zeros after squared ReLU.

Zeros after squared ReLU: random weights would give one half. A trained network has more, so some
*bias channels* of the residual stream are set apart: every embedding row holds the same value
there, no output projection writes to them (their rows are zero; real checkpoints have such dead
rows too), and every gate weighs them with -1. That shifts the sum in front of squared ReLU by the
quantile that is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.reference.kernels import floats, random_bits
from bitsim.reference.kernels.random_bits import key, to_bf16
from bitsim.reference.memory import network_bytes, require_memory
from bitsim.reference.network.layer import Layer
from bitsim.reference.network.network import Network
from bitsim.reference.tables import Bf16Table
from bitsim.reference.text.tokenizer import ByteTokenizer
from bitsim.spec.network import NetworkSpec, Product, Statistics
from bitsim.spec.ternary import TernaryMatrix

# Magnitudes of a real master checkpoint: weights of order 1, input gains near 0.017, gains after
# attention near 1.3. Sizes that no statistic fixes are chosen for sane activations.
WEIGHT_SCALE = 1.2
INPUT_GAIN = 0.017
FFN_INPUT_GAIN = 1.3
BLOCK_GROWTH = 0.25  # variance that each attention or FFN adds to the residual stream's 1
LOGIT_DEVIATION = 3.0
JITTER = 0.25  # gains spread over 1 +- this, weight scales too
BIAS_CHANNELS = 16
EVERY_WEIGHT_MINUS, EVERY_WEIGHT_ZERO = np.uint8(0b00000000), np.uint8(0b01010101)
EMBEDDING, HEAD, FINAL_NORM, LAYER = range(4)  # parts of a tensor's key


def synthesize(spec: NetworkSpec, seed: int) -> Network:
    """The network of a shape and a seed: the same bytes on any number of threads."""
    made = maker(spec, seed)
    require_memory(network_bytes(spec), f"{spec.name}: the synthetic network")
    embedding = Bf16Table(made.table(EMBEDDING))
    return Network(
        spec=spec,
        tokenizer=ByteTokenizer(spec.vocab_size),
        synthetic=True,
        embedding=embedding,
        head=embedding if spec.tied_head else Bf16Table(made.table(HEAD)),
        final_norm=made.final_norm(),
        layers=tuple(made.layer(index) for index in range(spec.layers)),
    )


def maker(spec: NetworkSpec, seed: int) -> Maker:
    """The parts of `synthesize`, for callers who want them one after the other."""
    if spec.statistics is None:
        raise BitsimError(
            f"{spec.name}: has no [statistics], which synthetic weights are made from; add them "
            f"or give a checkpoint"
        )
    if seed < 0:
        raise BitsimError(f"seed = {seed}: must be 0 or more")
    return Maker(spec, spec.statistics, seed)


@dataclass(frozen=True)
class Maker:
    """Every part of one synthetic network, made anew when it is asked for."""

    spec: NetworkSpec
    statistics: Statistics
    seed: int

    @property
    def bias_channels(self) -> int:
        """The first channels of the stream; whole bytes of codes."""
        return min(BIAS_CHANNELS, self.spec.hidden_size // 8 * 4)

    @property
    def nonzero(self) -> float:
        return 1 - self.statistics.zero_weight_fraction

    def table(self, part: int) -> NDArray[np.uint16]:
        """Embedding rows: deviation 1, and the value 1 in the bias channels."""
        rows = random_bits.fill_normal(
            self.spec.vocab_size, self.spec.hidden_size, key(self.seed, part)
        )
        rows[:, : self.bias_channels] = to_bf16(np.ones(1))
        rows.flags.writeable = False
        return rows

    def stream_rms(self, blocks: int) -> float:
        """Root mean square of the residual stream after `blocks` attentions and FFNs."""
        hidden, bias = self.spec.hidden_size, self.bias_channels
        return math.sqrt(((hidden - bias) * (1 + blocks * BLOCK_GROWTH) + bias) / hidden)

    def uniform(self, count: int, *parts: int) -> NDArray[np.float64]:
        """(count,) numbers of 1 +- JITTER."""
        start = key(self.seed, *parts)
        with np.errstate(over="ignore"):
            counters = start + np.arange(count, dtype=np.uint64)
        bits = np.array([random_bits.mix(counter) for counter in counters], np.uint64)
        return 1 + JITTER * (2 * (bits >> np.uint64(11)) / float(1 << 53) - 1)

    def final_norm(self) -> NDArray[np.float32]:
        """Gains of random sign: else a tied head would see the last token again, and repeat it."""
        size = LOGIT_DEVIATION / math.sqrt(self.spec.hidden_size)
        jitter = self.uniform(self.spec.hidden_size, FINAL_NORM)
        signs = np.where(self.uniform(self.spec.hidden_size, FINAL_NORM, 1) < 1, -1, 1)
        return floats.from_bf16(to_bf16(size * jitter * signs))

    def layer(self, index: int) -> Layer:
        """All weights of one layer."""
        spec = self.spec
        norms = [
            INPUT_GAIN * self.uniform(spec.hidden_size, LAYER, index, 0),
            self.output_gain(spec.hidden_size) * self.uniform(spec.hidden_size, LAYER, index, 1),
            FFN_INPUT_GAIN * self.ffn_input_gains(index),
            self.output_gain(spec.intermediate_size)
            * self.uniform(spec.intermediate_size, LAYER, index, 3),
        ]
        products = tuple(
            self.matrices(index, place, product)
            for place, product in enumerate(spec.products(index))
        )
        return Layer(products, *(floats.from_bf16(to_bf16(norm)) for norm in norms))

    def output_gain(self, k: int) -> float:
        """Gain of the norm in front of an output projection that adds BLOCK_GROWTH."""
        return math.sqrt(BLOCK_GROWTH / (self.nonzero * k)) / WEIGHT_SCALE

    def ffn_input_gains(self, index: int) -> NDArray[np.float64]:
        """1 +- JITTER, and in the bias channels what shifts a gate's sum to its quantile.

        A gate's sum is -bias * c plus a random part of deviation sqrt(nonzero * rest) * d, with c
        and d the sizes of both kinds of channel after the norm.
        """
        gains = self.uniform(self.spec.hidden_size, LAYER, index, 2)
        bias, rest = self.bias_channels, self.spec.hidden_size - self.bias_channels
        blocks = 2 * index + 1  # the attention of this layer has been added
        rms = self.stream_rms(blocks)
        deviation = math.sqrt((1 + blocks * BLOCK_GROWTH) * float(np.mean(gains[bias:] ** 2))) / rms
        shift = NormalDist().inv_cdf(self.statistics.zero_ffn_fraction)
        size = shift * math.sqrt(self.nonzero * rest) * deviation / bias
        gains[:bias] = size * rms
        return gains

    def matrices(self, index: int, place: int, product: Product) -> tuple[TernaryMatrix, ...]:
        table = random_bits.ternary_table(self.statistics.zero_weight_fraction)
        spreads = self.uniform(len(product.matrices), LAYER, index, 4, place)
        made = []
        for number, (name, rows) in enumerate(zip(product.matrices, product.rows, strict=True)):
            start = key(self.seed, LAYER, index, 5, place, number)
            packed = random_bits.fill_ternary(rows, product.k, start, table)
            if name.endswith("gate_proj"):
                packed[:, : self.bias_channels // 4] = EVERY_WEIGHT_MINUS
            if name.endswith(("o_proj", "down_proj")):
                packed[: self.bias_channels] = EVERY_WEIGHT_ZERO
            packed.flags.writeable = False
            scale = to_bf16(WEIGHT_SCALE * spreads[number : number + 1])
            bits = scale.astype(np.uint32) << 16
            made.append(
                TernaryMatrix(
                    name=name,
                    n=rows,
                    k=product.k,
                    packed=packed,
                    scale=float(bits.view(np.float32)[0]),
                )
            )
        return tuple(made)
