"""A check that the machine has enough memory, made before the memory is taken."""

from __future__ import annotations

import os
from pathlib import Path

from bitsim.errors import BitsimError
from bitsim.spec.network import NetworkSpec
from bitsim.units import ceil_div

MEMINFO = Path("/proc/meminfo")


def network_bytes(spec: NetworkSpec, table_bytes: int | None = None) -> int:
    """What a network takes once loaded: 2-bit weights, f32 gains, embedding and head.

    table_bytes  of embedding and head, as their file holds them; None: bf16
    """
    rows = sum(product.n * ceil_div(product.k, 4) for product in spec.products(0))
    gains = 3 * spec.hidden_size + spec.intermediate_size
    if table_bytes is None:
        table_bytes = 2 * (1 if spec.tied_head else 2) * spec.vocab_size * spec.hidden_size
    return spec.layers * (rows + 4 * gains) + 4 * spec.hidden_size + table_bytes


def available_bytes() -> int:
    """What can be taken now without swapping; all memory of the machine if it does not say."""
    try:
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass  # not Linux: the total is the bound that every system tells
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def require_memory(needed_bytes: int, what: str) -> None:
    """`BitsimError` if the machine has less than is about to be taken."""
    free_bytes = available_bytes()
    if needed_bytes > free_bytes:
        raise BitsimError(
            f"{what} needs {needed_bytes / 1e9:.1f} GB of memory, {free_bytes / 1e9:.1f} GB are "
            f"available; use a smaller one or a larger machine"
        )
