"""What the numbers must be: the whole network in numba, with exact integer ternary products."""

from bitsim.kernel_cache import require_cache

require_cache()
