"""Small machines, and numbers for a small network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bitsim.spec import base, catalog, encoding
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.network import NetworkSpec, Product
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event

DEFAULT = catalog.load_accelerator("dot_16x40")


def machine_of(array: dict[str, Any] | None = None, **tables: dict[str, Any]) -> AcceleratorSpec:
    """The default accelerator, made small, with other fields changed."""
    table = DEFAULT.model_dump()
    small = {"columns": 4, "lanes": 10, "hold": 2, "max_k": 200, "activation_buffer_beats": 64}
    table["array"] |= small | (array or {})
    table["dma"] |= {"weight_tile_bytes": 128, "activation_tile_bytes": 64, "result_tile_bytes": 64}
    for name, fields in tables.items():
        table[name] |= fields
    return base.check(AcceleratorSpec, table, "test")


class Numbers:
    """Seeded weights and activations for every product."""

    def __init__(self, network: NetworkSpec, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._network = network
        self._matrices = {
            product.name: tuple(
                self._matrix(name, rows, product.k)
                for name, rows in zip(product.matrices, product.rows, strict=True)
            )
            for layer in range(network.layers)
            for product in network.products(layer)
        }

    def events(self, pass_index: int, m: int) -> Iterator[Event]:
        """One pass."""
        for layer in range(self._network.layers):
            for product in self._network.products(layer):
                yield self._event(pass_index, product, m)

    def _event(self, pass_index: int, product: Product, m: int) -> Event:
        codes = self._random.integers(-128, 128, (m, product.k)).astype(np.int8)
        scales = np.ones(m, np.float32)
        return Event(pass_index, product.name, codes, scales, self._matrices[product.name])

    def _matrix(self, name: str, n: int, k: int) -> TernaryMatrix:
        weights = self._random.integers(-1, 2, (n, k)).astype(np.int8)
        return TernaryMatrix(name, n, k, encoding.pack(weights, "2bit"), 1.0)
