"""What every weight layout of another program can do."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.spec.base import Spec
from bitsim.units import ceil_div


class Layout(Spec):
    """How one matrix of ternary weights lies in bytes: the parameters, checked.

    `encode` and `decode` are inverse, bit for bit, for every size that `check` admits.
    """

    label: ClassVar[str]  # as the command line names it
    fused: ClassVar[bool] = False  # whether matrices of one input are stored as one
    scale_dtype: ClassVar[str] = "F32"
    scale_slots: ClassVar[int] = 1  # scales beside a stored matrix; unused ones are 0

    @classmethod
    @abstractmethod
    def for_shape(cls, n: int, k: int) -> Self:
        """The parameters for n outputs and k inputs: those that are published, else our choice."""

    @classmethod
    @abstractmethod
    def is_published(cls, n: int, k: int) -> bool:
        """Whether the parameters of `for_shape` are published ones."""

    @abstractmethod
    def size_faults(self, n: int, k: int) -> list[str]:
        """Why this layout does not admit n x k weights; empty if it does."""

    @abstractmethod
    def stored_bytes(self, n: int, k: int) -> int:
        """Bytes of an n x k matrix, without its scale."""

    def stored_shape(self, n: int, k: int) -> tuple[int, ...]:
        """Shape of the tensor that holds these bytes."""
        return (self.stored_bytes(n, k),)

    @abstractmethod
    def _encode(self, packed: NDArray[np.uint8], stored: NDArray[np.uint8]) -> None:
        """Fill `stored`, which is zeros; both C-contiguous, sizes admitted."""

    @abstractmethod
    def _decode(self, stored: NDArray[np.uint8], packed: NDArray[np.uint8]) -> int:
        """Fill `packed`; returns how many codes stand for no ternary weight."""

    def check(self, n: int, k: int) -> None:
        """`BitsimError` for a size that the layout does not admit, with the bound and why."""
        faults = self.size_faults(n, k)
        if faults:
            raise BitsimError(
                "\n".join(f"layout {self.label}: {fault}; use another layout" for fault in faults)
            )

    def encode(self, packed: NDArray[np.uint8], n: int, k: int) -> NDArray[np.uint8]:
        """Weights in this layout.

        packed   (n, ceil(k / 4))  uint8, `2bit` of `bitsim.spec.encoding`, no reserved digit
        returns  (stored_bytes,)  uint8, a new array
        """
        self.check(n, k)
        assert packed.shape == (n, ceil_div(k, 4)), f"{packed.shape}: not {n} x {k}"
        assert packed.dtype == np.uint8
        stored = np.zeros(self.stored_bytes(n, k), np.uint8)
        self._encode(np.ascontiguousarray(packed), stored)
        return stored

    def decode(self, stored: NDArray[np.uint8], n: int, k: int) -> NDArray[np.uint8]:
        """The inverse of `encode`; `BitsimError` for bytes that `encode` never makes.

        stored   (stored_bytes,)  uint8; any shape of that many bytes in order
        returns  (n, ceil(k / 4))  uint8, `2bit` of `bitsim.spec.encoding`, a new array
        """
        self.check(n, k)
        assert stored.dtype == np.uint8
        size = self.stored_bytes(n, k)
        if stored.size != size:
            self._refuse(f"{stored.size} bytes; {n} x {k} weights have {size}")
        packed = np.empty((n, ceil_div(k, 4)), np.uint8)
        void = self._decode(np.ascontiguousarray(stored).reshape(-1), packed)
        if void:
            self._refuse(f"codes that stand for no ternary weight in {void} places")
        return packed

    def _refuse(self, text: str) -> NoReturn:
        raise BitsimError(f"layout {self.label}: {text}; use a sound file")


def multiple_fault(name: str, value: int, of: int, why: str) -> list[str]:
    """A fault if `value` is not a multiple of `of`."""
    return [] if value % of == 0 else [f"{name} = {value} is no multiple of {of}, {why}"]
