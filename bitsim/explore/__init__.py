"""Many designs simulated, and the best of them."""

from bitsim.explore.designs import Sweep, load_sweep
from bitsim.explore.evaluate import Evaluation, Refusal
from bitsim.explore.pareto import pareto_front
from bitsim.explore.run import SweepResult, run_sweep

__all__ = [
    "Evaluation",
    "Refusal",
    "Sweep",
    "SweepResult",
    "load_sweep",
    "pareto_front",
    "run_sweep",
]
