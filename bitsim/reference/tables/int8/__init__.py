"""An output head in int8: table and exact sums."""
