"""Many designs simulated, and the best of them."""

from bitsim.sweeps.designs import Sweep, load_sweep
from bitsim.sweeps.evaluate import Evaluation, Refusal
from bitsim.sweeps.pareto import pareto_front
from bitsim.sweeps.run import SweepResult, run_sweep

__all__ = [
    "Evaluation",
    "Refusal",
    "Sweep",
    "SweepResult",
    "load_sweep",
    "pareto_front",
    "run_sweep",
]
