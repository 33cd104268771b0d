"""One ternary matrix product, as the array sees it."""

from pydantic import PositiveInt

from bitsim.spec.base import Spec


class Phase(Spec):
    """N x K ternary weights times K x M int8 activations; `name` is for people."""

    name: str
    n: PositiveInt
    k: PositiveInt
    m: PositiveInt

    @property
    def products(self) -> int:
        """Ternary products of the phase, padding not counted."""
        return self.n * self.k * self.m
