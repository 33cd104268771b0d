"""The roofline: its points, and its picture."""
