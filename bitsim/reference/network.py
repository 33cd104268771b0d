"""A network with its weights, and the walk through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.reference import attention, floats, quantizer
from bitsim.reference.attention import KVCache
from bitsim.reference.product import ProductFn, exact_product
from bitsim.reference.tokenizer import Tokenizer
from bitsim.spec.network import NetworkSpec, Product
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event

# Called for each ternary matrix with its Hugging Face module name, its input (m, k) before
# quantisation and its output (m, n), both float32.
Observer = Callable[[str, NDArray[np.float32], NDArray[np.float32]], None]


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights of one decoder layer; gains are bf16 bits in uint16.

    products  the matrices of the four phases, in the order of `NetworkSpec.products`
    """

    products: tuple[tuple[TernaryMatrix, ...], ...]
    input_norm: NDArray[np.uint16]
    attention_norm: NDArray[np.uint16]  # attn_sub_norm
    ffn_input_norm: NDArray[np.uint16]  # post_attention_layernorm
    ffn_norm: NDArray[np.uint16]  # ffn_sub_norm


@dataclass(frozen=True, eq=False)
class Network:
    """A BitNet b1.58 network that can be walked through.

    embedding, head  (vocab, hidden)  uint16, bf16; one array if the head is tied
    synthetic        True: weights made up, see `bitsim.reference.synthetic`
    """

    spec: NetworkSpec
    tokenizer: Tokenizer
    synthetic: bool
    embedding: NDArray[np.uint16]
    head: NDArray[np.uint16]
    final_norm: NDArray[np.uint16]
    layers: tuple[Layer, ...]

    @property
    def memory_bytes(self) -> int:
        """Bytes of all weights; the embedding of a checkpoint is a view of its file."""
        arrays: list[NDArray[np.uint8] | NDArray[np.uint16]] = [self.embedding, self.final_norm]
        if self.head is not self.embedding:
            arrays.append(self.head)
        for layer in self.layers:
            arrays += [
                layer.input_norm,
                layer.attention_norm,
                layer.ffn_input_norm,
                layer.ffn_norm,
                *(matrix.packed for matrices in layer.products for matrix in matrices),
            ]
        return sum(array.nbytes for array in arrays)

    def empty_cache(self, capacity: int) -> KVCache:
        """A cache for `capacity` tokens; `BitsimError` beyond the network's own context."""
        if not 1 <= capacity <= self.spec.max_context:
            raise BitsimError(
                f"{self.spec.name}: a context of {capacity} tokens; it takes 1 to "
                f"{self.spec.max_context}: ask for fewer tokens"
            )
        return KVCache.empty(self.spec, capacity)

    def forward(
        self,
        ids: NDArray[np.int64],
        cache: KVCache,
        product: ProductFn | None = None,
        all_logits: bool = False,
        observer: Observer | None = None,
    ) -> NDArray[np.float32]:
        """One pass: the tokens that follow what the cache holds, which they are added to.

        ids       (m,)  int64, in the vocabulary
        product   makes the integer sums of an event; None: the reference's own
        returns   (1 or m, vocab)  float32: logits of the last token, or of all
        """
        self._check(ids, cache)
        walk = _Walk(self, cache, product or exact_product, observer)
        hidden = floats.embed(self.embedding, ids)
        for index in range(self.spec.layers):
            hidden = walk.layer(index, hidden)
        cache.length += len(ids)
        cache.passes += 1
        if not all_logits:
            hidden = hidden[-1:]
        return floats.head(self.head, floats.rms_norm(hidden, self.final_norm, walk.eps))

    def _check(self, ids: NDArray[np.int64], cache: KVCache) -> None:
        if ids.size == 0:
            raise BitsimError(f"{self.spec.name}: no token ids; give at least one")
        assert ids.ndim == 1
        assert cache.length + ids.size <= cache.capacity, "cache too small"
        outside = ids[(ids < 0) | (ids >= self.spec.vocab_size)]
        if outside.size:
            raise BitsimError(
                f"{self.spec.name}: token id {outside[0]} is outside the vocabulary of "
                f"{self.spec.vocab_size}; give ids of 0 to {self.spec.vocab_size - 1}"
            )


class _Walk:
    """What every step of one pass shares."""

    def __init__(
        self, network: Network, cache: KVCache, product: ProductFn, observer: Observer | None
    ) -> None:
        self.network = network
        self.cache = cache
        self.product = product
        self.observer = observer
        self.eps = network.spec.rms_norm_eps

    def layer(self, index: int, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        """(m, hidden) float32 in and out. Source: transformers 5.23 `BitNetDecoderLayer`."""
        spec, layer = self.network.spec, self.network.layers[index]
        qkv, o, gate_up, down = zip(spec.products(index), layer.products, strict=True)

        x = floats.rms_norm(hidden, layer.input_norm, self.eps)
        mixed = attention.attend(spec, self.linear(*qkv, x), self.cache, index)
        x = floats.rms_norm(mixed, layer.attention_norm, self.eps)
        hidden = hidden + self.linear(*o, x)

        x = floats.rms_norm(hidden, layer.ffn_input_norm, self.eps)
        gated = floats.squared_relu_gate(self.linear(*gate_up, x))
        x = floats.rms_norm(gated, layer.ffn_norm, self.eps)
        return hidden + self.linear(*down, x)

    def linear(
        self, product: Product, matrices: tuple[TernaryMatrix, ...], x: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """BitLinear layers of one input: (m, k) to (m, n) float32, rows of all side by side."""
        codes, scales, finite = quantizer.quantize(x)
        if not finite:
            raise BitsimError(
                f"{self.network.spec.name}: the input of {product.name} is not finite; the "
                f"checkpoint's gains or scales are too large: use a sound one"
            )
        event = Event(self.cache.passes, product.name, codes, scales, matrices)
        sums = self.product(event)
        assert sums.shape == (len(x), product.n), f"{product.name}: {sums.shape}"
        assert sums.dtype == np.int32
        out = np.empty(sums.shape, np.float32)
        first = 0
        for matrix in matrices:
            end = first + matrix.n
            quantizer.dequantize(sums, scales, first, end, matrix.scale, out)
            if self.observer:
                self.observer(matrix.name, x, out[:, first:end])
            first = end
        return out
