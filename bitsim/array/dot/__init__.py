"""The `dot` dataflow, cycle by cycle (docs/machine.md)."""

from bitsim.kernel_cache import require_cache

require_cache()
