"""The network with its weights, and the walk through it."""
