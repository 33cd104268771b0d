"""bitsim: a hardware co-design simulator for ternary LLM accelerators.

A part (accelerator, network, technology, sweep, trace) is asked for by name, by path, or as the
object that a `load_` function made. What a caller gives wrong is a `BitsimError`, in one line.
Each function is imported when it is first used, so `import bitsim` takes no time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bitsim.api.explore import explore as explore
    from bitsim.api.hardware import check as check
    from bitsim.api.hardware import emit as emit
    from bitsim.api.names import list_accelerators as list_accelerators
    from bitsim.api.names import list_boards as list_boards
    from bitsim.api.names import list_checkpoints as list_checkpoints
    from bitsim.api.names import list_networks as list_networks
    from bitsim.api.names import list_sweeps as list_sweeps
    from bitsim.api.names import list_technologies as list_technologies
    from bitsim.api.record import record as record
    from bitsim.api.run import run as run
    from bitsim.api.simulate import simulate as simulate
    from bitsim.api.simulate import simulate_trace as simulate_trace
    from bitsim.errors import BitsimError as BitsimError
    from bitsim.reference.checkpoints.load import load_network as load_network
    from bitsim.spec.catalog import load_accelerator as load_accelerator
    from bitsim.spec.catalog import load_board as load_board
    from bitsim.spec.catalog import load_checkpoint_source as load_checkpoint_source
    from bitsim.spec.catalog import load_network_spec as load_network_spec
    from bitsim.spec.catalog import load_technology as load_technology
    from bitsim.sweeps.designs import load_sweep as load_sweep
    from bitsim.trace.reader import load_trace as load_trace

_HOMES = {
    "BitsimError": "bitsim.errors",
    "check": "bitsim.api.hardware",
    "emit": "bitsim.api.hardware",
    "explore": "bitsim.api.explore",
    "list_accelerators": "bitsim.api.names",
    "list_boards": "bitsim.api.names",
    "list_checkpoints": "bitsim.api.names",
    "list_networks": "bitsim.api.names",
    "list_sweeps": "bitsim.api.names",
    "list_technologies": "bitsim.api.names",
    "load_accelerator": "bitsim.spec.catalog",
    "load_board": "bitsim.spec.catalog",
    "load_checkpoint_source": "bitsim.spec.catalog",
    "load_network": "bitsim.reference.checkpoints.load",
    "load_network_spec": "bitsim.spec.catalog",
    "load_sweep": "bitsim.sweeps.designs",
    "load_technology": "bitsim.spec.catalog",
    "load_trace": "bitsim.trace.reader",
    "record": "bitsim.api.record",
    "run": "bitsim.api.run",
    "simulate": "bitsim.api.simulate",
    "simulate_trace": "bitsim.api.simulate",
}

__all__ = [
    "BitsimError",
    "check",
    "emit",
    "explore",
    "list_accelerators",
    "list_boards",
    "list_checkpoints",
    "list_networks",
    "list_sweeps",
    "list_technologies",
    "load_accelerator",
    "load_board",
    "load_checkpoint_source",
    "load_network",
    "load_network_spec",
    "load_sweep",
    "load_technology",
    "load_trace",
    "record",
    "run",
    "simulate",
    "simulate_trace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bitsim' has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return list(__all__)
