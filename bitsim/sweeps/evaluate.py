"""One design of a sweep, simulated."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.errors import BitsimError
from bitsim.spec.sweep import Value
from bitsim.sweeps.designs import Sweep
from bitsim.system.simulation import simulate


@dataclass(frozen=True)
class Evaluation:
    """What a design does. Tokens as `RunResult.tokens`.

    stall_cycles  as `RunResult.stall_cycles`
    energy_j      by part, J of the pass
    area_mm2      by part
    """

    index: int
    settings: dict[str, Value]
    cycles: int
    seconds: float
    tokens_per_s: float
    utilization: float
    energy_j_per_token: float
    total_area_mm2: float
    stall_cycles: dict[str, int]
    energy_j: dict[str, float]
    area_mm2: dict[str, float]

    def __hash__(self) -> int:
        return hash((self.index, self.cycles, self.energy_j_per_token, self.total_area_mm2))


@dataclass(frozen=True)
class Refusal:
    """A design that cannot be built or priced, and why."""

    index: int
    settings: dict[str, Value]
    reason: str

    def __hash__(self) -> int:
        return hash((self.index, self.reason))


def evaluate(sweep: Sweep, index: int) -> Evaluation | Refusal:
    """Simulate design `index`, timing alone."""
    settings = sweep.spec.settings(index)
    try:
        design = sweep.design(index)
        result = simulate(
            design,
            sweep.network,
            sweep.technology(design),
            stage=sweep.spec.stage,
            batch=sweep.spec.batch,
            context=sweep.spec.context,
        )
    except BitsimError as error:
        return Refusal(index, settings, str(error))
    return Evaluation(
        index=index,
        settings=settings,
        cycles=result.cycles,
        seconds=result.seconds,
        tokens_per_s=result.tokens_per_s,
        utilization=result.utilization,
        energy_j_per_token=result.energy_j_per_token,
        total_area_mm2=result.area_mm2,
        stall_cycles=result.stall_cycles,
        energy_j={part.name: part.value for part in result.energy},
        area_mm2={part.name: part.value for part in result.area},
    )
