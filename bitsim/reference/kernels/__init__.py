"""Loops compiled by numba: products, quantisation, f32 sums in a written-down order."""
