"""Work for netlists of the `dot` dataflow."""
