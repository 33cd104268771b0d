"""Arrays of ternary lanes, described: one file for each dataflow."""
