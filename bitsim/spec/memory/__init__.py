"""Memories, described: one file for each kind."""
