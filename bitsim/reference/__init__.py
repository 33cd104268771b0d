"""What the numbers must be: the whole network in numba, with exact integer ternary products."""

from pathlib import Path

from bitsim.kernel_cache import require_cache
from bitsim.kernels import forget_stale_kernels

require_cache()
forget_stale_kernels(Path(__file__).parent)
