"""Cycles, energy and area of a network on a machine, by its shape or by a recorded trace."""

from __future__ import annotations

from bitsim import arguments, system
from bitsim.callbacks import Progress
from bitsim.program.program import Stage
from bitsim.reference.network.network import Network
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import Named, load_accelerator, load_network_spec, load_technology
from bitsim.spec.network import NetworkSpec, Statistics
from bitsim.spec.technology import TechnologySpec
from bitsim.system import RunResult
from bitsim.trace import Trace


def simulate(
    accelerator: Named | AcceleratorSpec,
    network: Named | NetworkSpec | Network,
    technology: Named | TechnologySpec | None = None,
    stage: Stage = "decode",
    batch: int = 1,
    context: int = 512,
    statistics: Statistics | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """One pass of a network by its shape alone, timing without values.

    accelerator  name, path or object
    network      name, path or object
    technology   what prices it; None takes the accelerator's own
    stage        "decode" makes one new token for each sequence, "prefill" takes in a prompt
    batch        sequences side by side
    context      tokens of each sequence in the KV cache before (decode), or in the prompt
    statistics   how many weights and activations are zero; None takes the network's own
    progress     called with how many phases of how many are done
    """
    machine = load_accelerator(accelerator)
    shape = network.spec if isinstance(network, Network) else load_network_spec(network)
    if statistics is not None:
        arguments.instance("statistics", statistics, Statistics, "a bitsim.spec.network.Statistics")
    return system.simulate(
        machine,
        shape,
        load_technology(machine.technology if technology is None else technology),
        stage=stage,
        batch=batch,
        context=context,
        statistics=statistics,
        progress=progress,
    )


def simulate_trace(
    accelerator: Named | AcceleratorSpec,
    trace: Named | Trace,
    technology: Named | TechnologySpec | None = None,
) -> RunResult:
    """Replay a recorded trace: every product in the array, with its values.

    accelerator  name, path or object
    trace        path of a folder, or an opened trace
    technology   what prices it; None takes the accelerator's own
    """
    machine = load_accelerator(accelerator)
    prices = load_technology(machine.technology if technology is None else technology)
    return system.simulate_trace(machine, trace, prices)
