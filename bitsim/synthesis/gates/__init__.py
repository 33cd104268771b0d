"""Netlists of cells replayed: values, toggles, power."""
