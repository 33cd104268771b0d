"""Where the images of a list of products lie in memory."""

from __future__ import annotations

from collections.abc import Sequence

from bitsim.spec.bus import BusLayout, ListEntry
from bitsim.trace.job import Job


def place_products(
    layout: BusLayout, jobs: Sequence[Job], first_address: int = 0, apart_words: int = 0
) -> list[ListEntry]:
    """Entries of the jobs, all images one after the other with `apart_words` between them."""
    word_bytes = layout.bus.word_bytes
    address = first_address
    entries = []
    for job in jobs:
        shape = layout.entry(job.phase, 0, 0, 0, 0)
        stride = (shape.weights_words + apart_words) * word_bytes
        activations_address = address + layout.bus.weight_ports * stride
        results_address = activations_address + (shape.activations_words + apart_words) * word_bytes
        entries.append(
            layout.entry(job.phase, address, stride, activations_address, results_address)
        )
        address = results_address + (shape.results_words + apart_words) * word_bytes
    return entries
