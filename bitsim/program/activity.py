"""Adds, subtracts and skips to be expected when only the timing is simulated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bitsim.errors import BitsimError
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.digits import zero_fraction
from bitsim.spec.network import NetworkSpec, Statistics
from bitsim.spec.phase import Phase


@dataclass(frozen=True)
class Activity:
    """Zero fractions of a network, and which products see which."""

    peak_products: int
    ffn_products: frozenset[str]  # their activations have passed the squared ReLU
    statistics: Statistics

    @classmethod
    def of(
        cls, accelerator: AcceleratorSpec, network: NetworkSpec, statistics: Statistics | None
    ) -> Activity:
        """By the statistics given or the network's own; `BitsimError` if there are none."""
        found = statistics or network.statistics
        if found is None:
            raise BitsimError(
                f"{network.name}: statistics: missing, so energy cannot be computed from the shape "
                f"alone; add [statistics] to its TOML or a statistics.toml to its folder "
                f"(zero_weight_fraction, zero_ffn_fraction, source), or simulate a trace, which "
                f"has the values"
            )
        downs = frozenset(network.products(layer)[-1].name for layer in range(network.layers))
        return cls(accelerator.array.peak_products, downs, found)

    def expected(self, phase: Phase, counts: ArrayCounts) -> ArrayCounts:
        """`counts` with the adds, subtracts and skips expected for the phase's products.

        A product is skipped if its weight is 0. After the squared ReLU it is also skipped if its
        activation is 0; other activations are taken as never 0, which overstates the energy a
        little. The remaining products are half adds, half subtracts.
        """
        live = 1.0 - self.statistics.zero_weight_fraction
        if phase.name in self.ffn_products:
            live *= 1.0 - self.statistics.zero_ffn_fraction
        return _split(phase, counts, self.peak_products, live)


def expected_of_head(
    accelerator: AcceleratorSpec, phase: Phase, counts: ArrayCounts, digits: int
) -> ArrayCounts:
    """The same for a head in the array, whose codes are all taken as equally frequent."""
    return _split(phase, counts, accelerator.array.peak_products, 1.0 - zero_fraction(digits))


def _split(phase: Phase, counts: ArrayCounts, peak_products: int, live: float) -> ArrayCounts:
    active = round(phase.products * live)
    subtracts = active // 2
    return replace(
        counts,
        adds=active - subtracts,
        subtracts=subtracts,
        skips=counts.busy * peak_products - active,
    )
