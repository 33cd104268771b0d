"""The exact ternary product, portable and with AVX2."""
