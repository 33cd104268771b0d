"""Weight images of the products, each made once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.array.protocol import Array
from bitsim.spec.ternary import TernaryMatrix


class Images:
    """Images by product name; all products of the 2B model take 417 MB."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self._images: dict[str, tuple[tuple[TernaryMatrix, ...], NDArray[np.uint8]]] = {}

    def of(self, name: str, matrices: tuple[TernaryMatrix, ...]) -> NDArray[np.uint8]:
        """The image of a product; made again if its matrices are others than last time."""
        known = self._images.get(name)
        if known is not None and _same(known[0], matrices):
            return known[1]
        image = self._array.image(matrices)
        self._images[name] = (matrices, image)
        return image


def _same(ours: tuple[TernaryMatrix, ...], theirs: tuple[TernaryMatrix, ...]) -> bool:
    return len(ours) == len(theirs) and all(
        a is b or a.digest == b.digest for a, b in zip(ours, theirs, strict=True)
    )
