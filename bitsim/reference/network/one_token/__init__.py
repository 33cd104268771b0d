"""One token of one sequence through all layers in one kernel."""
