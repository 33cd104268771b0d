"""The link cycle by cycle: masters, list and result stage around an array (docs/top.md)."""

from bitsim.kernel_cache import require_cache

require_cache()
