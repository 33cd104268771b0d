"""Netlists of cells replayed: values, toggles, power."""

from bitsim.kernel_cache import require_cache

require_cache()
