"""Tokens from a network: sampling, batches, perplexity."""
