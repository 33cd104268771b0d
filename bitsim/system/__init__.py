"""Array, memory and units together: what a machine does on a network, cycle by cycle."""

from bitsim.program.program import Pass
from bitsim.system.machine import Machine
from bitsim.system.result import RunResult
from bitsim.system.simulation import simulate, simulate_passes, simulate_trace

__all__ = ["Machine", "Pass", "RunResult", "simulate", "simulate_passes", "simulate_trace"]
