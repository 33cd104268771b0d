"""Checkpoints in every published form, read, written and converted."""
