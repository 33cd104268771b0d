"""Energy and area of a `dot` array."""
