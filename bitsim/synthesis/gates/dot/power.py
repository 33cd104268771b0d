"""What a netlist of a `dot` array, or of a column of one, can be asked to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bitsim.spec.array.dot import DotSpec
from bitsim.synthesis.gates.dot.drive import drive_array, drive_column
from bitsim.synthesis.gates.dot.work import GateWork, random_work, recorded_work
from bitsim.synthesis.gates.simulation import GateSimulation


class DotPower:
    """See `bitsim.synthesis.gates.replay.BlockWork`."""

    blocks = ("array", "column")

    def slots(self, spec: DotSpec, block: str) -> int:
        """Lanes of the block."""
        return _columns(spec, block) * spec.lanes * spec.slices

    def random(self, spec: DotSpec, block: str, zero_fraction: float) -> Iterator[GateWork]:
        """One vector at a time; then, where the array holds several, as many as it holds."""
        for held in (False, True) if spec.hold * spec.slices > 1 else (False,):
            yield random_work(spec, _columns(spec, block), zero_fraction, held)

    def recorded(self, spec: DotSpec, block: str, trace: Path) -> Iterator[GateWork]:
        """Products of a trace."""
        return recorded_work(spec, _columns(spec, block), trace)

    def drive(self, simulation: GateSimulation, spec: DotSpec, block: str, work: GateWork) -> int:
        """Steps in the cycles that were counted; `BitsimError` where a sum is wrong."""
        drive = drive_column if block == "column" else drive_array
        return drive(simulation, spec, work)


def _columns(spec: DotSpec, block: str) -> int:
    return 1 if block == "column" else spec.columns


POWER = DotPower()
