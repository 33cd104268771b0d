"""Who had each cycle, over time: as a Perfetto trace and as pictures."""
