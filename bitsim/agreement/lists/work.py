"""`bitsim rtl check` of whole accelerators: lists of random or recorded products over the bus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bitsim.agreement.lists.case import ListWork, TopCase
from bitsim.agreement.lists.forms import random_work
from bitsim.agreement.lists.memory_map import place_products
from bitsim.agreement.lists.random import random_world
from bitsim.agreement.lists.result_form import ResultForm
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import BusLayout
from bitsim.trace.event import Event
from bitsim.trace.job import Job
from bitsim.trace.world import ideal_world

RANDOM_PHASES = 6
CASE_BYTES = 64 << 20  # weights of the lists of one case, as int8


def top_cases_of_random_work(accelerator: AcceleratorSpec, seed: int) -> list[TopCase]:
    """A few random phases: memory that answers at once, then memory that does not.

    Their results leave in any form that the accelerator's result stage has.
    """
    rng, layout = np.random.default_rng(seed), layout_of(accelerator)
    work = [random_work(rng, layout, f"phase_{i}") for i in range(RANDOM_PHASES)]
    jobs, forms = [job for job, _ in work], [form for _, form in work]
    again = f"bitsim rtl check --accelerator {accelerator.name} --seed {seed}"
    return _free_and_stalled(layout, jobs, "random", again, rng, forms)


def top_cases_of_events(
    accelerator: AcceleratorSpec, events: Iterable[Event], seed: int = 0
) -> Iterator[TopCase]:
    """Recorded products in lists as long as possible, with the same two kinds of memory."""
    rng = np.random.default_rng(seed)
    layout, again = layout_of(accelerator), f"--trace with --seed {seed}"
    first, jobs = 0, []
    for index, event in enumerate(events):
        jobs.append(event.job())
        if sum(job.weights.nbytes for job in jobs) > CASE_BYTES:
            yield from _free_and_stalled(layout, jobs, f"events_{first}_to_{index}", again, rng)
            first, jobs = index + 1, []
    if jobs:
        name = f"events_{first}_to_{first + len(jobs) - 1}"
        yield from _free_and_stalled(layout, jobs, name, again, rng)


def layout_of(accelerator: AcceleratorSpec) -> BusLayout:
    """Of an accelerator with a bus."""
    assert accelerator.bus is not None, accelerator.name
    return BusLayout(accelerator.array, accelerator.bus)


def _free_and_stalled(
    layout: BusLayout,
    jobs: Sequence[Job],
    name: str,
    again: str,
    rng: np.random.Generator,
    forms: Sequence[ResultForm] | None = None,
) -> list[TopCase]:
    entries, most = place_products(layout, jobs, forms=forms), layout.bus.list_entries
    lists = [
        ListWork(jobs[first : first + most], entries[first : first + most])
        for first in range(0, len(jobs), most)
    ]
    ports = layout.bus.weight_ports
    return [
        TopCase(f"{name}_free", layout, lists, ideal_world(ports), again),
        TopCase(f"{name}_stalled", layout, lists, random_world(rng, ports), again),
    ]
