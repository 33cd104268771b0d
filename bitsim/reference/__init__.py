"""What the numbers must be: the whole network in numba, with exact integer ternary products."""

from pathlib import Path

from bitsim.kernels import forget_stale_kernels

forget_stale_kernels(Path(__file__).parent)
