"""What the numbers must be: the whole network in numba, with exact integer ternary products."""
