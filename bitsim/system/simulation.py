"""A network by its shape alone, or a recorded trace with its values, through a machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from bitsim import arguments
from bitsim.callbacks import Progress
from bitsim.errors import BitsimError, shown_path
from bitsim.program.program import Pass, Stage, head_phases, phases
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.digits import INT8_DIGITS
from bitsim.spec.network import NetworkSpec, Statistics
from bitsim.spec.technology import TechnologySpec
from bitsim.system.machine import Machine
from bitsim.system.result import RunResult
from bitsim.trace.reader import Trace, load_trace


def simulate(
    accelerator: AcceleratorSpec,
    network: NetworkSpec,
    technology: TechnologySpec,
    stage: Stage = "decode",
    batch: int = 1,
    context: int = 512,
    statistics: Statistics | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Timing and energy of one pass, without values.

    decode    one new token for each of `batch` sequences, `context` tokens of each in the cache
    prefill   `context` tokens of each of `batch` sequences, nothing in the cache

    `context` is 1 or more: the first token of all is a prefill of 1.

    Adds, subtracts and skips are expected ones, by `statistics` or the network's own. `progress`
    gets two numbers: the phases that are done, and all phases.
    """
    arguments.one_of("stage", stage, get_args(Stage))
    batch, context = arguments.whole("batch", batch), arguments.whole("context", context)
    if stage == "decode":
        this = Pass(m=batch, context=context, sequences=batch)
    else:
        this = Pass(m=batch * context, context=0, sequences=batch)
    return simulate_passes(accelerator, network, technology, [this], statistics, progress)


def simulate_passes(
    accelerator: AcceleratorSpec,
    network: NetworkSpec,
    technology: TechnologySpec,
    passes: Sequence[Pass],
    statistics: Statistics | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Timing and energy of passes one after the other, without values."""
    if not passes:
        raise BitsimError(f"{network.name}: no pass to simulate; give at least one")
    for each in passes:
        each.check(network)
    machine = Machine(accelerator, network, values=False, statistics=statistics)
    products = len(list(phases(network, 1)))
    products += len(head_phases(accelerator, network, 1, INT8_DIGITS))
    whole, done = len(passes) * products, 0
    for each in passes:
        machine.start_pass(each.m, each.context, each.sequences)
        for _ in range(products):
            machine.skip_product()
            done += 1
            if progress:
                progress(done, whole)
        machine.finish_pass()
    return machine.result(technology)


def simulate_trace(
    accelerator: AcceleratorSpec, trace: str | Path | Trace, technology: TechnologySpec
) -> RunResult:
    """Replay a recorded trace: every product in the array, with its values.

    A trace holds no head: where the array scores it, that is timing alone.
    """
    recorded = load_trace(trace)
    if not recorded.passes:
        raise BitsimError(
            f"{shown_path(recorded.path)}: holds no pass; record it with at least one token"
        )
    machine = Machine(accelerator, recorded.network, values=True)
    pass_index = -1
    for event in recorded.events():
        while event.pass_index != pass_index:
            if pass_index >= 0:
                machine.finish_pass()
            pass_index += 1
            started = recorded.passes[pass_index]
            machine.start_pass(started.m, started.context)
        machine.product(event)
    machine.finish_pass()
    return machine.result(technology)
