"""Where the images of a list of products lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bitsim.agreement.lists.result_form import SUMS, ResultForm
from bitsim.spec.link.axi4 import BusLayout, ListEntry
from bitsim.trace.job import Job


def place_products(
    layout: BusLayout,
    jobs: Sequence[Job],
    first_address: int = 0,
    apart_words: int = 0,
    forms: Sequence[ResultForm] | None = None,
) -> list[ListEntry]:
    """Entries of the jobs, all images one after the other with `apart_words` between them.

    forms  of each job's results; None: all as sums
    """
    word_bytes = layout.bus.word_bytes
    address = first_address
    entries = []
    for job, form in zip(jobs, forms or [SUMS] * len(jobs), strict=True):
        shape = layout.entry(job.phase, 0, 0, 0, 0, form.digits, form.codes)
        stride = (shape.weights_words + apart_words) * word_bytes
        activations_address = address + layout.bus.weight_ports * stride
        results_address = activations_address + (shape.activations_words + apart_words) * word_bytes
        entries.append(
            replace(
                shape,
                weights_address=address,
                weights_stride=stride,
                activations_address=activations_address,
                results_address=results_address,
            )
        )
        address = results_address + (shape.results_words + apart_words) * word_bytes
    return entries
