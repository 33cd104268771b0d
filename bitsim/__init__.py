"""bitsim: a hardware co-design simulator for ternary LLM accelerators.

The commands are thin over these functions; each is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bitsim.reference.checkpoints.load import load_network as load_network
    from bitsim.spec.catalog import load_accelerator as load_accelerator
    from bitsim.spec.catalog import load_network_spec as load_network_spec
    from bitsim.spec.catalog import load_technology as load_technology
    from bitsim.system import simulate as simulate
    from bitsim.system import simulate_trace as simulate_trace
    from bitsim.trace.reader import open_trace as open_trace

_HOMES = {
    "load_accelerator": "bitsim.spec.catalog",
    "load_network": "bitsim.reference.checkpoints.load",
    "load_network_spec": "bitsim.spec.catalog",
    "load_technology": "bitsim.spec.catalog",
    "open_trace": "bitsim.trace.reader",
    "simulate": "bitsim.system",
    "simulate_trace": "bitsim.system",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bitsim' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
