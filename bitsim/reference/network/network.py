"""A network with its weights, and the walk through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.reference.kernels import floats, quantizer
from bitsim.reference.kernels.product.product import ProductFn, exact_product
from bitsim.reference.network import attention
from bitsim.reference.network.addresses import Addresses
from bitsim.reference.network.attention import KVCache
from bitsim.reference.network.layer import Layer
from bitsim.reference.network.one_token import walk as one_token
from bitsim.reference.tables import Table
from bitsim.reference.text.tokenizer import Tokenizer
from bitsim.spec.network import NetworkSpec, Product
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event

# Called for each ternary matrix with its Hugging Face module name, its input (m, k) before
# quantisation and its output (m, n), both float32.
Observer = Callable[[str, NDArray[np.float32], NDArray[np.float32]], None]


@dataclass(frozen=True, eq=False)
class Network:
    """A BitNet b1.58 network that can be walked through.

    embedding, head  (vocab, hidden); one table if the head is tied
    final_norm       (hidden,)  float32, gains
    synthetic        True: weights made up, see `bitsim.reference.network.synthetic`
    """

    spec: NetworkSpec
    tokenizer: Tokenizer
    synthetic: bool
    embedding: Table
    head: Table
    final_norm: NDArray[np.float32]
    layers: tuple[Layer, ...]

    def __repr__(self) -> str:
        made_up = ", synthetic weights" if self.synthetic else ""
        return (
            f"<Network: {self.spec.name}, {len(self.layers)} layers of {self.spec.hidden_size}, "
            f"head in {self.head.form}{made_up}>"
        )

    @property
    def memory_bytes(self) -> int:
        """Bytes of all weights; the tables of a checkpoint are views of its file."""
        arrays: list[Table | NDArray[np.uint8] | NDArray[np.float32]]
        arrays = [self.embedding, self.final_norm]
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
        return self.forward_batch([ids], [cache], product, all_logits, observer)[0]

    def forward_batch(
        self,
        ids: Sequence[NDArray[np.int64]],
        caches: Sequence[KVCache],
        product: ProductFn | None = None,
        all_logits: bool = False,
        observer: Observer | None = None,
    ) -> list[NDArray[np.float32]]:
        """One pass over several sequences, each with a cache of its own: `forward` of each, bit
        for bit, but every weight is read once.

        ids      of each sequence (m_i,)  int64; an event has the tokens of all, in this order
        returns  of each sequence (1 or m_i, vocab)  float32
        """
        assert len(ids) == len(caches) > 0
        assert len({id(cache) for cache in caches}) == len(caches), "a cache is there twice"
        for each, cache in zip(ids, caches, strict=True):
            self._check(each, cache)
        ends = np.cumsum([len(each) for each in ids])
        parts = [slice(end - len(each), end) for each, end in zip(ids, ends, strict=True)]
        walk = _Walk(
            self, list(zip(parts, caches, strict=True)), product or exact_product, observer
        )
        hidden = self.embedding.rows(np.concatenate(ids))
        alone = len(hidden) == 1 and product is None and observer is None
        # What is not finite goes through the plain walk again, which says where.
        if not (alone and one_token.walk(self.spec, self._addresses, hidden[0], caches[0])):
            hidden = self.embedding.rows(np.concatenate(ids))
            for index in range(self.spec.layers):
                hidden = walk.layer(index, hidden)
        for each, cache in zip(ids, caches, strict=True):
            cache.length += len(each)
            cache.passes = walk.pass_index + 1
        if not all_logits:
            hidden = hidden[ends - 1]
            parts = [slice(place, place + 1) for place in range(len(ids))]
        logits = self.head.logits(floats.rms_norm(hidden, self.final_norm, walk.eps))
        return [logits[part] for part in parts]

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses.of(self.spec, self.layers)

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
        self,
        network: Network,
        sequences: list[tuple[slice, KVCache]],
        product: ProductFn,
        observer: Observer | None,
    ) -> None:
        self.network = network
        self.sequences = sequences  # which tokens of the pass are whose
        self.pass_index = max(cache.passes for _, cache in sequences)
        self.product = product
        self.observer = observer
        self.eps = network.spec.rms_norm_eps

    def layer(self, index: int, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        """(m, hidden) float32 in and out. Source: transformers 5.23 `BitNetDecoderLayer`."""
        spec, layer = self.network.spec, self.network.layers[index]
        qkv, o, gate_up, down = zip(spec.products(index), layer.products, strict=True)

        x = floats.rms_norm(hidden, layer.input_norm, self.eps)
        mixed = self.attend(index, self.linear(*qkv, x))
        x = floats.rms_norm(mixed, layer.attention_norm, self.eps)
        hidden = hidden + self.linear(*o, x)

        x = floats.rms_norm(hidden, layer.ffn_input_norm, self.eps)
        gated = floats.squared_relu_gate(self.linear(*gate_up, x))
        x = floats.rms_norm(gated, layer.ffn_norm, self.eps)
        return hidden + self.linear(*down, x)

    def attend(self, index: int, qkv: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each sequence over itself: (m, hidden + 2 x kv_size) to (m, hidden) float32."""
        out = np.empty((len(qkv), self.network.spec.hidden_size), np.float32)
        for part, cache in self.sequences:
            attention.attend(self.network.spec, qkv[part], cache, index, out[part])
        return out

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
        event = Event(self.pass_index, product.name, codes, scales, matrices)
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
