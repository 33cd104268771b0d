"""Many designs simulated, and the best of them."""
